"""Measures simple-salesforce as `ferroforce-bench` measures the clients in Rust.

usage: measure.py query-dynamic URL RECORDS
       measure.py create URL RECORDS IN_FLIGHT
       measure.py bulk-extract URL RECORDS
       measure.py bulk-load URL RECORDS
"""

import csv
import io
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce

ID = "003000000000001AAA"
CHUNK = 200
SOQL = (
    "SELECT Id, FirstName, LastName, Email, Phone, Birthdate, CreatedDate, "
    "HasOptedOutOfEmail, Score__c, Department__c FROM Contact LIMIT "
)


class ToServer(HTTPAdapter):
    """simple-salesforce takes no URL without TLS, so requests are sent elsewhere."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.server = urlsplit(url)

    def send(self, request, *args, **kwargs) -> requests.Response:
        request.url = urlsplit(request.url)._replace(
            scheme=self.server.scheme, netloc=self.server.netloc
        ).geturl()
        return super().send(request, *args, **kwargs)


def connect(url: str) -> Salesforce:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", ToServer(url))
    salesforce = Salesforce(
        session_id="token", instance_url="https://bench.my.salesforce.com", session=session
    )
    salesforce.Contact.get(ID)
    return salesforce


def report(scenario: str, value: float) -> None:
    print(scenario, "simple-salesforce", f"{value:.3f}", sep="\t")


def query(salesforce: Salesforce, records: int) -> None:
    start = time.perf_counter()
    count = 0
    total = 0.0
    for record in salesforce.query_all_iter(f"{SOQL}{records}"):
        total += len(record["LastName"]) + record["Score__c"]
        count += 1
    elapsed = time.perf_counter() - start
    assert count == records and total > 0
    report("query-dynamic", records / elapsed)


def contact(i: int) -> dict:
    return {
        "attributes": {"type": "Contact"},
        "FirstName": f"Ada {i}",
        "LastName": f"Lovelace {i}",
        "Email": f"ada.{i}@example.com",
        "Phone": f"+1 555 {i:07}" if i % 3 else None,
        "Birthdate": f"1984-{i % 12 + 1:02}-{i % 28 + 1:02}",
        "Title": "Countess",
        "Description": None,
        "HasOptedOutOfEmail": i % 2 == 0,
        "Score__c": i % 1000 + 0.25,
        "Department__c": "Analytical Engines",
    }


def create(salesforce: Salesforce, records: int, in_flight: int) -> None:
    def create_chunk(first: int) -> int:
        chunk = [contact(i) for i in range(first, min(first + CHUNK, records))]
        # The client has no collections, but takes any path.
        results = salesforce.restful(
            "composite/sobjects", method="POST", json={"allOrNone": False, "records": chunk}
        )
        return sum(result["success"] for result in results)

    def chunks() -> Iterator[int]:
        firsts = range(0, records, CHUNK)
        if in_flight == 1:
            yield from map(create_chunk, firsts)
        else:
            with ThreadPoolExecutor(in_flight) as threads:
                yield from threads.map(create_chunk, firsts)

    idle, used, start = memory("VmRSS:"), time.process_time(), time.perf_counter()
    created = sum(chunks())
    elapsed = time.perf_counter() - start
    assert created == records
    report("create", records / elapsed)
    report("create-cpu", 1e6 * (time.process_time() - used) / records)
    report("create-memory", memory("VmHWM:") - idle)


def bulk_extract(salesforce: Salesforce, records: int) -> None:
    before, start = memory("VmRSS:"), time.perf_counter()
    count = 0
    total = 0.0
    # It gives pages as text; the rows are read with what Python has for that.
    for page in salesforce.bulk2.Contact.query(f"{SOQL}{records}", max_records=50_000):
        for record in csv.DictReader(io.StringIO(page)):
            total += len(record["LastName"]) + float(record["Score__c"])
            count += 1
    elapsed = time.perf_counter() - start
    assert count == records and total > 0
    report("bulk-extract", records / elapsed)
    report("bulk-extract-memory", memory("VmHWM:") - before)


def bulk_load(salesforce: Salesforce, records: int) -> None:
    before, start = memory("VmRSS:"), time.perf_counter()
    # It takes a list.
    rows = [contact(i) for i in range(records)]
    for row in rows:
        del row["attributes"]
    jobs = salesforce.bulk2.Contact.insert(records=rows)
    elapsed = time.perf_counter() - start
    assert sum(job["numberRecordsProcessed"] for job in jobs) == records
    report("bulk-load", records / elapsed)
    report("bulk-load-memory", memory("VmHWM:") - before)


def memory(name: str) -> float:
    """MB of this process, as Linux counts them."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith(name))
    return int(line.split()[1]) / 1024


def main() -> None:
    scenario, url, *amounts = sys.argv[1:]
    measure = {
        "query-dynamic": query,
        "create": create,
        "bulk-extract": bulk_extract,
        "bulk-load": bulk_load,
    }[scenario]
    measure(connect(url), *map(int, amounts))


main()
