// Each flow that the client has, and what it makes of refusals.

import assert from 'node:assert/strict';
import { createSign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import tls from 'node:tls';
import jsforce from 'jsforce';
import { admin, org } from '../shared/local-org.mjs';
import { APP, DATA, VERSION, connect } from './connection.mjs';

const { Connection } = jsforce;
const SOAP = `/services/Soap/u/${VERSION}`;
const TOKEN = '/services/oauth2/token';
const PASSWORD = org.password + org.security_token;

/** What the org says to a session that has ended. */
const ENDED = { errorCode: 'INVALID_SESSION_ID', message: 'Session expired or invalid' };

/** Asserts that the connection is signed in as the org's user. */
async function assertSignedIn(connection) {
  const me = await connection.identity();
  assert.equal(me.username, org.username);
  assert.ok('DailyApiRequests' in (await connection.limits()));
}

function jwt(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'RS256' })}.${part(claims)}`;
  const key = readFileSync(org.private_key_file);
  return `${text}.${createSign('RSA-SHA256').update(text).sign(key, 'base64url')}`;
}

function authorizeByJwt(connection, username) {
  return connection.authorize({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: jwt({
      iss: org.client_id,
      sub: username,
      aud: org.url,
      exp: Math.floor(Date.now() / 1000) + 120,
    }),
  });
}

test('password with security token, by SOAP', async () => {
  const connection = new Connection({ loginUrl: org.url });
  const user = await connection.login(org.username, PASSWORD);
  assert.equal(user.id, org.user_id);
  assert.equal(user.organizationId, org.org_id);
  assert.equal(connection.instanceUrl, org.url);
  await assertSignedIn(connection);
});

test('password by SOAP over TLS', async () => {
  const before = tls.getCACertificates('default');
  tls.setDefaultCACertificates([readFileSync(org.tls_cert_file, 'utf8')]);
  try {
    const connection = new Connection({ loginUrl: org.tls_url });
    await connection.login(org.username, PASSWORD);
    assert.equal(connection.instanceUrl, org.tls_url);
    await assertSignedIn(connection);
  } finally {
    tls.setDefaultCACertificates(before);
  }
});

test('password by SOAP from a trusted address', async () => {
  await admin.setPolicies({ security_token: 'optional' });
  const connection = new Connection({ loginUrl: org.url });
  await connection.login(org.username, org.password);
  await assertSignedIn(connection);
});

test('password by OAuth', async () => {
  const connection = new Connection({ oauth2: APP });
  const user = await connection.login(org.username, PASSWORD);
  assert.equal(user.id, org.user_id);
  assert.equal(connection.instanceUrl, org.url);
  await assertSignedIn(connection);
});

test('client credentials', async () => {
  const connection = new Connection({ oauth2: APP });
  await connection.authorize({ grant_type: 'client_credentials' });
  assert.equal(connection.instanceUrl, org.url);
  await assertSignedIn(connection);
});

test('signed assertion', async () => {
  const connection = new Connection({ oauth2: { loginUrl: org.url } });
  await authorizeByJwt(connection, org.username);
  await assertSignedIn(connection);
});

test('refresh token', async () => {
  const connection = new Connection({ oauth2: APP });
  await connection.authorize({ grant_type: 'refresh_token', refresh_token: org.refresh_token });
  await assertSignedIn(connection);
});

/** Does what a person at a browser does: logs in and answers the consent page. */
async function consent(url, decision) {
  let cookie;
  const visit = async (path, form) => {
    const response = await fetch(new URL(path, org.url), {
      method: form ? 'POST' : 'GET',
      body: form && new URLSearchParams(form),
      headers: cookie ? { cookie } : {},
      redirect: 'manual',
    });
    cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie;
    return { location: response.headers.get('location'), html: await response.text() };
  };
  const hidden = (html) =>
    Object.fromEntries(
      [...html.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)].map(([, name, value]) => [
        name,
        value.replaceAll('&amp;', '&'),
      ]),
    );
  const { location: loginUrl } = await visit(url);
  const login = await visit(loginUrl);
  const { location } = await visit('/login', {
    ...hidden(login.html),
    username: org.username,
    password: org.password,
  });
  const page = await visit(location);
  // Whoever has consented before is not asked again.
  if (page.location) return new URL(page.location);
  const done = await visit(location, { ...hidden(page.html), decision });
  return new URL(done.location);
}

test('authorization code', async () => {
  const oauth2 = { ...APP, redirectUri: org.callback_url, useVerifier: true };
  const connection = new Connection({ oauth2 });
  const url = connection.oauth2.getAuthorizationUrl({
    scope: 'api refresh_token',
    state: 'a b&c',
  });
  const sentTo = await consent(url, 'approve');
  assert.equal(sentTo.origin + sentTo.pathname, org.callback_url);
  assert.equal(sentTo.searchParams.get('state'), 'a b&c');
  const code = sentTo.searchParams.get('code');
  await connection.authorize(code);
  await assertSignedIn(connection);
  await admin.expireTokens();
  await connection.limits();

  // The code again, and by somebody who does not know what the challenge was made of.
  await assert.rejects(new Connection({ oauth2 }).authorize(code), {
    name: 'invalid_grant',
    message: 'expired authorization code',
  });
  const other = await consent(url, 'approve').then((url) => url.searchParams.get('code'));
  await assert.rejects(new Connection({ oauth2 }).authorize(other), {
    name: 'invalid_grant',
    message: 'invalid code verifier',
  });
});

test('an authorization that is denied', async () => {
  const oauth2 = new jsforce.OAuth2({ ...APP, redirectUri: org.callback_url });
  const sentTo = await consent(oauth2.getAuthorizationUrl({}), 'deny');
  assert.deepEqual(Object.fromEntries(sentTo.searchParams), {
    error: 'access_denied',
    error_description: 'end-user denied authorization',
  });
});

test('a session from elsewhere', async () => {
  await assertSignedIn(connect());
  const { access_token: sessionId, url } = org;
  const serverUrl = `${url}${SOAP}/${org.org_id}`;
  await assertSignedIn(new Connection({ sessionId, serverUrl }));
});

test('a wrong password is refused', async () => {
  const connection = new Connection({ loginUrl: org.url });
  await assert.rejects(connection.login(org.username, 'wrong'), {
    message: 'INVALID_LOGIN: Invalid username, password, security token; or user locked out.',
  });
  assert.deepEqual(await admin.requests(), [`POST ${SOAP} 500`]);
  await assert.rejects(new Connection({ oauth2: APP }).login(org.username, 'wrong'), {
    name: 'invalid_grant',
    message: 'authentication failure',
  });
});

test('a wrong secret is refused', async () => {
  const connection = new Connection({ oauth2: { ...APP, clientSecret: 'wrong' } });
  await assert.rejects(connection.authorize({ grant_type: 'client_credentials' }), {
    name: 'invalid_client',
    message: 'invalid client credentials',
  });
});

test('a user who has not approved the app is refused', async () => {
  const connection = new Connection({ oauth2: { loginUrl: org.url } });
  await assert.rejects(authorizeByJwt(connection, 'nobody@example.com'), {
    name: 'invalid_grant',
    message: "user hasn't approved this consumer",
  });
});

test('an expired session is renewed with the password', async () => {
  const connection = new Connection({ loginUrl: org.url });
  await connection.login(org.username, PASSWORD);
  await admin.expireTokens();
  await connection.limits();
  assert.deepEqual(await admin.requests(), [
    `POST ${SOAP} 200`,
    `GET ${DATA}/limits 401`,
    `POST ${SOAP} 200`,
    `GET ${DATA}/limits 200`,
  ]);
});

test('an expired session is renewed with the refresh token', async () => {
  const connection = connect({ oauth2: APP, refreshToken: org.refresh_token });
  const renewed = [];
  connection.on('refresh', (token) => renewed.push(token));
  await admin.expireTokens();
  await connection.sobject('Account').create({ Name: 'Acme' });
  const accounts = `${DATA}/sobjects/Account`;
  assert.deepEqual(await admin.requests(), [
    `POST ${accounts} 401`,
    `POST ${TOKEN} 200`,
    `POST ${accounts} 201`,
  ]);
  assert.deepEqual(renewed, [connection.accessToken]);
  assert.notEqual(connection.accessToken, org.access_token);
});

test('many requests at once renew a session once', async () => {
  const connection = connect({ oauth2: APP, refreshToken: org.refresh_token });
  await admin.expireTokens();
  await Promise.all(Array.from({ length: 5 }, () => connection.limits()));
  const requests = await admin.requests();
  assert.equal(requests.filter((request) => request.includes(TOKEN)).length, 1);
});

test("an expired session is renewed in the caller's way", async () => {
  const connection = connect({
    refreshFn: async (self, done) => {
      const fresh = new Connection({ oauth2: APP });
      await fresh.authorize({ grant_type: 'client_credentials' });
      done(null, fresh.accessToken);
    },
  });
  await admin.expireTokens();
  await assertSignedIn(connection);
});

test('a session from elsewhere can not be renewed', async () => {
  await admin.expireTokens();
  await assert.rejects(connect().limits(), ENDED);
});

test('logging out ends the session', async () => {
  const connection = new Connection({ oauth2: APP });
  await connection.login(org.username, PASSWORD);
  const { accessToken } = connection;
  await connection.logout();
  await assert.rejects(connect({ accessToken }).limits(), ENDED);
});

test('logging out by SOAP ends the session', async () => {
  const connection = new Connection({ loginUrl: org.url });
  await connection.login(org.username, PASSWORD);
  const { accessToken } = connection;
  await connection.logout();
  assert.deepEqual(await admin.requests(), [`POST ${SOAP} 200`, `POST ${SOAP} 200`]);
  await assert.rejects(connect({ accessToken }).limits(), ENDED);
  await assert.rejects(connect({ sessionId: accessToken }).logout(), {
    message: 'INVALID_SESSION_ID: Invalid Session ID found in SessionHeader: Illegal Session',
  });
});

test('an org that is new has neither SOAP login nor the password flow', async () => {
  await admin.setPolicies({ soap_login: false, password_flow: false });
  await assert.rejects(new Connection({ loginUrl: org.url }).login(org.username, PASSWORD), {
    message: 'INVALID_OPERATION: SOAP API login() is disabled by default in this org.',
  });
  await assert.rejects(new Connection({ oauth2: APP }).login(org.username, PASSWORD), {
    name: 'invalid_grant',
    message: 'authentication failure',
  });
});

test('logging out ends the refresh token', async () => {
  const connection = connect({ oauth2: APP, refreshToken: org.refresh_token });
  await connection.logout(true);
  const again = new Connection({ oauth2: APP });
  await assert.rejects(
    again.authorize({ grant_type: 'refresh_token', refresh_token: org.refresh_token }),
    { name: 'invalid_grant', message: 'expired access/refresh token' },
  );
});
