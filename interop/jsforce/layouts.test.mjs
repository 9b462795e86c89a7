// How records look: layouts, list views, themes; and what could be done with them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from './connection.mjs';

test('page layouts', async () => {
  const accounts = connect().sobject('Account');
  const { layouts, recordTypeMappings } = await accounts.layouts();
  assert.equal(recordTypeMappings[0].layoutId, layouts[0].id);
  const items = layouts[0].editLayoutSections
    .flatMap(({ layoutRows }) => layoutRows)
    .flatMap(({ layoutItems }) => layoutItems);
  const name = items.find(({ layoutComponents }) => layoutComponents[0]?.value === 'Name');
  assert.equal(name.required, true);
  assert.ok(layouts[0].relatedLists.some((list) => list.name === 'Contacts'));
  assert.deepEqual(await accounts.layouts$(), { layouts, recordTypeMappings, recordTypeSelectorRequired: [false] });
  await assert.rejects(accounts.layouts('UserAlt'), { errorCode: 'NOT_FOUND' });
});

test('compact layouts', async () => {
  const compact = await connect().sobject('Shipment__c').compactLayouts();
  assert.equal(compact.defaultCompactLayoutId, null);
  assert.equal(compact.compactLayouts[0].name, 'SYSTEM');
  assert.equal(compact.compactLayouts[0].fieldItems[0].layoutComponents[0].value, 'Name');
});

test('approval layouts', async () => {
  const { approvalLayouts } = await connect().sobject('Account').approvalLayouts();
  assert.deepEqual(approvalLayouts, []);
});

test('list views', async () => {
  const accounts = connect().sobject('Account');
  await accounts.create({ Name: 'Acme', Phone: '1' });
  const { listviews, size } = await accounts.listviews();
  assert.equal(size, 2);
  const all = accounts.listview(listviews[0].id);
  const { records, columns, done } = await all.results();
  assert.equal(done, true);
  assert.deepEqual(records[0].columns[0], { fieldNameOrPath: 'Name', value: 'Acme' });
  const described = await all.describe();
  assert.deepEqual(described.columns, columns);
  const { plans } = await all.explain();
  assert.equal(plans[0].sobjectType, 'Account');
});

test('the theme', async () => {
  const { themeItems } = await connect().theme();
  assert.ok(themeItems.some(({ name }) => name === 'Account'));
});

test('quick actions, of which there are none', async () => {
  const connection = connect();
  assert.deepEqual(await connection.quickActions(), []);
  assert.deepEqual(await connection.sobject('Account').quickActions(), []);
  const action = connection.quickAction('LogACall');
  const notFound = { errorCode: 'NOT_FOUND' };
  await assert.rejects(action.describe(), notFound);
  await assert.rejects(action.defaultValues(), notFound);
  await assert.rejects(action.execute(null, {}), notFound);
});

test('rules and approvals, of which there are none', async () => {
  const connection = connect();
  const { id } = await connection.sobject('Account').create({ Name: 'Acme' });
  assert.deepEqual(await connection.process.rule.list(), {});
  assert.deepEqual(await connection.process.rule.trigger(id), { errors: null, success: true });
  assert.deepEqual(await connection.process.approval.list(), {});
  const submit = [{ actionType: 'Submit', contextId: id }];
  await assert.rejects(connection.process.approval.request(submit), {
    errorCode: 'NO_APPLICABLE_PROCESS',
  });
});
