//! Composites, graphs, collections and streams of the client on the local org.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ferroforce::auth::ClientCredentials;
use ferroforce::composite::{FieldReference, Outcomes, Reference, TreeRecord};
use ferroforce::retry::{Backoff, RetryPolicy};
use ferroforce::sobject::Created;
use ferroforce::{
    ErrorCode, ErrorKind, IntoRecordStream, Record, RecordId, RecordStream, Result, Salesforce,
};
use ferroforce_org::{Fault, LocalOrg};
use futures_util::StreamExt;
use proptest::prelude::*;
use serde_json::{Value, json};

async fn start() -> (LocalOrg, Salesforce) {
    let org = LocalOrg::start().await.unwrap();
    let auth = ClientCredentials::new(org.client_id(), org.client_secret().unwrap());
    let at_once = RetryPolicy::default().backoff(Backoff::default().max(Duration::ZERO));
    let salesforce = Salesforce::builder(auth)
        .org_url(org.url())
        .retry(at_once)
        .build()
        .unwrap();
    (org, salesforce)
}

/// A step of a program. Numbers choose among the records that earlier steps
/// created.
#[derive(Debug, Clone)]
enum Step {
    Account(String),
    Contact(String, Option<usize>),
    Rename(usize, String),
    Upsert(u8, String),
    Delete(usize),
    Mistake,
}

fn step() -> impl Strategy<Value = Step> {
    let name = || "[a-zA-Z\"'&<\\\\{}\u{e4}]{1,8}";
    prop_oneof![
        3 => name().prop_map(Step::Account),
        3 => (name(), any::<Option<usize>>()).prop_map(|(name, of)| Step::Contact(name, of)),
        2 => (any::<usize>(), name()).prop_map(|(which, name)| Step::Rename(which, name)),
        2 => (0_u8..3, name()).prop_map(|(key, name)| Step::Upsert(key, name)),
        1 => any::<usize>().prop_map(Step::Delete),
    ]
}

/// A request of a program; `usize` is the place of the request that created the
/// record it is about.
#[derive(Debug, Clone)]
enum Plan {
    Account(Value),
    Contact(Value, Option<usize>),
    Rename(usize, Value),
    Upsert(u8, Value),
    Delete(usize),
}

/// The requests of a program, of which none but mistakes fails.
fn plan(steps: &[Step]) -> Vec<Plan> {
    let mut plans = Vec::new();
    let (mut accounts, mut contacts) = (Vec::new(), Vec::new());
    for step in steps {
        let at = plans.len();
        match step {
            Step::Account(name) => {
                accounts.push(at);
                plans.push(Plan::Account(json!({"Name": name})));
            }
            Step::Contact(name, of) => {
                let of = of.filter(|_| !accounts.is_empty());
                let of = of.map(|of| accounts[of % accounts.len()]);
                contacts.push(at);
                plans.push(Plan::Contact(json!({"LastName": name}), of));
            }
            Step::Rename(which, name) if !accounts.is_empty() => {
                let of = accounts[which % accounts.len()];
                plans.push(Plan::Rename(of, json!({"Name": name})));
            }
            Step::Upsert(key, name) => {
                plans.push(Plan::Upsert(*key, json!({"LastName": name})));
            }
            Step::Delete(which) if !contacts.is_empty() => {
                let of = contacts.remove(which % contacts.len());
                plans.push(Plan::Delete(of));
            }
            Step::Mistake => plans.push(Plan::Contact(json!({"FirstName": "x"}), None)),
            Step::Rename(..) | Step::Delete(_) => {}
        }
    }
    plans
}

fn with_account(contact: &Value, account: Option<impl serde::Serialize>) -> Value {
    let mut contact = contact.clone();
    if let Some(account) = account {
        contact["AccountId"] = json!(account);
    }
    contact
}

