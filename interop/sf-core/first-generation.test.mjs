// Keys and nonces that are hexadecimal digits taken for bytes: what `sf` does by default.

import { testLogins } from './logins.mjs';

await testLogins({ keyLength: 32, variables: {} });
