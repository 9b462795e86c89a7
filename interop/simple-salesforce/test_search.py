"""Searches in SOSL."""

import pytest
from simple_salesforce import SalesforceMalformedRequest


@pytest.fixture(autouse=True)
def acme(salesforce) -> None:
    account = salesforce.Account.create({"Name": "Acme Rockets", "Phone": "555 0100"})["id"]
    salesforce.Contact.create(
        {
            "FirstName": "Wile",
            "LastName": "Coyote",
            "Title": "Tester at Acme",
            "AccountId": account,
        }
    )


def names(found: dict) -> list[str]:
    return [record["Name"] for record in found["searchRecords"]]


def test_quick_search(salesforce):
    found = salesforce.quick_search("acme")
    types = [record["attributes"]["type"] for record in found["searchRecords"]]
    assert types == ["Account", "Contact"]


def test_some_fields_of_some_objects(salesforce):
    found = salesforce.search(
        "FIND {acme OR coyote} IN NAME FIELDS "
        "RETURNING Account(Name WHERE Phone LIKE '555%'), Contact(Name, Account.Name LIMIT 5)"
    )
    assert names(found) == ["Acme Rockets", "Wile Coyote"]
    assert found["searchRecords"][1]["Account"]["Name"] == "Acme Rockets"


def test_nothing_is_found(salesforce):
    assert salesforce.quick_search("nowhere") == {"searchRecords": []}


@pytest.mark.parametrize(
    ("sosl", "code"),
    [("FIND Acme", "MALFORMED_SEARCH"), ("FIND {Acme} RETURNING Nothing", "INVALID_TYPE")],
)
def test_a_search_that_is_wrong(salesforce, sosl, code):
    with pytest.raises(SalesforceMalformedRequest) as refused:
        salesforce.search(sosl)
    assert refused.value.content[0]["errorCode"] == code


def test_a_parameterized_search(salesforce):
    parameters = {"q": "acme", "sobject": "Account", "Account.fields": "Name"}
    assert names(salesforce.restful("parameterizedSearch", params=parameters)) == ["Acme Rockets"]
