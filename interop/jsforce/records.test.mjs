// Single records: create, retrieve, update, upsert, delete.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buffer } from 'node:stream/consumers';
import { admin, org } from '../shared/local-org.mjs';
import { DATA, connect } from './connection.mjs';

const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

test('a record lives and dies', async () => {
  const contacts = connect().sobject('Contact');
  const created = await contacts.create({ FirstName: 'Ada', LastName: 'Lovelace' });
  assert.deepEqual(created, { id: created.id, success: true, errors: [] });
  const { id } = created;

  const contact = await contacts.retrieve(id);
  assert.deepEqual(contact.attributes, { type: 'Contact', url: `${DATA}/sobjects/Contact/${id}` });
  assert.equal(contact.Name, 'Ada Lovelace');
  assert.equal(contact.Email, null);

  const changed = await contacts.update({ Id: id, Email: 'ada@example.com' });
  assert.deepEqual(changed, { id, success: true, errors: [] });
  const { attributes, ...fields } = await contacts.retrieve(id, { fields: ['Email', 'LastName'] });
  assert.deepEqual(fields, { Email: 'ada@example.com', LastName: 'Lovelace', Id: id });

  assert.deepEqual(await contacts.destroy(id), { id, success: true, errors: [] });
  await assert.rejects(contacts.destroy(id), { errorCode: 'ENTITY_IS_DELETED' });
});

test('a record by reference', async () => {
  const accounts = connect().sobject('Account');
  const { id } = await accounts.create({ Name: 'Acme' });
  const account = accounts.record(id);
  await account.update({ Phone: '1' });
  assert.equal((await account.retrieve()).Phone, '1');
  await account.destroy();
  await assert.rejects(account.retrieve(), { errorCode: 'NOT_FOUND' });
});

test('upsert creates, then updates', async () => {
  const contacts = connect().sobject('Contact');
  const key = { External_Id__c: 'H-1906' };
  const created = await contacts.upsert({ ...key, LastName: 'Hopper' }, 'External_Id__c');
  assert.equal(created.created, true);
  const updated = await contacts.upsert({ ...key, FirstName: 'Grace' }, 'External_Id__c');
  assert.deepEqual(updated, { ...created, created: false });
  assert.equal((await contacts.retrieve(created.id)).Name, 'Grace Hopper');
});

test('upsert of an old version answers nothing', async () => {
  const contacts = connect({ version: '45.0' }).sobject('Contact');
  const key = { External_Id__c: 'H-1906' };
  const created = await contacts.upsert({ ...key, LastName: 'Hopper' }, 'External_Id__c');
  assert.ok(created.id);
  assert.ok(!('created' in created));
  const updated = await contacts.upsert({ ...key, FirstName: 'Grace' }, 'External_Id__c');
  assert.deepEqual(updated, { success: true, errors: [] });
});

test('a reference by external id', async () => {
  const connection = connect();
  const { id } = await connection.create('Account', { Name: 'Acme', External_Id__c: 'acme' });
  const contact = await connection.create('Contact', {
    LastName: 'Coyote',
    Account: { External_Id__c: 'acme' },
  });
  assert.equal((await connection.retrieve('Contact', contact.id)).AccountId, id);
});

test('a custom object', async () => {
  const shipments = connect().sobject('Shipment__c');
  const { id } = await shipments.create({ Number__c: 'S-1', Weight__c: 12.5 });
  const shipment = await shipments.retrieve(id);
  assert.equal(shipment.Weight__c, 12.5);
  assert.equal(shipment.Status__c, 'Packed');
});

test('several records of an old version, one request each', async () => {
  const accounts = connect({ version: '41.0' }).sobject('Account');
  const created = await accounts.create([{ Name: 'Acme' }, {}, { Name: 'Emca' }]);
  assert.deepEqual(
    created.map(({ success }) => success),
    [true, false, true],
  );
  assert.equal(created[1].errors[0].errorCode, 'REQUIRED_FIELD_MISSING');
  const ids = [created[0].id, created[2].id];
  const found = await accounts.retrieve(ids);
  assert.deepEqual(
    found.map(({ Name }) => Name),
    ['Acme', 'Emca'],
  );
  const deleted = await accounts.destroy(ids);
  assert.deepEqual(
    deleted,
    ids.map((id) => ({ id, success: true, errors: [] })),
  );
  assert.deepEqual(await accounts.retrieve(ids), [null, null]);
});

test('a file as a stream', async () => {
  const versions = connect().sobject('ContentVersion');
  const { id } = await versions.create({
    Title: 'Letter',
    PathOnClient: 'letter.bin',
    VersionData: EVERY_BYTE.toString('base64'),
  });
  assert.deepEqual(await buffer(versions.record(id).blob('VersionData')), EVERY_BYTE);
});

test('files beside the fields of their records', async () => {
  const connection = connect();
  const account = await connection.create('Account', { Name: 'Acme' });
  const files = [
    ['ContentVersion', 'VersionData', { Title: 'Letter', PathOnClient: 'letter.bin' }],
    ['Attachment', 'Body', { Name: 'Letter', ParentId: account.id }],
    ['Document', 'Body', { Name: 'Letter', FolderId: org.user_id }],
  ];
  const filename = 'letter.bin';
  const contentType = 'application/octet-stream';
  for (const [type, field, record] of files) {
    const { id } = await connection.create(
      type,
      { ...record, [field]: EVERY_BYTE.toString('base64') },
      { multipartFileFields: { [field]: { filename, contentType } } },
    );
    const read = await buffer(connection.sobject(type).record(id).blob(field));
    assert.deepEqual(read, EVERY_BYTE, type);
  }
});

test('a record that looks like another', async () => {
  await admin.setPolicies({ duplicate_rules: true });
  const accounts = connect({ version: '60.0' }).sobject('Account');
  const { id } = await accounts.create({ Name: 'Acme' });
  await assert.rejects(accounts.create({ Name: 'Acme' }), (error) => {
    assert.equal(error.errorCode, 'DUPLICATES_DETECTED');
    const [{ matchRecords }] = error.data.duplicateResult.matchResults;
    assert.deepEqual(
      matchRecords.map(({ record }) => record.Id),
      [id],
    );
    return true;
  });
  const headers = { 'Sforce-Duplicate-Rule-Header': 'allowSave=true' };
  await accounts.create({ Name: 'Acme' }, { headers });
  assert.equal(await accounts.count(), 2);
});
