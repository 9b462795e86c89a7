// Measures jsforce as `ferroforce-bench` measures the clients in Rust.
//
// usage: measure.mjs get|query-dynamic URL AMOUNT
//        measure.mjs create URL RECORDS IN_FLIGHT
//        measure.mjs bulk-extract URL RECORDS
//        measure.mjs bulk-load URL RECORDS

import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import jsforce from 'jsforce';

const ID = '003000000000001AAA';
const CONCURRENCY = 100;
const CHUNK = 200;
const SOQL =
  'SELECT Id, FirstName, LastName, Email, Phone, Birthdate, CreatedDate, ' +
  'HasOptedOutOfEmail, Score__c, Department__c FROM Contact LIMIT ';

function report(scenario, value) {
  console.log([scenario, 'jsforce', value.toFixed(3)].join('\t'));
}

function check(condition) {
  if (!condition) {
    throw new Error('records are missing');
  }
}

/** Runs `work` so many times, and so many of them at once. */
async function atOnce(count, work) {
  await Promise.all(Array.from({ length: count }, work));
}

async function get(connection, requests) {
  const each = Math.ceil(requests / CONCURRENCY);
  const all = (count) =>
    atOnce(CONCURRENCY, async () => {
      for (let i = 0; i < count; i += 1) {
        await connection.sobject('Contact').retrieve(ID);
      }
    });
  await all(1);
  const start = performance.now();
  await all(each);
  report('get', (each * CONCURRENCY * 1000) / (performance.now() - start));
}

async function query(connection, records) {
  const start = performance.now();
  let count = 0;
  let total = 0;
  // Page by page: fetching them automatically keeps them all, and takes longer.
  let page = await connection.query(`${SOQL}${records}`);
  for (;;) {
    for (const record of page.records) {
      total += record.LastName.length + record.Score__c;
      count += 1;
    }
    if (page.done) {
      break;
    }
    page = await connection.queryMore(page.nextRecordsUrl);
  }
  const elapsed = performance.now() - start;
  check(count === records && total > 0);
  report('query-dynamic', (records * 1000) / elapsed);
}

function contact(i) {
  const two = (number) => String(number).padStart(2, '0');
  return {
    FirstName: `Ada ${i}`,
    LastName: `Lovelace ${i}`,
    Email: `ada.${i}@example.com`,
    Phone: i % 3 ? `+1 555 ${String(i).padStart(7, '0')}` : null,
    Birthdate: `1984-${two((i % 12) + 1)}-${two((i % 28) + 1)}`,
    Title: 'Countess',
    Description: null,
    HasOptedOutOfEmail: i % 2 === 0,
    Score__c: (i % 1000) + 0.25,
    Department__c: 'Analytical Engines',
  };
}

async function create(connection, records, inFlight) {
  const idle = memory('VmRSS:');
  const before = process.cpuUsage();
  const start = performance.now();
  let next = 0;
  let created = 0;
  await atOnce(inFlight, async () => {
    while (next < records) {
      const first = next;
      next += CHUNK;
      const length = Math.min(CHUNK, records - first);
      const chunk = Array.from({ length }, (_, i) => contact(first + i));
      const results = await connection.sobject('Contact').create(chunk);
      created += results.filter(({ success }) => success).length;
    }
  });
  const elapsed = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  check(created === records);
  report('create', (records * 1000) / elapsed);
  report('create-cpu', (user + system) / records);
  report('create-memory', memory('VmHWM:') - idle);
}

async function bulkExtract(connection, records) {
  const idle = memory('VmRSS:');
  const start = performance.now();
  let count = 0;
  let total = 0;
  // It mixes up the rows of several pages.
  const soql = SOQL.replace('LIMIT', "WHERE LastName != 'one page' LIMIT");
  const stream = await connection.bulk2.query(`${soql}${records}`);
  for await (const record of stream) {
    total += record.LastName.length + Number(record.Score__c);
    count += 1;
  }
  const elapsed = performance.now() - start;
  check(count === records && total > 0);
  report('bulk-extract', (records * 1000) / elapsed);
  report('bulk-extract-memory', memory('VmHWM:') - idle);
}

async function bulkLoad(connection, records) {
  const idle = memory('VmRSS:');
  const start = performance.now();
  const input = Array.from({ length: records }, (_, i) => contact(i));
  const job = connection.bulk2.createJob({ operation: 'insert', object: 'Contact' });
  await job.open();
  await job.uploadData(input);
  await job.close();
  await job.poll(100, 600_000);
  const { numberRecordsProcessed } = await job.check();
  const elapsed = performance.now() - start;
  check(numberRecordsProcessed === records);
  report('bulk-load', (records * 1000) / elapsed);
  report('bulk-load-memory', memory('VmHWM:') - idle);
}

/** MB of this process, as Linux counts them. */
function memory(name) {
  const lines = readFileSync('/proc/self/status', 'utf8').split('\n');
  const line = lines.find((candidate) => candidate.startsWith(name));
  return Number.parseInt(line.slice(name.length), 10) / 1024;
}

const [scenario, url, ...amounts] = process.argv.slice(2);
const measure = { get, 'query-dynamic': query, create, 'bulk-extract': bulkExtract, 'bulk-load': bulkLoad }[scenario];
const connection = new jsforce.Connection({ instanceUrl: url, accessToken: 'token' });
await connection.sobject('Contact').retrieve(ID);
await measure(connection, ...amounts.map(Number));
