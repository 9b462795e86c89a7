// Keys and nonces that are bytes.

import { testLogins } from './logins.mjs';

await testLogins({ keyLength: 64, variables: { SF_CRYPTO_V2: 'true' } });
