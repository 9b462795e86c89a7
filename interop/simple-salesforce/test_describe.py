"""What the org says about itself and its objects."""

import pytest
from simple_salesforce import (
    Salesforce,
    SalesforceAuthenticationFailed,
    SalesforceResourceNotFound,
)


def test_all_objects(salesforce):
    described = salesforce.describe()
    assert described["encoding"] == "UTF-8"
    by_name = {sobject["name"]: sobject for sobject in described["sobjects"]}
    assert by_name["Account"]["keyPrefix"] == "001"
    assert by_name["Shipment__c"]["custom"] is True
    assert by_name["Contact"]["urls"]["rowTemplate"] == (
        "/services/data/v59.0/sobjects/Contact/{ID}"
    )


def test_one_object(salesforce):
    described = salesforce.Contact.describe()
    fields = {field["name"]: field for field in described["fields"]}
    assert fields["LastName"]["nillable"] is False
    assert fields["Email"]["type"] == "email"
    assert fields["AccountId"]["referenceTo"] == ["Account"]
    assert fields["External_Id__c"]["externalId"] is True


def test_a_custom_object(salesforce):
    fields = {field["name"]: field for field in salesforce.Shipment__c.describe()["fields"]}
    picklist = fields["Status__c"]["picklistValues"]
    assert [value["value"] for value in picklist] == ["Packed", "Sent", "Delivered"]
    assert fields["Number__c"]["unique"] is True


def test_metadata(salesforce):
    id_ = salesforce.Account.create({"Name": "Acme"})["id"]
    metadata = salesforce.Account.metadata()
    assert list(metadata) == ["objectDescribe", "recentItems"]
    assert metadata["objectDescribe"]["name"] == "Account"
    [recent] = metadata["recentItems"]
    assert (recent["Id"], recent["Name"]) == (id_, "Acme")


def test_no_such_object(salesforce):
    with pytest.raises(SalesforceResourceNotFound) as refused:
        salesforce.Nothing__c.describe()
    assert refused.value.content == [
        {"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}
    ]


def test_versions_and_resources(salesforce):
    versions = salesforce.restful("../")
    assert "59.0" in [version["version"] for version in versions]
    assert salesforce.restful("")["query"] == "/services/data/v59.0/query"


def test_limits(salesforce):
    assert set(salesforce.limits()["DailyApiRequests"]) >= {"Max", "Remaining"}


def test_usage(salesforce):
    salesforce.limits()
    salesforce.limits()
    assert salesforce.api_usage["api-usage"].used == 2
    assert salesforce.api_usage["api-usage"].total > 2


def test_identity(salesforce, org):
    me = salesforce.oauth2("userinfo")
    assert (me["user_id"], me["organization_id"]) == (org.user_id, org.org_id)
    assert me["urls"]["rest"].startswith("https://acme.my.salesforce.com/")


def test_the_users_own_record(salesforce, org):
    assert salesforce.User.get(org.user_id)["Username"] == org.username


def test_how_many_records_there_are(salesforce):
    counts = salesforce.restful("limits/recordCount", params={"sObjects": "Lead,Account"})
    counts = {entry["name"]: entry["count"] for entry in counts["sObjects"]}
    assert counts == {"Account": 0, "Lead": 4_500}


def test_the_users_password(salesforce, session, org):
    assert salesforce.set_password(org.user_id, "open5esame") is None
    Salesforce(
        username=org.username,
        password="open5esame",
        security_token=org.security_token,
        session=session,
    )
    with pytest.raises(SalesforceAuthenticationFailed):
        Salesforce(
            username=org.username,
            password=org.password,
            security_token=org.security_token,
            session=session,
        )


def test_layouts(salesforce):
    master = "012000000000000AAA"
    described = salesforce.restful("sobjects/Account/describe/layouts")
    layout = salesforce.Account.describe_layout(master)
    assert layout == described["layouts"][0]
    assert described["recordTypeMappings"][0]["layoutId"] == layout["id"]
    values = [
        component["value"]
        for section in layout["detailLayoutSections"]
        for row in section["layoutRows"]
        for item in row["layoutItems"]
        for component in item["layoutComponents"]
    ]
    assert {"Name", "Phone", "BillingAddress"} <= set(values)
    with pytest.raises(SalesforceResourceNotFound):
        salesforce.Account.describe_layout("012000000000001AAA")
