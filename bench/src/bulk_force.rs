//! The crate `force`, which gives the rows of a query job one by one.

use std::time::Instant;

use force::auth::ClientCredentials;
use force::client::ForceClientBuilder;

use crate::bulk_extract::{Cost, Seen};
use crate::contact::{self, Contact};
use crate::{Result, memory};

pub async fn cost(url: &str, rows: u32) -> Result<Cost> {
    let auth = ClientCredentials::new_my_domain("id", "secret", url);
    let client = ForceClientBuilder::new().authenticate(auth).build().await?;
    let before = memory::now()?;
    let start = Instant::now();
    let mut seen = Seen::default();
    let soql = contact::SOQL.replace(":rows", &rows.to_string());
    let mut contacts = client.bulk().query::<Contact>(&soql).await?;
    while let Some(contact) = contacts.next().await? {
        seen.add(&contact);
    }
    let elapsed = start.elapsed();
    seen.check(rows)?;
    Ok(Cost {
        per_second: f64::from(rows) / elapsed.as_secs_f64(),
        memory: memory::peak()? - before,
    })
}

/// It takes a list, which is made before.
pub async fn cost_of_load(url: &str, rows: u32) -> Result<Cost> {
    let auth = ClientCredentials::new_my_domain("id", "secret", url);
    let client = ForceClientBuilder::new().authenticate(auth).build().await?;
    let before = memory::now()?;
    let start = Instant::now();
    let contacts: Vec<_> = (0..rows).map(contact::NewContact::new).collect();
    let job = client.bulk().insert("Contact", &contacts).await?;
    let elapsed = start.elapsed();
    if job.number_records_processed != Some(i64::from(rows)) {
        return Err(format!(
            "of {rows} rows {:?} were written",
            job.number_records_processed
        )
        .into());
    }
    Ok(Cost {
        per_second: f64::from(rows) / elapsed.as_secs_f64(),
        memory: memory::peak()? - before,
    })
}
