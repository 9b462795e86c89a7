#![no_main]
//! Whatever is given for a key is read or refused.

use ferroforce::auth::PrivateKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|pem: &[u8]| {
    let _ = PrivateKey::from_pem(pem);
    let _ = PrivateKey::from_encrypted_pem(pem, "test");
});
