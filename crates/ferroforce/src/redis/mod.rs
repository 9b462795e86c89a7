//! A connection to Redis, for what workers on several machines share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, FromRedisValue, IntoConnectionInfo,
    ScriptInvocation,
};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::auth::is_loopback_host;
use crate::clock::Clock;
use crate::error::{Error, Result};

/// How long it may take to connect, and to answer.
const CONNECT: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_secs(2);

/// A Redis that could not be reached is not tried again before this has passed.
const HOLD_FAILURE: Duration = Duration::from_millis(250);

/// A Redis (6 or later; a single server or what looks like one), for token stores
/// and governors. Clones share one connection, which is opened when it is first
/// needed, and again when it broke.
///
/// ```
/// use ferroforce::redis::RedisConnection;
///
/// # fn main() -> ferroforce::Result<()> {
/// let redis = RedisConnection::new("rediss://:password@redis.example.com:6380/0")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisConnection(Arc<Inner>);

struct Inner {
    client: Client,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: Option<MultiplexedConnection>,
    /// Counts the connections, so that nobody closes one that is newer than theirs.
    number: u64,
    failure: Option<(Instant, RedisFailure)>,
}

/// What Redis did not do. Its text holds no password, key or value.
#[derive(Debug, Clone)]
pub(crate) struct RedisFailure {
    text: String,
    /// Redis answered, and would again answer so: a wrong password, for one.
    pub(crate) is_final: bool,
}

impl fmt::Display for RedisFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redis: {}", self.text)
    }
}

impl RedisConnection {
    /// Redis at a `rediss://` URL: encrypted, its certificate checked against the
    /// system's roots (or those that `SSL_CERT_FILE` names). `redis://` and
    /// `redis+unix://` will do on this machine.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) for another URL.
    pub fn new(url: &str) -> Result<Self> {
        let redis = Self::plaintext(url)?;
        match redis.0.client.get_connection_info().addr() {
            ConnectionAddr::TcpTls { .. } | ConnectionAddr::Unix(_) => Ok(redis),
            ConnectionAddr::Tcp(host, _) if is_loopback_host(host) => Ok(redis),
            _ => Err(Error::invalid_input(
                "Redis on another machine is reached by rediss://, since tokens and passwords \
                 travel there; RedisConnection::plaintext does without",
            )),
        }
    }

    /// Redis at any URL, `redis://` included: whoever is on the way reads all that
    /// travels, the password of the URL too.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) for what is no URL of a Redis.
    pub fn plaintext(url: &str) -> Result<Self> {
        // The crate's own words could quote the URL, and with it a password.
        let refused = || {
            Error::invalid_input(
                "this is no URL of a Redis: rediss://user:password@host:port/database",
            )
        };
        let info = url.into_connection_info().map_err(|_| refused())?;
        if let ConnectionAddr::TcpTls { insecure: true, .. } = info.addr() {
            return Err(Error::invalid_input(
                "the URL of the Redis switches the check of its certificate off",
            ));
        }
        let client = Client::open(info).map_err(|_| refused())?;
        Ok(Self(Arc::new(Inner {
            client,
            state: Mutex::default(),
        })))
    }

    /// Runs a script. It must be one that does no harm if it is run twice.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> std::result::Result<T, RedisFailure> {
        let (mut connection, number) = self.connection().await?;
        match script.invoke_async(&mut connection).await {
            Err(error) if error.is_timeout() || error.is_unrecoverable_error() => {
                self.discard(number).await;
                if error.is_timeout() {
                    return Err(error.into());
                }
            }
            outcome => return outcome.map_err(RedisFailure::from),
        }
        // A connection that broke may have been broken long since.
        let (mut connection, number) = self.connection().await?;
        let outcome = script.invoke_async(&mut connection).await;
        if outcome.is_err() {
            self.discard(number).await;
        }
        outcome.map_err(RedisFailure::from)
    }

    async fn connection(&self) -> std::result::Result<(MultiplexedConnection, u64), RedisFailure> {
        let mut state = self.0.state.lock().await;
        if let Some(open) = &state.open {
            return Ok((open.clone(), state.number));
        }
        let now = Clock::system().steady();
        if let Some((at, failure)) = &state.failure
            && now < *at + HOLD_FAILURE
        {
            return Err(failure.clone());
        }
        choose_cryptography();
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER));
        let opening = self
            .0
            .client
            .get_multiplexed_async_connection_with_config(&config);
        match opening.await {
            Ok(open) => {
                state.number += 1;
                state.failure = None;
                state.open = Some(open.clone());
                Ok((open, state.number))
            }
            Err(error) => {
                let failure = RedisFailure::from(error);
                state.failure = Some((Clock::system().steady(), failure.clone()));
                Err(failure)
            }
        }
    }

    async fn discard(&self, number: u64) {
        let mut state = self.0.state.lock().await;
        if state.number == number {
            state.open = None;
        }
    }
}