async fn run_singly(salesforce: &Salesforce, plans: &[Plan]) -> Result<()> {
    let (accounts, contacts) = (salesforce.sobject("Account"), salesforce.sobject("Contact"));
    let mut ids: BTreeMap<usize, RecordId> = BTreeMap::new();
    for (at, plan) in plans.iter().enumerate() {
        match plan {
            Plan::Account(record) => {
                ids.insert(at, accounts.create(record).await?.id);
            }
            Plan::Contact(record, of) => {
                let record = with_account(record, of.map(|of| ids[&of]));
                ids.insert(at, contacts.create(&record).await?.id);
            }
            Plan::Rename(of, record) => accounts.update(ids[of], record).await?,
            Plan::Upsert(key, record) => {
                let by_key = contacts.external_id("External_Id__c", key);
                by_key.upsert(record).await?;
            }
            Plan::Delete(of) => contacts.delete(ids[of]).await?,
        }
    }
    Ok(())
}

/// Composites and graphs have the same methods.
macro_rules! add_all {
    ($composite:expr, $plans:expr) => {
        let mut made: BTreeMap<usize, Reference<Created>> = BTreeMap::new();
        for (at, plan) in $plans.iter().enumerate() {
            let id = |of: &usize| -> FieldReference { made[of].id() };
            match plan {
                Plan::Account(record) => {
                    made.insert(at, $composite.create("Account", record));
                }
                Plan::Contact(record, of) => {
                    let record = with_account(record, of.as_ref().map(id));
                    made.insert(at, $composite.create("Contact", &record));
                }
                Plan::Rename(of, record) => {
                    let id = id(of);
                    $composite.update("Account", id, record);
                }
                Plan::Upsert(key, record) => {
                    $composite.upsert("Contact", "External_Id__c", key, record);
                }
                Plan::Delete(of) => {
                    let id = id(of);
                    $composite.delete("Contact", id);
                }
            }
        }
    };
}

async fn run_composite(salesforce: &Salesforce, plans: &[Plan]) -> Result<Outcomes> {
    let mut composite = salesforce.composite().all_or_none(true);
    add_all!(composite, plans);
    composite.send().await
}

async fn run_graph(salesforce: &Salesforce, plans: &[Plan]) -> Result<Outcomes> {
    let mut graph = salesforce.graph();
    add_all!(graph, plans);
    graph.send().await
}

/// Runs of requests of one kind as one collection each, cut where a record would
/// be in it twice.
async fn run_collections(salesforce: &Salesforce, plans: &[Plan]) -> Result<()> {
    let collections = salesforce.collections().all_or_none(true);
    let mut ids: BTreeMap<usize, RecordId> = BTreeMap::new();
    let mut rest = plans;
    let mut first = 0;
    while let Some(next) = rest.first() {
        let mut seen = BTreeSet::new();
        let fits = |plan: &&Plan| {
            std::mem::discriminant(*plan) == std::mem::discriminant(next)
                && match plan {
                    Plan::Rename(of, _) => seen.insert(*of),
                    Plan::Upsert(key, _) => seen.insert(usize::from(*key)),
                    _ => true,
                }
        };
        let count = rest.iter().take_while(fits).count();
        let run = &rest[..count];
        let created = |sobject, records: Vec<Value>| collections.create(sobject, records);
        let places = first..first + count;
        match next {
            Plan::Account(_) | Plan::Contact(..) => {
                let sobject = if matches!(next, Plan::Account(_)) {
                    "Account"
                } else {
                    "Contact"
                };
                let records = run.iter().map(|plan| match plan {
                    Plan::Contact(record, of) => with_account(record, of.map(|of| ids[&of])),
                    Plan::Account(record) => record.clone(),
                    _ => unreachable!("a run is of one kind"),
                });
                let rows = created(sobject, records.collect()).await?.all_succeeded()?;
                ids.extend(places.zip(rows.into_iter().map(|created| created.id)));
            }
            Plan::Rename(..) => {
                let records = run.iter().filter_map(|plan| match plan {
                    Plan::Rename(of, record) => Some((ids[of], record)),
                    _ => None,
                });
                collections
                    .update("Account", records)
                    .await?
                    .all_succeeded()?;
            }
            Plan::Upsert(..) => {
                let records = run.iter().filter_map(|plan| match plan {
                    Plan::Upsert(key, record) => {
                        let mut record = record.clone();
                        record["External_Id__c"] = json!(key.to_string());
                        Some(record)
                    }
                    _ => None,
                });
                let rows = collections.upsert("Contact", "External_Id__c", records);
                rows.await?.all_succeeded()?;
            }
            Plan::Delete(_) => {
                let gone = run.iter().filter_map(|plan| match plan {
                    Plan::Delete(of) => Some(ids[of]),
                    _ => None,
                });
                collections.delete(gone).await?.all_succeeded()?;
            }
        }
        rest = &rest[count..];
        first += count;
    }
    Ok(())
}

