"""The Tooling API: queries and records of code."""

from urllib.parse import quote

import pytest
from simple_salesforce import SalesforceGeneralError

CLASSES = "sobjects/ApexClass"


def query(salesforce, soql: str) -> list[dict]:
    return salesforce.toolingexecute(f"query/?q={quote(soql)}")["records"]


def test_a_class_lives_and_dies(salesforce):
    data = {"Name": "Echo", "Body": "public class Echo {}"}
    created = salesforce.toolingexecute(CLASSES, method="POST", data=data)
    assert created["success"] is True
    path = f"{CLASSES}/{created['id']}"
    assert salesforce.toolingexecute(path)["Body"] == "public class Echo {}"
    changed = {"Body": "public class Echo { }"}
    # There is nothing to answer, which the client gives as a text.
    assert salesforce.toolingexecute(path, method="PATCH", data=changed) == ""
    [found] = query(salesforce, "SELECT Body FROM ApexClass WHERE Name = 'Echo'")
    assert found["Body"] == changed["Body"]
    assert salesforce.toolingexecute(path, method="DELETE") == ""
    assert query(salesforce, "SELECT Id FROM ApexClass") == []


def test_the_org_runs_no_apex(salesforce):
    with pytest.raises(SalesforceGeneralError) as refused:
        salesforce.toolingexecute("executeAnonymous/?anonymousBody=System.debug(1);")
    assert refused.value.content[0]["errorCode"] == "NOT_IMPLEMENTED"
