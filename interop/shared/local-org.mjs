// What the tests of every client in JavaScript share: where the org is, and how to make it
// misbehave.

import { beforeEach } from 'node:test';

/** Addresses and credentials, as `ferroforce org start --json` prints them. */
export const org = JSON.parse(process.env.FERROFORCE_ORG);

async function call(method, path, body) {
  const response = await fetch(`${org.url}/__org/${path}`, {
    method,
    headers: { 'X-Org-Admin-Token': org.admin_token },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  if (!response.ok) {
    throw new Error(`${method} ${path}: ${response.status} ${text}`);
  }
  return text ? JSON.parse(text) : {};
}

/** The org's admin API. */
export const admin = {
  /** Ends every session and tells how many there were. */
  async expireTokens() {
    return (await call('POST', 'tokens/expire', {})).ended;
  },

  async setPolicies(policies) {
    await call('PATCH', 'policies', policies);
  },

  /** Lets requests to `path` fail, the next one by default. */
  async fail(effect, { path = '/services/data', times = 1, ...where } = {}) {
    await call('POST', 'faults', { path, times, effect, ...where });
  },

  /** Lets the next bulk job suffer from something. */
  async failJobs(effect) {
    await call('POST', 'faults', { effect });
  },

  /** Lets requests be answered by an error. */
  async refuse(status, code, message, where) {
    await this.fail({ kind: 'error', status, code, message }, where);
  },

  /** Method, path and status of every request since the reset, one text each. */
  async requests() {
    const { requests } = await call('GET', 'requests');
    return requests.map(({ method, path, status }) => `${method} ${path} ${status}`);
  },
};

// Each test begins with the org as it was when it started.
beforeEach(() => call('POST', 'reset'));
