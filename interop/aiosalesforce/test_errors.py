"""What the client makes of refusals, failures, and the org's usage."""

import pytest
from aiosalesforce import ExceptionRule, ResponseRule, RetryPolicy, Salesforce
from aiosalesforce.exceptions import (
    AuthorizationError,
    MoreThanOneRecordError,
    NotFoundError,
    RequestLimitExceededError,
    SalesforceError,
    ServerError,
)
from httpx import TransportError

pytestmark = pytest.mark.anyio

# Repeats at once.
PATIENT = RetryPolicy(
    [ResponseRule(lambda response: response.status_code >= 500)],
    [ExceptionRule(TransportError)],
    backoff_base=0,
)


@pytest.fixture
def patient(httpx_client, auth) -> Salesforce:
    return Salesforce(httpx_client, "https://acme.my.salesforce.com", auth, retry_policy=PATIENT)


@pytest.fixture
def impatient(httpx_client, auth) -> Salesforce:
    return Salesforce(httpx_client, "https://acme.my.salesforce.com", auth, retry_policy=None)


async def test_limits(salesforce):
    limits = await salesforce.get_limits()
    assert set(limits["DailyApiRequests"]) >= {"Max", "Remaining"}


async def test_usage_is_counted(salesforce):
    seen = []
    salesforce.event_bus.subscribe_callback(seen.append)
    await salesforce.get_limits()
    await salesforce.get_limits()
    used = [event.consumed for event in seen if event.type == "rest_api_call_consumption"]
    # Sign-in does not count, and says nothing about usage.
    assert used == [None, 1, 2]


@pytest.mark.parametrize("id_", ["003000000000001AAA", "nonsense"])
async def test_no_such_record(salesforce, id_):
    with pytest.raises(NotFoundError) as refused:
        await salesforce.sobject.get("Contact", id_)
    assert refused.value.error_code == "NOT_FOUND"


async def test_no_such_object(salesforce):
    with pytest.raises(NotFoundError) as refused:
        await salesforce.sobject.create("Contract_Killer__c", {"Name": "Leon"})
    assert refused.value.error_code == "NOT_FOUND"
    assert refused.value.error_message == "The requested resource does not exist"


@pytest.mark.parametrize(
    ("data", "code", "message"),
    [
        ({}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]"),
        ({"LastName": "A" * 81}, "STRING_TOO_LONG", "Last Name: data value too large"),
        ({"LastName": "A", "Email": "nobody"}, "INVALID_EMAIL_ADDRESS", "invalid email address"),
        ({"LastName": "A", "Shoes": 2}, "INVALID_FIELD", "No such column 'Shoes'"),
        (b"{", "JSON_PARSER_ERROR", ""),
    ],
)
async def test_data_that_is_wrong(salesforce, data, code, message):
    with pytest.raises(SalesforceError) as refused:
        await salesforce.sobject.create("Contact", data)
    assert refused.value.response.status_code == 400
    assert refused.value.error_code == code
    assert message in refused.value.error_message


async def test_a_query_that_is_wrong(salesforce):
    with pytest.raises(SalesforceError) as refused:
        _ = [record async for record in salesforce.query("SELECT Shoes FROM Contact")]
    assert refused.value.error_code == "INVALID_FIELD"
    assert "ERROR at Row:1:Column:8" in refused.value.error_message


async def test_an_external_id_of_two_records(salesforce):
    ids = []
    for number in "12":
        data = {"Route__c": "north", "Number__c": number}
        ids.append(await salesforce.sobject.create("Shipment__c", data))
    with pytest.raises(MoreThanOneRecordError) as refused:
        await salesforce.sobject.get("Shipment__c", "north", "Route__c")
    for id_ in ids:
        assert f"/services/data/v60.0/sobjects/Shipment__c/{id_}" in refused.value.error_message


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "INSUFFICIENT_ACCESS", AuthorizationError),
        (403, "REQUEST_LIMIT_EXCEEDED", RequestLimitExceededError),
        (400, "UNABLE_TO_LOCK_ROW", SalesforceError),
        (500, "UNKNOWN_EXCEPTION", ServerError),
        (503, "SERVER_UNAVAILABLE", ServerError),
    ],
)
async def test_refusals_keep_their_code(impatient, admin, status, code, error):
    admin.refuse(status, code, "Not now")
    with pytest.raises(error) as refused:
        await impatient.get_limits()
    assert type(refused.value) is error
    assert (refused.value.error_code, refused.value.error_message) == (code, "Not now")


async def test_a_page_of_html_is_an_error(impatient, admin):
    admin.fail(kind="html")
    with pytest.raises(ServerError) as refused:
        await impatient.get_limits()
    assert refused.value.error_code is None
    assert refused.value.response.status_code == 502


@pytest.mark.parametrize(
    "effect",
    [
        {"kind": "error", "status": 503, "code": "SERVER_UNAVAILABLE", "message": "Not now"},
        {"kind": "html"},
        {"kind": "cut_before"},
        {"kind": "cut_after"},
        {"kind": "cut_body", "after": 10},
    ],
    ids=lambda effect: effect["kind"],
)
async def test_a_failure_is_survived(patient, admin, effect):
    admin.fail(times=2, **effect)
    assert "DailyApiRequests" in await patient.get_limits()
    tries = [path for _, path, _ in admin.requests() if path.endswith("/limits")]
    assert len(tries) == 3
