"""Many operations in one request that have nothing to do with each other."""

import pytest
from aiosalesforce.composite.exceptions import InvalidStateError
from aiosalesforce.exceptions import SalesforceError

pytestmark = pytest.mark.anyio

BATCH = "/services/data/v60.0/composite/batch"


async def test_records_live_and_die(salesforce, admin):
    sobject = salesforce.sobject
    id_ = await sobject.create("Account", {"Name": "Acme"})
    async with salesforce.composite.batch() as batch:
        created = batch.sobject.create("Contact", {"LastName": "Lovelace"})
        read = batch.sobject.get("Account", id_, fields=["Name"])
        updated = batch.sobject.update("Account", id_, {"Phone": "1"})
        upserted = batch.sobject.upsert(
            "Contact", "H-1906", "External_Id__c", {"LastName": "Hopper"}
        )
        found = batch.query("SELECT Phone FROM Account WHERE Name = 'Acme'")
        gone = batch.sobject.delete("Contact", "H-1906", "External_Id__c")
        deleted = batch.sobject.delete("Account", id_)
        deleted_too = batch.query("SELECT Id FROM Account", include_all_records=True)
    assert (await sobject.get("Contact", created.id))["LastName"] == "Lovelace"
    assert read.record["Name"] == "Acme"
    assert [record["Phone"] for record in found.records] == ["1"]
    assert upserted.created
    for empty in (updated, gone, deleted):
        assert (empty.status_code, empty.result) == (204, None)
    assert [record["Id"] for record in deleted_too.records] == [id_]
    assert ("POST", BATCH, 200) in admin.requests()


async def test_some_may_fail(salesforce):
    async with salesforce.composite.batch() as batch:
        bad = batch.sobject.create("Contact", {})
        good = batch.sobject.create("Account", {"Name": "Acme"})
    assert (bad.status_code, bad.result[0]["errorCode"]) == (400, "REQUIRED_FIELD_MISSING")
    assert await salesforce.sobject.get("Account", good.id)
    with pytest.raises(SalesforceError):
        _ = bad.id


async def test_halt_on_error(salesforce):
    async with salesforce.composite.batch(halt_on_error=True) as batch:
        good = batch.sobject.create("Account", {"Name": "Acme"})
        batch.sobject.create("Contact", {})
        halted = batch.sobject.create("Account", {"Name": "Emca"})
    assert (halted.status_code, halted.result[0]["errorCode"]) == (412, "BATCH_PROCESSING_HALTED")
    # What was done before stays.
    assert await salesforce.sobject.get("Account", good.id)


@pytest.mark.parametrize("group_errors", [False, True])
async def test_failures_are_raised_if_wanted(salesforce, group_errors):
    with pytest.raises(ExceptionGroup if group_errors else SalesforceError) as failed:
        async with salesforce.composite.batch(autoraise=True, group_errors=group_errors) as batch:
            batch.sobject.create("Contact", {})
            batch.sobject.create("Lead", {"LastName": "Nobody"})
    if group_errors:
        assert len(failed.value.exceptions) == 2


async def test_too_many(salesforce):
    batch = salesforce.composite.batch()
    for number in range(26):
        batch.sobject.create("Account", {"Name": f"Account {number}"})
    with pytest.raises(SalesforceError):
        await batch.execute()


async def test_nothing_has_happened_before_it_is_sent(salesforce, admin):
    batch = salesforce.composite.batch()
    created = batch.sobject.create("Account", {"Name": "Acme"})
    with pytest.raises(InvalidStateError):
        _ = created.id
    assert admin.requests() == []
