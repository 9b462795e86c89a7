// Reports, and dashboards, of which there are none.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from './connection.mjs';

/** The report of the seed on the leads, which are sorted by name. */
async function leads() {
  const { analytics } = connect();
  const [{ id, name }] = await analytics.reports();
  assert.equal(name, 'Leads');
  return analytics.report(id);
}

test('a report is run at once', async () => {
  const report = await leads();
  const summary = await report.execute();
  assert.deepEqual(summary.factMap['T!T'].aggregates, [{ label: '4500', value: 4500 }]);
  assert.deepEqual(summary.factMap['T!T'].rows, []);
  const shown = await report.run({ details: true });
  assert.equal(shown.allData, false);
  const { rows } = shown.factMap['T!T'];
  assert.equal(rows.length, 2000);
  assert.equal(rows[0].dataCells[0].label, 'Lead 0000');
  assert.deepEqual(shown.reportMetadata.detailColumns, ['LastName', 'Company']);
});

test('a report is run with other filters', async () => {
  const report = await leads();
  const { reportMetadata } = await report.describe();
  const reportFilters = [{ column: 'LastName', operator: 'equals', value: 'Lead 0007,Lead 0005' }];
  const metadata = { reportMetadata: { ...reportMetadata, reportFilters } };
  const { factMap } = await report.exec({ details: true, metadata });
  const labels = factMap['T!T'].rows.map(({ dataCells }) => dataCells[0].label);
  assert.deepEqual(labels, ['Lead 0005', 'Lead 0007']);
});

test('a report is run in the background', async () => {
  const report = await leads();
  const started = await report.executeAsync({ details: true });
  assert.equal(started.status, 'New');
  const { attributes, factMap } = await report.instance(started.id).retrieve();
  assert.equal(attributes.status, 'Success');
  assert.equal(factMap['T!T'].rows.length, 2000);
  const instances = await report.instances();
  assert.deepEqual(instances.map(({ id }) => id), [started.id]);
});

test('how a report would be run', async () => {
  const { plans } = await (await leads()).explain();
  assert.equal(plans[0].sobjectType, 'Lead');
});

test('no such report', async () => {
  const { analytics } = connect();
  const nothing = analytics.report('00O000000000001EAA');
  await assert.rejects(nothing.describe(), { errorCode: 'NOT_FOUND' });
});

// Reports are those of the seed file, and stay as they are.
test('reports are not changed, and there are no dashboards', async () => {
  const { analytics } = connect();
  const report = await leads();
  const notDone = { errorCode: 'NOT_IMPLEMENTED' };
  await assert.rejects(report.clone('Copy'), notDone);
  await assert.rejects(report.destroy(), notDone);
  assert.deepEqual(await analytics.dashboards(), []);
  await assert.rejects(analytics.dashboard('01Z000000000001EAA').describe(), notDone);
});
