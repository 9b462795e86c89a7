// Apex REST: the org has one class, which answers what it was sent.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APP, connect } from './connection.mjs';
import { admin, org } from '../shared/local-org.mjs';

test('each method', async () => {
  const { apex } = connect();
  const sent = (method, body = '') => ({ method, path: '/echo/a/b', parameters: { c: 'd' }, body });
  const path = '/echo/a/b?c=d';
  const body = { Name: 'Acme' };
  assert.deepEqual(await apex.get(path), sent('GET'));
  assert.deepEqual(await apex.post(path, body), sent('POST', JSON.stringify(body)));
  assert.deepEqual(await apex.put(path, body), sent('PUT', JSON.stringify(body)));
  assert.deepEqual(await apex.patch(path, body), sent('PATCH', JSON.stringify(body)));
  assert.deepEqual(await apex.delete(path), sent('DELETE'));
});

test('no such class', async () => {
  await assert.rejects(connect().apex.get('/nothing'), {
    errorCode: 'NOT_FOUND',
    message: 'Could not find a match for URL',
  });
});

test('an expired session is renewed', async () => {
  const { apex } = connect({ oauth2: APP, refreshToken: org.refresh_token });
  await admin.expireTokens();
  assert.equal((await apex.post('/echo', {})).method, 'POST');
});
