use super::*;

fn contact(name: &str) -> TreeRecord {
    TreeRecord::new("Contact", &json!({"LastName": name}))
}

fn account(name: &str) -> TreeRecord {
    TreeRecord::new("Account", &json!({"Name": name}))
}

fn id(number: usize) -> String {
    format!("001{number:012}")
}

/// Two accounts: one with two contacts and an account that has one, and one alone.
fn accounts() -> [TreeRecord; 2] {
    let child = account("c").children("Contacts", [contact("d")]);
    let first = account("a")
        .children("Contacts", [contact("b1"), contact("b2")])
        .children("ChildAccounts", [child]);
    [first, account("e")]
}

#[tokio::test(start_paused = true)]
async fn a_tree_is_answered_in_the_form_it_was_given() {
    // Roots come first, then their children.
    let order = [0, 5, 1, 2, 3, 4];
    let results = order.map(|n| json!({"referenceId": format!("r{n}"), "id": id(n)}));
    let answer = json!({"hasErrors": false, "results": results});
    let script = Script::replies([Reply::json(201, &answer.to_string())]);
    let created = salesforce(&script).tree(accounts()).send().await.unwrap();

    let named = |kind: &str, n: usize| json!({"type": kind, "referenceId": format!("r{n}")});
    assert_eq!(
        sent(&script, 0),
        json!({"records": [
            {"attributes": named("Account", 0), "Name": "a",
             "Contacts": {"records": [
                {"attributes": named("Contact", 1), "LastName": "b1"},
                {"attributes": named("Contact", 2), "LastName": "b2"}]},
             "ChildAccounts": {"records": [
                {"attributes": named("Account", 3), "Name": "c",
                 "Contacts": {"records": [
                    {"attributes": named("Contact", 4), "LastName": "d"}]}}]}},
            {"attributes": named("Account", 5), "Name": "e"},
        ]})
    );
    let path = script.sent()[0].uri.path().to_owned();
    assert_eq!(path, "/services/data/v66.0/composite/tree/Account");
    assert_eq!(created.len(), 2);
    assert_eq!(created[1].id.short(), id(5));
    let first = &created[0];
    assert_eq!(first.children("Contacts")[1].id.short(), id(2));
    let below = &first.children("ChildAccounts")[0];
    assert_eq!(below.children("Contacts")[0].id.short(), id(4));
    assert!(below.children("Cases").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_refused_tree_says_which_records_were() {
    let errors = json!([{"statusCode": "INVALID_EMAIL_ADDRESS",
                         "message": "Email: invalid email address: 123", "fields": ["Email"]}]);
    let answer = json!({"hasErrors": true, "results": [{"referenceId": "r4", "errors": errors}]});
    let script = Script::replies([Reply::json(400, &answer.to_string())]);
    let error = salesforce(&script)
        .tree(accounts())
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code().unwrap().as_str(), "INVALID_EMAIL_ADDRESS");
    assert_eq!(error.api_errors()[0].fields(), ["Email"]);
    let place = "Account[0].ChildAccounts[0].Contacts[0]";
    assert!(error.to_string().contains(place), "{error}");
    assert_eq!(
        error.context().unwrap().path_template,
        "/composite/tree/{sobject}"
    );
    assert_eq!(script.count(), 1);

    // An answer that is not about records.
    let script = Script::replies([Reply::error(400, "INVALID_TYPE", "x")]);
    let error = salesforce(&script)
        .tree(accounts())
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::InvalidType));
}

#[tokio::test(start_paused = true)]
async fn a_tree_is_repeated_only_where_nothing_was_written() {
    let errors = json!([{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "x", "fields": []}]);
    let locked = json!({"hasErrors": true, "results": [{"referenceId": "r0", "errors": errors}]});
    let done = json!({"hasErrors": false, "results": [{"referenceId": "r0", "id": id(0)}]});
    let done = Reply::json(201, &done.to_string());
    for (first, attempts) in [
        (Reply::json(400, &locked.to_string()), 2),
        (Reply::html(503), 1),
    ] {
        let script = Script::replies([first, done.clone()]);
        let outcome = salesforce(&script).tree([account("a")]).send().await;
        assert_eq!(outcome.is_ok(), attempts == 2);
        assert_eq!(script.count(), attempts);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_tree_is_refused() {
    let script = Script::replies([Reply::json(201, r#"{"hasErrors":false,"results":[]}"#)]);
    let salesforce = salesforce(&script);
    let deep = (0..5).fold(account("x"), |below, _| {
        account("x").children("Children", [below])
    });
    let wide = account("a").children("Contacts", (0..200).map(|_| contact("x")));
    let motley = account("a").children(
        "Rows",
        (0..5).map(|n| TreeRecord::new(format!("Row{n}__c"), &json!({}))),
    );
    let list = account("a").children("Contacts", [TreeRecord::new("Contact", &json!([]))]);
    for (records, words) in [
        (vec![deep], "6 levels"),
        (vec![wide], "201 records"),
        (vec![motley], "6 different objects"),
        (vec![account("a"), contact("b")], "record 1 is of Contact"),
        (vec![list], "Account[0].Contacts[0]: a record is"),
    ] {
        let error = salesforce.tree(records).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(words), "{words} in {error}");
    }
    assert!(salesforce.tree([]).send().await.unwrap().is_empty());
    assert_eq!(script.count(), 0);
    let error = salesforce.tree([account("a")]).send().await.unwrap_err();
    assert!(error.may_have_been_processed(), "{error}");
}
