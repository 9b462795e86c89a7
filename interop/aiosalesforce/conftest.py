"""A client that speaks with the local org."""

import ssl
from collections.abc import AsyncIterator
from types import SimpleNamespace

import httpx
import pytest
from aiosalesforce import ClientCredentialsFlow, Salesforce

# The client accepts no URL but one of these forms.
PRODUCTION = "https://acme.my.salesforce.com"


class ToOrg(httpx.AsyncHTTPTransport):
    """Sends requests for any host to the local org, `Host` header and all.

    The client insists on hosts below my.salesforce.com, so they must be led to the org.
    """

    def __init__(self, org: SimpleNamespace) -> None:
        super().__init__(verify=ssl.create_default_context(cafile=org.tls_cert_file))
        self._url = httpx.URL(org.tls_url)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request = httpx.Request(
            request.method,
            request.url.copy_with(host=self._url.host, port=self._url.port),
            headers=request.headers,
            stream=request.stream,
            extensions={
                **request.extensions,
                # Or the TLS handshake would ask for the host of the `Host` header.
                "sni_hostname": self._url.host,
            },
        )
        return await super().handle_async_request(request)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def httpx_client(org: SimpleNamespace) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=ToOrg(org), timeout=30) as client:
        yield client


@pytest.fixture
def auth(org: SimpleNamespace) -> ClientCredentialsFlow:
    return ClientCredentialsFlow(org.client_id, org.client_secret)


@pytest.fixture
def salesforce(httpx_client: httpx.AsyncClient, auth: ClientCredentialsFlow) -> Salesforce:
    return Salesforce(httpx_client, PRODUCTION, auth)
