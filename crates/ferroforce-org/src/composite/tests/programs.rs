//! Random programs, run as single requests, as composites, as graphs and as collections.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::url;
use crate::rest::tests::Client;

/// A step of a program; numbers choose among the records that earlier steps created.
#[derive(Debug, Clone)]
enum Step {
    Account {
        name: String,
    },
    Contact {
        name: String,
        account: Option<usize>,
    },
    Rename {
        record: usize,
        name: String,
    },
    Upsert {
        key: u8,
        name: String,
    },
    Delete {
        record: usize,
    },
    /// Fails whatever was before.
    Mistake,
}

fn step() -> impl Strategy<Value = Step> {
    let name = || "[a-zA-Z\"'&<\\\\\u{e4}]{1,8}";
    prop_oneof![
        3 => name().prop_map(|name| Step::Account { name }),
        3 => (name(), any::<Option<usize>>()).prop_map(|(name, account)| Step::Contact { name, account }),
        2 => (any::<usize>(), name()).prop_map(|(record, name)| Step::Rename { record, name }),
        2 => (0_u8..3, name()).prop_map(|(key, name)| Step::Upsert { key, name }),
        1 => any::<usize>().prop_map(|record| Step::Delete { record }),
    ]
}

/// A request: its method, its path and its body, in which `{n}` stands for the id of what the
/// n-th request created.
#[derive(Debug, Clone)]
struct Planned {
    method: &'static str,
    path: String,
    body: Value,
}

/// What a record is of, and which request created it.
#[derive(Debug, Clone, Copy)]
struct Created {
    object: &'static str,
    by: usize,
    deleted: bool,
    account: Option<usize>,
}

/// The requests of a program. None of them fails, but for mistakes.
fn planned(steps: &[Step]) -> Vec<Planned> {
    let mut requests = Vec::new();
    let mut records: Vec<Created> = Vec::new();
    let mut keys: [Option<usize>; 3] = [None; 3];
    for step in steps {
        let at = requests.len();
        let alive = |records: &[Created], number: usize, object: Option<&str>| {
            let alive: Vec<usize> = (0..records.len())
                .filter(|&at| {
                    !records[at].deleted && object.is_none_or(|o| records[at].object == o)
                })
                .collect();
            (!alive.is_empty()).then(|| alive[number % alive.len()])
        };
        let mut send = |method, path: String, body| requests.push(Planned { method, path, body });
        match step {
            Step::Account { name } => {
                send(
                    "POST",
                    "/sobjects/Account".to_owned(),
                    json!({"Name": name}),
                );
                records.push(Created {
                    object: "Account",
                    by: at,
                    deleted: false,
                    account: None,
                });
            }
            Step::Contact { name, account } => {
                let account = account.and_then(|number| alive(&records, number, Some("Account")));
                let mut body = json!({"LastName": name});
                if let Some(account) = account {
                    body["AccountId"] = json!(format!("{{{}}}", records[account].by));
                }
                send("POST", "/sobjects/Contact".to_owned(), body);
                records.push(Created {
                    object: "Contact",
                    by: at,
                    deleted: false,
                    account,
                });
            }
            Step::Rename { record, name } => {
                let Some(record) = alive(&records, *record, None) else {
                    continue;
                };
                let Created { object, by, .. } = records[record];
                let field = if object == "Account" {
                    "Name"
                } else {
                    "LastName"
                };
                send(
                    "PATCH",
                    format!("/sobjects/{object}/{{{by}}}"),
                    json!({field: name}),
                );
            }
            Step::Upsert { key, name } => {
                let slot = &mut keys[usize::from(*key)];
                let is_new = slot.is_none_or(|record| records[record].deleted);
                send(
                    "PATCH",
                    format!("/sobjects/Account/External_Id__c/k{key}"),
                    json!({"Name": name}),
                );
                if is_new {
                    *slot = Some(records.len());
                    records.push(Created {
                        object: "Account",
                        by: at,
                        deleted: false,
                        account: None,
                    });
                }
            }
            Step::Delete { record } => {
                let Some(record) = alive(&records, *record, None) else {
                    continue;
                };
                let Created { object, by, .. } = records[record];
                send(
                    "DELETE",
                    format!("/sobjects/{object}/{{{by}}}"),
                    Value::Null,
                );
                for (at, other) in records.iter_mut().enumerate() {
                    other.deleted |= at == record || other.account == Some(record);
                }
            }
            Step::Mistake => send(
                "POST",
                "/sobjects/Contact".to_owned(),
                json!({"Email": "?"}),
            ),
        }
    }
    requests
}

