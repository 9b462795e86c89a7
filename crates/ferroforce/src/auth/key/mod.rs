//! Private keys and what is signed with them.

mod assertion;
mod der;
#[cfg(feature = "encrypted-keys")]
mod encrypted;
mod found;
mod pem;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use zeroize::Zeroizing;

use crate::Error;

pub(crate) use assertion::Claims;
use der::RsaKey;

/// The largest input that is read, in bytes. A key is a few thousand; other blocks may stand
/// beside it.
const LARGEST: usize = 1 << 20;

/// The key sizes that can sign, in bits.
const BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// An RSA private key, which signs for a JWT bearer sign-in.
///
/// It is read from PEM: `PRIVATE KEY` (PKCS#8), `RSA PRIVATE KEY` (PKCS#1), and both of them
/// encrypted: `ENCRYPTED PRIVATE KEY` and the older `DEK-Info` form. Other blocks in the same text,
/// such as the certificate, are passed over. Encrypted keys need the cargo feature
/// `encrypted-keys`.
///
/// A clone shares the key. `Debug` shows its size and nothing else, and the buffers that the key
/// goes through while it is read are overwritten.
///
/// ```no_run
/// use ferroforce::auth::PrivateKey;
///
/// let key = PrivateKey::from_pem_file("server.key")?;
/// # Ok::<(), ferroforce::Error>(())
/// ```
///
/// A key, and the certificate that Salesforce asks for, are made by
/// `openssl req -x509 -newkey rsa:2048 -nodes -days 365 -keyout server.key -out server.crt`.
#[derive(Clone)]
pub struct PrivateKey(Arc<RsaKeyPair>);

impl PrivateKey {
    /// Reads a key from PEM text.
    ///
    /// # Errors
    ///
    /// When there is no RSA private key of 2,048 to 8,192 bits in it, or the key is encrypted. The
    /// error says what was found instead and what to do about it.
    pub fn from_pem(pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        read(pem.as_ref(), None).map_err(Error::invalid_input)
    }

    /// Reads a key from a PEM file, blocking.
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem), and when the file cannot be read.
    pub fn from_pem_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        read_file(path.as_ref(), None)
    }

    /// Reads an encrypted key from PEM text. A key that is not encrypted is taken too.
    ///
    /// ```no_run
    /// # fn pem_from_your_vault() -> Vec<u8> { Vec::new() }
    /// use ferroforce::auth::PrivateKey;
    ///
    /// let key = PrivateKey::from_encrypted_pem(pem_from_your_vault(), "passphrase")?;
    /// # Ok::<(), ferroforce::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem), and when the passphrase is wrong, the encryption is one
    /// that is not supported (the error tells how to convert it), or the cargo feature
    /// `encrypted-keys` is off.
    pub fn from_encrypted_pem(
        pem: impl AsRef<[u8]>,
        passphrase: impl AsRef<[u8]>,
    ) -> Result<Self, Error> {
        read(pem.as_ref(), Some(passphrase.as_ref())).map_err(Error::invalid_input)
    }

    /// Reads an encrypted key from a PEM file, blocking. A key that is not encrypted is taken too.
    ///
    /// # Errors
    ///
    /// As [`from_encrypted_pem`](Self::from_encrypted_pem), and when the file cannot be read.
    pub fn from_encrypted_pem_file(
        path: impl AsRef<Path>,
        passphrase: impl AsRef<[u8]>,
    ) -> Result<Self, Error> {
        read_file(path.as_ref(), Some(passphrase.as_ref()))
    }

    /// Signs by RSASSA-PKCS1-v1_5 with SHA-256.
    fn sign_rs256(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .map_err(|_| Error::invalid_input("the private key cannot sign"))?;
        Ok(signature)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("rsa_bits", &(self.0.public_modulus_len() * 8))
            .finish_non_exhaustive()
    }
}

fn read_file(path: &Path, passphrase: Option<&[u8]>) -> Result<PrivateKey, Error> {
    let pem = file_contents(path).map_err(|error| {
        Error::invalid_input(format!(
            "the key file {} cannot be read: {error}",
            path.display()
        ))
    })?;
    read(&pem, passphrase)
        .map_err(|why| Error::invalid_input(format!("in the key file {}, {why}", path.display())))
}

/// The file, or one byte more than is allowed of it. The buffer never grows, since that would leave
/// copies behind.
fn file_contents(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut pem = Zeroizing::new(Vec::with_capacity(LARGEST + 1));
    File::open(path)?
        .take(LARGEST as u64 + 1)
        .read_to_end(&mut pem)?;
    Ok(pem)
}

/// Errors here are texts that fit behind a file name.
fn read(pem: &[u8], passphrase: Option<&[u8]>) -> Result<PrivateKey, String> {
    if pem.len() > LARGEST {
        return Err(format!(
            "there is more than {LARGEST} bytes, too much for a private key"
        ));
    }
    let Some(text) = std::str::from_utf8(pem)
        .ok()
        .filter(|text| text.contains(pem::BEGIN))
    else {
        return Err(found::instead_of_pem(pem));
    };
    let blocks = pem::blocks(text)?;
    let block = blocks
        .iter()
        .find(|block| block.is_private_key())
        .ok_or_else(|| found::instead_of_key(&blocks))?;

    let contents = block.contents()?;
    let encrypted = block.is_encrypted();
    let contents = match passphrase {
        Some(passphrase) if encrypted => decrypt(block, &contents, passphrase)?,
        None if encrypted => return Err(NEEDS_PASSPHRASE.to_owned()),
        _ => contents,
    };
    let key = RsaKey::read(&contents).map_err(|other| match other {
        Some(other) => found::other_algorithm(&other),
        // By chance one wrong passphrase in some hundreds leaves bytes that look well padded.
        None if encrypted => WRONG_PASSPHRASE.to_owned(),
        None => "the private key is damaged".to_owned(),
    })?;
    if !BITS.contains(&key.bits) {
        return Err(format!(
            "the RSA key has {} bits and must have {} to {}; \
             `openssl genrsa -out server.key 2048` makes a new one",
            key.bits,
            BITS.start(),
            BITS.end(),
        ));
    }
    let pair = if key.in_pkcs8 {
        RsaKeyPair::from_pkcs8(&contents)
    } else {
        RsaKeyPair::from_der(&contents)
    };
    pair.map(|pair| PrivateKey(Arc::new(pair)))
        .map_err(|_| "the private key is damaged: its numbers do not fit together".to_owned())
}

const NEEDS_PASSPHRASE: &str =
    "the private key is encrypted: read it with `from_encrypted_pem` and its passphrase";
const WRONG_PASSPHRASE: &str = "the private key cannot be decrypted: the passphrase is wrong";

#[cfg(feature = "encrypted-keys")]
fn decrypt(
    block: &pem::Block<'_>,
    contents: &[u8],
    passphrase: &[u8],
) -> Result<Zeroizing<Vec<u8>>, String> {
    match block.header("DEK-Info") {
        Some(info) => encrypted::legacy(contents, info, passphrase),
        None => encrypted::pkcs8(contents, passphrase),
    }
}

#[cfg(not(feature = "encrypted-keys"))]
fn decrypt(_: &pem::Block<'_>, _: &[u8], _: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
    Err(
        "the private key is encrypted, and ferroforce was built without its cargo feature \
         `encrypted-keys`"
            .to_owned(),
    )
}
