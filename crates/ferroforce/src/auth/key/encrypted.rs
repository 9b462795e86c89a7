//! Private keys that are protected by a passphrase.

use aes::{Aes128, Aes192, Aes256};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt as _, KeyInit, KeyIvInit as _};
use des::TdesEde3;
use md5::{Digest as _, Md5};
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Kdf;
use zeroize::Zeroizing;

use super::{WRONG_PASSPHRASE, der};
use crate::types::Excerpt;

/// The most rounds of PBKDF2 that a key file may ask for. OpenSSL writes 2,048, others some 100,000.
const MOST_ROUNDS: u32 = 10_000_000;

/// The most that scrypt's N, r and p may come to as their product: 64 times what OpenSSL writes, and
/// a gibibyte of memory.
const MOST_SCRYPT_WORK: u64 = 1 << 23;

/// Decrypts the contents of an `ENCRYPTED PRIVATE KEY`.
pub(super) fn pkcs8(contents: &[u8], passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
    let name = der::encryption(contents).ok_or("the private key is damaged")?;
    let key = EncryptedPrivateKeyInfoRef::try_from(contents)
        .map_err(|_| unsupported(scheme_name(name)))?;
    let EncryptionScheme::Pbes2(scheme) = &key.encryption_algorithm else {
        return Err(unsupported(scheme_name(name)));
    };
    if !is_bearable(&scheme.kdf) {
        return Err(unsupported("PBES2 with an absurd number of rounds"));
    }
    let mut plain = Zeroizing::new(key.encrypted_data.as_bytes().to_vec());
    let length = match scheme.decrypt_in_place(passphrase, &mut plain) {
        Ok(plain) => plain.len(),
        Err(pkcs8::pkcs5::Error::DecryptFailed) => return Err(WRONG_PASSPHRASE.to_owned()),
        Err(_) => return Err(unsupported("PBES2 of a rare kind")),
    };
    plain.truncate(length);
    Ok(plain)
}

/// Whether the key can be derived in seconds; a file can ask for centuries.
fn is_bearable(kdf: &Kdf) -> bool {
    match kdf {
        Kdf::Pbkdf2(params) => (1..=MOST_ROUNDS).contains(&params.iteration_count),
        Kdf::Scrypt(params) => {
            let (n, r, p) = (
                params.cost_parameter,
                params.block_size,
                params.parallelization,
            );
            let work = n
                .checked_mul(u64::from(r))
                .and_then(|work| work.checked_mul(p.into()));
            n > 1
                && n.is_power_of_two()
                && work.is_some_and(|work| (1..=MOST_SCRYPT_WORK).contains(&work))
        }
        _ => false,
    }
}

/// Decrypts the contents of an `RSA PRIVATE KEY` by its header `DEK-Info: CIPHER,IV`.
pub(super) fn legacy(
    contents: &[u8],
    info: &str,
    passphrase: &[u8],
) -> Result<Zeroizing<Vec<u8>>, String> {
    const DAMAGED: &str = "the private key is damaged: its DEK-Info line cannot be read";
    let (cipher, iv) = info.split_once(',').ok_or(DAMAGED)?;
    let iv = unhex(iv.trim()).filter(|iv| iv.len() >= 8).ok_or(DAMAGED)?;
    let decrypt = match cipher.trim() {
        "AES-128-CBC" => cbc::<Aes128>,
        "AES-192-CBC" => cbc::<Aes192>,
        "AES-256-CBC" => cbc::<Aes256>,
        "DES-EDE3-CBC" => cbc::<TdesEde3>,
        other => return Err(unsupported(&Excerpt(other).to_string())),
    };
    decrypt(contents, &iv, passphrase)?.ok_or_else(|| DAMAGED.to_owned())
}

