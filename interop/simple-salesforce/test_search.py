"""Searches in SOSL."""

import pytest
from simple_salesforce import SalesforceGeneralError, SalesforceMalformedRequest


@pytest.fixture(autouse=True)
def acme(salesforce) -> None:
    account = salesforce.Account.create({"Name": "Acme Rockets", "Phone": "555 0100"})["id"]
    salesforce.Contact.create(
        {
            "FirstName": "Wile",
            "LastName": "Coyote",
            "Title": "Tester at Acme",
            "Email": "wile@acme.example",
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


@pytest.mark.parametrize(
    ("term", "group", "found"),
    [
        ("wile@acme.example", "EMAIL", ["Wile Coyote"]),
        ("wile@acme.example", "NAME", []),
        ('"Wile Coyote"', "NAME", ["Wile Coyote"]),
        ("co?ote OR roadrunner", "ALL", ["Wile Coyote"]),
        ("coy* AND NOT wile", "ALL", []),
    ],
)
def test_terms(salesforce, term, group, found):
    sosl = f"FIND {{{term}}} IN {group} FIELDS RETURNING Contact(Name)"
    assert names(salesforce.search(sosl)) == found


def test_searches_follow_changes(salesforce):
    [account] = salesforce.search("FIND {rockets}")["searchRecords"]
    globex = "FIND {globex} RETURNING Account(Name)"
    salesforce.Account.update(account["Id"], {"Name": "Globex"})
    assert names(salesforce.search(globex)) == ["Globex"]
    salesforce.Account.delete(account["Id"])
    assert names(salesforce.search(globex)) == []


def test_labels_and_marks(salesforce):
    found = salesforce.search(
        "FIND {rockets} RETURNING Account(Name) WITH HIGHLIGHT WITH METADATA = 'LABELS'"
    )
    [account] = found["searchRecords"]
    assert account["highlight.Name"] == "Acme <mark>Rockets</mark>"
    [entity] = found["metadata"]["entityMetadata"]
    assert entity["fieldMetadata"] == [{"label": "Account Name", "name": "Name"}]


def test_a_reserved_character(salesforce):
    with pytest.raises(SalesforceMalformedRequest) as refused:
        salesforce.quick_search("Marie-Pier Martin")
    assert refused.value.content[0]["message"] == (
        "\nFIND {Marie-Pier Martin}\n          ^\nERROR at Row:1:Column:11\n"
        "line 1:11 mismatched character '-' expecting '}'"
    )


def test_what_searches_do_not_do(salesforce):
    with pytest.raises(SalesforceGeneralError) as refused:
        salesforce.search("FIND {acme} WITH DIVISION = 'Global'")
    assert refused.value.status == 501


def test_scope_and_layout(salesforce):
    order = salesforce.restful("search/scopeOrder")
    assert order[0]["url"] == "/services/data/v59.0/sobjects/Account/describe"
    [layout] = salesforce.restful("search/layout/", params={"q": "Account"})
    assert layout["searchColumns"][0]["field"] == "Account.Name"
