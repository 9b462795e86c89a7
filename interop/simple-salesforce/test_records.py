"""Records: create, read, update, upsert, delete."""

import base64

import pytest
from simple_salesforce import (
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
    format_external_id,
)


def test_a_record_lives_and_dies(salesforce):
    created = salesforce.Contact.create({"FirstName": "Ada", "LastName": "Lovelace"})
    assert list(created) == ["id", "success", "errors"]
    assert (created["success"], created["errors"]) == (True, [])
    id_ = created["id"]

    contact = salesforce.Contact.get(id_)
    assert contact["attributes"] == {
        "type": "Contact",
        "url": f"/services/data/v59.0/sobjects/Contact/{id_}",
    }
    assert contact["Name"] == "Ada Lovelace"
    assert contact["Email"] is None

    assert salesforce.Contact.update(id_, {"Email": "ada@example.com"}) == 204
    contact = salesforce.Contact.get(id_, params={"fields": "Email,LastName"})
    assert (contact["Email"], contact["LastName"]) == ("ada@example.com", "Lovelace")
    assert "FirstName" not in contact

    assert salesforce.Contact.delete(id_) == 204
    with pytest.raises(SalesforceResourceNotFound) as refused:
        salesforce.Contact.delete(id_)
    assert refused.value.content[0]["errorCode"] == "ENTITY_IS_DELETED"


def test_upsert_creates_then_updates(salesforce):
    key = "External_Id__c/H-1906"
    created = salesforce.Contact.upsert(key, {"LastName": "Hopper"}, raw_response=True)
    assert created.status_code == 201
    assert created.json()["created"] is True
    assert salesforce.Contact.upsert(key, {"FirstName": "Grace"}) == 200

    contact = salesforce.Contact.get_by_custom_id("External_Id__c", "H-1906")
    assert contact["Id"] == created.json()["id"]
    assert contact["Name"] == "Grace Hopper"


def test_upsert_of_an_old_version_answers_nothing(session, salesforce):
    salesforce.base_url = salesforce.base_url.replace("v59.0", "v45.0")
    key = "sobjects/Contact/External_Id__c/H-1906"
    created = salesforce.restful(key, method="PATCH", json={"LastName": "Hopper"})
    assert "created" not in created
    assert salesforce.restful(key, method="PATCH", json={"FirstName": "Grace"}) is None


@pytest.mark.parametrize("value", ["a/b", "a b", "a+b", "50%", "?a=b&c#d", "Grüße", "a.b", "'\"\\"])
def test_external_ids_of_any_characters(salesforce, value):
    key = format_external_id("External_Id__c", value)
    assert salesforce.Account.upsert(key, {"Name": "Acme"}) == 201
    assert salesforce.Account.upsert(key, {"Phone": "1"}) == 200
    assert salesforce.Account.get(key)["External_Id__c"] == value


@pytest.mark.parametrize("value", ["a/b", "a+b", "50%", "?a=b&c#d", "Grüße"])
def test_get_by_custom_id_encodes_what_it_is_given(salesforce, value):
    id_ = salesforce.Account.create({"Name": "Acme", "External_Id__c": value})["id"]
    assert salesforce.Account.get_by_custom_id("External_Id__c", value)["Id"] == id_


def test_get_by_custom_id_is_wrong_about_blanks(salesforce):
    # The client writes a blank as "+", which in a path is a plus.
    salesforce.Account.create({"Name": "Acme", "External_Id__c": "a b"})
    with pytest.raises(SalesforceResourceNotFound):
        salesforce.Account.get_by_custom_id("External_Id__c", "a b")


def test_a_reference_by_external_id(salesforce):
    account = salesforce.Account.create({"Name": "Acme", "External_Id__c": "acme"})
    contact = salesforce.Contact.create(
        {"LastName": "Coyote", "Account": {"External_Id__c": "acme"}}
    )
    assert salesforce.Contact.get(contact["id"])["AccountId"] == account["id"]


def test_a_custom_object(salesforce):
    salesforce.Shipment__c.upsert("Number__c/S-1", {"Route__c": "north", "Weight__c": 12.5})
    shipment = salesforce.Shipment__c.get_by_custom_id("Number__c", "S-1")
    assert (shipment["Weight__c"], shipment["Status__c"]) == (12.5, "Packed")


def test_a_file(salesforce, tmp_path):
    file = tmp_path / "letter.txt"
    file.write_bytes(bytes(range(256)))
    created = salesforce.ContentVersion.create(
        {
            "Title": "Letter",
            "PathOnClient": file.name,
            "VersionData": base64.b64encode(file.read_bytes()).decode(),
        }
    )
    read = salesforce.ContentVersion.get_base64(created["id"], "VersionData")
    assert read == file.read_bytes()


def test_a_file_that_changes(salesforce, org, tmp_path):
    file = tmp_path / "letter.txt"
    file.write_bytes(b"Dear Ada")
    folder = {"Name": "Letter", "FolderId": org.user_id}
    id_ = salesforce.Document.create({**folder, "Body": "SGVsbG8="})["id"]
    assert salesforce.Document.get_base64(id_) == b"Hello"
    assert salesforce.Document.update_base64(id_, str(file)) == 204
    assert salesforce.Document.get_base64(id_) == b"Dear Ada"


def test_a_file_alone_is_no_record(salesforce, tmp_path):
    # The client sends nothing beside it.
    file = tmp_path / "letter.txt"
    file.write_bytes(b"Dear Ada")
    with pytest.raises(SalesforceMalformedRequest) as refused:
        salesforce.Attachment.upload_base64(str(file))
    assert refused.value.content[0]["errorCode"] == "REQUIRED_FIELD_MISSING"


def test_headers_of_ones_own(salesforce):
    created = salesforce.Account.create({"Name": "Acme"}, headers={"X-PrettyPrint": "0"})
    assert created["success"]


def test_a_record_that_looks_like_another(salesforce, admin):
    admin.set_policies(duplicate_rules=True)
    id_ = salesforce.Account.create({"Name": "Acme"})["id"]
    with pytest.raises(SalesforceMalformedRequest) as refused:
        salesforce.Account.create({"Name": "Acme"})
    [error] = refused.value.content
    assert error["errorCode"] == "DUPLICATES_DETECTED"
    [match] = error["duplicateResult"]["matchResults"]
    assert [found["record"]["Id"] for found in match["matchRecords"]] == [id_]

    allowed = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    assert salesforce.Account.create({"Name": "Acme"}, headers=allowed)["success"]
