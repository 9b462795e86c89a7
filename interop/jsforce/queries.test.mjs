// Queries, their pages, and the queries that the client writes itself.

import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import jsforce from 'jsforce';
import { admin, org } from '../shared/local-org.mjs';
import { APP, DATA, connect } from './connection.mjs';

const LEADS = 4500;
const ALL_LEADS = Array.from({ length: LEADS }, (_, i) => `Lead ${String(i).padStart(4, '0')}`);
const SOQL = 'SELECT Id, Name FROM Lead ORDER BY Name';

const names = (records) => records.map(({ Name }) => Name);

/** Creates accounts of these names, and gives their ids. */
async function createAccounts(connection, ...accounts) {
  const ids = [];
  for (const Name of accounts) {
    ids.push((await connection.sobject('Account').create({ Name })).id);
  }
  return ids;
}

test('a page', async () => {
  const page = await connect().query(SOQL);
  assert.equal(page.totalSize, LEADS);
  assert.equal(page.done, false);
  assert.deepEqual(names(page.records), ALL_LEADS.slice(0, 2000));
  const [lead] = page.records;
  assert.deepEqual(lead.attributes, { type: 'Lead', url: `${DATA}/sobjects/Lead/${lead.Id}` });
});

test('more by URL and by locator', async () => {
  const connection = connect();
  let page = await connection.query(SOQL);
  page = await connection.queryMore(page.nextRecordsUrl);
  assert.deepEqual(names(page.records), ALL_LEADS.slice(2000, 4000));
  page = await connection.queryMore(page.nextRecordsUrl.split('/').pop());
  assert.deepEqual(names(page.records), ALL_LEADS.slice(4000));
  assert.equal(page.done, true);
  assert.ok(!('nextRecordsUrl' in page));
});

test('no such page', async () => {
  await assert.rejects(connect().queryMore('01g000000000001AAA-2000'), {
    errorCode: 'INVALID_QUERY_LOCATOR',
  });
});

test('all pages', async () => {
  const result = await connect().query(SOQL, { autoFetch: true });
  assert.deepEqual(names(result.records), ALL_LEADS);
  assert.equal(result.done, true);
});

test('no more than wanted', async () => {
  const result = await connect().query(SOQL, { autoFetch: true, maxFetch: 2500 });
  assert.deepEqual(names(result.records), ALL_LEADS.slice(0, 2500));
});

test('pages are as small as asked for', async () => {
  const headers = { 'Sforce-Query-Options': 'batchSize=500' };
  const result = await connect().query(SOQL, { autoFetch: true, headers });
  assert.deepEqual(names(result.records), ALL_LEADS);
  assert.equal((await admin.requests()).length, LEADS / 500);
});

test('records as events', async () => {
  const records = [];
  const query = connect().query(SOQL);
  await new Promise((resolve, reject) => {
    query
      .on('record', (record) => records.push(record))
      .on('end', resolve)
      .on('error', reject)
      .run({ autoFetch: true });
  });
  assert.deepEqual(names(records), ALL_LEADS);
  assert.deepEqual([query.totalSize, query.totalFetched], [LEADS, LEADS]);
});

test('records as CSV', async () => {
  const csv = await text(connect().query('SELECT Name FROM Lead ORDER BY Name').stream('csv'));
  assert.deepEqual(csv.trimEnd().split('\n'), ['Name', ...ALL_LEADS]);
});

test('a session that ends between two pages', async () => {
  const connection = connect({ oauth2: APP, refreshToken: org.refresh_token });
  await admin.fail({ kind: 'expired_session' }, { path: `${DATA}/query`, skip: 1 });
  const result = await connection.query(SOQL, { autoFetch: true });
  assert.deepEqual(names(result.records), ALL_LEADS);
  assert.notEqual(connection.accessToken, org.access_token);
});

