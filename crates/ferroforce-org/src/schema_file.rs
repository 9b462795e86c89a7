//! How to write a schema file: objects and fields of your own.
//!
//! A schema file is TOML, or JSON of the same shape. Its tables are objects; their `fields` are
//! in the order in which a describe lists them. A standard object can be given more fields.
//!
//! ```
//! use ferroforce_org::LocalOrg;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("schema.toml");
//! let schema = r#"
//!     [Invoice__c]
//!     label = "Invoice"
//!     name = { label = "Invoice Number", auto_number = "INV-{0000}" }
//!
//!     [Invoice__c.fields]
//!     Account__c = { type = "reference", to = "Account", children = "Invoices", required = true }
//!     Status__c = { type = "picklist", values = ["Draft", "Sent"], default = "Draft" }
//!     Amount__c = { type = "currency", precision = 16, scale = 2 }
//!     Number__c = { type = "string", length = 20, unique = true, external_id = true }
//!     Paid__c = { type = "boolean" }
//!
//!     [InvoiceLine__c.fields]
//!     Invoice__c = { type = "reference", to = "Invoice__c", master_detail = true, children = "Lines" }
//!     Quantity__c = { type = "double", scale = 0, default = 1 }
//!
//!     [Account.fields]
//!     Tier__c = { type = "picklist", values = ["Gold", "Silver"], restricted = true }
//! "#;
//! std::fs::write(&file, schema)?;
//! let org = LocalOrg::builder().schema_file(&file).start().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Objects
//!
//! The name of an object ends in `__c`. It gets the fields `Id`, `OwnerId` (unless it has a
//! master), `IsDeleted`, `Name`, `CreatedDate`, `CreatedById`, `LastModifiedDate`,
//! `LastModifiedById` and `SystemModstamp` before its own.
//!
//! | Key | Meaning | Default |
//! |---|---|---|
//! | `label`, `plural` | what people call it | from the name |
//! | `key_prefix` | the first three characters of its ids | `a00`, `a01`, … in the file's order |
//! | `name` | a table with the `label` of the field `Name`, and `auto_number` if it counts up | a text of 80 characters |
//! | `fields` | the fields, by name | none |
//!
//! An object whose name ends in `__e` is a platform event. It is published by creating it, has no
//! `name` and no references, and gets the fields `Id`, `ReplayId`, `CreatedDate`, `CreatedById`
//! and `EventUuid`; its key prefixes are `e00`, `e01`, …. (A real event's describe has no `Id`.)
//!
//! # Fields
//!
//! The name of a field ends in `__c`. Its `type` is one of `boolean`, `currency`, `date`,
//! `datetime`, `double`, `email`, `encryptedstring`, `location`, `multipicklist`, `percent`,
//! `phone`, `picklist`, `reference`, `string`, `textarea`, `time` and `url`. Formulas are not
//! supported.
//!
//! | Key | For | Meaning | Default |
//! |---|---|---|---|
//! | `label` | all | what people call it | from the name |
//! | `required` | all but `boolean` | every record has a value | no |
//! | `default` | texts, numbers, `boolean`, picklists | the value of new records that give none | none; `false` for `boolean` |
//! | `length` | `string`, `textarea`, `encryptedstring` | the most characters: 255, 131,072, 175 | 255; 175 for `encryptedstring` |
//! | `precision` | numbers | digits in all, at most 18 | 18 |
//! | `scale` | numbers, `location` | digits behind the point; more are rounded | 2; 15 for `location` |
//! | `unique` | `string`, `email`, numbers | no two records have the same value | no |
//! | `external_id` | `string`, `email`, numbers | records can be read and upserted by it | no |
//! | `case_sensitive` | `string` | `a` and `A` differ | no |
//! | `auto_number` | `string` | it counts up: `true`, or a format such as `INV-{0000}` | no |
//! | `values` | picklists | its choices: texts, or tables with `value`, `label`, `default`, `active` | must be given |
//! | `restricted` | picklists | other values are refused | no |
//! | `to` | `reference` | the object it leads to | must be given |
//! | `relationship` | `reference` | how a query reaches the parent | `Account__r` for `Account__c` |
//! | `children` | `reference` | how a query of the parent reaches this object: `Invoices` or `Invoices__r` | not at all |
//! | `on_delete` | `reference` | when the parent is deleted: `clear`, `cascade` or `restrict` | `clear`; `restrict` if required |
//! | `master_detail` | `reference` | the record belongs to its parent, goes with it and cannot change it | no |
//!
//! A mistake in the file keeps the org from starting; the error says where it is and what would
//! do.
