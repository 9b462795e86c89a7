// Loads and extracts by the Bulk API 1.0, which the client speaks in XML and CSV.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { org } from '../shared/local-org.mjs';
import { connect } from './connection.mjs';

const LEADS = 4_500;

const bulk = () => {
  const { bulk } = connect();
  bulk.pollInterval = 50;
  return bulk;
};

/** Loads, and waits until the client has closed the job too. */
const load = async (...what) => {
  const batch = bulk().load(...what);
  const closed = once(batch.job, 'close');
  try {
    return await batch;
  } finally {
    await closed;
  }
};

const all = async (stream) => {
  const records = [];
  for await (const record of stream) records.push(record);
  return records;
};

test('records live and die', async () => {
  const created = await load('Contact', 'insert', [
    { LastName: 'Lovelace', Title: 'Countess, "Ada"' },
    { FirstName: 'Nobody' },
  ]);
  assert.deepEqual(
    created.map(({ success, created }) => [success, created]),
    [
      [true, true],
      [false, false],
    ],
  );
  assert.deepEqual(created[1].errors, [
    'REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --',
  ]);
  const [{ id: Id }] = created;
  // Null is null.
  const changed = await load('Contact', 'update', [{ Id, Title: null, Phone: '1' }]);
  assert.deepEqual(changed, [{ id: Id, success: true, created: false, errors: [] }]);
  const contact = await connect().sobject('Contact').retrieve(Id);
  assert.deepEqual([contact.Title, contact.Phone], [null, '1']);
  const deleted = await load('Contact', 'delete', [{ Id }]);
  assert.equal(deleted[0].success, true);
});

test('upserts find records and parents by their keys, from CSV', async () => {
  await connect().sobject('Account').create({ Name: 'Acme', External_Id__c: 'A-1' });
  const lines = Array.from({ length: 450 }, (_, n) => `C-${n},Name ${n},A-1\n`);
  const csv = `External_Id__c,LastName,Account.External_Id__c\n${lines.join('')}`;
  for (const created of [true, false]) {
    const options = { extIdField: 'External_Id__c', concurrencyMode: 'Serial' };
    const saved = await load('Contact', 'upsert', options, csv);
    assert.equal(saved.length, 450);
    assert.ok(saved.every((row) => row.success && row.created === created));
  }
  const found = await connect().query("SELECT COUNT() FROM Contact WHERE Account.Name = 'Acme'");
  assert.equal(found.totalSize, 450);
});

test('a query finds all', async () => {
  const leads = await all(await bulk().query('SELECT Id, LastName FROM Lead'));
  assert.equal(leads.length, LEADS);
  assert.equal(leads[LEADS - 1].LastName, 'Lead 4499');
});

test('a job has batches', async () => {
  const job = bulk().createJob('Contact', 'insert');
  const info = await job.open();
  assert.deepEqual([info.state, info.concurrencyMode], ['Open', 'Parallel']);
  const batches = [];
  for (const LastName of ['a', 'b']) {
    const batch = job.createBatch();
    batch.execute([{ LastName }]);
    await new Promise((resolve) => batch.once('queue', resolve));
    batches.push(batch);
  }
  for (const batch of batches) {
    batch.poll(50, 10_000);
    await batch;
  }
  const listed = await job.list();
  assert.deepEqual(
    listed.map(({ state }) => state),
    ['Completed', 'Completed'],
  );
  assert.equal((await job.check()).numberRecordsProcessed, '2');
  assert.equal((await job.close()).state, 'Closed');
});

test('refusals', async () => {
  await assert.rejects(
    load('Contact', 'insert', [{ LastName: 'a', Nothing__c: 'b' }]),
    /Field name not found : Nothing__c/,
  );
});

test('an expired session is renewed', async () => {
  let renewed = 0;
  const connection = connect({
    accessToken: 'expired',
    refreshFn: (_, done) => {
      renewed += 1;
      done(null, org.access_token);
    },
  });
  connection.bulk.pollInterval = 50;
  const [created] = await connection.bulk.load('Contact', 'insert', [{ LastName: 'a' }]);
  assert.equal(created.success, true);
  assert.ok(renewed > 0);
});
