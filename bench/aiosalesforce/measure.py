"""Measures aiosalesforce as `ferroforce-bench` measures the clients in Rust.

usage: measure.py get|query-dynamic URL AMOUNT
"""

import asyncio
import sys
import time

import httpx
from aiosalesforce import ClientCredentialsFlow, Salesforce

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


async def main() -> None:
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
