"""Records: create, read, update, upsert, delete."""

import asyncio
from datetime import date

import pytest
from aiosalesforce.exceptions import NotFoundError

pytestmark = pytest.mark.anyio


async def test_a_record_lives_and_dies(salesforce):
    id_ = await salesforce.sobject.create(
        "Contact", {"FirstName": "Ada", "LastName": "Lovelace", "Birthdate": date(1815, 12, 10)}
    )
    assert len(id_) == 18 and id_.startswith("003")

    contact = await salesforce.sobject.get("Contact", id_)
    assert contact["attributes"] == {
        "type": "Contact",
        "url": f"/services/data/v60.0/sobjects/Contact/{id_}",
    }
    assert contact["Name"] == "Ada Lovelace"
    assert contact["Birthdate"] == "1815-12-10"
    assert contact["Email"] is None

    await salesforce.sobject.update("Contact", id_, {"Email": "ada@example.com"})
    fields = ["Email", "LastName"]
    contact = await salesforce.sobject.get("Contact", id_, fields=fields)
    assert {name: contact[name] for name in fields} == {
        "Email": "ada@example.com",
        "LastName": "Lovelace",
    }
    assert "FirstName" not in contact

    await salesforce.sobject.delete("Contact", id_)
    with pytest.raises(NotFoundError):
        await salesforce.sobject.get("Contact", id_)


async def test_data_may_be_json_already(salesforce):
    id_ = await salesforce.sobject.create("Account", b'{"Name": "Gr\xc3\xbc\xc3\x9fe & Co"}')
    account = await salesforce.sobject.get("Account", id_, fields=["Name"])
    assert account["Name"] == "Grüße & Co"


async def test_upsert_creates_then_updates(salesforce):
    sobject = salesforce.sobject
    data = {"LastName": "Hopper", "External_Id__c": "H-1906"}
    created = await sobject.upsert("Contact", "H-1906", "External_Id__c", data)
    assert created.created
    updated = await sobject.upsert("Contact", "H-1906", "External_Id__c", {"FirstName": "Grace"})
    assert not updated.created
    assert updated.id == created.id

    contact = await sobject.get("Contact", "H-1906", "External_Id__c")
    assert contact["Id"] == created.id
    assert contact["Name"] == "Grace Hopper"
    assert contact["External_Id__c"] == "H-1906"
    chosen = await sobject.get("Contact", "H-1906", "External_Id__c", fields=["FirstName"])
    assert chosen["FirstName"] == "Grace"

    await sobject.delete("Contact", "H-1906", "External_Id__c")
    with pytest.raises(NotFoundError):
        await sobject.get("Contact", "H-1906", "External_Id__c")


async def test_an_external_id_with_blanks(salesforce):
    # httpx encodes the blanks; the client leaves anything else as it is, so that a slash would
    # be one of the path.
    data = {"Name": "Blank Ltd."}
    created = await salesforce.sobject.upsert("Account", "a b c", "External_Id__c", data)
    account = await salesforce.sobject.get("Account", "a b c", "External_Id__c")
    assert (account["Id"], account["External_Id__c"]) == (created.id, "a b c")


async def test_a_reference_by_external_id(salesforce):
    sobject = salesforce.sobject
    account = await sobject.upsert("Account", "acme", "External_Id__c", {"Name": "Acme"})
    contact = await sobject.create(
        "Contact", {"LastName": "Coyote", "Account": {"External_Id__c": "acme"}}
    )
    assert (await sobject.get("Contact", contact))["AccountId"] == account.id


async def test_a_custom_object(salesforce):
    sobject = salesforce.sobject
    data = {"Route__c": "north", "Weight__c": 12.5}
    created = await sobject.upsert("Shipment__c", "S-1", "Number__c", data)
    shipment = await sobject.get("Shipment__c", created.id)
    assert (shipment["Weight__c"], shipment["Status__c"]) == (12.5, "Packed")


async def test_many_at_once(salesforce, admin):
    creations = [
        salesforce.sobject.create("Account", {"Name": f"Account {number:03}"})
        for number in range(200)
    ]
    ids = await asyncio.gather(*creations)
    assert len(set(ids)) == 200
    soql = "SELECT Id FROM Account ORDER BY Name"
    assert [record["Id"] async for record in salesforce.query(soql)] == ids
    sign_ins = [path for _, path, _ in admin.requests() if path.startswith("/services/oauth2/")]
    assert len(sign_ins) == 1
