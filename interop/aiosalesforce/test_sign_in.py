"""Each flow that the client has, and what it makes of refusals."""

from pathlib import Path

import pytest
from aiosalesforce import ClientCredentialsFlow, JwtBearerFlow, Salesforce, SoapLogin
from aiosalesforce.exceptions import AuthenticationError, SalesforceError
from cryptography.hazmat.primitives import serialization

pytestmark = pytest.mark.anyio

TOKEN = "/services/oauth2/token"

BASE_URLS = pytest.mark.parametrize(
    "base_url",
    [
        "https://acme.my.salesforce.com",
        "https://acme--dev.sandbox.my.salesforce.com",
        "https://acme-dev-ed.develop.my.salesforce.com",
    ],
)


async def username(salesforce: Salesforce) -> str:
    """Who the client is signed in as."""
    response = await salesforce.request("GET", f"{salesforce.base_url}/services/oauth2/userinfo")
    return response.json()["preferred_username"]


@BASE_URLS
async def test_soap_login(httpx_client, org, base_url):
    auth = SoapLogin(org.username, org.password, org.security_token)
    salesforce = Salesforce(httpx_client, base_url, auth)
    assert await username(salesforce) == org.username
    assert not auth.expired


@BASE_URLS
async def test_client_credentials(httpx_client, org, base_url):
    auth = ClientCredentialsFlow(org.client_id, org.client_secret)
    assert await username(Salesforce(httpx_client, base_url, auth)) == org.username


# The client's audience is the login host, test.salesforce.com for sandboxes.
@BASE_URLS
async def test_jwt_bearer(httpx_client, org, base_url):
    auth = JwtBearerFlow(org.client_id, org.username, org.private_key_file)
    assert await username(Salesforce(httpx_client, base_url, auth)) == org.username


async def test_jwt_bearer_with_an_encrypted_key(httpx_client, org, tmp_path):
    pem = Path(org.private_key_file).read_bytes()
    key = serialization.load_pem_private_key(pem, password=None)
    encrypted = tmp_path / "key.pem"
    encrypted.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"open sesame"),
        )
    )
    auth = JwtBearerFlow(org.client_id, org.username, encrypted, "open sesame")
    salesforce = Salesforce(httpx_client, "https://acme.my.salesforce.com", auth)
    assert await username(salesforce) == org.username


async def test_a_wrong_password_is_refused(httpx_client, org, admin):
    auth = SoapLogin(org.username, "wrong", org.security_token)
    # With its default policy the client repeats a login that was refused: a SOAP fault comes as
    # status 500.
    salesforce = Salesforce(httpx_client, "https://acme.my.salesforce.com", auth, retry_policy=None)
    with pytest.raises(AuthenticationError) as refused:
        await salesforce.get_limits()
    assert refused.value.error_code == "INVALID_LOGIN"
    assert "Invalid username, password, security token" in refused.value.error_message
    assert [status for _, _, status in admin.requests()] == [500]


async def test_a_wrong_secret_is_refused(httpx_client, org):
    auth = ClientCredentialsFlow(org.client_id, "wrong")
    salesforce = Salesforce(httpx_client, "https://acme.my.salesforce.com", auth)
    with pytest.raises(AuthenticationError) as refused:
        await salesforce.get_limits()
    assert refused.value.error_code == "invalid_client"
    assert refused.value.error_message == "invalid client credentials"


async def test_an_unknown_client_is_refused(httpx_client, org):
    auth = JwtBearerFlow("unknown", org.username, org.private_key_file)
    salesforce = Salesforce(httpx_client, "https://acme.my.salesforce.com", auth)
    with pytest.raises(AuthenticationError) as refused:
        await salesforce.get_limits()
    assert refused.value.error_code == "invalid_client_id"


async def test_a_user_who_has_not_approved_the_app_is_refused(httpx_client, org):
    auth = JwtBearerFlow(org.client_id, "nobody@example.com", org.private_key_file)
    salesforce = Salesforce(httpx_client, "https://acme.my.salesforce.com", auth)
    with pytest.raises(AuthenticationError) as refused:
        await salesforce.get_limits()
    assert refused.value.error_code == "invalid_grant"
    assert refused.value.error_message == "user hasn't approved this consumer"


async def test_one_sign_in_serves_all_requests(salesforce, admin):
    for _ in range(3):
        await salesforce.get_limits()
    assert [path for _, path, _ in admin.requests()].count(TOKEN) == 1


async def test_an_expired_session_is_renewed(salesforce, admin):
    await salesforce.get_limits()
    assert admin.expire_tokens() >= 1
    assert "DailyApiRequests" in await salesforce.get_limits()
    limits = "/services/data/v60.0/limits"
    assert [(path, status) for _, path, status in admin.requests()] == [
        (TOKEN, 200),
        (limits, 200),
        (limits, 401),
        (TOKEN, 200),
        (limits, 200),
    ]


async def test_a_session_that_stays_expired_is_an_error(salesforce, admin):
    admin.fail(kind="expired_session", times=None)
    with pytest.raises(SalesforceError) as refused:
        await salesforce.get_limits()
    assert refused.value.error_code == "INVALID_SESSION_ID"
    assert refused.value.error_message == "Session expired or invalid"
