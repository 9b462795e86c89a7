"""What the client makes of refusals and failures."""

import pytest
from simple_salesforce import (
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)


@pytest.mark.parametrize(
    ("data", "code", "fields"),
    [
        ({}, "REQUIRED_FIELD_MISSING", ["LastName"]),
        ({"LastName": "A" * 81}, "STRING_TOO_LONG", ["LastName"]),
        ({"LastName": "A", "Email": "nobody"}, "INVALID_EMAIL_ADDRESS", ["Email"]),
        ({"LastName": "A", "AccountId": "001"}, "MALFORMED_ID", ["AccountId"]),
    ],
)
def test_data_that_is_wrong(salesforce, data, code, fields):
    with pytest.raises(SalesforceMalformedRequest) as refused:
        salesforce.Contact.create(data)
    [error] = refused.value.content
    assert (error["errorCode"], error["fields"]) == (code, fields)
    assert (refused.value.status, refused.value.resource_name) == (400, "Contact")


@pytest.mark.parametrize(
    ("soql", "code", "text"),
    [
        ("SELECT Shoes FROM Contact", "INVALID_FIELD", "ERROR at Row:1:Column:8"),
        ("SELECT Id FROM Nothing", "INVALID_TYPE", "sObject type 'Nothing' is not supported"),
        ("SELECT Id FROM", "MALFORMED_QUERY", ""),
        ("", "MALFORMED_QUERY", ""),
    ],
)
def test_a_query_that_is_wrong(salesforce, soql, code, text):
    with pytest.raises(SalesforceMalformedRequest) as refused:
        salesforce.query(soql)
    [error] = refused.value.content
    assert error["errorCode"] == code
    assert text in error["message"]


def test_an_external_id_of_two_records(salesforce):
    ids = [
        salesforce.Shipment__c.create({"Route__c": "north", "Number__c": number})["id"]
        for number in "12"
    ]
    with pytest.raises(SalesforceMoreThanOneRecord) as refused:
        salesforce.Shipment__c.get_by_custom_id("Route__c", "north")
    path = "/services/data/v59.0/sobjects/Shipment__c/"
    assert sorted(refused.value.content) == sorted(path + id_ for id_ in ids)


def test_a_value_that_must_be_unique(salesforce):
    first = salesforce.Account.create({"Name": "Acme", "External_Id__c": "acme"})["id"]
    with pytest.raises(SalesforceMalformedRequest) as refused:
        salesforce.Account.create({"Name": "Acme too", "External_Id__c": "acme"})
    [error] = refused.value.content
    assert error["errorCode"] == "DUPLICATE_VALUE"
    assert first[:15] in error["message"]


@pytest.mark.parametrize("path", ["nothing", "sobjects/Contact/nonsense", "sobjects/Nothing__c"])
def test_no_such_resource(salesforce, path):
    with pytest.raises(SalesforceResourceNotFound) as refused:
        salesforce.restful(path)
    assert refused.value.content[0]["errorCode"] == "NOT_FOUND"


def test_a_method_that_is_not_allowed(salesforce):
    with pytest.raises(SalesforceGeneralError) as refused:
        salesforce.restful("limits", method="DELETE")
    assert refused.value.status == 405
    assert refused.value.content[0]["errorCode"] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "UNABLE_TO_LOCK_ROW", SalesforceMalformedRequest),
        (403, "REQUEST_LIMIT_EXCEEDED", SalesforceRefusedRequest),
        (500, "UNKNOWN_EXCEPTION", SalesforceGeneralError),
        (503, "SERVER_UNAVAILABLE", SalesforceGeneralError),
    ],
)
def test_refusals_keep_their_code(salesforce, admin, status, code, error):
    admin.refuse(status, code, "Not now")
    with pytest.raises(error) as refused:
        salesforce.limits()
    assert refused.value.status == status
    assert refused.value.content == [{"errorCode": code, "message": "Not now"}]


def test_a_page_of_html_is_an_error(salesforce, admin):
    admin.fail(kind="html")
    with pytest.raises(SalesforceGeneralError) as refused:
        salesforce.limits()
    assert refused.value.status == 502
    assert "<html" in refused.value.content.lower()


def test_what_the_org_does_not_do(salesforce):
    with pytest.raises(SalesforceGeneralError) as refused:
        salesforce.restful("chatter/users/me")
    assert refused.value.status == 501
    assert refused.value.content[0]["errorCode"] == "NOT_IMPLEMENTED"
