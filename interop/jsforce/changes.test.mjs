// What was changed and what was deleted in a span of time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from './connection.mjs';

const HOUR = 3_600_000;

test('changed records', async () => {
  const accounts = connect().sobject('Account');
  const { id } = await accounts.create({ Name: 'Acme' });
  const [start, end] = [new Date(Date.now() - HOUR), new Date(Date.now() + HOUR)];
  const updated = await accounts.updated(start, end);
  assert.deepEqual(updated.ids, [id]);
  assert.match(updated.latestDateCovered, /^\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000\+0000$/);
  assert.deepEqual(await accounts.updated(start.toISOString(), end.toISOString()), updated);
});

test('deleted records', async () => {
  const accounts = connect().sobject('Account');
  const { id } = await accounts.create({ Name: 'Acme' });
  const [start, end] = [new Date(Date.now() - HOUR), new Date(Date.now() + HOUR)];
  assert.deepEqual((await accounts.deleted(start, end)).deletedRecords, []);
  await accounts.destroy(id);
  const { deletedRecords } = await accounts.deleted(start, end);
  assert.deepEqual(
    deletedRecords.map((record) => record.id),
    [id],
  );
  assert.deepEqual((await accounts.updated(start, end)).ids, []);
});

test('a span that ends before it starts', async () => {
  const accounts = connect().sobject('Account');
  const [start, end] = [new Date(), new Date(Date.now() - HOUR)];
  await assert.rejects(accounts.deleted(start, end), { errorCode: 'INVALID_REPLICATION_DATE' });
});
