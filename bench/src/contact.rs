//! The records that are measured with: ten fields of the kinds that orgs have.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

/// The Id of the record that is read on its own.
pub const ID: &str = "003000000000001AAA";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "they are decoded, which is what is measured")]
pub struct Contact {
    pub id: String,
    pub first_name: Option<String>,
    pub last_name: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub birthdate: Option<String>,
    pub created_date: String,
    pub has_opted_out_of_email: bool,
    #[serde(rename = "Score__c")]
    pub score: f64,
    #[serde(rename = "Department__c")]
    pub department: Option<String>,
}

pub const SOQL: &str = "SELECT Id, FirstName, LastName, Email, Phone, Birthdate, CreatedDate, \
     HasOptedOutOfEmail, Score__c, Department__c FROM Contact LIMIT :rows";

/// Writes record number `i` as Salesforce would.
pub fn write_json(i: u32, json: &mut String) {
    let phone = if i.is_multiple_of(3) {
        "null".to_owned()
    } else {
        format!("\"+1 555 {i:07}\"")
    };
    write!(
        json,
        r#"{{"attributes":{{"type":"Contact","url":"/services/data/v66.0/sobjects/Contact/003{i:012}AAA"}},"Id":"003{i:012}AAA","FirstName":"Ada {i}","LastName":"Lovelace {i}","Email":"ada.{i}@example.com","Phone":{phone},"Birthdate":"1984-{:02}-{:02}","CreatedDate":"2024-05-06T07:08:09.000+0000","HasOptedOutOfEmail":{},"Score__c":{}.25,"Department__c":"Analytical Engines"}}"#,
        i % 12 + 1,
        i % 28 + 1,
        i.is_multiple_of(2),
        i % 1000,
    )
    .expect("a String takes every text");
}

/// The header of results in CSV.
pub const CSV_HEADER: &str = "\"Id\",\"FirstName\",\"LastName\",\"Email\",\"Phone\",\"Birthdate\",\
     \"CreatedDate\",\"HasOptedOutOfEmail\",\"Score__c\",\"Department__c\"\n";

/// Writes record number `i` as Bulk API 2.0 would.
pub fn write_csv(i: u32, csv: &mut String) {
    let phone = if i.is_multiple_of(3) {
        String::new()
    } else {
        format!("+1 555 {i:07}")
    };
    writeln!(
        csv,
        r#""003{i:012}AAA","Ada {i}","Lovelace {i}","ada.{i}@example.com","{phone}","1984-{:02}-{:02}","2024-05-06T07:08:09.000Z","{}","{}.25","Analytical Engines""#,
        i % 12 + 1,
        i % 28 + 1,
        i.is_multiple_of(2),
        i % 1000,
    )
    .expect("a String takes every text");
}

/// A record to create.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewContact {
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub phone: Option<String>,
    pub birthdate: String,
    pub title: &'static str,
    pub description: Option<String>,
    pub has_opted_out_of_email: bool,
    #[serde(rename = "Score__c")]
    pub score: f64,
    #[serde(rename = "Department__c")]
    pub department: &'static str,
}

impl NewContact {
    /// Number `i`.
    pub fn new(i: u32) -> Self {
        Self {
            first_name: format!("Ada {i}"),
            last_name: format!("Lovelace {i}"),
            email: format!("ada.{i}@example.com"),
            phone: (!i.is_multiple_of(3)).then(|| format!("+1 555 {i:07}")),
            birthdate: format!("1984-{:02}-{:02}", i % 12 + 1, i % 28 + 1),
            title: "Countess",
            description: None,
            has_opted_out_of_email: i.is_multiple_of(2),
            score: f64::from(i % 1000) + 0.25,
            department: "Analytical Engines",
        }
    }
}
