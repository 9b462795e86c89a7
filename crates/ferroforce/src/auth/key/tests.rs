use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use proptest::prelude::*;

use super::*;

static_assertions::assert_impl_all!(PrivateKey: Send, Sync, Clone);

macro_rules! test_key {
    ($name:literal) => {
        (
            $name,
            include_bytes!(concat!("../../../tests/keys/", $name)).as_slice(),
        )
    };
}

type File = (&'static str, &'static [u8]);

const PUBLIC: &[u8] = include_bytes!("../../../tests/keys/public.der");
const PASSPHRASE: &str = "correct-horse";

const PLAIN: [File; 3] = [
    test_key!("pkcs1.pem"),
    test_key!("pkcs8.pem"),
    test_key!("cert-and-key.pem"),
];

const ENCRYPTED: [File; 11] = [
    test_key!("legacy-aes128.pem"),
    test_key!("legacy-aes192.pem"),
    test_key!("legacy-aes256.pem"),
    test_key!("legacy-des3.pem"),
    test_key!("pbes2-aes-128-cbc.pem"),
    test_key!("pbes2-aes-192-cbc.pem"),
    test_key!("pbes2-aes-256-cbc.pem"),
    test_key!("pbes2-des3.pem"),
    test_key!("pbes2-sha1.pem"),
    test_key!("pbes2-sha512.pem"),
    test_key!("pbes2-scrypt.pem"),
];

fn pkcs8() -> &'static str {
    str::from_utf8(PLAIN[1].1).unwrap()
}

/// Signs with the key and verifies with the public half of the one key that all files hold.
#[track_caller]
fn assert_signs(name: &str, key: Result<PrivateKey, Error>) {
    let key = key.unwrap_or_else(|error| panic!("{name}: {error}"));
    let signature = key.sign_rs256(b"message").unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, PUBLIC)
        .verify(b"message", &signature)
        .unwrap_or_else(|_| panic!("{name}: the signature is wrong"));
}

#[track_caller]
fn assert_refused(name: &str, key: Result<PrivateKey, Error>, why: &str) {
    let error = key.expect_err(name).to_string();
    assert!(error.contains(why), "{name}: {error}");
}

#[test]
fn plain_keys_sign() {
    for (name, pem) in PLAIN {
        assert_signs(name, PrivateKey::from_pem(pem));
        assert_signs(name, PrivateKey::from_encrypted_pem(pem, "not needed"));
    }
}

#[test]
fn the_layout_of_the_text_does_not_matter() {
    let pem = pkcs8();
    for (name, text) in [
        ("CRLF", pem.replace('\n', "\r\n")),
        ("byte order mark", format!("\u{feff}{pem}")),
        (
            "text around it",
            format!("Bag Attributes\n  name: x\n{pem}\nthe end"),
        ),
        ("one line", pem.replace('\n', " ")),
        ("no line breaks", pem.replace('\n', "")),
        ("indented", pem.replace('\n', "\n    ")),
        (
            "an EC parameter block first",
            format!("{}{pem}", include_str!("../../../tests/keys/ec-sec1.pem")),
        ),
    ] {
        assert_signs(name, PrivateKey::from_pem(&text));
    }
}

#[test]
#[cfg(feature = "encrypted-keys")]
fn encrypted_keys_sign() {
    for (name, pem) in ENCRYPTED {
        assert_signs(name, PrivateKey::from_encrypted_pem(pem, PASSPHRASE));
    }
    let (name, pem) = ENCRYPTED[0];
    let both = [test_key!("cert.pem").1, pem].concat();
    assert_signs(name, PrivateKey::from_encrypted_pem(both, PASSPHRASE));
}

#[test]
#[cfg(feature = "encrypted-keys")]
fn a_wrong_passphrase_is_told_as_such() {
    for (name, pem) in ENCRYPTED {
        for passphrase in ["", "correct-horse\n"] {
            assert_refused(
                name,
                PrivateKey::from_encrypted_pem(pem, passphrase),
                "the passphrase is wrong",
            );
        }
    }
}