/// A program with two cryptography libraries must have chosen one for rustls, or
/// rustls panics. Redis' crate asks for no other.
fn choose_cryptography() {
    if ::rustls::crypto::CryptoProvider::get_default().is_none() {
        // It fails if somebody has chosen meanwhile.
        let _ = ::rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}

impl From<::redis::RedisError> for RedisFailure {
    fn from(error: ::redis::RedisError) -> Self {
        let is_final = matches!(
            error.kind(),
            ErrorKind::AuthenticationFailed | ErrorKind::InvalidClientConfig
        ) || matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"));
        // Redis quotes the arguments of what it does not understand.
        let text = match error.code() {
            Some(code) => format!("{} ({code})", error.category()),
            None if error.is_io_error() => error.to_string(),
            None => error.category().to_owned(),
        };
        Self { text, is_final }
    }
}

impl fmt::Debug for RedisConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may hold a password.
        f.write_str("RedisConnection")
    }
}

#[cfg(test)]
pub(crate) mod server;

#[cfg(test)]
mod tests {
    use ::redis::Script;

    use super::server::RedisServer;
    use super::*;

    async fn echo(
        redis: &RedisConnection,
        text: &str,
    ) -> std::result::Result<String, RedisFailure> {
        let script = Script::new("return ARGV[1]");
        let mut script = script.key("");
        redis.run(script.arg(text)).await
    }

    #[tokio::test]
    #[ignore = "needs redis-server"]
    async fn redis_connections_come_back() {
        let mut server = RedisServer::start();
        let redis = RedisConnection::new(&server.url()).unwrap();
        assert_eq!(echo(&redis, "one").await.unwrap(), "one");
        server.restart();
        assert_eq!(echo(&redis.clone(), "two").await.unwrap(), "two");
        server.stop();
        let failure = echo(&redis, "three").await.unwrap_err();
        assert!(!failure.is_final, "{failure}");
    }

    #[test]
    #[ignore = "needs redis-server"]
    fn redis_connections_outlive_their_runtime() {
        let server = RedisServer::start();
        let redis = RedisConnection::new(&server.url()).unwrap();
        for _ in 0..2 {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            assert_eq!(runtime.block_on(echo(&redis, "x")).unwrap(), "x");
        }
    }

    #[tokio::test]
    #[ignore = "needs redis-server"]
    async fn redis_refusals_are_final_and_quote_nothing() {
        let server = RedisServer::start();
        let url = server.url().replace("redis://", "redis://:pa55word@");
        let redis = RedisConnection::new(&url).unwrap();
        let failure = echo(&redis, "x").await.unwrap_err();
        assert!(failure.is_final, "{failure}");
        assert!(!format!("{failure} {failure:?}").contains("pa55word"));
        let redis = RedisConnection::new(&server.url()).unwrap();
        let script = Script::new("return redis.call('NOSUCH', ARGV[1])");
        let mut script = script.key("");
        let failure = redis.run::<()>(script.arg("s3cret")).await.unwrap_err();
        assert!(!format!("{failure} {failure:?}").contains("s3cret"));
    }

    #[test]
    fn only_this_machine_is_reached_in_the_clear() {
        for url in [
            "rediss://redis.example.com",
            "rediss://user:pa55word@redis.example.com:6380/2",
            "redis://localhost:6379",
            "redis://127.0.0.1",
            "redis://[::1]:7000/1",
            "redis+unix:///run/redis.sock",
        ] {
            assert!(RedisConnection::new(url).is_ok(), "{url}");
        }
        for url in ["redis://redis.example.com", "redis://10.0.0.7:6379"] {
            let refused = RedisConnection::new(url).unwrap_err().to_string();
            assert!(refused.contains("rediss://"), "{refused}");
            assert!(RedisConnection::plaintext(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn urls_are_neither_guessed_nor_quoted() {
        for url in [
            "https://user:pa55word@redis.example.com",
            "rediss://user:pa55word@redis.example.com:6380/2#insecure",
            "rediss://user:pa55word@:port",
            "",
        ] {
            let refused = RedisConnection::plaintext(url).unwrap_err();
            assert!(!format!("{refused} {refused:?}").contains("pa55word"));
        }
        let redis = RedisConnection::new("rediss://user:pa55word@redis.example.com").unwrap();
        assert!(!format!("{redis:?}").contains("pa55word"));
    }
}
