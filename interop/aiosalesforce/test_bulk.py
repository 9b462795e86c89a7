"""Loads by the Bulk API 2.0."""

import datetime

import pytest
from aiosalesforce.bulk.v2._csv import serialize_ingest_data
from aiosalesforce.exceptions import SalesforceError

pytestmark = pytest.mark.anyio

JOBS = "/services/data/v60.0/jobs/ingest"


async def load(salesforce, operation: str, sobject: str, data, **options):
    """Loads as the client's methods do, but asks more often whether the job is done."""
    ingest = salesforce.bulk_v2.ingest
    results = [
        result
        async for result in ingest.perform_operation(
            operation, sobject, data, polling_interval=0.05, **options
        )
    ]
    assert len(results) == 1
    return results[0]


async def records(salesforce, query: str) -> list[dict]:
    return [record async for record in salesforce.query(query)]


async def test_records_live_and_die(salesforce, admin):
    inserted = await salesforce.bulk_v2.insert(
        "Contact",
        [
            {"LastName": "Lovelace", "Birthdate": datetime.date(1815, 12, 10), "DoNotCall": True},
            {"LastName": 'Hopper, "Amazing"', "Email": "grace@example.com"},
            {"FirstName": "Nobody"},
        ],
    )
    assert [job.state for job in inserted.jobs] == ["JobComplete"]
    assert [row["LastName"] for row in inserted.successful_results] == [
        "Lovelace",
        'Hopper, "Amazing"',
    ]
    assert [row["sf__Created"] for row in inserted.successful_results] == ["true", "true"]
    (failed,) = inserted.failed_results
    assert failed["sf__Error"] == (
        "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"
    )
    assert inserted.unprocessed_records == []
    found = await records(
        salesforce, "SELECT Id, Birthdate, DoNotCall, Email FROM Contact ORDER BY LastName DESC"
    )
    assert [(row["Birthdate"], row["DoNotCall"], row["Email"]) for row in found] == [
        ("1815-12-10", True, None),
        (None, False, "grace@example.com"),
    ]

    ids = [row["Id"] for row in found]
    # The client's None says nothing; this is null.
    for email, expected in ((None, "grace@example.com"), ("#N/A", None)):
        changes = [{"Id": ids[1], "Email": email, "Title": "Admiral"}]
        updated = await load(salesforce, "update", "Contact", changes)
        assert updated.failed_results == []
        query = f"SELECT Email, Title FROM Contact WHERE Id = '{ids[1]}'"
        (grace,) = await records(salesforce, query)
        assert (grace["Email"], grace["Title"]) == (expected, "Admiral")

    deleted = await load(salesforce, "delete", "Contact", [{"Id": id_} for id_ in ids])
    assert len(deleted.successful_results) == 2
    assert await records(salesforce, "SELECT Id FROM Contact") == []
    methods = [entry[0] for entry in admin.requests() if entry[1].startswith(JOBS)]
    assert {method: methods.count(method) for method in ("POST", "PUT", "PATCH")} == {
        "POST": 4,
        "PUT": 4,
        "PATCH": 4,
    }


async def test_upsert_creates_then_updates_and_finds_parents(salesforce):
    await salesforce.sobject.create("Account", {"Name": "Acme", "External_Id__c": "A-1"})
    data = [
        {"External_Id__c": f"C-{n}", "LastName": f"Contact {n}", "Account": {"External_Id__c": "A-1"}}
        for n in range(450)
    ]
    for created in ("true", "false"):
        result = await load(
            salesforce, "upsert", "Contact", data, external_id_field="External_Id__c"
        )
        assert result.failed_results == []
        rows = result.successful_results
        assert {row["sf__Created"] for row in rows} == {created}
        assert {row["External_Id__c"] for row in rows} == {row["External_Id__c"] for row in data}
    found = await records(salesforce, "SELECT Id FROM Contact WHERE Account.Name = 'Acme'")
    assert len(found) == 450


async def test_a_job_can_be_handled_by_hand(salesforce):
    ingest = salesforce.bulk_v2.ingest
    job = await ingest.create_job("insert", "Contact")
    assert (job.state, job.job_type) == ("Open", None)
    assert job.content_url == f"services/data/v60.0/jobs/ingest/{job.id}/batches"
    assert (await ingest.abort_job(job.id)).state == "Aborted"
    listed = [job async for job in ingest.list_jobs()]
    assert [(found.id, found.state) for found in listed] == [(job.id, "Aborted")]
    await ingest.delete_job(job.id)
    assert [job async for job in ingest.list_jobs()] == []

    job = await ingest.create_job("insert", "Contact")
    (data,) = serialize_ingest_data([{"LastName": "Lovelace"}])
    job = await ingest.upload_job_data(job.id, data)
    assert job.state == "UploadComplete"
    with pytest.raises(SalesforceError, match="INVALIDJOBSTATE"):
        await ingest.upload_job_data(job.id, data)


async def test_a_job_that_fails_gives_its_rows_back(salesforce, admin):
    result = await load(salesforce, "insert", "Contact", [{"LastName": "a", "Nothing__c": "b"}])
    assert result.job_info.state == "Failed"
    assert result.unprocessed_records == [{"LastName": "a", "Nothing__c": "b"}]
    admin.fail_jobs(kind="failed_job", after=1)
    result = await load(salesforce, "insert", "Contact", [{"LastName": "a"}, {"LastName": "b"}])
    assert result.job_info.state == "Failed"
    assert [row["LastName"] for row in result.successful_results] == ["a"]
    assert result.unprocessed_records == [{"LastName": "b"}]
