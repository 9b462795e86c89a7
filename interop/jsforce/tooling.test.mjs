// The Tooling API: queries and records of code.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DATA, connect } from './connection.mjs';

test('a class lives and dies', async () => {
  const { tooling } = connect();
  const classes = tooling.sobject('ApexClass');
  const { id } = await classes.create({ Name: 'Echo', Body: 'public class Echo {}' });
  const { attributes, Body } = await classes.retrieve(id);
  assert.deepEqual(attributes, {
    type: 'ApexClass',
    url: `${DATA}/tooling/sobjects/ApexClass/${id}`,
  });
  assert.equal(Body, 'public class Echo {}');
  await classes.update({ Id: id, Body: 'public class Echo { }' });
  const [found] = await classes.find({ Name: 'Echo' }, 'Id, Body');
  assert.deepEqual([found.Id, found.Body], [id, 'public class Echo { }']);
  await classes.destroy(id);
  assert.equal((await tooling.query('SELECT Id FROM ApexClass')).totalSize, 0);
});

test('what there is', async () => {
  const { tooling } = connect();
  const { sobjects } = await tooling.describeGlobal();
  assert.ok(sobjects.some(({ name }) => name === 'ApexClass'));
  const { name, fields } = await tooling.sobject('ApexClass').describe();
  assert.equal(name, 'ApexClass');
  assert.ok(fields.some((field) => field.name === 'Body'));
});

test('a query that is wrong', async () => {
  await assert.rejects(connect().tooling.query('SELECT Shoes FROM ApexClass'), {
    errorCode: 'INVALID_FIELD',
  });
});

test('the org runs no Apex', async () => {
  const { tooling } = connect();
  await assert.rejects(tooling.executeAnonymous('System.debug(1);'), {
    errorCode: 'NOT_IMPLEMENTED',
  });
});

// Salesforce documents collections of the Tooling API and has none, so this fails there as well.
test('several records at once', async () => {
  const classes = connect().tooling.sobject('ApexClass');
  const notFound = { errorCode: 'NOT_FOUND' };
  const records = ['A', 'B'].map((Name) => ({ Name, Body: `public class ${Name} {}` }));
  await assert.rejects(classes.create(records), notFound);
  await assert.rejects(classes.destroy(['01p000000000001AAA']), notFound);
});

test('several requests in one', async () => {
  const below = `${DATA}/tooling`;
  const body = { Name: 'Echo', Body: 'public class Echo {}' };
  const { compositeResponse } = await connect().request({
    method: 'POST',
    url: '/tooling/composite',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      allOrNone: true,
      compositeRequest: [
        { method: 'POST', url: `${below}/sobjects/ApexClass`, referenceId: 'echo', body },
        { method: 'GET', url: `${below}/sobjects/ApexClass/@{echo.id}`, referenceId: 'read' },
      ],
    }),
  });
  assert.deepEqual(compositeResponse.map(({ httpStatusCode }) => httpStatusCode), [201, 200]);
  assert.equal(compositeResponse[1].body.Name, 'Echo');
});
