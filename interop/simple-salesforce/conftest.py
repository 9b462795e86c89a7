"""A client that speaks with the local org."""

from collections.abc import Iterator
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce


class ToOrg(HTTPAdapter):
    """Sends requests for any host to the local org, `Host` header and all.

    The client signs in at hosts below salesforce.com only, so they must be led to the org.
    """

    def __init__(self, org: SimpleNamespace) -> None:
        super().__init__()
        self._host = urlsplit(org.tls_url).netloc

    def send(self, request, *args, timeout=None, **kwargs) -> requests.Response:
        url = urlsplit(request.url)
        led = request.copy()
        led.url = url._replace(netloc=self._host).geturl()
        led.headers["Host"] = url.netloc
        response = super().send(led, *args, timeout=timeout or 30, **kwargs)
        response.url, response.request = request.url, request
        return response


@pytest.fixture
def session(org: SimpleNamespace) -> Iterator[requests.Session]:
    with requests.Session() as session:
        # Proxies and certificates of the environment are for other hosts.
        session.trust_env = False
        session.verify = org.tls_cert_file
        session.mount("https://", ToOrg(org))
        yield session


@pytest.fixture
def salesforce(session: requests.Session, org: SimpleNamespace) -> Salesforce:
    return Salesforce(
        consumer_key=org.client_id,
        consumer_secret=org.client_secret,
        domain="acme.my",
        session=session,
    )
