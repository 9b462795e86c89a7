// What the client makes of refusals and failures.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin } from '../shared/local-org.mjs';
import { DATA, connect } from './connection.mjs';

/** The client waits half a second before it asks again; not here. */
const AT_ONCE = { retry: { minTimeout: 1 } };

test('data that is wrong', async () => {
  const contacts = connect().sobject('Contact');
  const wrong = [
    [{}, 'REQUIRED_FIELD_MISSING', ['LastName']],
    [{ LastName: 'A'.repeat(81) }, 'STRING_TOO_LONG', ['LastName']],
    [{ LastName: 'A', Email: 'nobody' }, 'INVALID_EMAIL_ADDRESS', ['Email']],
    [{ LastName: 'A', AccountId: '001' }, 'MALFORMED_ID', ['AccountId']],
  ];
  for (const [record, errorCode, fields] of wrong) {
    await assert.rejects(contacts.create(record), (error) => {
      assert.equal(error.errorCode, errorCode);
      assert.equal(error.name, errorCode);
      assert.deepEqual(error.data, { message: error.message, errorCode, fields });
      return true;
    });
  }
});

test('an external id of two records', async () => {
  const connection = connect();
  const ids = [];
  for (const Number__c of ['1', '2']) {
    const shipment = { Route__c: 'north', Number__c };
    ids.push((await connection.create('Shipment__c', shipment)).id);
  }
  await assert.rejects(connection.request('/sobjects/Shipment__c/Route__c/north'), (error) => {
    assert.equal(error.errorCode, 'MULTIPLE_CHOICES');
    assert.deepEqual(
      error.data.toSorted(),
      ids.map((id) => `${DATA}/sobjects/Shipment__c/${id}`).toSorted(),
    );
    return true;
  });
});

test('a value that must be unique', async () => {
  const accounts = connect().sobject('Account');
  const { id } = await accounts.create({ Name: 'Acme', External_Id__c: 'acme' });
  await assert.rejects(accounts.create({ Name: 'Acme too', External_Id__c: 'acme' }), {
    errorCode: 'DUPLICATE_VALUE',
    message: new RegExp(id.slice(0, 15)),
  });
});

test('no such resource', async () => {
  const connection = connect();
  for (const path of ['/nothing', '/sobjects/Contact/nonsense', '/sobjects/Nothing__c']) {
    await assert.rejects(connection.request(path), { errorCode: 'NOT_FOUND' });
  }
});

test('a method that is not allowed', async () => {
  await assert.rejects(connect().requestDelete('/limits'), { errorCode: 'METHOD_NOT_ALLOWED' });
});

test('refusals keep their code', async () => {
  const connection = connect();
  const refusals = [
    [400, 'UNABLE_TO_LOCK_ROW'],
    [403, 'REQUEST_LIMIT_EXCEEDED'],
    [500, 'UNKNOWN_EXCEPTION'],
    [503, 'SERVER_UNAVAILABLE'],
  ];
  for (const [status, errorCode] of refusals) {
    await admin.refuse(status, errorCode, 'Not now');
    // The client never repeats a POST by itself.
    const create = connection.create('Account', { Name: 'Acme' });
    await assert.rejects(create, { errorCode, message: 'Not now' });
  }
  assert.equal(await connection.sobject('Account').count(), 0);
});

test('reads are asked again until there is an answer', async () => {
  await admin.refuse(503, 'SERVER_UNAVAILABLE', 'Not now', { times: 2 });
  await connect().request('/limits', AT_ONCE);
  const limits = `GET ${DATA}/limits`;
  assert.deepEqual(await admin.requests(), [`${limits} 503`, `${limits} 503`, `${limits} 200`]);
});

test('a broken connection is an error', async () => {
  for (const kind of ['cut_before', 'cut_after']) {
    await admin.fail({ kind });
    await assert.rejects(connect().create('Account', { Name: kind }), TypeError);
  }
  const [{ Name }] = await connect().sobject('Account').find({}, 'Name');
  assert.equal(Name, 'cut_after');
});

test('a page of HTML is an error', async () => {
  await admin.fail({ kind: 'html' });
  await assert.rejects(connect().create('Account', { Name: 'Acme' }), {
    errorCode: 'ERROR_HTTP_502',
    message: /<html>/,
  });
});

test('what the org does not do', async () => {
  const connection = connect();
  await assert.rejects(connection.request('/chatter/users/me'), {
    errorCode: 'NOT_IMPLEMENTED',
    message: /The local org does not support/,
  });
  await assert.rejects(connection.metadata.describe(), {
    errorCode: 'sf:FUNCTIONALITY_NOT_ENABLED',
    message: /The local org does not support/,
  });
});
