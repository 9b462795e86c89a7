//! Fields that follow from each other.

use serde_json::{Value, json};

use super::Client;

/// The record at a path, as far as these fields.
async fn fields<const N: usize>(client: &Client, path: &str, names: [&str; N]) -> [Value; N] {
    let record = client.get(path).await.json();
    names.map(|name| record[name].clone())
}

const TIMES: [&str; 3] = ["StartDateTime", "EndDateTime", "DurationInMinutes"];

#[tokio::test]
async fn what_is_sent_of_an_event_wins_and_the_rest_follows() {
    let client = Client::new();
    let nine = |time: &str| format!("2026-03-02T{time}:00.000+0000");
    let event = json!({"StartDateTime": nine("09:00"), "DurationInMinutes": 60});
    let event = client.create("Event", &event).await;
    let path = format!("/sobjects/Event/{event}");
    for (change, start, end, minutes) in [
        (json!({"DurationInMinutes": 90}), "09:00", "10:30", 90),
        (
            json!({"StartDateTime": nine("12:00")}),
            "12:00",
            "13:30",
            90,
        ),
        (
            json!({"ActivityDateTime": nine("11:00")}),
            "11:00",
            "12:30",
            90,
        ),
        (json!({"EndDateTime": nine("11:15")}), "11:00", "11:15", 15),
        (
            json!({"StartDateTime": nine("10:00"), "EndDateTime": nine("11:15")}),
            "10:00",
            "11:15",
            75,
        ),
        (json!({"Subject": "x"}), "10:00", "11:15", 75),
        (
            json!({"EndDateTime": null, "DurationInMinutes": 5}),
            "10:00",
            "10:05",
            5,
        ),
    ] {
        let answer = client.patch(&path, &change).await;
        assert_eq!(answer.status.as_u16(), 204, "{change} {answer:?}");
        let expected = [json!(nine(start)), json!(nine(end)), json!(minutes)];
        assert_eq!(fields(&client, &path, TIMES).await, expected, "{change}");
    }
    client
        .patch(&path, &json!({"ActivityDate": "2026-03-05"}))
        .await;
    let [start, ..] = fields(&client, &path, TIMES).await;
    assert_eq!(start, "2026-03-05T10:00:00.000+0000");
}

#[tokio::test]
async fn an_end_is_kept_to_the_second() {
    let client = Client::new();
    let (start, end) = (
        "2026-03-02T09:00:00.000+0000",
        "2026-03-02T09:01:30.000+0000",
    );
    let event = json!({"StartDateTime": start, "EndDateTime": end});
    let event = client.create("Event", &event).await;
    let path = format!("/sobjects/Event/{event}");
    client.patch(&path, &json!({"Subject": "x"})).await;
    assert_eq!(
        fields(&client, &path, TIMES).await,
        [json!(start), json!(end), json!(1)]
    );
}

#[tokio::test]
async fn an_event_of_all_day_ends_on_its_last_day() {
    let client = Client::new();
    let event = json!({"IsAllDayEvent": true, "ActivityDate": "2026-03-02"});
    let event = client.create("Event", &event).await;
    let path = format!("/sobjects/Event/{event}");
    let day = |day: &str| json!(format!("2026-03-{day}T00:00:00.000+0000"));
    assert_eq!(
        fields(&client, &path, TIMES).await,
        [day("02"), day("02"), json!(1440)]
    );
    client
        .patch(&path, &json!({"EndDateTime": "2026-03-04T00:00:00Z"}))
        .await;
    assert_eq!(
        fields(&client, &path, TIMES).await,
        [day("02"), day("04"), json!(4320)]
    );
}

#[tokio::test]
async fn an_event_without_times_or_with_wrong_ones_is_refused() {
    let client = Client::new();
    let (early, late) = ("2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z");
    for (event, code, message) in [
        (
            json!({"Subject": "x"}),
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [DurationInMinutes, ActivityDateTime]",
        ),
        (
            json!({"StartDateTime": early}),
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [DurationInMinutes]",
        ),
        (
            json!({"StartDateTime": late, "EndDateTime": early}),
            "FIELD_INTEGRITY_EXCEPTION",
            "An event cannot end before it starts",
        ),
        (
            json!({"IsAllDayEvent": true, "ActivityDate": "2026-03-02", "EndDateTime": "2026-03-01T00:00:00Z"}),
            "FIELD_INTEGRITY_EXCEPTION",
            "An event cannot end before it starts",
        ),
        (
            json!({"StartDateTime": late, "DurationInMinutes": -1}),
            "FIELD_INTEGRITY_EXCEPTION",
            "An event cannot end before it starts",
        ),
        (
            json!({"StartDateTime": early, "EndDateTime": late, "DurationInMinutes": 30}),
            "FIELD_INTEGRITY_EXCEPTION",
            "Duration and end of the event mismatch",
        ),
        (
            json!({"StartDateTime": early, "ActivityDateTime": late, "DurationInMinutes": 30}),
            "FIELD_INTEGRITY_EXCEPTION",
            "Activity date and time mismatch",
        ),
    ] {
        let error = client.post("/sobjects/Event", &event).await.error();
        assert_eq!(error, (400, code.to_owned(), message.to_owned()), "{event}");
    }
}