/// A text with something in place of every `{n}`.
fn filled(text: &str, value: impl Fn(usize) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match after.split_once('}') {
            Some((number, behind)) if number.parse::<usize>().is_ok() => {
                out.push_str(&value(number.parse().unwrap()));
                rest = behind;
            }
            _ => {
                out.push('{');
                rest = after;
            }
        }
    }
    out + rest
}

/// The subrequests of a program.
fn subrequests(requests: &[Planned]) -> Value {
    let reference = |number: usize| format!("@{{r{number}.id}}");
    let subrequest = |(at, request): (usize, &Planned)| {
        let body = filled(&request.body.to_string(), reference);
        let body: Value = serde_json::from_str(&body).unwrap();
        let mut subrequest = json!({
            "method": request.method, "referenceId": format!("r{at}"),
            "url": url(&filled(&request.path, reference)),
        });
        if body != Value::Null {
            subrequest["body"] = body;
        }
        subrequest
    };
    requests.iter().enumerate().map(subrequest).collect()
}

async fn singly(client: &Client, requests: &[Planned]) {
    let mut ids: Vec<String> = Vec::new();
    for request in requests {
        let id = |number: usize| ids[number].clone();
        let body = filled(&request.body.to_string(), id);
        let body = if body == "null" { "" } else { &body };
        let answer = client
            .send(request.method, &filled(&request.path, id), body)
            .await;
        let id = match answer.text() {
            "" => String::new(),
            _ => answer.json()["id"].as_str().unwrap_or_default().to_owned(),
        };
        ids.push(id);
    }
}

async fn as_composites(client: &Client, requests: &[Planned], all_or_none: bool) {
    let body = json!({"allOrNone": all_or_none, "compositeRequest": subrequests(requests)});
    client.post("/composite", &body).await;
}

async fn as_graph(client: &Client, requests: &[Planned]) -> bool {
    let graph = json!({"graphId": "1", "compositeRequest": subrequests(requests)});
    let answer = client
        .post("/composite/graph", &json!({"graphs": [graph]}))
        .await;
    answer.json()["graphs"][0]["isSuccessful"] == true
}

/// Each request as a collection of one record, or together with its likes before it.
async fn as_collections(client: &Client, requests: &[Planned], all_or_none: bool) {
    let mut ids: Vec<String> = vec![String::new(); requests.len()];
    let mut at = 0;
    while at < requests.len() {
        let mut end = at + 1;
        // What creates records only, and refers to nothing among them.
        while end < requests.len()
            && requests[at].method == "POST"
            && requests[end].method == "POST"
            && (at..end).all(|by| {
                !requests[end]
                    .body
                    .to_string()
                    .contains(&format!("{{{by}}}"))
            })
        {
            end += 1;
        }
        let id = |number: usize| ids[number].clone();
        let record = |request: &Planned| {
            let mut record: Value =
                serde_json::from_str(&filled(&request.body.to_string(), id)).unwrap();
            let path = filled(&request.path, id);
            let segments: Vec<&str> = path.split('/').skip(2).collect();
            record["attributes"] = json!({"type": segments[0]});
            match segments.as_slice() {
                [_, id] => record["Id"] = json!(id),
                [_, key, value] => record[*key] = json!(value),
                _ => {}
            }
            record
        };
        let (method, path) = (requests[at].method, filled(&requests[at].path, id));
        let answer = if method == "DELETE" {
            let id = path.rsplit_once('/').unwrap().1;
            client
                .delete(&format!(
                    "/composite/sobjects?ids={id}&allOrNone={all_or_none}"
                ))
                .await
        } else {
            let records: Value = requests[at..end].iter().map(record).collect();
            let body = json!({"allOrNone": all_or_none, "records": records});
            let upsert = path.contains("External_Id__c");
            let path = if upsert {
                "/composite/sobjects/Account/External_Id__c"
            } else {
                "/composite/sobjects"
            };
            client.send(method, path, &body.to_string()).await
        };
        for (slot, result) in ids[at..end]
            .iter_mut()
            .zip(answer.json().as_array().unwrap())
        {
            *slot = result["id"].as_str().unwrap_or_default().to_owned();
        }
        at = end;
    }
}