/// What is in the org, without ids.
async fn contents(salesforce: &Salesforce) -> Vec<String> {
    let mut rows = Vec::new();
    for soql in [
        "SELECT Name FROM Account",
        "SELECT LastName, External_Id__c, Account.Name FROM Contact",
    ] {
        let records: Vec<Value> = salesforce.query(soql).fetch_all().await.unwrap();
        rows.extend(records.into_iter().map(|mut record| {
            record.as_object_mut().unwrap().remove("attributes");
            if let Some(account) = record.get_mut("Account").and_then(Value::as_object_mut) {
                account.remove("attributes");
            }
            record.to_string()
        }));
    }
    rows.sort();
    rows
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.unwrap().block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn a_program_leaves_the_same_org_however_it_is_sent(
        steps in prop::collection::vec(step(), 1..24),
        mistake in any::<prop::sample::Index>(),
    ) {
        block_on(async {
            let plans = plan(&steps);
            let (org, salesforce) = start().await;
            let empty = org.snapshot().await.unwrap();
            run_singly(&salesforce, &plans).await.unwrap();
            let expected = contents(&salesforce).await;

            org.restore(&empty).await.unwrap();
            run_composite(&salesforce, &plans).await.unwrap().all_succeeded().unwrap();
            assert_eq!(contents(&salesforce).await, expected, "as a composite");

            org.restore(&empty).await.unwrap();
            run_graph(&salesforce, &plans).await.unwrap().all_succeeded().unwrap();
            assert_eq!(contents(&salesforce).await, expected, "as a graph");

            org.restore(&empty).await.unwrap();
            run_collections(&salesforce, &plans).await.unwrap();
            assert_eq!(contents(&salesforce).await, expected, "as collections");

            // With a mistake somewhere in it, a transaction leaves nothing.
            let mut steps = steps.clone();
            steps.insert(mistake.index(steps.len() + 1), Step::Mistake);
            let plans = plan(&steps);
            org.restore(&empty).await.unwrap();
            let before = contents(&salesforce).await;
            for outcomes in [
                run_composite(&salesforce, &plans).await.unwrap(),
                run_graph(&salesforce, &plans).await.unwrap(),
            ] {
                assert_eq!(outcomes.errors().count(), plans.len());
                let cause = outcomes.first_error().unwrap();
                assert_eq!(cause.code(), Some(&ErrorCode::RequiredFieldMissing));
                let undone = outcomes.errors().filter(|(_, error)| {
                    error.kind() == ErrorKind::RolledBack
                });
                assert_eq!(undone.count(), plans.len() - 1);
            }
            assert_eq!(contents(&salesforce).await, before);
        });
    }
}

