"""Loads and extracts by the Bulk API 2.0."""

import csv
import io

import pytest
from simple_salesforce.bulk2 import ColumnDelimiter, LineEnding
from simple_salesforce.exceptions import SalesforceOperationError

LEADS = 4_500

# How often the client asks whether a job is done, in seconds.
OFTEN = 0.05


def rows(text: str, delimiter: str = ",") -> list[dict]:
    return list(csv.DictReader(io.StringIO(text), delimiter=delimiter))


def test_records_live_and_die(salesforce):
    contact = salesforce.bulk2.Contact
    (job,) = contact.insert(
        records=[
            {"LastName": "Lovelace", "Title": "Grüße, \"Ada\""},
            {"LastName": "", "Title": "Nobody"},
        ],
        wait=OFTEN,
    )
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (2, 1)
    (ada,) = rows(contact.get_successful_records(job["job_id"]))
    assert (ada["sf__Created"], ada["Title"]) == ("true", "Grüße, \"Ada\"")
    (failed,) = rows(contact.get_failed_records(job["job_id"]))
    assert failed["sf__Error"].startswith("REQUIRED_FIELD_MISSING:")
    assert rows(contact.get_unprocessed_records(job["job_id"])) == []
    everything = contact.get_all_ingest_records(job["job_id"])
    assert [len(everything[name]) for name in ("successfulRecords", "failedRecords")] == [1, 1]

    id_ = ada["sf__Id"]
    (job,) = contact.update(records=[{"Id": id_, "Title": "#N/A"}], wait=OFTEN)
    assert job["numberRecordsFailed"] == 0
    assert salesforce.Contact.get(id_)["Title"] is None
    (job,) = contact.delete(records=[{"Id": id_}], wait=OFTEN)
    assert job["numberRecordsFailed"] == 0
    assert salesforce.query("SELECT COUNT() FROM Contact")["totalSize"] == 0
    kept = salesforce.Contact.create({"LastName": "Hopper"})["id"]
    (job,) = contact.hard_delete(records=[{"Id": kept}], wait=OFTEN)
    assert job["numberRecordsFailed"] == 0
    (left,) = salesforce.query_all("SELECT Id FROM Contact", include_deleted=True)["records"]
    assert left["Id"] == id_


@pytest.mark.parametrize("delimiter", list(ColumnDelimiter))
def test_upserts_from_a_file_of_any_kind(salesforce, tmp_path, delimiter):
    sign = {
        "BACKQUOTE": "`",
        "CARET": "^",
        "COMMA": ",",
        "PIPE": "|",
        "SEMICOLON": ";",
        "TAB": "\t",
    }[str(delimiter.value)]
    file = tmp_path / "contacts.csv"
    lines = [f"External_Id__c{sign}LastName"] + [f"C-{n}{sign}Name {n}" for n in range(250)]
    file.write_text("".join(f"{line}\n" for line in lines))
    jobs = salesforce.bulk2.Contact.upsert(
        csv_file=str(file),
        external_id_field="External_Id__c",
        batch_size=100,
        column_delimiter=delimiter,
        wait=OFTEN,
    )
    assert [job["numberRecordsProcessed"] for job in jobs] == [100, 100, 50]
    assert sum(job["numberRecordsFailed"] for job in jobs) == 0
    assert salesforce.query("SELECT COUNT() FROM Contact")["totalSize"] == 250


def test_lines_may_end_as_in_windows(salesforce):
    (job,) = salesforce.bulk2.Contact.insert(
        records=[{"LastName": "Lovelace"}], line_ending=LineEnding.CRLF, wait=OFTEN
    )
    assert job["numberRecordsProcessed"] == 1


def test_a_query_comes_in_pages(salesforce, tmp_path):
    lead = salesforce.bulk2.Lead
    query = "SELECT Id, LastName FROM Lead"
    pages = [rows(page) for page in lead.query(query, max_records=2_000, wait=OFTEN)]
    assert [len(page) for page in pages] == [2_000, 2_000, 500]
    names = [row["LastName"] for page in pages for row in page]
    assert names == [f"Lead {n:04}" for n in range(LEADS)]
    files = lead.download(query, path=str(tmp_path), max_records=3_000, wait=OFTEN)
    assert [file["number_of_records"] for file in files] == [3_000, 1_500]
    found = list(lead.query_all("SELECT Id FROM Lead LIMIT 1", wait=OFTEN))
    assert len(rows(found[0])) == 1


def test_refusals(salesforce, admin):
    contact = salesforce.bulk2.Contact
    with pytest.raises(SalesforceOperationError, match="Field name not found : Nothing__c"):
        contact.insert(records=[{"LastName": "a", "Nothing__c": "b"}], wait=OFTEN)
    with pytest.raises(Exception, match="Aggregate Relationships not supported in Bulk V2 Query"):
        list(salesforce.bulk2.Account.query("SELECT Id, (SELECT Id FROM Contacts) FROM Account"))
    admin.fail_jobs(kind="failed_job", message="TooManyLockFailure : Too many lock failure")
    with pytest.raises(SalesforceOperationError, match="TooManyLockFailure"):
        contact.insert(records=[{"LastName": "a"}], wait=OFTEN)