/// Some of these leave bytes that happen to be padded well, about one in 256.
#[test]
#[cfg(feature = "encrypted-keys")]
fn no_wrong_passphrase_is_ever_taken_for_right() {
    let (name, pem) = test_key!("legacy-aes256.pem");
    for passphrase in 0..2_000 {
        assert_refused(
            name,
            PrivateKey::from_encrypted_pem(pem, passphrase.to_string()),
            "the passphrase is wrong",
        );
    }
}

#[test]
#[cfg(not(feature = "encrypted-keys"))]
fn without_the_feature_an_encrypted_key_names_it() {
    for (name, pem) in ENCRYPTED {
        assert_refused(
            name,
            PrivateKey::from_encrypted_pem(pem, PASSPHRASE),
            "without its cargo feature `encrypted-keys`",
        );
    }
}

#[test]
fn an_encrypted_key_asks_for_its_passphrase() {
    for (name, pem) in ENCRYPTED {
        assert_refused(
            name,
            PrivateKey::from_pem(pem),
            "read it with `from_encrypted_pem`",
        );
    }
}

#[test]
#[cfg(feature = "encrypted-keys")]
fn an_encryption_that_is_not_supported_comes_with_its_conversion() {
    for ((name, pem), scheme) in [
        (test_key!("pbes1-3des.pem"), "PBE-SHA1-3DES"),
        (test_key!("pbes1-md5-des.pem"), "PBE-MD5-DES"),
        (test_key!("legacy-camellia256.pem"), "CAMELLIA-256-CBC"),
    ] {
        let key = PrivateKey::from_encrypted_pem(pem, PASSPHRASE);
        let error = key.unwrap_err().to_string();
        assert!(error.contains(scheme), "{name}: {error}");
        assert!(
            error.contains("`openssl pkcs8 -topk8 -v2 aes-256-cbc "),
            "{name}: {error}"
        );
    }
}

#[test]
fn what_is_no_rsa_private_key_is_named() {
    for ((name, input), why) in [
        (
            test_key!("cert.pem"),
            "there is a certificate, which Salesforce gets",
        ),
        (test_key!("csr.pem"), "there is a certificate request"),
        (test_key!("public.pem"), "there is a public key"),
        (test_key!("ec-sec1.pem"), "of the kind EC"),
        (test_key!("ec-pkcs8.pem"), "of the kind EC"),
        (test_key!("ed25519.pem"), "of the kind Ed25519"),
        (test_key!("rsa-pss.pem"), "of the kind RSA-PSS"),
        (
            test_key!("rsa-1024.pem"),
            "the RSA key has 1024 bits and must have 2048 to 8192",
        ),
        (test_key!("openssh.pem"), "`ssh-keygen -p -m PEM -f FILE`"),
        (test_key!("ssh-public.txt"), "a public key of SSH"),
        (test_key!("key.der"), "`openssl pkey -inform DER"),
        (test_key!("store.p12"), "`openssl pkcs12 -in FILE"),
        (("empty", b""), "there is nothing"),
        (("blank", b" \r\n\t"), "there is nothing"),
        (("text", b"hello"), "there is no BEGIN line"),
        (("zeros", &[0; 1000]), "there is no BEGIN line"),
        (("bytes", &[0xff; 1000]), "there is no BEGIN line"),
        (("UTF-16", b"\xff\xfe-\0-\0"), "save it as UTF-8"),
        (
            ("Java", b"\xfe\xed\xfe\xed\0\0\0\x02"),
            "`keytool -importkeystore",
        ),
        (
            ("PuTTY", b"PuTTY-User-Key-File-3: ssh-rsa"),
            "`puttygen FILE",
        ),
        (
            ("bare base64", b"MIIEvQIBADANBgkqhkiG9w0B"),
            "without the lines BEGIN and END",
        ),
        (
            ("no dashes", b"-----BEGIN PRIVATE KEY\nMII"),
            "does not end in five dashes",
        ),
        (
            ("no END", b"-----BEGIN PRIVATE KEY-----\nMII"),
            "has no END line",
        ),
        (
            ("other label", b"-----BEGIN JUNK-----\n-----END JUNK-----"),
            "there is a block BEGIN \"JUNK\"",
        ),
        (
            (
                "empty block",
                b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----",
            ),
            "the private key is damaged",
        ),
        (
            (
                "no base64",
                b"-----BEGIN PRIVATE KEY-----\n????\n-----END PRIVATE KEY-----",
            ),
            "it is not whole base64",
        ),
    ] {
        assert_refused(name, PrivateKey::from_pem(input), why);
    }
    let escaped = pkcs8().replace('\n', "\\n");
    assert_refused(
        "escaped",
        PrivateKey::from_pem(escaped),
        "the two characters \\n",
    );
}

