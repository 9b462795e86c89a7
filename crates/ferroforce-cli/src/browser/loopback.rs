//! The address on this machine that a browser is sent back to.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use anyhow::bail;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Page;

/// The path that `sf` uses too, so that an app may serve both.
const PATH: &str = "/OauthRedirect";

/// Longer heads are no redirect of Salesforce's.
const MOST_BYTES: usize = 16 * 1024;

/// How long a connection may take to say what it wants: browsers open some that they
/// do not use.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connections that are listened to at once.
const MOST_CONNECTIONS: usize = 32;

/// Waits for a browser on a port of this machine, by both of its addresses.
#[derive(Debug)]
pub(crate) struct Loopback {
    listeners: Vec<TcpListener>,
    port: u16,
}

/// The browser has come back, and waits for a page.
#[derive(Debug)]
pub(crate) struct Redirect {
    query: String,
    stream: TcpStream,
}

/// What one connection asked for.
struct Asked {
    head: String,
    stream: TcpStream,
}

impl Loopback {
    /// Listens on the first of `ports` that is free.
    pub(crate) async fn bind(ports: &[u16]) -> anyhow::Result<Self> {
        for port in ports {
            if let Some(listeners) = listen(*port).await? {
                return Ok(Self {
                    listeners,
                    port: *port,
                });
            }
        }
        let ports: Vec<_> = ports.iter().map(u16::to_string).collect();
        bail!(
            "other programs listen on port {}: end them, or give another port that the app has as a \
             callback URL with --port",
            ports.join(" and on port ")
        );
    }

    /// What the app must have as a callback URL, letter by letter.
    pub(crate) fn redirect_uri(&self) -> String {
        format!("http://localhost:{}{PATH}", self.port)
    }

    /// Waits for the redirect whose query is `expected`. Whoever else comes is turned
    /// away.
    pub(crate) async fn redirect(&self, expected: impl Fn(&str) -> bool) -> io::Result<Redirect> {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                stream = self.accept() => {
                    if connections.len() < MOST_CONNECTIONS {
                        connections.spawn(head(stream?));
                    }
                }
                Some(asked) = connections.join_next() => {
                    let Ok(Some(asked)) = asked else { continue };
                    match self.read(&asked.head) {
                        Ok(query) if expected(query) => {
                            let query = query.to_owned();
                            return Ok(Redirect { query, stream: asked.stream });
                        }
                        Ok(_) => {
                            let page = Page::failure(
                                "Not this sign-in",
                                "This redirect belongs to another sign-in than the one that is \
                                 waited for. Go back to the terminal and open the address that it \
                                 shows.",
                            );
                            answer(asked.stream, &page).await;
                        }
                        Err(page) => answer(asked.stream, &page).await,
                    }
                }
            }
        }
    }

    async fn accept(&self) -> io::Result<TcpStream> {
        let accepts = self
            .listeners
            .iter()
            .map(|listener| Box::pin(listener.accept()));
        let (accepted, _, _) = futures_util::future::select_all(accepts).await;
        accepted.map(|(stream, _)| stream)
    }

    /// The query of a request for the redirect address.
    fn read<'a>(&self, head: &'a str) -> Result<&'a str, Page> {
        let mut lines = head.split("\r\n");
        let mut request = lines.next().unwrap_or_default().split(' ');
        let (method, target) = (request.next(), request.next().unwrap_or_default());
        let host = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("host").then(|| value.trim())
        });
        // A name that somebody has pointed at this machine is not ours.
        let own = ["localhost", "127.0.0.1", "[::1]"]
            .iter()
            .any(|name| host == Some(&format!("{name}:{}", self.port)));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        match (own, method, path) {
            (true, Some("GET"), PATH) => Ok(query),
            _ => Err(Page::missing()),
        }
    }
}

impl Redirect {
    /// What Salesforce sent along.
    pub(crate) fn query(&self) -> &str {
        &self.query
    }

    /// Shows how it ended.
    pub(crate) async fn answer(self, page: &Page) {
        answer(self.stream, page).await;
    }
}