#[tokio::test]
async fn trees_and_batches_do_what_they_say() {
    let (_org, salesforce) = start().await;
    let contacts =
        ["Lovelace", "Hopper"].map(|name| TreeRecord::new("Contact", &json!({"LastName": name})));
    let acme = TreeRecord::new("Account", &json!({"Name": "Acme"})).children("Contacts", contacts);
    let created = salesforce.tree([acme]).send().await.unwrap();
    let hopper = created[0].children("Contacts")[1].id;

    let mut batch = salesforce.batch().halt_on_error(true);
    let read = batch.get_fields::<Record>("Contact", hopper, ["LastName", "AccountId"]);
    let counted = batch.query::<Value>("SELECT Id FROM Contact");
    let missing = batch.get::<Value>("Contact", "003000000000999AAA");
    let halted = batch.delete("Contact", hopper);
    let outcomes = batch.send().await.unwrap();
    let record = outcomes.get(read).unwrap();
    assert_eq!(record.get::<String>("LastName").unwrap(), "Hopper");
    let account: RecordId = record.get("AccountId").unwrap();
    assert_eq!(account, created[0].id);
    assert_eq!(outcomes.get(counted).unwrap().records.len(), 2);
    assert!(outcomes.get(missing).unwrap_err().is_not_found());
    let halted = outcomes.get(halted).unwrap_err();
    assert_eq!(halted.code(), Some(&ErrorCode::BatchProcessingHalted));

    let bad = TreeRecord::new("Account", &json!({"Name": "Umbrella"}))
        .children("Contacts", [TreeRecord::new("Contact", &json!({}))]);
    let error = salesforce.tree([bad]).send().await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::RequiredFieldMissing));
    assert!(
        error.to_string().contains("Account[0].Contacts[0]"),
        "{error}"
    );
    let accounts = salesforce.query("SELECT COUNT() FROM Account").count();
    assert_eq!(accounts.await.unwrap(), 1);
}

#[tokio::test]
async fn many_small_reads_go_in_batches() {
    let (org, salesforce) = start().await;
    let names = (0..60).map(|n| json!({"LastName": format!("C{n:02}")}));
    let created = names.into_stream().create_all(&salesforce, "Contact");
    let ids: Vec<RecordId> = created.map(|row| row.unwrap().id).collect().await;
    let before = org.requests().len();
    let contacts = salesforce.sobject("Contact");
    let calls = ids.iter().map(|id| contacts.get::<Record>(id));
    let read: Vec<_> = salesforce.batch_reads(calls).collect().await;
    for (record, id) in read.iter().zip(&ids) {
        assert_eq!(record.as_ref().unwrap().id(), Some(*id));
    }
    assert_eq!(org.requests().len() - before, 3);
}

#[tokio::test]
async fn a_query_may_be_longer_than_an_address() {
    let (org, salesforce) = start().await;
    let id = salesforce
        .sobject("Contact")
        .create(&json!({"LastName": "L"}));
    let id = id.await.unwrap().id.to_string();
    let mut ids: Vec<String> = (0..1_000).map(|n| format!("003{n:012}")).collect();
    ids.push(id.clone());
    let found: Vec<Record> = salesforce
        .query("SELECT Id FROM Contact WHERE Id IN :ids")
        .bind("ids", ids)
        .fetch_all()
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].id().unwrap().as_str(), id);
    let requests = org.requests();
    assert!(requests.last().unwrap().path.ends_with("/composite/batch"));
}

/// Each item is there as often as its result says: once for a success, never for
/// an error without doubt, and at most once for one with.
async fn account_for(salesforce: &Salesforce, results: &[Result<Created>]) -> (usize, usize) {
    let records: Vec<Record> = salesforce
        .query("SELECT Id, LastName FROM Contact")
        .fetch_all()
        .await
        .unwrap();
    let mut there: BTreeMap<String, Vec<RecordId>> = BTreeMap::new();
    for record in records {
        let name: String = record.get("LastName").unwrap();
        there.entry(name).or_default().push(record.id().unwrap());
    }
    let (mut written, mut unclear) = (0, 0);
    for (number, result) in results.iter().enumerate() {
        let ids = there.remove(&format!("N{number}")).unwrap_or_default();
        match result {
            Ok(created) => {
                assert_eq!(ids, [created.id], "N{number}");
                written += 1;
            }
            Err(error) if error.may_have_been_processed() => {
                assert!(ids.len() <= 1, "N{number} is there {} times", ids.len());
                unclear += 1;
            }
            Err(error) => assert!(ids.is_empty(), "N{number} is there in spite of {error}"),
        }
    }
    assert!(there.is_empty(), "nobody asked for {there:?}");
    (written, unclear)
}

