// Loads and extracts by the Bulk API 2.0.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin } from '../shared/local-org.mjs';
import { connect } from './connection.mjs';

const LEADS = 4_500;

const bulk2 = () => {
  const { bulk2 } = connect();
  bulk2.pollInterval = 50;
  return bulk2;
};

const all = async (stream) => {
  const records = [];
  for await (const record of stream) records.push(record);
  return records;
};

const load = (operation, object, input, options = {}) =>
  bulk2().loadAndWaitForResults({ object, operation, input, ...options });

test('records live and die', async () => {
  const inserted = await load('insert', 'Contact', [
    { LastName: 'Lovelace', Title: 'Countess, "Ada"' },
    { FirstName: 'Nobody' },
  ]);
  const [ada] = inserted.successfulResults;
  assert.deepEqual([ada.LastName, ada.Title, ada.sf__Created], [
    'Lovelace',
    'Countess, "Ada"',
    'true',
  ]);
  assert.equal(
    inserted.failedResults[0].sf__Error,
    'REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --',
  );
  assert.deepEqual(inserted.unprocessedRecords, []);
  const Id = ada.sf__Id;
  const updated = await load('update', 'Contact', [{ Id, Title: null, Phone: '1' }]);
  assert.equal(updated.successfulResults.length, 1);
  const contact = await connect().sobject('Contact').retrieve(Id);
  assert.deepEqual([contact.Title, contact.Phone], [null, '1']);
  const deleted = await load('delete', 'Contact', [{ Id }]);
  assert.equal(deleted.successfulResults.length, 1);
});

test('upserts find records and parents by their keys, from CSV', async () => {
  await connect().sobject('Account').create({ Name: 'Acme', External_Id__c: 'A-1' });
  const lines = Array.from({ length: 450 }, (_, n) => `C-${n},Name ${n},A-1\n`);
  const csv = `External_Id__c,LastName,Account.External_Id__c\n${lines.join('')}`;
  for (const created of ['true', 'false']) {
    const saved = await load('upsert', 'Contact', csv, { externalIdFieldName: 'External_Id__c' });
    assert.equal(saved.successfulResults.length, 450);
    assert.ok(saved.successfulResults.every(({ sf__Created }) => sf__Created === created));
  }
});

test('a query finds all', async () => {
  const leads = await all(await bulk2().query('SELECT Id, LastName FROM Lead'));
  assert.equal(leads.length, LEADS);
  assert.equal(leads[LEADS - 1].LastName, 'Lead 4499');
  const options = { scanAll: true };
  const deleted = await all(await bulk2().query('SELECT Id FROM Contact', options));
  assert.deepEqual(deleted, []);
});

test('a job can be handled by hand', async () => {
  const job = bulk2().createJob({ object: 'Contact', operation: 'insert' });
  assert.equal((await job.open()).state, 'Open');
  await job.uploadData([{ LastName: 'a' }, { LastName: 'b' }]);
  await job.close();
  await job.poll(50, 10_000);
  const info = await job.check();
  assert.deepEqual([info.state, info.numberRecordsProcessed], ['JobComplete', 2]);
  assert.equal((await job.getAllResults()).successfulResults.length, 2);
  await job.delete();
  await assert.rejects(job.check(), { name: 'NOT_FOUND' });
  const aborted = bulk2().createJob({ object: 'Contact', operation: 'insert' });
  await aborted.open();
  await aborted.abort();
  assert.equal((await aborted.check()).state, 'Aborted');
});

test('refusals', async () => {
  await assert.rejects(load('insert', 'Nothing__c', [{ Name: 'x' }]), { name: 'INVALIDENTITY' });
  await assert.rejects(
    load('insert', 'Contact', [{ LastName: 'a', Nothing__c: 'b' }]),
    /Field name not found : Nothing__c/,
  );
  await admin.failJobs({ kind: 'failed_job', message: 'TooManyLockFailure : Too many' });
  await assert.rejects(load('insert', 'Contact', [{ LastName: 'a' }]), /TooManyLockFailure/);
});
