"""Queries and their pages."""

import pytest
from aiosalesforce import Salesforce, format_soql

pytestmark = pytest.mark.anyio

QUERY = "/services/data/v60.0/query"
LEADS = 4_500


async def names(salesforce: Salesforce, soql: str, **options) -> list[str]:
    return [record["Name"] async for record in salesforce.query(soql, **options)]


async def test_all_pages_arrive_in_order(salesforce, admin):
    found = await names(salesforce, "SELECT Id, Name FROM Lead ORDER BY Name")
    assert found == [f"Lead {number:04}" for number in range(LEADS)]
    pages = [path for _, path, _ in admin.requests() if path.startswith(QUERY)]
    assert len(pages) == 3
    assert [page.rpartition("-")[2] for page in pages[1:]] == ["2000", "4000"]


async def test_pages_are_as_small_as_asked_for(salesforce, admin):
    # The client has no option for it, but httpx sends headers with every request.
    salesforce.httpx_client.headers["Sforce-Query-Options"] = "batchSize=500"
    found = await names(salesforce, "SELECT Name FROM Lead ORDER BY Name DESC")
    assert found == [f"Lead {number:04}" for number in reversed(range(LEADS))]
    pages = [path for _, path, _ in admin.requests() if path.startswith(QUERY)]
    assert len(pages) == LEADS / 500


async def test_a_query_without_records(salesforce):
    assert await names(salesforce, "SELECT Name FROM Account WHERE Name = 'nobody'") == []


async def test_values_are_quoted_safely(salesforce):
    for name in ["O'Reilly", "50% + 1", "a\\b"]:
        await salesforce.sobject.create("Account", {"Name": name})
        soql = format_soql("SELECT Name FROM Account WHERE Name = {}", name)
        assert await names(salesforce, soql) == [name]
    soql = format_soql("SELECT Name FROM Account WHERE Name LIKE '{:like}%'", "50%")
    assert await names(salesforce, soql) == ["50% + 1"]


async def test_deleted_records_only_with_query_all(salesforce):
    id_ = await salesforce.sobject.create("Account", {"Name": "Gone"})
    await salesforce.sobject.delete("Account", id_)
    soql = "SELECT Name FROM Account WHERE Name = 'Gone'"
    assert await names(salesforce, soql) == []
    assert await names(salesforce, soql, include_all_records=True) == ["Gone"]


async def test_parents_and_children(salesforce):
    account = await salesforce.sobject.create("Account", {"Name": "Acme"})
    for name in ["Road Runner", "Wile E. Coyote"]:
        await salesforce.sobject.create("Contact", {"LastName": name, "AccountId": account})
    soql = "SELECT Name, Account.Name FROM Contact WHERE Account.Name = 'Acme' ORDER BY Name"
    contacts = [record async for record in salesforce.query(soql)]
    assert [contact["Account"]["Name"] for contact in contacts] == ["Acme", "Acme"]

    soql = "SELECT Name, (SELECT LastName FROM Contacts ORDER BY Name) FROM Account"
    [record] = [record async for record in salesforce.query(soql)]
    children = record["Contacts"]
    assert (children["totalSize"], children["done"]) == (2, True)
    assert [child["LastName"] for child in children["records"]] == ["Road Runner", "Wile E. Coyote"]


async def test_groups(salesforce):
    soql = "SELECT Company, COUNT(Id) leads FROM Lead GROUP BY Company"
    [group] = [group async for group in salesforce.query(soql)]
    assert (group["Company"], group["leads"]) == ("Paging Inc.", LEADS)
    assert group["attributes"] == {"type": "AggregateResult"}