#[test]
#[cfg(feature = "encrypted-keys")]
fn an_encrypted_ec_key_is_named_once_it_is_decrypted() {
    let (name, pem) = test_key!("ec-encrypted.pem");
    assert_refused(
        name,
        PrivateKey::from_encrypted_pem(pem, PASSPHRASE),
        "of the kind EC",
    );
    assert_refused(
        name,
        PrivateKey::from_encrypted_pem(pem, "x"),
        "the passphrase is wrong",
    );
}

#[test]
fn huge_input_is_refused_unread() {
    let mut huge = vec![b'\n'; LARGEST];
    assert_refused("largest", PrivateKey::from_pem(&huge), "there is nothing");
    huge.push(b'\n');
    assert_refused(
        "huge",
        PrivateKey::from_pem(&huge),
        "too much for a private key",
    );
}

#[test]
fn key_files() {
    let keys = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys");
    assert_signs(
        "pkcs8.pem",
        PrivateKey::from_pem_file(format!("{keys}/pkcs8.pem")),
    );
    #[cfg(feature = "encrypted-keys")]
    assert_signs(
        "legacy-aes256.pem",
        PrivateKey::from_encrypted_pem_file(format!("{keys}/legacy-aes256.pem"), PASSPHRASE),
    );
    for (path, why) in [
        ("cert.pem", "cert.pem, there is a certificate"),
        ("missing.pem", "missing.pem cannot be read: "),
        ("", "cannot be read: "),
    ] {
        assert_refused(
            path,
            PrivateKey::from_pem_file(format!("{keys}/{path}")),
            why,
        );
    }
}

#[test]
#[cfg(unix)]
fn an_endless_file_is_refused() {
    assert_refused(
        "/dev/zero",
        PrivateKey::from_pem_file("/dev/zero"),
        "too much for",
    );
}

#[test]
fn a_damaged_key_is_refused() {
    let pem = pkcs8();
    let (head, rest) = pem.split_at(400);
    for (name, text) in [
        ("a line missing", format!("{head}{}", &rest[65..])),
        (
            "a character changed",
            format!(
                "{head}{}{}",
                if &rest[..1] == "A" { "B" } else { "A" },
                &rest[1..]
            ),
        ),
    ] {
        assert_refused(
            name,
            PrivateKey::from_pem(text),
            "the private key is damaged",
        );
    }
}

#[test]
#[cfg(feature = "encrypted-keys")]
fn an_encryption_that_would_take_for_ever_is_refused() {
    let (name, pem) = test_key!("pbes2-scrypt.pem");
    let text = str::from_utf8(pem).unwrap();
    let mut contents = pem::blocks(text).unwrap()[0].contents().unwrap();
    // N = 16384, r = 8, p = 1.
    let usual = [0x02, 0x02, 0x40, 0x00, 0x02, 0x01, 0x08, 0x02, 0x01, 0x01];
    let at = contents
        .windows(usual.len())
        .position(|at| at == usual)
        .expect(name);
    for absurd in [
        [0x02, 0x02, 0x40, 0x00, 0x02, 0x01, 0x7f, 0x02, 0x01, 0x7f],
        [0x02, 0x02, 0x40, 0x01, 0x02, 0x01, 0x08, 0x02, 0x01, 0x01],
        [0x02, 0x02, 0x40, 0x00, 0x02, 0x01, 0x00, 0x02, 0x01, 0x01],
    ] {
        contents[at..at + absurd.len()].copy_from_slice(&absurd);
        let error = encrypted::pkcs8(&contents, b"x").unwrap_err();
        assert!(
            error.contains("an absurd number of rounds"),
            "{absurd:?}: {error}"
        );
    }
}

