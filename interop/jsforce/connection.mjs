// A client that speaks with the local org, in the version that it takes by itself.

import jsforce from 'jsforce';
import { org } from '../shared/local-org.mjs';

/** The client's own default. */
export const VERSION = '50.0';

/** Where the REST API of that version is. */
export const DATA = `/services/data/v${VERSION}`;

/** A connection with a session from elsewhere. */
export function connect(config = {}) {
  return new jsforce.Connection({
    instanceUrl: org.url,
    accessToken: org.access_token,
    ...config,
  });
}

/** The app that the org knows, for a connection. */
export const APP = {
  loginUrl: org.url,
  clientId: org.client_id,
  clientSecret: org.client_secret,
};
