"""Measures aiosalesforce as `ferroforce-bench` measures the clients in Rust.

usage: measure.py get|query-dynamic URL AMOUNT
       measure.py bulk-serialize RECORDS
"""

import asyncio
import sys
import time

import httpx
from aiosalesforce import ClientCredentialsFlow, Salesforce
from aiosalesforce.bulk.v2._csv import serialize_ingest_data

CONCURRENCY = 100
ID = "003000000000001AAA"
SOQL = (
    "SELECT Id, FirstName, LastName, Email, Phone, Birthdate, CreatedDate, "
    "HasOptedOutOfEmail, Score__c, Department__c FROM Contact LIMIT "
)


class ToServer(httpx.AsyncHTTPTransport):
    """aiosalesforce takes no URL but an org's, so requests are sent elsewhere."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.server = httpx.URL(url)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = self.server.copy_with(raw_path=request.url.raw_path)
        return await super().handle_async_request(request)


async def get_all(salesforce: Salesforce, each: int) -> None:
    async def work() -> None:
        for _ in range(each):
            await salesforce.sobject.get("Contact", ID)

    await asyncio.gather(*(work() for _ in range(CONCURRENCY)))


async def gets_per_second(salesforce: Salesforce, requests: int) -> float:
    each = -(-requests // CONCURRENCY)
    await get_all(salesforce, 1)
    start = time.perf_counter()
    await get_all(salesforce, each)
    return each * CONCURRENCY / (time.perf_counter() - start)


async def records_per_second(salesforce: Salesforce, records: int) -> float:
    await salesforce.sobject.get("Contact", ID)
    start = time.perf_counter()
    count = 0
    total = 0.0
    async for record in salesforce.query(f"{SOQL}{records}"):
        total += len(record["LastName"]) + record["Score__c"]
        count += 1
    elapsed = time.perf_counter() - start
    assert count == records and total > 0
    return records / elapsed


def contact(i: int) -> dict:
    return {
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


def serialize(records: int) -> None:
    # Made beforehand, so that making them is not measured.
    block = [contact(i) for i in range(10_000)]
    rows = [block[i % len(block)] for i in range(records)]
    start = time.perf_counter()
    chunks = list(serialize_ingest_data(rows, fieldnames=list(block[0])))
    elapsed = time.perf_counter() - start
    assert sum(chunk.count(b"\n") - 1 for chunk in chunks) == records
    print("bulk-serialize", "aiosalesforce", f"{records / elapsed:.3f}", sep="\t")


async def main() -> None:
    if sys.argv[1] == "bulk-serialize":
        serialize(int(sys.argv[2]))
        return
    scenario, url, amount = sys.argv[1:]
    measure = {"get": gets_per_second, "query-dynamic": records_per_second}[scenario]
    async with httpx.AsyncClient(transport=ToServer(url)) as http:
        salesforce = Salesforce(
            http,
            base_url="https://bench.my.salesforce.com",
            auth=ClientCredentialsFlow("id", "secret"),
        )
        value = await measure(salesforce, int(amount))
    print(scenario, "aiosalesforce", f"{value:.3f}", sep="\t")


asyncio.run(main())