#[tokio::test]
async fn whatever_goes_wrong_each_create_is_accounted_for() {
    const RECORDS: usize = 300;
    for (number, (fault, unclear)) in [
        (Fault::unavailable(), true),
        (Fault::html(), true),
        (Fault::cut_before(), true),
        (Fault::cut_after(), true),
        (Fault::cut_body(10), true),
        (Fault::cut_chunked_body(10), true),
        (Fault::expired_session(), false),
        (Fault::locked_row(), false),
        (
            Fault::error(http::StatusCode::TOO_MANY_REQUESTS, "TOO_MANY", ""),
            false,
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let (org, salesforce) = start().await;
        let what = format!("{number}: {fault:?}");
        let fault = fault.path("/services/data/v66.0/composite/sobjects");
        org.faults().add(fault.skip(1).times(2));
        let contacts = (0..RECORDS).map(|n| json!({"LastName": format!("N{n}")}));
        let created = contacts
            .into_stream()
            .create_all(&salesforce, "Contact")
            .chunk(20)
            .in_flight(3);
        let results: Vec<_> = created.collect().await;
        assert_eq!(results.len(), RECORDS, "{what}");
        let (written, doubtful) = account_for(&salesforce, &results).await;
        assert_eq!(written + doubtful, RECORDS, "{what}");
        assert_eq!(doubtful > 0, unclear, "{what}: {doubtful} are unclear");
    }
}

#[tokio::test]
async fn upserts_are_written_once_whatever_goes_wrong() {
    let (org, salesforce) = start().await;
    for fault in [
        Fault::unavailable(),
        Fault::cut_after(),
        Fault::cut_body(10),
        Fault::expired_session(),
    ] {
        org.faults().add(
            fault
                .path("/services/data/v66.0/composite/sobjects")
                .skip(1)
                .times(1),
        );
        let contacts =
            (0..100).map(|n| json!({"LastName": format!("N{n}"), "External_Id__c": n.to_string()}));
        let written = contacts
            .into_stream()
            .upsert_all(&salesforce, "Contact", "External_Id__c")
            .chunk(10);
        let results: Vec<_> = written.collect().await;
        assert!(results.iter().all(Result::is_ok));
        let count = salesforce.query("SELECT COUNT() FROM Contact").count();
        assert_eq!(count.await.unwrap(), 100);
    }
}

#[tokio::test]
async fn records_that_are_locked_for_a_while_are_written_in_the_end() {
    let (org, salesforce) = start().await;
    let contacts = (0..30).map(|n| json!({"LastName": format!("N{n}")}));
    let created = contacts.into_stream().create_all(&salesforce, "Contact");
    let ids: Vec<RecordId> = created.map(|row| row.unwrap().id).collect().await;
    let locked = [ids[3].to_string(), ids[17].to_string()];
    org.faults().add(Fault::locked_records(locked).times(2));
    let changes = ids.iter().map(|id| (id, json!({"Email": "a@example.com"})));
    let updated = changes
        .into_stream()
        .update_all(&salesforce, "Contact")
        .backoff(Backoff::default().max(Duration::ZERO))
        .chunk(10);
    let results: Vec<_> = updated.collect().await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    let written = salesforce
        .query("SELECT COUNT() FROM Contact WHERE Email = 'a@example.com'")
        .count();
    assert_eq!(written.await.unwrap(), 30);
}

#[tokio::test]
async fn updates_reads_and_deletes_get_through_whatever_goes_wrong() {
    let (org, salesforce) = start().await;
    for fault in [
        Fault::unavailable(),
        Fault::html(),
        Fault::cut_before(),
        Fault::cut_after(),
        Fault::cut_body(10),
        Fault::cut_chunked_body(10),
        Fault::expired_session(),
    ] {
        let what = format!("{fault:?}");
        let trouble = || {
            org.faults().clear();
            org.faults()
                .add(fault.clone().path("/services/data/").skip(1).times(1))
        };
        let contacts = (0..60).map(|n| json!({"LastName": format!("N{n}")}));
        let created = contacts.into_stream().create_all(&salesforce, "Contact");
        let ids: Vec<RecordId> = created.map(|row| row.unwrap().id).collect().await;
        trouble();
        let changes = ids.clone().into_iter().enumerate();
        let changes = changes.map(|(n, id)| (id, json!({"FirstName": n.to_string()})));
        let updated = changes
            .into_stream()
            .update_all(&salesforce, "Contact")
            .chunk(20);
        assert!(
            updated.collect::<Vec<_>>().await.iter().all(Result::is_ok),
            "{what}"
        );
        trouble();
        let read = ids.clone().into_stream();
        let read = read
            .retrieve_all::<Record>(&salesforce, "Contact", ["FirstName"])
            .chunk(20);
        let read: Vec<_> = read.map(|row| row.unwrap().unwrap()).collect().await;
        for (number, record) in read.iter().enumerate() {
            assert_eq!(record.id(), Some(ids[number]), "{what}");
            assert_eq!(
                record.get::<String>("FirstName").unwrap(),
                number.to_string()
            );
        }
        trouble();
        let deleted = ids.into_stream().delete_all(&salesforce).chunk(20);
        assert!(
            deleted.collect::<Vec<_>>().await.iter().all(Result::is_ok),
            "{what}"
        );
        org.faults().clear();
        let count = salesforce.query("SELECT COUNT() FROM Contact").count();
        assert_eq!(count.await.unwrap(), 0, "{what}");
    }
}

/// What may be repeated as a whole gets through; what may not leaves doubt, or did
/// nothing.
#[tokio::test]
async fn a_composite_is_carried_out_once_whatever_goes_wrong() {
    let (org, salesforce) = start().await;
    for (number, fault) in [
        Fault::unavailable(),
        Fault::html(),
        Fault::cut_before(),
        Fault::cut_after(),
        Fault::cut_body(10),
        Fault::cut_chunked_body(10),
        Fault::expired_session(),
    ]
    .into_iter()
    .enumerate()
    {
        let what = format!("{fault:?}");
        let trouble = || {
            org.faults().clear();
            org.faults()
                .add(fault.clone().path("/services/data/").times(1))
        };
        let there = async |name: &str| {
            let query = salesforce.query("SELECT COUNT() FROM Account WHERE Name = :name");
            query.bind("name", name).count().await.unwrap()
        };
        let name = format!("A {number}");
        let account = json!({"Name": name});
        let mut composite = salesforce.composite().all_or_none(true);
        composite.create("Account", &account);
        trouble();
        let composite = composite.send().await.and_then(Outcomes::all_succeeded);
        org.faults().clear();
        match composite {
            Ok(_) => assert_eq!(there(&name).await, 1, "{what}"),
            Err(error) => assert!(
                error.may_have_been_processed() && there(&name).await <= 1,
                "{what}"
            ),
        }
        let name = format!("B {number}");
        let mut batch = salesforce.batch();
        batch.create("Account", &json!({"Name": name}));
        trouble();
        let batch = batch.send().await.and_then(Outcomes::all_succeeded);
        org.faults().clear();
        match batch {
            Ok(_) => assert_eq!(there(&name).await, 1, "{what}"),
            Err(error) => assert!(
                error.may_have_been_processed() && there(&name).await <= 1,
                "{what}"
            ),
        }
        let name = format!("T {number}");
        let tree = [TreeRecord::new("Account", &json!({"Name": name}))];
        trouble();
        let tree = salesforce.tree(tree).send().await;
        org.faults().clear();
        match tree {
            Ok(_) => assert_eq!(there(&name).await, 1, "{what}"),
            Err(error) => assert!(
                error.may_have_been_processed() && there(&name).await <= 1,
                "{what}"
            ),
        }
        let mut batch = salesforce.batch();
        let read = batch.query::<Record>("SELECT Id FROM Account");
        trouble();
        let outcomes = batch.send().await.unwrap();
        org.faults().clear();
        outcomes.get(read).unwrap();
        let name = format!("G {number}");
        let mut graph = salesforce.graph();
        let upserted = graph.upsert("Account", "External_Id__c", &name, &json!({"Name": name}));
        trouble();
        let outcomes = graph.send().await.unwrap();
        org.faults().clear();
        outcomes.get(upserted).unwrap();
        assert_eq!(there(&name).await, 1, "{what}");
    }
}
