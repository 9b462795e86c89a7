// Several records at once, which the client sends as collections.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin } from '../shared/local-org.mjs';
import { DATA, connect } from './connection.mjs';

const COLLECTIONS = `${DATA}/composite/sobjects`;

const named = (count) => Array.from({ length: count }, (_, i) => ({ Name: `Account ${i}` }));
const successes = (results) => results.map(({ success }) => success);

test('records live and die', async () => {
  const accounts = connect().sobject('Account');
  const created = await accounts.create([{ Name: 'Acme' }, { Name: 'Emca' }]);
  const ids = created.map(({ id }) => id);
  const saved = ids.map((id) => ({ id, success: true, errors: [] }));
  assert.deepEqual(created, saved);

  const changes = ids.map((Id, i) => ({ Id, Phone: String(i) }));
  assert.deepEqual(await accounts.update(changes), saved);
  // All fields, which the client looks up.
  const read = await accounts.retrieve(ids);
  assert.deepEqual(
    read.map(({ Name, Phone }) => [Name, Phone]),
    [
      ['Acme', '0'],
      ['Emca', '1'],
    ],
  );
  const [first] = await accounts.retrieve(ids, { fields: ['Name'] });
  assert.equal(first.Name, 'Acme');
  assert.ok(!('Phone' in first));

  assert.deepEqual(await accounts.destroy(ids), saved);
  assert.deepEqual(await accounts.retrieve(ids, { fields: ['Id'] }), [null, null]);
  assert.deepEqual(await admin.requests(), [
    `POST ${COLLECTIONS} 200`,
    `PATCH ${COLLECTIONS} 200`,
    `GET ${DATA}/sobjects/Account/describe 200`,
    `POST ${COLLECTIONS}/Account 200`,
    `POST ${COLLECTIONS}/Account 200`,
    `DELETE ${COLLECTIONS} 200`,
    `POST ${COLLECTIONS}/Account 200`,
  ]);
});

test('upsert creates, then updates', async () => {
  const accounts = connect().sobject('Account');
  const key = 'External_Id__c';
  const created = await accounts.upsert([{ Name: 'Acme', [key]: 'a' }], key);
  assert.deepEqual(created, [{ id: created[0].id, success: true, errors: [], created: true }]);
  const records = [
    { Phone: '1', [key]: 'a' },
    { Name: 'Emca', [key]: 'e/m & c' },
  ];
  const upserted = await accounts.upsert(records, key);
  assert.deepEqual(
    upserted.map((result) => result.created),
    [false, true],
  );
  assert.equal(upserted[0].id, created[0].id);
  assert.equal((await accounts.retrieve(upserted[1].id))[key], 'e/m & c');
});

test('some may fail', async () => {
  const contacts = connect().sobject('Contact');
  const results = await contacts.create([{ LastName: 'Coyote' }, {}, { LastName: 'Runner' }]);
  assert.deepEqual(successes(results), [true, false, true]);
  const [{ statusCode, fields }] = results[1].errors;
  assert.deepEqual([statusCode, fields], ['REQUIRED_FIELD_MISSING', ['LastName']]);

  const ids = [results[0].id, '003000000000000AAA'];
  assert.deepEqual(successes(await contacts.destroy(ids)), [true, false]);
  const updated = await contacts.update([{ Id: results[2].id, Email: 'nobody' }]);
  assert.equal(updated[0].errors[0].statusCode, 'INVALID_EMAIL_ADDRESS');
});

test('all or none', async () => {
  const contacts = connect().sobject('Contact');
  const allOrNone = true;
  const results = await contacts.create([{ LastName: 'Coyote' }, {}], { allOrNone });
  assert.deepEqual(successes(results), [false, false]);
  assert.deepEqual(
    results.map(({ errors: [{ statusCode }] }) => statusCode),
    ['ALL_OR_NONE_OPERATION_ROLLED_BACK', 'REQUIRED_FIELD_MISSING'],
  );
  assert.equal(await contacts.count(), 0);

  const { id } = await contacts.create({ LastName: 'Coyote' });
  const deleted = await contacts.destroy([id, '003000000000000AAA'], { allOrNone });
  assert.deepEqual(successes(deleted), [false, false]);
  assert.equal(await contacts.count(), 1);
});

test('all or none of an upsert', async () => {
  const contacts = connect().sobject('Contact');
  const key = 'External_Id__c';
  const records = [
    { LastName: 'Coyote', [key]: 'c' },
    { LastName: 'Runner', [key]: 'r', OwnerId: 'nobody' },
  ];
  const results = await contacts.upsert(records, key, { allOrNone: true });
  assert.deepEqual(successes(results), [false, false]);
  assert.deepEqual(
    results.map(({ errors: [{ statusCode }] }) => statusCode),
    ['ALL_OR_NONE_OPERATION_ROLLED_BACK', 'MALFORMED_ID'],
  );
  // They would have been.
  assert.deepEqual(
    results.map(({ created }) => created),
    [true, true],
  );
  assert.equal(await contacts.count(), 0);
});

test('more than a request may hold', async () => {
  const accounts = connect().sobject('Account');
  await assert.rejects(accounts.create(named(201)), { errorCode: /./ });
  const created = await accounts.create(named(450), { allowRecursive: true });
  assert.equal(created.filter(({ success }) => success).length, 450);
  const deleted = await accounts.destroy(
    created.map(({ id }) => id),
    { allowRecursive: true },
  );
  assert.equal(deleted.filter(({ success }) => success).length, 450);
  assert.equal(await accounts.count(), 0);
});

test('what a query finds is updated and deleted', async () => {
  const accounts = connect().sobject('Account');
  await accounts.create(named(150));
  const found = () => accounts.find({ Name: { $like: 'Account 1%' } }, 'Id, Name');
  const updated = await found().update({ Phone: '${Name}' });
  assert.equal(updated.length, 61);
  const { Phone } = await accounts.findOne({ Name: 'Account 149' }, 'Phone');
  assert.equal(Phone, 'Account 149');
  assert.equal((await found().destroy()).length, 61);
  assert.equal(await accounts.count(), 150 - 61);
});
