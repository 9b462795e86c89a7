use std::io::{Read, Write};
use std::net::TcpStream;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::local::LocalOrg;

/// Asks for a path over TLS, as a client that trusts the org's certificate and nothing else.
fn get(org: &LocalOrg, name: &'static str, path: &str) -> std::io::Result<String> {
    let certificate = CertificateDer::from_pem_file(org.tls_cert_file().unwrap()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let config = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let server = ServerName::try_from(name).unwrap();
    let client = ClientConnection::new(config.into(), server).unwrap();
    let address = org.tls_url().unwrap();
    let socket = TcpStream::connect(address.trim_start_matches("https://"))?;
    let mut stream = StreamOwned::new(client, socket);
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[tokio::test]
async fn the_org_answers_over_tls_and_calls_itself_https() {
    let org = LocalOrg::builder().tls_port(0).start().await.unwrap();
    for name in ["localhost", "127.0.0.1"] {
        let answer = get(&org, name, "/.well-known/openid-configuration").unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(
            answer.contains(&format!(r#""issuer":"https://{name}""#)),
            "{answer}"
        );
    }
    let stranger = get(&org, "elsewhere.example", "/").unwrap_err();
    assert!(stranger.to_string().contains("certificate"), "{stranger}");
}

#[tokio::test]
async fn without_a_tls_port_there_is_neither_url_nor_file() {
    let org = LocalOrg::start().await.unwrap();
    assert_eq!((org.tls_url(), org.tls_cert_file()), (None, None));
}

#[tokio::test]
async fn key_and_certificate_are_written_where_they_are_wanted() {
    let folder = tempfile::TempDir::new().unwrap();
    let org = LocalOrg::builder()
        .tls_port(0)
        .key_folder(folder.path())
        .start()
        .await
        .unwrap();
    let key = org.private_key_file().unwrap().unwrap();
    assert_eq!(
        Some(std::fs::read_to_string(&key).unwrap().as_str()),
        org.private_key_pem()
    );
    assert_eq!(
        org.private_key_file().unwrap().as_deref(),
        Some(key.as_path())
    );
    let certificate = org.tls_cert_file().unwrap();
    assert!(
        std::fs::read_to_string(certificate)
            .unwrap()
            .contains("BEGIN CERTIFICATE")
    );
    assert!(key.starts_with(folder.path()) && certificate.starts_with(folder.path()));
}
