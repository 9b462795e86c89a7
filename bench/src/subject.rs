//! The two clients in Rust. (The one in Python is `aiosalesforce_driver.py`.)

use ferroforce::Salesforce;
use ferroforce::auth::ClientCredentials;
use reqwest::header::{HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;

use crate::Result;
use crate::contact::ID;

#[derive(Clone)]
pub enum Subject {
    Ours(Salesforce),
    Bare(Bare),
}

/// reqwest with nothing around: no sign-in, no retries, no limit, no events.
#[derive(Clone)]
pub struct Bare {
    http: reqwest::Client,
    pub url: String,
}

impl Subject {
    pub fn new(name: &str, url: String) -> Result<Self> {
        match name {
            "ours" => {
                let auth = ClientCredentials::new("id", "secret");
                let client = Salesforce::builder(auth).org_url(url).build()?;
                Ok(Self::Ours(client))
            }
            "bare" => {
                let mut headers = HeaderMap::new();
                headers.insert("accept", HeaderValue::from_static("application/json"));
                headers.insert(
                    "sforce-call-options",
                    HeaderValue::from_static("client=bare"),
                );
                let http = reqwest::Client::builder()
                    .no_proxy()
                    .user_agent("bare/0.1.0")
                    .default_headers(headers)
                    .build()?;
                Ok(Self::Bare(Bare { http, url }))
            }
            _ => Err(format!("there is no client {name}").into()),
        }
    }

    /// Reads the one record.
    pub async fn get<T: DeserializeOwned + Send + 'static>(&self) -> Result<T> {
        match self {
            Self::Ours(client) => Ok(client.sobject("Contact").get(ID).await?),
            Self::Bare(bare) => {
                let url = format!("{}/services/data/v66.0/sobjects/Contact/{ID}", bare.url);
                bare.get(url).await
            }
        }
    }
}

impl Bare {
    pub async fn get<T: DeserializeOwned>(&self, url: String) -> Result<T> {
        let response = self.http.get(url).bearer_auth("token").send().await?;
        let body = response.error_for_status()?.bytes().await?;
        Ok(serde_json::from_slice(&body)?)
    }
}
