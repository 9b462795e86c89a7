use super::*;

/// Answers each graph with as many successes as it has requests, but those whose
/// id is in `failing`, which fail at their second request.
fn answer_graphs(sent: &crate::script::Sent, failing: &[&str], code: &str) -> Reply {
    let body: Value = serde_json::from_slice(&sent.body).unwrap();
    let graphs = body["graphs"].as_array().unwrap().iter().map(|graph| {
        let fails = failing.contains(&graph["graphId"].as_str().unwrap());
        let requests = graph["compositeRequest"].as_array().unwrap();
        let parts = requests.iter().enumerate().map(|(index, request)| {
            let name = request["referenceId"].as_str().unwrap();
            match (fails, index) {
                (false, _) => created(name, ID),
                (true, 1) => failed(name, code, "x"),
                (true, _) => failed(name, "PROCESSING_HALTED", UNDONE),
            }
        });
        json!({
            "graphId": graph["graphId"],
            "graphResponse": {"compositeResponse": parts.collect::<Vec<_>>()},
            "isSuccessful": !fails,
        })
    });
    // In another order than they were asked.
    let graphs: Vec<Value> = graphs.rev().collect();
    Reply::json(200, &json!({"graphs": graphs}).to_string())
}

fn family(salesforce: &Salesforce, children: usize) -> (Graph, Reference<crate::sobject::Created>) {
    let mut graph = salesforce.graph();
    let parent = graph.create("Account", &json!({"Name": "Acme"}));
    for _ in 0..children {
        graph.create(
            "Contact",
            &json!({"LastName": "L", "AccountId": parent.id()}),
        );
    }
    (graph, parent)
}

#[tokio::test(start_paused = true)]
async fn a_graph_is_sent_as_one() {
    let script = Script::new(|sent, _| answer_graphs(sent, &[], ""));
    let salesforce = salesforce(&script);
    let (mut graph, parent) = family(&salesforce, 1);
    let read = graph.upsert("Contact", "E__c", parent.id(), &json!({"Email": "x"}));
    let outcomes = graph
        .id("acme")
        .send()
        .await
        .unwrap()
        .all_succeeded()
        .unwrap();
    assert_eq!(outcomes.get(parent).unwrap().id.as_str(), ID);
    outcomes.get(read).unwrap();
    let version = "/services/data/v66.0/sobjects";
    assert_eq!(
        sent(&script, 0),
        json!({"graphs": [{"graphId": "acme", "compositeRequest": [
            {"method": "POST", "url": format!("{version}/Account"), "referenceId": "r0",
             "body": {"Name": "Acme"}},
            {"method": "POST", "url": format!("{version}/Contact"), "referenceId": "r1",
             "body": {"LastName": "L", "AccountId": "@{r0.id}"}},
            {"method": "PATCH", "url": format!("{version}/Contact/E__c/@{{r0.id}}"),
             "referenceId": "r2", "body": {"Email": "x"}},
        ]}]})
    );
}

