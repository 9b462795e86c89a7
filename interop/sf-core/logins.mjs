// What both generations of encryption have in common: a login that the library makes itself, in
// a home of its own, which our program then uses, and the library again after it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { admin, org } from '../shared/local-org.mjs';

const TOKEN = 'POST /services/oauth2/token 200';

const home = mkdtempSync(join(tmpdir(), 'sf-core-'));
after(() => rmSync(home, { recursive: true, force: true }));

/** Signs in by our program with a login of this home, and gives what it says. */
async function ferroforce(...login) {
  const { stdout } = await promisify(execFile)(process.env.FERROFORCE_SF_LOGIN, login, {
    cwd: home,
    timeout: 60_000,
  });
  return stdout;
}

async function signIns() {
  return (await admin.requests()).filter((request) => request === TOKEN).length;
}

/** The tests of one generation, which its key's length tells. */
export async function testLogins({ keyLength, variables }) {
  // The library looks at these when it is loaded.
  delete process.env.SF_CRYPTO_V2;
  Object.assign(process.env, variables, {
    HOME: home,
    SF_USE_GENERIC_UNIX_KEYCHAIN: 'true',
    SF_DISABLE_LOG_FILE: 'true',
    SF_DISABLE_TELEMETRY: 'true',
  });
  process.chdir(home);
  const core = (await import('@salesforce/core')).default;
  const { AuthInfo, Connection, StateAggregator } = core;

  const state = (name) => JSON.parse(readFileSync(join(home, '.sfdx', name), 'utf8'));

  /** What the library reads of a login now, its secrets decrypted. */
  async function read(username) {
    StateAggregator.clearInstance();
    return (await AuthInfo.create({ username })).getFields(true);
  }

  /** A login as `sf` makes it, by one of its ways. */
  async function login(options, alias) {
    StateAggregator.clearInstance();
    const info = await AuthInfo.create(options);
    await info.save();
    await info.handleAliasAndDefaultSettings({ alias, setDefault: true, setDefaultDevHub: false });
    return info.getUsername();
  }

  const web = () =>
    login(
      {
        oauth2Options: {
          clientId: org.client_id,
          clientSecret: org.client_secret,
          refreshToken: org.refresh_token,
          loginUrl: org.url,
        },
      },
      'web',
    );

  test('a login of the library is used as it is, by any of its names', async () => {
    const username = await web();
    assert.equal(state('key.json').key.length, keyLength);
    const before = readFileSync(join(home, '.sfdx', `${username}.json`), 'utf8');
    const signedIn = await signIns();
    for (const name of [['web'], [username], []]) {
      const said = await ferroforce(...name);
      assert.match(said, new RegExp(`^${username} by RefreshToken\n\\d+ of \\d+ API calls`));
    }
    assert.equal(await signIns(), signedIn, 'the access token in the file is good');
    assert.equal(readFileSync(join(home, '.sfdx', `${username}.json`), 'utf8'), before);
  });

  test('a refresh token that we rotate is one that the library goes on with', async () => {
    const username = await web();
    const before = await read(username);
    const written = state(`${username}.json`);
    await admin.expireTokens();
    await ferroforce('web');

    const after = await read(username);
    assert.notEqual(after.refreshToken, before.refreshToken);
    assert.notEqual(after.accessToken, before.accessToken);
    const rewritten = state(`${username}.json`);
    assert.deepEqual(Object.keys(rewritten), Object.keys(written));
    for (const [name, value] of Object.entries(written)) {
      if (!['accessToken', 'refreshToken'].includes(name)) {
        assert.deepEqual(rewritten[name], value, name);
      }
    }
    assert.equal(statSync(join(home, '.sfdx', `${username}.json`)).mode & 0o777, 0o600);
    const left = readdirSync(join(home, '.sfdx')).filter((name) => !/\.json$/.test(name));
    assert.deepEqual(left, [], 'neither lock nor temporary file');

    // The library rotates it in turn, and then we do again.
    for (const turn of [1, 2]) {
      await admin.expireTokens();
      StateAggregator.clearInstance();
      const connection = await Connection.create({
        authInfo: await AuthInfo.create({ username }),
      });
      assert.ok('DailyApiRequests' in (await connection.request('/services/data/v60.0/limits')), turn);
      await admin.expireTokens();
      assert.match(await ferroforce('web'), /API calls are left/);
    }
  });

  test('one of many that renew at once does it, and sf is not signed out', async () => {
    const username = await web();
    await admin.expireTokens();
    const signedIn = await signIns();
    StateAggregator.clearInstance();
    const library = async () => {
      const authInfo = await AuthInfo.create({ username });
      const connection = await Connection.create({ authInfo });
      return connection.request('/services/data/v60.0/limits');
    };
    await Promise.all([library(), ...Array.from({ length: 5 }, () => ferroforce('web'))]);
    assert.equal(await signIns(), signedIn + 1);
  });

  test('a login by key is signed anew', async () => {
    // As `sf org login jwt` begins.
    rmSync(join(home, '.sfdx', `${org.username}.json`), { force: true });
    const username = await login(
      {
        username: org.username,
        oauth2Options: {
          clientId: org.client_id,
          privateKeyFile: org.private_key_file,
          loginUrl: org.url,
        },
      },
      'key',
    );
    await admin.expireTokens();
    assert.match(await ferroforce('key'), new RegExp(`^${username} by Jwt\n\\d+ of`));
  });
}