#[test]
fn debug_shows_the_size_only() {
    let key = PrivateKey::from_pem(PLAIN[0].1).unwrap();
    assert_eq!(format!("{key:?}"), "PrivateKey { rsa_bits: 2048, .. }");
}

#[test]
fn no_error_repeats_the_key_or_the_passphrase() {
    let secret = &pkcs8()[100..140];
    for (from, to) in [
        ("-----END", "----END"),
        ("KEY-----\n", "KEY-----\n?"),
        ("MII", "MIJ"),
    ] {
        let error = PrivateKey::from_pem(pkcs8().replacen(from, to, 1)).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(secret));
    }
    let error = PrivateKey::from_encrypted_pem(ENCRYPTED[0].1, "hunter2").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[test]
fn an_assertion_holds_the_claims_and_a_valid_signature() {
    let key = PrivateKey::from_pem(PLAIN[0].1).unwrap();
    let claims = Claims {
        iss: "client-id",
        sub: "\"Ünïcode\"@example.com",
        aud: "https://login.salesforce.com",
        exp: 1_700_000_000,
    };
    let token = key.assertion(&claims).unwrap();
    let [header, body, signature] =
        <[&str; 3]>::try_from(token.split('.').collect::<Vec<_>>()).unwrap();
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap();

    assert_eq!(decode(header), br#"{"alg":"RS256"}"#);
    let body: serde_json::Value = serde_json::from_slice(&decode(body)).unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "iss": "client-id",
            "sub": "\"Ünïcode\"@example.com",
            "aud": "https://login.salesforce.com",
            "exp": 1_700_000_000,
        })
    );
    let signed = token.rsplit_once('.').unwrap().0;
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, PUBLIC)
        .verify(signed.as_bytes(), &decode(signature))
        .unwrap();
}

proptest! {
    #[test]
    fn garbage_is_refused(input in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(PrivateKey::from_pem(&input).is_err());
        prop_assert!(PrivateKey::from_encrypted_pem(&input, &input).is_err());
    }

    #[test]
    fn garbage_in_a_block_is_refused(
        label in prop_oneof![
            Just("PRIVATE KEY"), Just("RSA PRIVATE KEY"), Just("ENCRYPTED PRIVATE KEY")
        ],
        headers in "(Proc-Type: 4,ENCRYPTED\n)?(DEK-Info: (AES-256-CBC|DES-EDE3-CBC)(,[0-9A-F]{0,34})?\n)?",
        contents in proptest::collection::vec(any::<u8>(), 0..200),
        prefix in prop_oneof![Just(&b""[..]), Just(&b"\x30\x82"[..]), Just(&b"\x30\x10\x02\x01\x00"[..])],
    ) {
        let contents = base64::prelude::BASE64_STANDARD.encode([prefix, &contents].concat());
        let pem = format!("-----BEGIN {label}-----\n{headers}\n{contents}\n-----END {label}-----\n");
        prop_assert!(PrivateKey::from_pem(&pem).is_err());
        prop_assert!(PrivateKey::from_encrypted_pem(&pem, "x").is_err());
    }

    /// One byte of a real key changed: an error or, where the byte does not matter, the same key.
    #[test]
    fn a_real_key_with_one_byte_changed(
        (_, pem) in prop::sample::select([PLAIN.as_slice(), &ENCRYPTED[..4]].concat()),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut pem = pem.to_vec();
        let at = at.index(pem.len());
        pem[at] = byte;
        let _ = PrivateKey::from_pem(&pem);
        let _ = PrivateKey::from_encrypted_pem(&pem, PASSPHRASE);
    }
}

#[cfg(feature = "encrypted-keys")]
proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_parameters_of_a_real_encryption_changed(
        (_, pem) in prop::sample::select(&ENCRYPTED[4..10]),
        at in 0..100usize,
        byte in any::<u8>(),
    ) {
        let text = str::from_utf8(pem).unwrap();
        let mut contents = pem::blocks(text).unwrap()[0].contents().unwrap();
        contents[at] = byte;
        let _ = encrypted::pkcs8(&contents, PASSPHRASE.as_bytes());
    }
}
