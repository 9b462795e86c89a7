"""The composite resources, which the client reaches through `restful`."""

import pytest
from simple_salesforce import SalesforceMalformedRequest


def test_many_operations(salesforce):
    data = "/services/data/v59.0"
    requests = [
        {
            "method": "POST",
            "url": f"{data}/sobjects/Account",
            "referenceId": "acme",
            "body": {"Name": "Acme"},
        },
        {
            "method": "POST",
            "url": f"{data}/sobjects/Contact",
            "referenceId": "wile",
            "body": {"LastName": "Coyote", "AccountId": "@{acme.id}"},
        },
    ]
    answer = salesforce.restful(
        "composite", method="POST", json={"allOrNone": True, "compositeRequest": requests}
    )
    account, contact = answer["compositeResponse"]
    assert list(account) == ["body", "httpHeaders", "httpStatusCode", "referenceId"]
    assert (account["httpStatusCode"], account["referenceId"]) == (201, "acme")
    assert salesforce.Contact.get(contact["body"]["id"])["AccountId"] == account["body"]["id"]


def test_a_tree(salesforce):
    contacts = [
        {"attributes": {"type": "Contact", "referenceId": name}, "LastName": name}
        for name in ("Coyote", "Runner")
    ]
    account = {
        "attributes": {"type": "Account", "referenceId": "acme"},
        "Name": "Acme",
        "Contacts": {"records": contacts},
    }
    answer = salesforce.restful(
        "composite/tree/Account", method="POST", json={"records": [account]}
    )
    assert answer["hasErrors"] is False
    ids = {result["referenceId"]: result["id"] for result in answer["results"]}
    assert list(ids) == ["acme", "Coyote", "Runner"]
    assert salesforce.Contact.get(ids["Runner"])["AccountId"] == ids["acme"]


def test_records_by_the_hundred(salesforce):
    records = [
        {"attributes": {"type": "Account"}, "Name": f"Account {number}"} for number in range(200)
    ]
    created = salesforce.restful(
        "composite/sobjects", method="POST", json={"allOrNone": False, "records": records}
    )
    assert all(result["success"] for result in created)
    ids = [result["id"] for result in created]
    read = salesforce.restful(
        "composite/sobjects/Account", method="POST", json={"ids": ids, "fields": ["Name"]}
    )
    assert [record["Name"] for record in read] == [record["Name"] for record in records]
    deleted = salesforce.restful(
        "composite/sobjects", method="DELETE", params={"ids": ",".join(ids), "allOrNone": "true"}
    )
    assert [result["id"] for result in deleted] == ids


def test_more_than_two_hundred(salesforce):
    records = [{"attributes": {"type": "Account"}, "Name": "Acme"}] * 201
    with pytest.raises(SalesforceMalformedRequest):
        salesforce.restful("composite/sobjects", method="POST", json={"records": records})