#[tokio::test(start_paused = true)]
async fn each_graph_is_a_transaction_of_its_own() {
    let script = Script::new(|sent, _| answer_graphs(sent, &["g1"], "REQUIRED_FIELD_MISSING"));
    let salesforce = salesforce(&script);
    let mut graphs = salesforce.graphs();
    let parents: Vec<_> = (0..3)
        .map(|_| {
            let (graph, parent) = family(&salesforce, 2);
            graphs.add(graph);
            parent
        })
        .collect();
    let outcomes = graphs.send().await.unwrap();
    outcomes.get(parents[0]).unwrap();
    outcomes.get(parents[2]).unwrap();
    let error = outcomes.get(parents[1]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RolledBack);
    let cause = error.rolled_back_by().unwrap().code();
    assert_eq!(cause, Some(&ErrorCode::RequiredFieldMissing));
    let failed: Vec<usize> = outcomes.errors().map(|(place, _)| place).collect();
    assert_eq!(failed, [1]);
    let first = outcomes.all_succeeded().unwrap_err();
    assert_eq!(first.code(), Some(&ErrorCode::RequiredFieldMissing));

    let (_, foreign) = family(&salesforce, 0);
    let (graph, _) = family(&salesforce, 0);
    let mut graphs = salesforce.graphs();
    graphs.add(graph);
    let outcomes = graphs.send().await.unwrap();
    assert_eq!(
        outcomes.get(foreign).unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
}

#[tokio::test(start_paused = true)]
async fn graphs_are_cut_into_requests_and_never_themselves() {
    let script = Script::new(|sent, number| match number {
        1 => Reply::Fail(TransportErrorKind::Interrupted),
        _ => answer_graphs(sent, &[], ""),
    });
    let salesforce = salesforce(&script);
    let mut graphs = salesforce.graphs();
    // 499 + 1, 100 × 1 of which 75 fit, 500.
    let sizes: Vec<usize> = [499, 1].into_iter().chain([1; 100]).chain([500]).collect();
    for size in &sizes {
        graphs.add(family(&salesforce, size - 1).0);
    }
    let outcomes = graphs.send().await.unwrap();
    let counts: Vec<usize> = (0..script.count())
        .map(|number| sent(&script, number)["graphs"].as_array().unwrap().len())
        .collect();
    assert_eq!(counts, [2, 75, 25, 1]);
    for (place, outcome) in outcomes.iter().enumerate() {
        match outcome {
            Ok(graph) => assert_eq!(graph.len(), sizes[place]),
            Err(error) => {
                assert!((2..77).contains(&place));
                assert!(error.may_have_been_processed());
            }
        }
    }
}

/// 300 families of three, of which every second one has its children behind those of
/// the others.
#[tokio::test(start_paused = true)]
async fn a_graph_is_cut_into_what_belongs_together() {
    let script = Script::new(|sent, number| match number {
        1 => Reply::Fail(TransportErrorKind::Interrupted),
        _ => answer_graphs(sent, &["all-2"], "DUPLICATE_VALUE"),
    });
    let salesforce = salesforce(&script);
    let mut graph = salesforce.graph();
    let parents: Vec<_> = (0..300)
        .map(|_| graph.create("Account", &json!({})))
        .collect();
    let mut children = Vec::new();
    for _ in 0..2 {
        for parent in &parents {
            let contact = json!({"AccountId": parent.id()});
            children.push(graph.create("Contact", &contact));
        }
    }
    let bound = graph.update(
        "Account",
        parents[0].id(),
        &json!({"ParentId": parents[299].id()}),
    );
    let outcomes = graph.id("all").into_parts().send().await.unwrap();
    // Two families belong together by the last request.
    assert_eq!(outcomes.len(), 299);
    let lengths = outcomes
        .iter()
        .map(|part| part.as_ref().map_or(0, Outcomes::len));
    assert_eq!(lengths.clone().next(), Some(7));
    assert_eq!(lengths.filter(|length| *length == 3).count(), 298 - 75);
    let counts: Vec<usize> = (0..script.count())
        .map(|number| sent(&script, number)["graphs"].as_array().unwrap().len())
        .collect();
    assert_eq!(counts, [75, 75, 75, 74]);
    let first = &sent(&script, 0)["graphs"][0];
    assert_eq!(first["graphId"], "all-0");
    let request = &first["compositeRequest"][2];
    assert_eq!(request["referenceId"], "r300");
    assert_eq!(request["body"], json!({"AccountId": "@{r0.id}"}));

    outcomes.get(bound).unwrap();
    assert_eq!(outcomes.get(children[0]).unwrap().id.as_str(), ID);
    // The third part failed, by its second request.
    let cause = outcomes.get(children[2]).unwrap_err();
    assert_eq!(cause.code(), Some(&ErrorCode::DuplicateValue));
    let undone = outcomes.get(parents[2]).unwrap_err();
    assert_eq!(undone.kind(), ErrorKind::RolledBack);
    assert!(
        undone.rolled_back_by().unwrap().to_string().contains("x"),
        "{undone}"
    );
    assert!(
        undone.to_string().contains("request 302 (r302)"),
        "{undone}"
    );
    let failed = &outcomes.iter().as_slice()[2];
    assert_eq!(failed.as_ref().unwrap().errors().next().unwrap().0, 2);
    // The second request of the client broke off.
    let unknown = outcomes.get(parents[100]).unwrap_err();
    assert!(unknown.may_have_been_processed());
    let foreign = family(&salesforce, 0).1;
    assert_eq!(
        outcomes.get(foreign).unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
}

/// What cannot be cut is refused as a whole, when it is to be sent.
#[tokio::test(start_paused = true)]
async fn parts_of_a_graph_are_checked_as_graphs_are() {
    let script = Script::replies([Reply::json(200, "{}")]);
    let salesforce = salesforce(&script);
    let (graph, _) = family(&salesforce, 500);
    let error = graph.into_parts().send().await.unwrap_err();
    assert!(error.to_string().contains("501 requests"), "{error}");
    let mut graph = salesforce.graph();
    graph.create("Account", &json!({"Name": "@{r0.id}"}));
    let error = graph.into_parts().send().await.unwrap_err();
    assert!(error.to_string().contains("@{"), "{error}");
    let mut graph = salesforce.graph();
    graph.create("Account", &json!({}));
    graph.delete("Account", "no id");
    let error = graph.into_parts().send().await.unwrap_err();
    assert!(error.to_string().contains("request 1"), "{error}");
    assert!(salesforce.graph().into_parts().is_empty());
    assert_eq!(script.count(), 0);
}

async fn refused_graph(graph: Graph, words: &[&str]) {
    refused(graph.send().await, words);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_graph_is_refused() {
    let script = Script::replies([Reply::json(200, "{}")]);
    let salesforce = salesforce(&script);

    let (graph, _) = family(&salesforce, 500);
    refused_graph(graph, &["graph 0 (g0)", "501 requests", "500"]).await;

    let mut graph = salesforce.graph();
    let mut last = graph.create("Account", &json!({}));
    for _ in 0..15 {
        last = graph.create("Account", &json!({"ParentId": last.id()}));
    }
    refused_graph(graph, &["request 15", "16 references", "15"]).await;

    let mut graph = salesforce.graph();
    for number in 0..16 {
        graph.create(&format!("Object{number}__c"), &json!({}));
    }
    refused_graph(graph, &["16 different combinations"]).await;

    for call in [
        salesforce.query("SELECT Id FROM Account").page::<Value>(),
        salesforce
            .query("SELECT Id FROM Account")
            .include_deleted()
            .page(),
    ] {
        let mut graph = salesforce.graph();
        graph.add(call);
        refused_graph(graph, &["request 0", "graph cannot hold"]).await;
    }
    let mut graph = salesforce.graph();
    graph.add(salesforce.collections().delete([ID]));
    refused_graph(graph, &["request 0", "graph cannot hold"]).await;

    let (graph, _) = family(&salesforce, 0);
    refused_graph(graph.id("a.b"), &["a.b", "no point"]).await;

    let (_, foreign) = family(&salesforce, 0);
    let mut graph = salesforce.graph();
    graph.create("Contact", &json!({"AccountId": foreign.id()}));
    refused_graph(graph, &["another composite or graph"]).await;

    let mut graphs = salesforce.graphs();
    graphs.add(family(&salesforce, 0).0.id("a"));
    graphs.add(family(&salesforce, 0).0.id("a"));
    let error = graphs.send().await.unwrap_err();
    assert!(error.to_string().contains("graph 1 (a): another graph"));
    assert_eq!(script.count(), 0);
    assert!(salesforce.graph().send().await.unwrap().is_empty());
    assert!(salesforce.graphs().send().await.unwrap().is_empty());
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn graphs_that_wrote_nothing_for_locks_are_sent_again() {
    let locked = "UNABLE_TO_LOCK_ROW";
    let script = Script::new(move |sent, number| match number {
        0 => answer_graphs(sent, &["g0"], locked),
        _ => answer_graphs(sent, &[], ""),
    });
    let (graph, parent) = family(&salesforce(&script), 1);
    graph.send().await.unwrap().get(parent).unwrap();
    assert_eq!(script.count(), 2);

    // Not if one of them was written.
    let script = Script::new(move |sent, _| answer_graphs(sent, &["g0"], locked));
    let salesforce = salesforce(&script);
    let mut graphs = salesforce.graphs();
    graphs.add(family(&salesforce, 1).0);
    graphs.add(family(&salesforce, 1).0);
    let outcomes = graphs.send().await.unwrap();
    assert_eq!(script.count(), 1);
    assert!(outcomes.errors().next().unwrap().1.is_row_lock());
}

#[tokio::test(start_paused = true)]
async fn missing_graphs_and_requests_are_errors() {
    let none = Script::replies([Reply::json(200, r#"{"graphs":[]}"#)]);
    let (graph, _) = family(&salesforce(&none), 0);
    let error = graph.send().await.unwrap_err();
    assert!(error.may_have_been_processed(), "{error}");

    let graph = json!({"graphId": "g0", "isSuccessful": true,
                       "graphResponse": {"compositeResponse": [created("r0", ID)]}});
    let short = json!({"graphs": [graph]}).to_string();
    let short = Script::replies([Reply::json(200, &short)]);
    let (graph, _) = family(&salesforce(&short), 1);
    let error = graph.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("1 results for 2"), "{error}");
}
