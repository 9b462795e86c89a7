//! Words for what stands where a private key should be.

use super::der;
use super::pem::Block;
use crate::types::Excerpt;

const NEEDED: &str = "an RSA private key in PEM is needed, which begins with \
     -----BEGIN PRIVATE KEY-----, -----BEGIN RSA PRIVATE KEY----- or \
     -----BEGIN ENCRYPTED PRIVATE KEY-----";

/// For input in which no PEM block begins.
pub(super) fn instead_of_pem(input: &[u8]) -> String {
    let text = input.trim_ascii();
    let found = if text.is_empty() {
        "there is nothing"
    } else if der::version(input).is_some_and(|version| version == [3]) {
        "there is a PKCS#12 store (.p12, .pfx); \
         `openssl pkcs12 -in FILE -nocerts -nodes -out server.key` takes the key out"
    } else if input.starts_with(&[0x30]) && std::str::from_utf8(input).is_err() {
        "there is binary DER; `openssl pkey -inform DER -in FILE -out server.key` converts a key"
    } else if input.starts_with(&[0xfe, 0xed, 0xfe, 0xed]) {
        "there is a Java key store; `keytool -importkeystore -srckeystore FILE \
         -destkeystore store.p12 -deststoretype pkcs12` converts it to PKCS#12"
    } else if input.starts_with(&[0xff, 0xfe]) || input.starts_with(&[0xfe, 0xff]) {
        "there is text in UTF-16; save it as UTF-8"
    } else if text.starts_with(b"PuTTY-User-Key-File") {
        "there is a PuTTY key; `puttygen FILE -O private-openssh -o server.key` converts it"
    } else if text.starts_with(b"ssh-") || text.starts_with(b"ecdsa-") {
        "there is a public key of SSH"
    } else if text.starts_with(b"MI") && text.is_ascii() {
        "there is base64 without the lines BEGIN and END"
    } else {
        "there is no BEGIN line"
    };
    format!("{found}; {NEEDED}")
}

/// For PEM in which no block is a private key that can be read.
pub(super) fn instead_of_key(blocks: &[Block<'_>]) -> String {
    let labels = blocks.iter().map(|block| block.label);
    let label = labels
        .clone()
        .find(|label| label.ends_with("PRIVATE KEY"))
        .or_else(|| labels.clone().next())
        .unwrap_or_default();
    let found = match label {
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
            "there is a certificate, which Salesforce gets, and not the private key behind it"
        }
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => {
            "there is a certificate request, and not the private key behind it"
        }
        "PUBLIC KEY" | "RSA PUBLIC KEY" => "there is a public key, and not the private key",
        "EC PRIVATE KEY" | "EC PARAMETERS" | "DSA PRIVATE KEY" => return not_rsa(&label[..3]),
        "OPENSSH PRIVATE KEY" => {
            "there is a key in the format of OpenSSH; \
             `ssh-keygen -p -m PEM -f FILE` converts an RSA key in place"
        }
        _ => return format!("there is a block BEGIN {}; {NEEDED}", Excerpt(label)),
    };
    format!("{found}; {NEEDED}")
}

/// For PKCS#8 that holds a key of another algorithm, given as the bytes of its object id.
pub(super) fn other_algorithm(id: &[u8]) -> String {
    not_rsa(match id {
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1] => "EC",
        [0x2b, 0x65, 0x70] => "Ed25519",
        [0x2b, 0x65, 0x71] => "Ed448",
        [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1] => "DSA",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10] => "RSA-PSS",
        _ => "other",
    })
}

fn not_rsa(kind: &str) -> String {
    format!(
        "there is a private key of the kind {}, and Salesforce verifies RS256 only, which takes an \
         RSA key; `openssl genrsa -out server.key 2048` makes one",
        kind.trim_end()
    )
}
