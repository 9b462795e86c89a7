//! RSA keys: those registered for an app, and those the org makes itself.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;
use serde_json::Value as JsonValue;

use super::secret::Secret;

/// An RSA public key that verifies RS256 signatures.
#[derive(Clone)]
pub(crate) struct PublicKey(Vec<u8>);

/// The text is neither an X.509 v3 certificate nor an RSA public key in PEM form.
#[derive(Debug, thiserror::Error)]
#[error("expected the PEM of an X.509 v3 certificate or of an RSA public key: {reason}")]
pub struct InvalidCertificate {
    reason: String,
}

impl PublicKey {
    pub(crate) fn from_pem(text: &str) -> Result<Self, InvalidCertificate> {
        let invalid = |reason: String| InvalidCertificate { reason };
        let block = pem::parse(text).map_err(|error| invalid(error.to_string()))?;
        let der = match block.tag() {
            "PUBLIC KEY" | "RSA PUBLIC KEY" => block.into_contents(),
            "CERTIFICATE" => {
                let certificate = CertificateDer::from(block.into_contents());
                ParsedCertificate::try_from(&certificate)
                    .map_err(|error| invalid(error.to_string()))?
                    .subject_public_key_info()
                    .to_vec()
            }
            tag => return Err(invalid(format!("found {tag:?}"))),
        };
        aws_lc_rs::signature::ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &der)
            .map_err(|error| invalid(error.to_string()))?;
        Ok(Self(der))
    }

    /// Whether `signature` is this key's RS256 signature of `message`.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.0)
            .verify(message, signature)
            .is_ok()
    }

    /// Modulus and exponent of a key that the org made, without leading zeros.
    pub(crate) fn numbers(&self) -> (&[u8], &[u8]) {
        // Such a key is a sequence of two integers, in DER.
        let integers = der_value(&self.0).map_or(&[][..], |(integers, _)| integers);
        let (modulus, rest) = der_value(integers).unwrap_or_default();
        let (exponent, _) = der_value(rest).unwrap_or_default();
        (unsigned(modulus), unsigned(exponent))
    }
}

/// The first value in some DER, and what follows it.
fn der_value(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match *der.get(1..)? {
        [length, ref rest @ ..] if length < 0x80 => (usize::from(length), rest),
        [0x81, length, ref rest @ ..] => (usize::from(length), rest),
        [0x82, high, low, ref rest @ ..] => (usize::from(high) << 8 | usize::from(low), rest),
        _ => return None,
    };
    rest.split_at_checked(length)
}

fn unsigned(integer: &[u8]) -> &[u8] {
    integer.strip_prefix(&[0]).unwrap_or(integer)
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(RSA)")
    }
}

/// A key pair made by the org.
pub(crate) struct GeneratedKey {
    pair: KeyPair,
    public: PublicKey,
    private_pem: String,
}

impl GeneratedKey {
    /// Makes a 2048-bit pair.
    pub(crate) fn new() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("2048-bit RSA keys can be made");
        let private = pair.as_der().expect("a new RSA key has a PKCS#8 form");
        Self {
            public: PublicKey(pair.public_key().as_ref().to_vec()),
            private_pem: pem::encode(&pem::Pem::new("PRIVATE KEY", private.as_ref())),
            pair,
        }
    }

    /// A JWT of this header and these claims, signed by RS256.
    pub(crate) fn jwt(&self, header: &JsonValue, claims: &JsonValue) -> Secret {
        let [header, claims] =
            [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .expect("a key of 2048 bits signs whatever it is given");
        Secret::from(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The private key as PEM, PKCS#8.
    pub(crate) fn private_pem(&self) -> &str {
        &self.private_pem
    }

    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }
}

impl fmt::Debug for GeneratedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GeneratedKey(RSA)")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use aws_lc_rs::signature::RsaKeyPair;

    use super::*;

    fn sign(private_pem: &str, message: &[u8]) -> Vec<u8> {
        let der = pem::parse(private_pem).unwrap();
        let pair = RsaKeyPair::from_pkcs8(der.contents()).unwrap();
        let mut signature = vec![0; pair.public_modulus_len()];
        let random = SystemRandom::new();
        pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
            .unwrap();
        signature
    }

    fn certificate_of(private_pem: &str) -> String {
        let key = rcgen::KeyPair::from_pem_and_sign_algo(private_pem, &rcgen::PKCS_RSA_SHA256);
        let parameters = rcgen::CertificateParams::new(vec!["app.example.com".to_owned()]);
        parameters
            .unwrap()
            .self_signed(&key.unwrap())
            .unwrap()
            .pem()
    }

    /// The certificate of some key pair.
    pub(crate) fn certificate() -> String {
        certificate_of(GeneratedKey::new().private_pem())
    }

    #[test]
    fn a_generated_pair_signs_what_it_verifies() {
        let key = GeneratedKey::new();
        let signature = sign(key.private_pem(), b"message");
        assert!(key.public().verifies(b"message", &signature));
        assert!(!key.public().verifies(b"massage", &signature));
        assert!(!key.public().verifies(b"message", b""));
        assert!(
            !GeneratedKey::new()
                .public()
                .verifies(b"message", &signature)
        );
        assert!(!format!("{key:?}").contains("PRIVATE"));
    }

    #[test]
    fn a_generated_pair_tells_its_numbers_and_signs_jwts() {
        let key = GeneratedKey::new();
        let (modulus, exponent) = key.public().numbers();
        assert_eq!((modulus.len(), exponent), (256, &[1, 0, 1][..]));
        assert_eq!(PublicKey(vec![0x30, 0x82]).numbers(), (&[][..], &[][..]));
        let jwt = key.jwt(
            &serde_json::json!({"alg": "RS256"}),
            &serde_json::json!({"a": 1}),
        );
        let (signed, signature) = jwt.expose().rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        assert!(key.public().verifies(signed.as_bytes(), &signature));
    }

    #[test]
    fn public_keys_are_read_from_each_pem_form() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let private = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
        let private = pem::encode(&pem::Pem::new("PRIVATE KEY", private.as_ref()));
        let signature = sign(&private, b"message");

        let pkcs1 = pair.public_key().as_ref().to_vec();
        let spki: aws_lc_rs::encoding::PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        for pem in [
            pem::encode(&pem::Pem::new("RSA PUBLIC KEY", pkcs1)),
            pem::encode(&pem::Pem::new("PUBLIC KEY", spki.as_ref())),
            certificate_of(&private),
        ] {
            let key = PublicKey::from_pem(&pem).unwrap();
            assert!(key.verifies(b"message", &signature), "{pem}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_a_reason() {
        let private = GeneratedKey::new().private_pem().to_owned();
        let not_a_key = pem::encode(&pem::Pem::new("PUBLIC KEY", b"nonsense".to_vec()));
        for text in ["", "nonsense", &private, &not_a_key] {
            let error = PublicKey::from_pem(text).unwrap_err().to_string();
            assert!(
                error.starts_with("expected the PEM of an X.509 v3 certificate"),
                "{error}"
            );
        }
    }
}
