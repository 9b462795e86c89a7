// Searches in SOSL.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { connect } from './connection.mjs';

let connection;

beforeEach(async () => {
  connection = connect();
  const { id } = await connection.create('Account', { Name: 'Acme Rockets', Phone: '555 0100' });
  const wile = { FirstName: 'Wile', LastName: 'Coyote', Title: 'Tester at Acme', AccountId: id };
  await connection.create('Contact', wile);
});

const names = (records) => records.map(({ Name }) => Name);

test('what is found is told by type and id', async () => {
  const { searchRecords } = await connection.search('FIND {acme}');
  assert.deepEqual(
    searchRecords.map(({ attributes }) => attributes.type),
    ['Account', 'Contact'],
  );
  const [account] = searchRecords;
  assert.equal((await connection.retrieve('Account', account.Id)).Name, 'Acme Rockets');
});

test('some fields of some objects', async () => {
  const sosl =
    'FIND {acme OR coyote} IN NAME FIELDS ' +
    "RETURNING Account(Name WHERE Phone LIKE '555%'), Contact(Name, Account.Name LIMIT 5)";
  const { searchRecords } = await connection.search(sosl);
  assert.deepEqual(names(searchRecords), ['Acme Rockets', 'Wile Coyote']);
  assert.equal(searchRecords[1].Account.Name, 'Acme Rockets');
});

test('nothing is found', async () => {
  assert.deepEqual(await connection.search('FIND {nowhere}'), { searchRecords: [] });
});

test('a search that is wrong', async () => {
  await assert.rejects(connection.search('FIND Acme'), { errorCode: 'MALFORMED_SEARCH' });
  await assert.rejects(connection.search('FIND {Acme} RETURNING Nothing'), {
    errorCode: 'INVALID_TYPE',
  });
});

test('a parameterized search', async () => {
  const parameters = { q: 'acme', sobjects: [{ name: 'Account', fields: ['Name'] }] };
  const { searchRecords } = await connection.requestPost('/parameterizedSearch', parameters);
  assert.deepEqual(names(searchRecords), ['Acme Rockets']);
});
