"""Each flow that the client has, and what it makes of refusals."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from simple_salesforce import Salesforce, SalesforceAuthenticationFailed, SalesforceLogin
from simple_salesforce.exceptions import SalesforceExpiredSession

TOKEN = "/services/oauth2/token"
SOAP = "/services/Soap/u/59.0"

# A login host knows where the org is; the other is the org's own.
DOMAINS = pytest.mark.parametrize("domain", ["login", "test", "acme.my"])


def username(salesforce: Salesforce) -> str:
    """Who the client is signed in as."""
    return salesforce.oauth2("userinfo")["preferred_username"]


def instance(domain: str, org) -> str:
    """Where the client should work after it signed in."""
    if domain in ("login", "test"):
        return urlsplit(org.tls_url).netloc
    return f"{domain}.salesforce.com"


@DOMAINS
def test_password_with_security_token(session, org, domain):
    salesforce = Salesforce(
        username=org.username,
        password=org.password,
        security_token=org.security_token,
        domain=domain,
        session=session,
    )
    assert salesforce.sf_instance == instance(domain, org)
    assert username(salesforce) == org.username


@DOMAINS
def test_password_from_a_trusted_address(session, org, admin, domain):
    admin.set_policies(security_token="optional")
    salesforce = Salesforce(
        username=org.username,
        password=org.password,
        organizationId=org.org_id,
        domain=domain,
        session=session,
    )
    assert salesforce.sf_instance == instance(domain, org)
    assert username(salesforce) == org.username


def test_password_alone_from_a_trusted_address(session, org, admin):
    admin.set_policies(security_token="optional")
    session_id, host = SalesforceLogin(
        username=org.username, password=org.password, session=session
    )
    salesforce = Salesforce(session_id=session_id, instance=host, session=session)
    assert username(salesforce) == org.username


def test_password_to_a_scratch_url(session, org):
    session_id, host = SalesforceLogin(
        username=org.username,
        password=org.password,
        security_token=org.security_token,
        scratch_url="https://acme.scratch.my.salesforce.com",
        session=session,
    )
    assert host == "acme.scratch.my.salesforce.com"
    salesforce = Salesforce(session_id=session_id, instance=host, session=session)
    assert username(salesforce) == org.username


@DOMAINS
def test_password_and_consumer_secret(session, org, domain):
    salesforce = Salesforce(
        username=org.username,
        password=org.password + org.security_token,
        consumer_key=org.client_id,
        consumer_secret=org.client_secret,
        domain=domain,
        session=session,
    )
    assert salesforce.sf_instance == instance(domain, org)
    assert username(salesforce) == org.username


@DOMAINS
def test_private_key_file(session, org, domain):
    salesforce = Salesforce(
        username=org.username,
        consumer_key=org.client_id,
        privatekey_file=org.private_key_file,
        domain=domain,
        session=session,
    )
    assert salesforce.sf_instance == instance(domain, org)
    assert username(salesforce) == org.username


def test_private_key_for_an_instance(session, org):
    salesforce = Salesforce(
        username=org.username,
        consumer_key=org.client_id,
        privatekey=Path(org.private_key_file).read_text(),
        # Without its scheme and the rest of the host: so the client wants it.
        instance_url="acme.my",
        session=session,
    )
    assert salesforce.sf_instance == "acme.my.salesforce.com"
    assert username(salesforce) == org.username


def test_client_credentials(salesforce, org):
    assert salesforce.auth_type == "client-credentials"
    assert salesforce.sf_instance == "acme.my.salesforce.com"
    assert username(salesforce) == org.username


def test_a_session_from_elsewhere(session, org):
    salesforce = Salesforce(session_id=org.access_token, instance_url=org.tls_url, session=session)
    assert salesforce.sf_instance == urlsplit(org.tls_url).netloc
    assert username(salesforce) == org.username


def test_a_wrong_password_is_refused(session, org, admin):
    with pytest.raises(SalesforceAuthenticationFailed) as refused:
        Salesforce(
            username=org.username,
            password="wrong",
            security_token=org.security_token,
            session=session,
        )
    assert refused.value.code == "INVALID_LOGIN"
    assert "Invalid username, password, security token" in refused.value.auth_message
    assert admin.requests() == [("POST", SOAP, 500)]


def test_a_missing_security_token_is_refused(session, org):
    with pytest.raises(SalesforceAuthenticationFailed) as refused:
        Salesforce(
            username=org.username,
            password=org.password,
            organizationId=org.org_id,
            session=session,
        )
    assert refused.value.code == "INVALID_LOGIN"


def test_a_wrong_secret_is_refused(session, org):
    with pytest.raises(SalesforceAuthenticationFailed) as refused:
        Salesforce(
            consumer_key=org.client_id,
            consumer_secret="wrong",
            domain="acme.my",
            session=session,
        )
    assert refused.value.code == "invalid_client"
    assert refused.value.auth_message == "invalid client credentials"


def test_a_user_who_has_not_approved_the_app_is_refused(session, org):
    # The client says how to approve it.
    with (
        pytest.warns(UserWarning, match="authorize"),
        pytest.raises(SalesforceAuthenticationFailed) as refused,
    ):
        Salesforce(
            username="nobody@example.com",
            consumer_key=org.client_id,
            privatekey_file=org.private_key_file,
            session=session,
        )
    assert refused.value.code == "invalid_grant"


def test_an_expired_session_is_renewed(salesforce, admin):
    assert admin.expire_tokens() >= 1
    assert "DailyApiRequests" in salesforce.limits()
    assert admin.expire_tokens() >= 1
    assert salesforce.Account.create({"Name": "Acme"})["success"]
    limits = "/services/data/v59.0/limits"
    accounts = "/services/data/v59.0/sobjects/Account"
    assert admin.requests() == [
        ("POST", TOKEN, 200),
        ("GET", limits, 401),
        ("POST", TOKEN, 200),
        ("GET", limits, 200),
        ("POST", accounts, 401),
        ("POST", TOKEN, 200),
        ("POST", accounts, 201),
    ]


def test_a_session_from_elsewhere_can_not_be_renewed(session, org, admin):
    salesforce = Salesforce(session_id=org.access_token, instance_url=org.tls_url, session=session)
    admin.expire_tokens()
    with pytest.raises(SalesforceExpiredSession) as refused:
        salesforce.limits()
    assert refused.value.content == [
        {"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}
    ]
