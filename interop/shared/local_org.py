"""What the tests of every client share: where the org is, and how to make it misbehave."""

import json
import os
import urllib.request
from types import SimpleNamespace

import pytest


@pytest.fixture(scope="session")
def org() -> SimpleNamespace:
    """Addresses and credentials, as `ferroforce org start --json` prints them."""
    return SimpleNamespace(**json.loads(os.environ["FERROFORCE_ORG"]))


class Admin:
    """The org's admin API."""

    def __init__(self, org: SimpleNamespace) -> None:
        self._org = org

    def _call(self, method: str, path: str, body: dict | None = None) -> dict:
        request = urllib.request.Request(
            f"{self._org.url}/__org/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-Org-Admin-Token": self._org.admin_token},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.loads(response.read() or b"{}")

    def reset(self) -> None:
        """Makes the org what it was when it started."""
        self._call("POST", "reset")

    def expire_tokens(self) -> int:
        """Ends every session and tells how many there were."""
        return self._call("POST", "tokens/expire", {})["ended"]

    def set_policies(self, **policies) -> None:
        self._call("PATCH", "policies", policies)

    def fail(self, *, path: str = "/services/data", times: int | None = 1, **effect) -> None:
        """Lets requests to `path` fail, the next one by default."""
        self._call("POST", "faults", {"path": path, "times": times, "effect": effect})

    def refuse(self, status: int, code: str, message: str, **where) -> None:
        """Lets requests be answered by an error."""
        self.fail(kind="error", status=status, code=code, message=message, **where)

    def fail_jobs(self, **effect) -> None:
        """Lets the next bulk job suffer from something."""
        self._call("POST", "faults", {"effect": effect})

    def requests(self) -> list[tuple[str, str, int | None]]:
        """Method, path and status of every request since the reset."""
        log = self._call("GET", "requests")["requests"]
        return [(entry["method"], entry["path"], entry["status"]) for entry in log]


@pytest.fixture(autouse=True)
def admin(org: SimpleNamespace) -> Admin:
    """The admin API of an org that is as it was when it started."""
    admin = Admin(org)
    admin.reset()
    return admin
