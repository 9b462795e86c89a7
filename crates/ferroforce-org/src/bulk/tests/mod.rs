//! The Bulk APIs as a client meets them, without sockets.

mod classic;
mod extract;
mod ingest;
mod lasting;

use axum::body::Body;
use http::StatusCode;
use serde_json::{Value, json};

use crate::rest::tests::{Answer, Client};

impl Client {
    /// Makes a job that writes, and returns its id.
    async fn job(&self, job: Value) -> String {
        let answer = self.post("/jobs/ingest", &job).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.id()
    }

    /// Sends the data of a job.
    async fn upload(&self, id: &str, csv: impl Into<Body>) -> Answer {
        let request = self
            .request("PUT", &format!("/jobs/ingest/{id}/batches"))
            .header("content-type", "text/csv");
        self.raw(request.body(csv.into()).unwrap()).await
    }

    /// Gives a job a state.
    async fn turn(&self, id: &str, state: &str) -> Answer {
        self.patch(&format!("/jobs/ingest/{id}"), &json!({"state": state}))
            .await
    }

    /// What is known of a job.
    async fn info(&self, id: &str) -> Value {
        let answer = self.get(&format!("/jobs/ingest/{id}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.json()
    }

    /// What is known of a job when it has ended. It is asked for again and again: the work goes on
    /// between two requests.
    async fn ended(&self, id: &str) -> Value {
        loop {
            let info = self.info(id).await;
            if let Some("JobComplete" | "Failed" | "Aborted") = info["state"].as_str() {
                return info;
            }
        }
    }

    /// Does all that a load takes; returns the id of the job and what is known of it at its end.
    async fn load(&self, job: Value, csv: &str) -> (String, Value) {
        let id = self.job(job).await;
        let answer = self.upload(&id, csv.to_owned()).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        let closed = self.turn(&id, "UploadComplete").await;
        assert_eq!(closed.json()["state"], "UploadComplete", "{closed:?}");
        let info = self.ended(&id).await;
        (id, info)
    }

    /// One of the files about the rows of a job.
    async fn result(&self, id: &str, which: &str) -> String {
        let answer = self.get(&format!("/jobs/ingest/{id}/{which}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert_eq!(answer.header("content-type"), "text/csv; charset=UTF-8");
        answer.text().to_owned()
    }
}
