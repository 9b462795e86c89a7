"""Many operations in one request, each a part of a composite."""

import pytest
from aiosalesforce.composite.exceptions import InvalidStateError
from aiosalesforce.exceptions import NotFoundError, SalesforceError

pytestmark = pytest.mark.anyio

COMPOSITE = "/services/data/v60.0/composite"
HALTED = "PROCESSING_HALTED"


async def count(salesforce, sobject: str) -> int:
    return len([record async for record in salesforce.query(f"SELECT Id FROM {sobject}")])


async def test_records_live_and_die_together(salesforce, admin):
    sobject = salesforce.sobject
    id_ = await sobject.create("Account", {"Name": "Acme"})
    async with salesforce.composite() as composite:
        created = composite.sobject.create("Contact", {"LastName": "Lovelace"})
        read = composite.sobject.get("Account", id_, fields=["Name"])
        updated = composite.sobject.update("Account", id_, {"Phone": "1"})
        upserted = composite.sobject.upsert(
            "Contact", "H-1906", "External_Id__c", {"LastName": "Hopper"}
        )
        found = composite.query("SELECT Phone FROM Account WHERE Name = 'Acme'")
        by_key = composite.sobject.get("Contact", "H-1906", "External_Id__c")
        gone = composite.sobject.delete("Contact", "H-1906", "External_Id__c")
        deleted = composite.sobject.delete("Account", id_)
    assert (await sobject.get("Contact", created.id))["LastName"] == "Lovelace"
    assert read.record["Name"] == "Acme"
    assert [record["Phone"] for record in found.records] == ["1"]
    assert upserted.created and by_key.record["Id"] == upserted.id
    for empty in (updated, gone, deleted):
        assert (empty.status_code, empty.response_body) == (204, None)
    assert created.status_code == 201
    assert created.response_http_headers["Location"].endswith(f"/sobjects/Contact/{created.id}")
    with pytest.raises(NotFoundError):
        await sobject.get("Account", id_)
    assert ("POST", COMPOSITE, 200) in admin.requests()


async def test_references(salesforce):
    async with salesforce.composite() as composite:
        account = composite.sobject.create("Account", {"Name": "Acme"})
        # As text, or the client would send the name of the reference alone.
        reference = str(account.reference.id)
        contact = composite.sobject.create(
            "Contact", {"LastName": "Coyote", "AccountId": reference}
        )
        updated = composite.sobject.update("Account", reference, {"Phone": "1"})
        found = composite.query("SELECT Id FROM Contact")
        title = composite.sobject.update(
            "Contact", str(found.reference.records[0].Id), {"Title": "Tester"}
        )
    assert updated.is_success and title.is_success
    contact = await salesforce.sobject.get("Contact", contact.id)
    assert (contact["AccountId"], contact["Title"]) == (account.id, "Tester")
    assert (await salesforce.sobject.get("Account", account.id))["Phone"] == "1"


async def test_the_client_is_wrong_about_references_that_are_no_text(salesforce):
    async with salesforce.composite() as composite:
        account = composite.sobject.create("Account", {"Name": "Acme"})
        contact = composite.sobject.create(
            "Contact", {"LastName": "Coyote", "AccountId": account.reference.id}
        )
    assert contact.response_body[0]["errorCode"] == "MALFORMED_ID"


async def test_some_may_fail(salesforce):
    async with salesforce.composite() as composite:
        good = composite.sobject.create("Account", {"Name": "Acme"})
        bad = composite.sobject.create("Contact", {})
        depends = composite.sobject.delete("Contact", str(bad.reference.id))
    assert good.is_success and not bad.is_success
    [error] = bad.response_body
    assert (bad.status_code, error["errorCode"]) == (400, "REQUIRED_FIELD_MISSING")
    [error] = depends.response_body
    assert (depends.status_code, error["errorCode"]) == (400, HALTED)
    with pytest.raises(SalesforceError):
        _ = bad.id
    assert await count(salesforce, "Account") == 1


async def test_all_or_none(salesforce):
    async with salesforce.composite(all_or_none=True) as composite:
        good = composite.sobject.create("Account", {"Name": "Acme"})
        bad = composite.sobject.create("Contact", {})
    [error] = good.response_body
    assert (good.status_code, error["errorCode"]) == (400, HALTED)
    assert error["message"] == (
        "The transaction was rolled back since another operation in the same transaction failed."
    )
    assert bad.response_body[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert await count(salesforce, "Account") == 0


async def test_failures_are_raised_if_wanted(salesforce):
    with pytest.raises(ExceptionGroup) as failed:
        async with salesforce.composite(autoraise=True) as composite:
            composite.sobject.create("Contact", {})
            composite.sobject.create("Account", {"Name": "Acme"})
            composite.sobject.create("Lead", {"LastName": "Nobody"})
    assert len(failed.value.exceptions) == 2


async def test_queries_of_deleted_records(salesforce):
    id_ = await salesforce.sobject.create("Account", {"Name": "Gone & 100% forgotten"})
    await salesforce.sobject.delete("Account", id_)
    soql = "SELECT Id FROM Account WHERE Name LIKE '% & 100\\% %'"
    async with salesforce.composite() as composite:
        there = composite.query(soql)
        deleted_too = composite.query(soql, include_all_records=True)
    assert there.records == []
    assert [record["Id"] for record in deleted_too.records] == [id_]


async def test_too_many(salesforce):
    composite = salesforce.composite()
    for number in range(26):
        composite.sobject.create("Account", {"Name": f"Account {number}"})
    with pytest.raises(SalesforceError):
        await composite.execute()
    assert await count(salesforce, "Account") == 0


async def test_nothing_has_happened_before_it_is_sent(salesforce, admin):
    composite = salesforce.composite()
    created = composite.sobject.create("Account", {"Name": "Acme"})
    with pytest.raises(InvalidStateError):
        _ = created.id
    assert admin.requests() == []