/// Listens on a port, or tells that it is taken. A browser may take either address
/// for `localhost`, so both must be ours.
async fn listen(port: u16) -> io::Result<Option<Vec<TcpListener>>> {
    let mut listeners = Vec::new();
    for address in [
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST),
    ] {
        match TcpListener::bind((address, port)).await {
            Ok(listener) => listeners.push(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Ok(None),
            // Not every machine has IPv6.
            Err(_) if address.is_ipv6() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(listeners))
}

/// The head of the request that comes by a connection, if one does.
async fn head(mut stream: TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let read = async {
        let mut piece = [0; 2048];
        loop {
            let length = stream
                .read(&mut piece)
                .await
                .ok()
                .filter(|length| *length > 0)?;
            bytes.extend_from_slice(&piece[..length]);
            if bytes.windows(4).any(|end| end == b"\r\n\r\n") {
                return Some(());
            }
            if bytes.len() > MOST_BYTES {
                return None;
            }
        }
    };
    tokio::time::timeout(PATIENCE, read).await.ok()??;
    let head = String::from_utf8(bytes).ok()?;
    Some(Asked { head, stream })
}

/// A browser that has gone is not told.
async fn answer(mut stream: TcpStream, page: &Page) {
    let sent = async {
        stream.write_all(page.answer().as_bytes()).await?;
        stream.shutdown().await
    };
    drop(tokio::time::timeout(PATIENCE, sent).await);
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn loopback() -> Loopback {
        // Whoever takes the port meanwhile makes this try another one.
        loop {
            let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            if let Ok(loopback) = Loopback::bind(&[port]).await {
                return loopback;
            }
        }
    }

    async fn send(port: u16, head: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    fn get(port: u16, target: &str) -> String {
        format!("GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n")
    }

    #[tokio::test]
    async fn one_redirect_is_taken_and_answered() {
        let loopback = loopback().await;
        let port = loopback.port;
        assert_eq!(
            loopback.redirect_uri(),
            format!("http://localhost:{port}/OauthRedirect")
        );
        let browser = tokio::spawn(async move {
            send(port, &get(port, "/OauthRedirect?state=mine&code=x")).await
        });
        let redirect = loopback
            .redirect(|query| query.contains("state=mine"))
            .await
            .unwrap();
        assert_eq!(redirect.query(), "state=mine&code=x");
        redirect
            .answer(&Page::new("Signed in", "Close this."))
            .await;
        let answer = browser.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert!(answer.contains("Close this."), "{answer}");
    }

    #[tokio::test]
    async fn whoever_else_comes_is_turned_away_and_the_wait_goes_on() {
        let loopback = loopback().await;
        let port = loopback.port;
        let browser = tokio::spawn(async move {
            // A connection that says nothing stops nobody.
            let silent = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let mut answers = Vec::new();
            for head in [
                get(port, "/favicon.ico"),
                get(port, "/OauthRedirect?state=other&code=x"),
                get(port, "/OauthRedirect?state=mine").replace("localhost", "evil.example"),
                get(port, "/OauthRedirect?state=mine").replace("GET", "POST"),
                "nonsense\r\n\r\n".to_owned(),
            ] {
                answers.push(send(port, &head).await);
            }
            let last = send(port, &get(port, "/OauthRedirect?state=mine")).await;
            drop(silent);
            (answers, last)
        });
        let redirect = loopback
            .redirect(|query| query.contains("state=mine"))
            .await
            .unwrap();
        redirect.answer(&Page::new("Signed in", "")).await;
        let (answers, last) = browser.await.unwrap();
        let statuses: Vec<_> = answers.iter().map(|answer| &answer[9..12]).collect();
        assert_eq!(statuses, ["404", "400", "404", "404", "404"]);
        assert!(last.starts_with("HTTP/1.1 200"), "{last}");
    }

    #[tokio::test]
    async fn a_head_without_an_end_is_given_up() {
        let loopback = loopback().await;
        let port = loopback.port;
        let browser = tokio::spawn(async move {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            // It may be cut off before all of it is written.
            let _ = stream.write_all(&vec![b'x'; 2 * MOST_BYTES]).await;
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
            assert!(rest.is_empty());
            send(port, &get(port, "/OauthRedirect?mine")).await
        });
        let redirect = loopback.redirect(|query| query == "mine").await.unwrap();
        redirect.answer(&Page::new("Signed in", "")).await;
        browser.await.unwrap();
    }

    #[tokio::test]
    async fn the_first_free_port_is_taken() {
        let taken = loopback().await;
        let free = loopback().await.port;
        let second = Loopback::bind(&[taken.port, free]).await.unwrap();
        assert_eq!(second.port, free);
        let error = Loopback::bind(&[taken.port]).await.unwrap_err().to_string();
        assert!(error.contains(&taken.port.to_string()), "{error}");
        assert!(error.contains("--port"), "{error}");
    }
}
