"""What was changed and what was deleted in a span of time."""

import re
from datetime import datetime, timedelta, timezone

import pytest
from simple_salesforce import SalesforceMalformedRequest

NOW = datetime.now(timezone.utc)
START, END = NOW - timedelta(hours=1), NOW + timedelta(hours=1)


def test_changed_records(salesforce):
    id_ = salesforce.Account.create({"Name": "Acme"})["id"]
    updated = salesforce.Account.updated(START, END)
    assert list(updated) == ["ids", "latestDateCovered"]
    assert updated["ids"] == [id_]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000\+0000", updated["latestDateCovered"])


def test_deleted_records(salesforce):
    id_ = salesforce.Account.create({"Name": "Acme"})["id"]
    assert salesforce.Account.deleted(START, END)["deletedRecords"] == []
    salesforce.Account.delete(id_)
    [deleted] = salesforce.Account.deleted(START, END)["deletedRecords"]
    assert deleted["id"] == id_
    assert salesforce.Account.updated(START, END)["ids"] == []


def test_a_span_that_ends_before_it_starts(salesforce):
    with pytest.raises(SalesforceMalformedRequest) as refused:
        salesforce.Account.deleted(END, START)
    assert refused.value.content[0]["errorCode"] == "INVALID_REPLICATION_DATE"