test('deleted records only where they are scanned too', async () => {
  const connection = connect();
  const [id] = await createAccounts(connection, 'Gone');
  await connection.sobject('Account').destroy(id);
  const soql = "SELECT Name, IsDeleted FROM Account WHERE Name = 'Gone'";
  assert.equal((await connection.query(soql)).totalSize, 0);
  const [gone] = (await connection.query(soql, { scanAll: true })).records;
  assert.equal(gone.IsDeleted, true);
});

test('counting', async () => {
  const leads = connect().sobject('Lead');
  assert.equal(await leads.count(), LEADS);
  assert.equal(await leads.count({ LastName: { $like: 'Lead 00%' } }), 100);
  assert.equal((await connect().query('SELECT COUNT() FROM Lead')).totalSize, LEADS);
});

test('groups', async () => {
  const soql = 'SELECT Company, COUNT(Id), MIN(LastName) lowest FROM Lead GROUP BY Company';
  const [group] = (await connect().query(soql)).records;
  assert.deepEqual(group, {
    attributes: { type: 'AggregateResult' },
    Company: 'Paging Inc.',
    expr0: LEADS,
    lowest: ALL_LEADS[0],
  });
});

test('find with conditions, order, limit and offset', async () => {
  const leads = connect().sobject('Lead');
  const found = leads
    .find({ Name: { $like: 'Lead 00%' }, Company: 'Paging Inc.' }, ['Id', 'Name'])
    .sort({ Name: -1 })
    .skip(1)
    .limit(3);
  assert.equal(
    await found.toSOQL(),
    "SELECT Id, Name FROM Lead WHERE Name LIKE 'Lead 00%' AND Company = 'Paging Inc.' " +
      'ORDER BY Name DESC LIMIT 3 OFFSET 1',
  );
  assert.deepEqual(names(await found), ['Lead 0098', 'Lead 0097', 'Lead 0096']);
});

test('each operator that find has', async () => {
  const leads = connect().sobject('Lead');
  const inAnHour = jsforce.SfDate.toDateTimeLiteral(Date.now() + 3_600_000);
  const conditions = [
    [{ Name: { $eq: 'Lead 0001' } }, 1],
    [{ Name: { $ne: 'Lead 0001' } }, LEADS - 1],
    [{ Name: { $gt: 'Lead 4497' } }, 2],
    [{ Name: { $gte: 'Lead 4497' } }, 3],
    [{ Name: { $lt: 'Lead 0002' } }, 2],
    [{ Name: { $lte: 'Lead 0002' } }, 3],
    [{ Name: { $like: 'Lead 000_' } }, 10],
    [{ Name: { $nlike: 'Lead 000_' } }, LEADS - 10],
    [{ Name: { $in: ['Lead 0001', 'Lead 0002', 'Nobody'] } }, 2],
    [{ Name: { $nin: ['Lead 0001', 'Lead 0002', 'Nobody'] } }, LEADS - 2],
    [{ Name: ['Lead 0001', 'Lead 0002'] }, 2],
    [{ Email: null }, LEADS],
    [{ Email: { $exists: true } }, 0],
    [{ IsConverted: false }, LEADS],
    [{ $or: [{ Name: 'Lead 0001' }, { Name: 'Lead 0002' }] }, 2],
    [{ $not: { Name: 'Lead 0001' } }, LEADS - 1],
    [{ $and: [{ Name: { $gt: 'Lead 0001' } }, { Name: { $lt: 'Lead 0003' } }] }, 1],
    [{ CreatedDate: { $lt: inAnHour } }, LEADS],
    [{ CreatedDate: jsforce.SfDate.LAST_N_DAYS(2) }, LEADS],
    [{ CreatedDate: { $gt: jsforce.SfDate.TOMORROW } }, 0],
    ["Name = 'Lead 0001'", 1],
  ];
  for (const [condition, count] of conditions) {
    assert.equal(await leads.count(condition), count, JSON.stringify(condition));
  }
});

