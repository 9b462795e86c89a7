"""Queries and their pages."""

import pytest
from simple_salesforce import SalesforceMalformedRequest, format_soql

LEADS = 4_500
ALL_LEADS = [f"Lead {number:04}" for number in range(LEADS)]
SOQL = "SELECT Id, Name FROM Lead ORDER BY Name"


def names(records) -> list[str]:
    return [record["Name"] for record in records]


def test_a_page(salesforce):
    page = salesforce.query(SOQL)
    assert list(page) == ["totalSize", "done", "nextRecordsUrl", "records"]
    assert (page["totalSize"], page["done"]) == (LEADS, False)
    assert names(page["records"]) == ALL_LEADS[:2000]
    lead = page["records"][0]
    assert lead["attributes"] == {
        "type": "Lead",
        "url": f"/services/data/v59.0/sobjects/Lead/{lead['Id']}",
    }


def test_more_by_url(salesforce):
    page = salesforce.query(SOQL)
    page = salesforce.query_more(page["nextRecordsUrl"], identifier_is_url=True)
    assert names(page["records"]) == ALL_LEADS[2000:4000]
    page = salesforce.query_more(page["nextRecordsUrl"], identifier_is_url=True)
    assert names(page["records"]) == ALL_LEADS[4000:]
    assert (page["totalSize"], page["done"]) == (LEADS, True)
    assert "nextRecordsUrl" not in page


@pytest.mark.parametrize("include_deleted", [False, True])
def test_more_by_id(salesforce, include_deleted):
    page = salesforce.query(SOQL, include_deleted=include_deleted)
    identifier = page["nextRecordsUrl"].rpartition("/")[2]
    page = salesforce.query_more(identifier, include_deleted=include_deleted)
    assert names(page["records"]) == ALL_LEADS[2000:4000]


def test_no_such_page(salesforce):
    with pytest.raises(SalesforceMalformedRequest) as refused:
        salesforce.query_more("01g000000000001AAA-2000")
    assert refused.value.content[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_query_all(salesforce):
    everything = salesforce.query_all(SOQL)
    assert (everything["totalSize"], everything["done"]) == (LEADS, True)
    assert names(everything["records"]) == ALL_LEADS


def test_query_all_iter(salesforce):
    assert names(salesforce.query_all_iter(SOQL)) == ALL_LEADS


def test_pages_are_as_small_as_asked_for(salesforce, admin):
    small = {"Sforce-Query-Options": "batchSize=500"}
    assert names(salesforce.query_all_iter(SOQL, headers=small)) == ALL_LEADS
    pages = [path for _, path, _ in admin.requests() if "/query" in path]
    assert len(pages) == LEADS / 500


def test_deleted_records_only_with_include_deleted(salesforce):
    salesforce.Account.delete(salesforce.Account.create({"Name": "Gone"})["id"])
    soql = "SELECT Name, IsDeleted FROM Account WHERE Name = 'Gone'"
    assert salesforce.query_all(soql)["totalSize"] == 0
    [gone] = salesforce.query_all(soql, include_deleted=True)["records"]
    assert gone["IsDeleted"] is True


@pytest.mark.parametrize("name", ["O'Reilly", 'a "b"', "a\\b", "50% + 1 & 2", "Grüße", "a_b"])
def test_values_are_quoted_safely(salesforce, name):
    salesforce.Account.create({"Name": name})
    exact = format_soql("SELECT Name FROM Account WHERE Name = {}", name)
    assert names(salesforce.query(exact)["records"]) == [name]
    like = format_soql("SELECT Name FROM Account WHERE Name LIKE '{:like}'", name)
    assert names(salesforce.query(like)["records"]) == [name]


def test_counting(salesforce):
    assert salesforce.query("SELECT COUNT() FROM Lead") == {
        "totalSize": LEADS,
        "done": True,
        "records": [],
    }


def test_parents_and_children(salesforce):
    account = salesforce.Account.create({"Name": "Acme"})["id"]
    salesforce.Contact.create({"LastName": "Coyote", "AccountId": account})
    soql = "SELECT Name, (SELECT LastName, Account.Name FROM Contacts) FROM Account"
    [record] = salesforce.query(soql)["records"]
    [child] = record["Contacts"]["records"]
    assert (child["LastName"], child["Account"]["Name"]) == ("Coyote", "Acme")


def test_groups(salesforce):
    soql = "SELECT Company, COUNT(Id), MIN(LastName) lowest FROM Lead GROUP BY Company"
    [group] = salesforce.query(soql)["records"]
    assert group == {
        "attributes": {"type": "AggregateResult"},
        "Company": "Paging Inc.",
        "expr0": LEADS,
        "lowest": ALL_LEADS[0],
    }


def test_how_a_query_would_be_run(salesforce):
    soql = "SELECT Id FROM Lead WHERE Company = 'Acme'"
    explained = salesforce.restful("query", params={"explain": soql})
    assert explained["sourceQuery"] == soql
    plan = explained["plans"][0]
    assert (plan["leadingOperationType"], plan["sobjectCardinality"]) == ("TableScan", LEADS)


def test_is_sandbox(salesforce):
    assert salesforce.is_sandbox() is False


def test_plans(salesforce):
    account = salesforce.Account.create({"Name": "Acme"})["id"]
    salesforce.Contact.create({"LastName": "Coyote", "AccountId": account})
    soql = f"SELECT Name FROM Contact WHERE AccountId = '{account}'"
    explained = salesforce.restful("query/", params={"explain": soql})
    index, scan = explained["plans"]
    assert (index["leadingOperationType"], index["fields"]) == ("Index", ["AccountId"])
    assert (index["cardinality"], index["sobjectType"]) == (1, "Contact")
    assert scan["leadingOperationType"] == "TableScan"
    assert explained["sourceQuery"] == soql
    with pytest.raises(SalesforceMalformedRequest) as refused:
        salesforce.restful("query/", params={"explain": "SELECT Nope FROM Contact"})
    assert refused.value.content[0]["errorCode"] == "INVALID_FIELD"