/// All that there is, but for the time: what a program leaves, and in which order ids were given.
async fn left(client: &Client) -> Value {
    let mut all = Vec::new();
    for soql in [
        "SELECT Id, Name, External_Id__c, IsDeleted FROM Account ORDER BY Id",
        "SELECT Id, LastName, AccountId, IsDeleted FROM Contact ORDER BY Id",
    ] {
        let q: String = form_urlencoded::byte_serialize(soql.as_bytes()).collect();
        all.push(client.get(&format!("/queryAll?q={q}")).await.json());
    }
    Value::Array(all)
}

fn in_a_runtime<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
        .block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn every_way_to_run_a_program_leaves_the_same(steps in prop::collection::vec(step(), 1..14)) {
        in_a_runtime(async {
            let requests = planned(&steps);
            let clients: [Client; 5] = std::array::from_fn(|_| Client::new());
            singly(&clients[0], &requests).await;
            as_composites(&clients[1], &requests, true).await;
            as_composites(&clients[2], &requests, false).await;
            prop_assert!(as_graph(&clients[3], &requests).await);
            as_collections(&clients[4], &requests, true).await;
            let expected = left(&clients[0]).await;
            for (way, client) in clients.iter().enumerate() {
                prop_assert_eq!(&left(client).await, &expected, "{}", way);
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_failure_leaves_nothing_of_what_is_all_or_none(
        before in prop::collection::vec(step(), 0..5),
        mut steps in prop::collection::vec(step(), 1..12),
        at in any::<prop::sample::Index>(),
    ) {
        in_a_runtime(async {
            let client = Client::new();
            singly(&client, &planned(&before)).await;
            // The requests know nothing of the records that are there, but for their keys.
            let before = left(&client).await;
            let at = at.index(steps.len() + 1);
            steps.insert(at, Step::Mistake);
            let requests = planned(&steps);
            as_composites(&client, &requests, true).await;
            prop_assert_eq!(&left(&client).await, &before);
            prop_assert!(!as_graph(&client, &requests).await);
            prop_assert_eq!(&left(&client).await, &before);
            let creates: Vec<Planned> = requests
                .iter()
                .filter(|request| request.method == "POST" && !request.body.to_string().contains("AccountId"))
                .cloned()
                .collect();
            if creates.len() <= 10 {
                as_collections(&client, &creates, true).await;
                prop_assert_eq!(&left(&client).await, &before);
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_failure_stops_only_what_depends_on_it(steps in prop::collection::vec(step(), 1..12)) {
        in_a_runtime(async {
            let clients = [Client::new(), Client::new()];
            // First of all, so that the same numbers stand for the same records.
            let steps: Vec<Step> = std::iter::once(Step::Mistake).chain(steps).collect();
            let requests = planned(&steps);
            singly(&clients[0], &requests).await;
            as_composites(&clients[1], &requests, false).await;
            prop_assert_eq!(left(&clients[0]).await, left(&clients[1]).await);
            Ok(())
        })?;
    }
}
