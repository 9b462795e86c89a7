//! The clients in Rust. (Those in other languages have folders of their own.)

use std::sync::Arc;

use cirrus::Cirrus;
use cirrus::auth::StaticTokenAuth;
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
    Cirrus(Cirrus),
}

/// reqwest with nothing around: no sign-in, no retries, no limit, no events.
#[derive(Clone)]
pub struct Bare {
    pub http: reqwest::Client,
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
            "cirrus" => {
                let auth = Arc::new(StaticTokenAuth::new("token", url));
                Ok(Self::Cirrus(Cirrus::builder().auth(auth).build()?))
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
            Self::Cirrus(cirrus) => Ok(cirrus.sobject("Contact").retrieve_as(ID).await?),
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
