"""Loads and extracts by the Bulk API 1.0, which the client speaks in JSON."""

import pytest
from simple_salesforce import SalesforceMalformedRequest

LEADS = 4_500


def test_records_live_and_die(salesforce):
    contact = salesforce.bulk.Contact
    inserted = contact.insert(
        [{"LastName": "Lovelace", "DoNotCall": True}, {"FirstName": "Nobody"}], batch_size="auto"
    )
    (ada, failed) = inserted
    assert (ada["success"], ada["created"], ada["errors"]) == (True, True, [])
    assert (failed["success"], failed["id"]) == (False, None)
    (error,) = failed["errors"]
    assert (error["statusCode"], error["fields"]) == ("REQUIRED_FIELD_MISSING", ["LastName"])

    (updated,) = contact.update([{"Id": ada["id"], "Title": "Countess", "Email": None}])
    assert (updated["success"], updated["created"]) == (True, False)
    assert salesforce.Contact.get(ada["id"])["Title"] == "Countess"
    (deleted,) = contact.delete([{"Id": ada["id"]}])
    assert deleted["success"]
    assert contact.query("SELECT Id FROM Contact") == []
    (found,) = contact.query_all("SELECT Id, IsDeleted FROM Contact")
    assert (found["Id"], found["IsDeleted"]) == (ada["id"], True)
    (kept,) = contact.insert([{"LastName": "Hopper"}])
    (gone,) = contact.hard_delete([{"Id": kept["id"]}])
    assert gone["success"]
    assert len(contact.query_all("SELECT Id FROM Contact")) == 1


def test_upserts_in_batches_one_after_the_other(salesforce):
    salesforce.Account.create({"Name": "Acme", "External_Id__c": "A-1"})
    data = [
        {"External_Id__c": f"C-{n}", "LastName": str(n), "Account": {"External_Id__c": "A-1"}}
        for n in range(250)
    ]
    upsert = salesforce.bulk.Contact.upsert
    for created in (True, False):
        saved = upsert(data, "External_Id__c", batch_size=100, use_serial=True)
        assert [row["success"] for row in saved] == [True] * 250
        assert {row["created"] for row in saved} == {created}
    detailed = upsert(data[:1], "External_Id__c", include_detailed_results=True)
    assert detailed[0]["External_Id__c"] == "C-0"
    count = salesforce.query("SELECT COUNT() FROM Contact WHERE Account.Name = 'Acme'")
    assert count["totalSize"] == 250


def test_a_query_finds_all(salesforce):
    query = "SELECT Id, LastName, CreatedDate FROM Lead"
    leads = salesforce.bulk.Lead.query(query)
    assert len(leads) == LEADS
    assert leads[0]["attributes"]["type"] == "Lead"
    # Moments are numbers here, and only here.
    assert isinstance(leads[0]["CreatedDate"], int)
    pages = list(salesforce.bulk.Lead.query(query, lazy_operation=True))
    assert sum(len(page) for page in pages) == LEADS


def test_refusals(salesforce, admin):
    with pytest.raises(SalesforceMalformedRequest) as refused:
        salesforce.bulk.Nothing__c.insert([{"Name": "x"}])
    assert refused.value.content["exceptionCode"] == "InvalidEntity"
    admin.set_policies(daily_bulk_batches=0)
    with pytest.raises(SalesforceMalformedRequest) as refused:
        salesforce.bulk.Contact.insert([{"LastName": "x"}])
    assert refused.value.content["exceptionCode"] == "ExceededQuota"
    admin.set_policies(daily_bulk_batches=15_000)
    admin.expire_tokens()
    with pytest.raises(SalesforceMalformedRequest) as refused:
        salesforce.bulk.Contact.insert([{"LastName": "x"}])
    assert refused.value.content["exceptionCode"] == "InvalidSessionId"