test('values are quoted safely', async () => {
  const connection = connect();
  const values = ["O'Reilly", 'a "b"', '50% + 1 & 2', 'Grüße', 'a_b'];
  await createAccounts(connection, ...values);
  for (const Name of values) {
    const found = await connection.sobject('Account').find({ Name }, 'Name');
    assert.deepEqual(names(found), [Name]);
  }
});

test('the client is wrong about backslashes', async () => {
  // It leaves them as they are, and what follows is read with them.
  const connection = connect();
  await createAccounts(connection, 'a\\b');
  const accounts = connection.sobject('Account');
  assert.deepEqual(await accounts.find({ Name: 'a\\b' }, 'Name'), []);
  assert.deepEqual(names(await accounts.find({ Name: 'a\\\\b' }, 'Name')), ['a\\b']);
});

test('one record, or none', async () => {
  const leads = connect().sobject('Lead');
  const lead = await leads.findOne({ Name: 'Lead 0007' }, { Name: 1, Company: 1 });
  assert.deepEqual([lead.Name, lead.Company], ['Lead 0007', 'Paging Inc.']);
  assert.equal(await leads.findOne({ Name: 'Nobody' }, 'Id'), null);
});

test('every field, and those of a parent', async () => {
  const connection = connect();
  const [AccountId] = await createAccounts(connection, 'Acme');
  await connection.create('Contact', { LastName: 'Coyote', AccountId });
  const [contact] = await connection.sobject('Contact').find({ AccountId }, '*, Account.*');
  assert.equal(contact.LastName, 'Coyote');
  assert.equal(contact.Account.Name, 'Acme');
  const { fields } = await connection.describe('Contact');
  const { attributes, Account, ...values } = contact;
  assert.deepEqual(
    Object.keys(values).sort(),
    fields.map(({ name }) => name).sort(),
  );
});

test('children', async () => {
  const connection = connect();
  const [AccountId] = await createAccounts(connection, 'Acme', 'Childless');
  for (const LastName of ['Anvil', 'Coyote', 'Runner']) {
    await connection.create('Contact', { LastName, AccountId });
  }
  const accounts = await connection
    .sobject('Account')
    .find({}, 'Name')
    .include('Contacts')
    .select('LastName, Account.Name')
    .where({ LastName: { $gt: 'B' } })
    .sort('-LastName')
    .limit(2)
    .end()
    .sort('Name');
  assert.deepEqual(names(accounts), ['Acme', 'Childless']);
  const [acme, childless] = accounts;
  assert.deepEqual([acme.Contacts.totalSize, acme.Contacts.done], [2, true]);
  assert.deepEqual(
    acme.Contacts.records.map(({ LastName, Account }) => [LastName, Account.Name]),
    [
      ['Runner', 'Acme'],
      ['Coyote', 'Acme'],
    ],
  );
  assert.equal(childless.Contacts, null);
});

test('how a query would be run', async () => {
  const leads = connect().sobject('Lead');
  const { plans, sourceQuery } = await leads.find({ Company: 'Acme' }, 'Id').explain();
  assert.equal(sourceQuery, "SELECT Id FROM Lead WHERE Company = 'Acme'");
  const [plan] = plans;
  assert.deepEqual(
    [plan.leadingOperationType, plan.sobjectType, plan.sobjectCardinality],
    ['TableScan', 'Lead', LEADS],
  );
});

test('a query that is wrong', async () => {
  const connection = connect();
  const wrong = [
    ['SELECT Shoes FROM Contact', 'INVALID_FIELD', /ERROR at Row:1:Column:8/],
    ['SELECT Id FROM Nothing', 'INVALID_TYPE', /sObject type 'Nothing' is not supported/],
    ['SELECT Id FROM', 'MALFORMED_QUERY', /unexpected/],
  ];
  for (const [soql, errorCode, message] of wrong) {
    await assert.rejects(connection.query(soql), { name: errorCode, errorCode, message });
  }
});
