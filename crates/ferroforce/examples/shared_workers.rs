//! A worker, of which any number on any number of machines make one sign-in: the token is in Redis.
//!
//! ```sh
//! SALESFORCE_URL=https://acme.my.salesforce.com \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! REDIS_URL=rediss://redis.example.com TOKEN_KEY="$(openssl rand -base64 32)" \
//! cargo run -p ferroforce --features redis --example shared_workers
//! ```
//!
//! All workers need the same `TOKEN_KEY`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;

use ferroforce::Salesforce;
use ferroforce::auth::{ClientCredentials, EncryptionKey, RedisStore, Session};
use ferroforce::events::Event;
use ferroforce::redis::RedisConnection;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let store = RedisStore::new(
        RedisConnection::new(&var("REDIS_URL")?)?,
        EncryptionKey::from_base64(var("TOKEN_KEY")?)?,
    );
    let auth = ClientCredentials::new(
        var("SALESFORCE_CLIENT_ID")?,
        var("SALESFORCE_CLIENT_SECRET")?,
    );
    let session = Session::builder(auth).store(store).build();
    let salesforce = Salesforce::builder(session)
        .org_url(var("SALESFORCE_URL")?)
        .observer(|event: &Event| match event {
            Event::TokenIssued(token) => println!("this worker signed in at {}", token.host),
            Event::StoreFailed(failed) => println!("on its own for now: {}", failed.error),
            _ => {}
        })
        .build()?;

    salesforce.limits().await?;
    println!("answered");
    Ok(())
}
