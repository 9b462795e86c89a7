"""Apex REST: the org has one class, which answers what it was sent."""

import json

import pytest
from simple_salesforce import SalesforceResourceNotFound

DATA = {"Name": "Acme"}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_each_method(salesforce, method):
    data = DATA if method.startswith("P") else None
    assert salesforce.apexecute("echo/a/b?c=d", method=method, data=data) == {
        "method": method,
        "path": "/echo/a/b",
        "parameters": {"c": "d"},
        "body": json.dumps(data) if data else "",
    }


def test_no_such_class(salesforce):
    with pytest.raises(SalesforceResourceNotFound) as refused:
        salesforce.apexecute("nothing")
    assert refused.value.content == [
        {"errorCode": "NOT_FOUND", "message": "Could not find a match for URL"}
    ]