#[tokio::test]
async fn a_line_takes_its_price_or_its_total() {
    let client = Client::new();
    let line = line(&client).await;
    let path = format!("/sobjects/OpportunityLineItem/{line}");
    for (change, unit, total) in [
        (json!({}), 5.0, 20.0),
        (json!({"TotalPrice": 100}), 25.0, 100.0),
        (json!({"Discount": 50}), 25.0, 50.0),
        (json!({"TotalPrice": 10}), 5.0, 10.0),
        (json!({"UnitPrice": 7}), 7.0, 14.0),
        (json!({"Quantity": 3, "Discount": null}), 7.0, 21.0),
        (json!({"TotalPrice": 100}), 33.33, 100.0),
        // What has nothing to do with prices does not round again.
        (json!({"Description": "x"}), 33.33, 100.0),
    ] {
        let answer = client.patch(&path, &change).await;
        assert_eq!(answer.status.as_u16(), 204, "{change} {answer:?}");
        let prices = fields(&client, &path, ["UnitPrice", "TotalPrice"]).await;
        assert_eq!(prices, [json!(unit), json!(total)], "{change}");
    }
    for change in [
        json!({"UnitPrice": 1, "TotalPrice": 3}),
        json!({"TotalPrice": 3, "Discount": 100}),
    ] {
        let error = client.patch(&path, &change).await.error();
        assert_eq!(
            (error.0, error.1.as_str()),
            (400, "FIELD_INTEGRITY_EXCEPTION")
        );
    }
}

#[tokio::test]
async fn an_opportunity_is_worth_its_lines() {
    let client = Client::new();
    let line = line(&client).await;
    let line = format!("/sobjects/OpportunityLineItem/{line}");
    let [deal, entry] = fields(&client, &line, ["OpportunityId", "PricebookEntryId"]).await;
    let path = format!("/sobjects/Opportunity/{}", deal.as_str().unwrap());
    let worth = ["Amount", "HasOpportunityLineItem", "ExpectedRevenue"];
    let of = |amount: f64, lines: bool| [json!(amount), json!(lines), json!(amount / 10.0)];
    assert_eq!(fields(&client, &path, worth).await, of(20.0, true));
    let second = json!({"OpportunityId": deal, "PricebookEntryId": entry, "Quantity": 2});
    let second = client.create("OpportunityLineItem", &second).await;
    assert_eq!(fields(&client, &path, worth).await, of(30.0, true));
    client.patch(&line, &json!({"TotalPrice": 100})).await;
    assert_eq!(fields(&client, &path, worth).await, of(110.0, true));
    client.patch(&path, &json!({"Amount": 1})).await;
    assert_eq!(fields(&client, &path, worth).await, of(110.0, true));
    client.delete(&line).await;
    assert_eq!(fields(&client, &path, worth).await, of(10.0, true));
    // The last amount stays.
    client
        .delete(&format!("/sobjects/OpportunityLineItem/{second}"))
        .await;
    assert_eq!(fields(&client, &path, worth).await, of(10.0, false));
    client.patch(&path, &json!({"Amount": 50})).await;
    assert_eq!(fields(&client, &path, worth).await, of(50.0, false));
    let third = json!({"OpportunityId": deal, "PricebookEntryId": entry, "Quantity": 1});
    client.create("OpportunityLineItem", &third).await;
    assert_eq!(client.delete(&path).await.status.as_u16(), 204);
}

/// A line of four pieces at five each.
async fn line(client: &Client) -> String {
    let books = client
        .query("SELECT Id FROM Pricebook2 WHERE IsStandard = true")
        .await;
    let book = &books.json()["records"][0]["Id"];
    let product = client.create("Product2", &json!({"Name": "Wheel"})).await;
    let entry = json!({"Pricebook2Id": book, "Product2Id": product, "UnitPrice": 5});
    let entry = client.create("PricebookEntry", &entry).await;
    let deal = json!({"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-31"});
    let deal = client.create("Opportunity", &deal).await;
    let line = json!({"OpportunityId": deal, "PricebookEntryId": entry, "Quantity": 4});
    client.create("OpportunityLineItem", &line).await
}
