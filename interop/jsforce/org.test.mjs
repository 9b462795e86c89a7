// What the org says about itself and its objects.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import jsforce from 'jsforce';
import { admin, org } from '../shared/local-org.mjs';
import { DATA, VERSION, connect } from './connection.mjs';

test('all objects', async () => {
  const connection = connect();
  const { encoding, sobjects } = await connection.describeGlobal();
  assert.equal(encoding, 'UTF-8');
  const named = (wanted) => sobjects.find(({ name }) => name === wanted);
  assert.equal(named('Account').keyPrefix, '001');
  assert.equal(named('Shipment__c').custom, true);
  assert.equal(named('Contact').urls.rowTemplate, `${DATA}/sobjects/Contact/{ID}`);
});

test('one object', async () => {
  const { fields } = await connect().sobject('Contact').describe();
  const named = (wanted) => fields.find(({ name }) => name === wanted);
  assert.equal(named('LastName').nillable, false);
  assert.equal(named('Email').type, 'email');
  assert.deepEqual(named('AccountId').referenceTo, ['Account']);
  assert.equal(named('External_Id__c').externalId, true);
});

test('a describe is asked for once where it may be kept', async () => {
  const contacts = connect().sobject('Contact');
  const first = await contacts.describe$();
  assert.equal(await contacts.describe$(), first);
  assert.deepEqual(await admin.requests(), [`GET ${DATA}/sobjects/Contact/describe 200`]);
});

test('no such object', async () => {
  await assert.rejects(connect().describe('Nothing__c'), {
    errorCode: 'NOT_FOUND',
    message: 'The requested resource does not exist',
  });
});

test('recently used records of an object', async () => {
  const connection = connect();
  const accounts = connection.sobject('Account');
  assert.deepEqual(await accounts.recent(), []);
  const first = await accounts.create({ Name: 'Acme' });
  await accounts.create({ Name: 'Emca' });
  await accounts.update({ Id: first.id, Phone: '1' });
  const names = (records) => records.map(({ Name }) => Name);
  assert.deepEqual(names(await accounts.recent()), ['Acme', 'Emca']);
  assert.deepEqual(names(await connection.recent('Account', 1)), ['Acme']);
});

test('recently used records of all objects', async () => {
  const connection = connect();
  assert.deepEqual(await connection.recent(), []);
  const account = await connection.sobject('Account').create({ Name: 'Acme' });
  const contact = await connection.sobject('Contact').create({ LastName: 'Lovelace' });
  await connection.sobject('Account').retrieve(account.id);
  const [first, second] = await connection.recent();
  assert.deepEqual([first.Id, first.Name], [account.id, 'Acme']);
  assert.equal(first.attributes.type, 'Account');
  assert.deepEqual([second.Id, second.Name], [contact.id, 'Lovelace']);
  assert.equal((await connection.recent(1)).length, 1);
});

test('versions and resources', async () => {
  const connection = connect();
  const versions = await connection.request('/services/data');
  assert.ok(versions.some(({ version }) => version === VERSION));
  assert.equal((await connection.request('/')).query, `${DATA}/query`);
});

test('tabs', async () => {
  const tabs = await connect().tabs();
  const named = (wanted) => tabs.find(({ name }) => name === wanted);
  assert.equal(named('standard-Account').sobjectName, 'Account');
  assert.equal(named('Shipment__c').custom, true);
});

test('limits, and how much of them is used', async () => {
  const connection = connect();
  const { DailyApiRequests } = await connection.limits();
  assert.ok(DailyApiRequests.Max >= DailyApiRequests.Remaining);
  await connection.limits();
  assert.equal(connection.limitInfo.apiUsage.used, 2);
  assert.equal(connection.limitInfo.apiUsage.limit, DailyApiRequests.Max);
});

test('identity', async () => {
  const me = await connect().identity();
  assert.equal(me.user_id, org.user_id);
  assert.equal(me.organization_id, org.org_id);
  assert.equal(me.username, org.username);
});

test("the user's own record", async () => {
  const user = await connect().sobject('User').retrieve(org.user_id);
  assert.equal(user.Username, org.username);
});

test("the user's password", async () => {
  const connection = connect();
  const path = `/sobjects/User/${org.user_id}/password`;
  assert.deepEqual(await connection.request(path), { isExpired: false });
  await connection.requestPost(path, { NewPassword: 'open5esame' });
  const again = new jsforce.Connection({ loginUrl: org.url });
  await assert.rejects(again.login(org.username, org.password + org.security_token));
  await again.login(org.username, `open5esame${org.security_token}`);
});

test("the user's password by SOAP", async () => {
  const { soap } = connect();
  await soap.setPassword(org.user_id, 'open5esame');
  const again = new jsforce.Connection({ loginUrl: org.url });
  await again.login(org.username, `open5esame${org.security_token}`);
  const { password } = await soap.resetPassword(org.user_id);
  // It has to be changed at once, for which jsforce refuses to go on.
  await assert.rejects(again.login(org.username, password + org.security_token), {
    message: /password has expired/,
  });
  await soap.setPassword(org.user_id, 'sesame5open');
  await again.login(org.username, `sesame5open${org.security_token}`);
  await assert.rejects(soap.setPassword(org.user_id, 'short'), {
    message: /INVALID_NEW_PASSWORD/,
  });
});