/// `None` when the initialization vector has the wrong length.
fn cbc<C: BlockCipherDecrypt + KeyInit>(
    contents: &[u8],
    iv: &[u8],
    passphrase: &[u8],
) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
    let key = bytes_to_key(passphrase, &iv[..8], C::key_size());
    let Ok(cipher) = Decryptor::<C>::new_from_slices(&key, iv) else {
        return Ok(None);
    };
    let mut plain = Zeroizing::new(contents.to_vec());
    let length = cipher
        .decrypt_padded::<Pkcs7>(&mut plain)
        .map_err(|_| WRONG_PASSPHRASE.to_owned())?
        .len();
    plain.truncate(length);
    Ok(Some(plain))
}

/// OpenSSL's EVP_BytesToKey with MD5 and one round. MD5 is what the format asks for.
fn bytes_to_key(passphrase: &[u8], salt: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    const MD5: usize = 16;
    let mut key = Zeroizing::new(Vec::with_capacity(length + MD5));
    while key.len() < length {
        let previous = key.len().saturating_sub(MD5);
        let mut hash = Md5::new();
        hash.update(&key[previous..]);
        hash.update(passphrase);
        hash.update(salt);
        key.extend_from_slice(&Zeroizing::new(<[u8; MD5]>::from(hash.finalize()))[..]);
    }
    key.truncate(length);
    key
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| {
        char::from(c)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let (pairs, []) = text.as_bytes().as_chunks() else {
        return None;
    };
    pairs
        .iter()
        .map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?))
        .collect()
}

fn unsupported(encryption: &str) -> String {
    format!(
        "the private key is encrypted by {encryption}, which is not supported; \
         `openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE -out server.key` converts it \
         (add `-provider legacy -provider default` where OpenSSL 3 refuses to read it)"
    )
}

/// The encryption that an object id names.
fn scheme_name(id: &[u8]) -> &'static str {
    match id {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, kind] => match kind {
            1 => "PBES1 (PBE-MD2-DES)",
            3 => "PBES1 (PBE-MD5-DES)",
            4 => "PBES1 (PBE-MD2-RC2-64)",
            6 => "PBES1 (PBE-MD5-RC2-64)",
            10 => "PBES1 (PBE-SHA1-DES)",
            11 => "PBES1 (PBE-SHA1-RC2-64)",
            13 => "PBES2 of a rare kind",
            _ => "PKCS#5 of a rare kind",
        },
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1, kind] => match kind {
            1 => "PBES1 (PBE-SHA1-RC4-128)",
            2 => "PBES1 (PBE-SHA1-RC4-40)",
            3 => "PBES1 (PBE-SHA1-3DES)",
            4 => "PBES1 (PBE-SHA1-2DES)",
            5 => "PBES1 (PBE-SHA1-RC2-128)",
            6 => "PBES1 (PBE-SHA1-RC2-40)",
            _ => "PKCS#12 of a rare kind",
        },
        _ => "an unknown scheme",
    }
}

#[cfg(test)]
mod tests {
    use pkcs8::pkcs5::pbes2::Pbkdf2Params;

    use super::*;

    #[test]
    fn the_rounds_of_pbkdf2_are_bounded() {
        for (rounds, bearable) in [
            (0, false),
            (1, true),
            (MOST_ROUNDS, true),
            (MOST_ROUNDS + 1, false),
        ] {
            let params = Pbkdf2Params::hmac_sha256(rounds, b"saltsalt").unwrap();
            assert_eq!(is_bearable(&Kdf::Pbkdf2(params)), bearable, "{rounds}");
        }
    }

    #[test]
    fn keys_are_derived_as_openssl_does() {
        // openssl enc -aes-256-cbc -md md5 -pass pass:secret -S 0102030405060708 -P
        let key = bytes_to_key(b"secret", &[1, 2, 3, 4, 5, 6, 7, 8], 32);
        assert_eq!(
            key[..],
            unhex("C9E5A1BD216DBE1317E230CEF48F38EE7F0E17AD64022144BCCEC4A1AA2879AB").unwrap()
        );
    }

    #[test]
    fn hexadecimal_is_read_in_pairs() {
        assert_eq!(unhex("00fFa9"), Some(vec![0, 255, 0xa9]));
        assert_eq!(unhex(""), Some(vec![]));
        for text in ["0", "0g", "+1", "ä", " 0"] {
            assert_eq!(unhex(text), None, "{text}");
        }
    }
}
