use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpStream};

use super::*;
use crate::admin::Fault;

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

fn start(builder: LocalOrgBuilder) -> LocalOrg {
    block_on(builder.start()).unwrap()
}

/// A connection to an org, spoken over as plainly as can be.
struct Wire(BufReader<TcpStream>);

impl Wire {
    fn to(org: &LocalOrg) -> Self {
        Self(BufReader::new(TcpStream::connect(org.address).unwrap()))
    }

    fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// Status line and body of the next answer; empty if the connection was closed.
    fn receive(&mut self, method: &str) -> (String, String) {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap_or(0) <= 2 {
                break;
            }
            lines.push(line.trim_end().to_owned());
        }
        let length = lines.iter().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.parse::<usize>().unwrap())
        });
        let mut body = vec![0; length.filter(|_| method != "HEAD").unwrap_or(0)];
        self.0.read_exact(&mut body).unwrap();
        let status = lines.first().cloned().unwrap_or_default();
        (status, String::from_utf8(body).unwrap())
    }

    fn call(&mut self, org: &LocalOrg, method: &str, path: &str, rest: &str) -> (String, String) {
        let token = org.access_token();
        self.send(&format!(
            "{method} /services/data/v66.0{path} HTTP/1.1\r\nHost: any.example\r\n\
             Authorization: Bearer {token}\r\n{rest}"
        ));
        self.receive(method)
    }
}

#[test]
fn an_org_outlives_its_makers_runtime_and_is_gone_when_dropped() {
    let org = start(LocalOrg::builder());
    assert!(TcpStream::connect(org.address).is_ok());
    let address = org.address;
    drop(org);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_resting_body_comes_as_far_as_was_said_and_an_org_with_one_can_be_dropped() {
    let org = start(LocalOrg::builder());
    org.faults().add(Fault::resting_body(5).path("*/limits"));
    let token = org.access_token();
    let mut wire = Wire::to(&org);
    wire.send(&format!(
        "GET /services/data/v66.0/limits HTTP/1.1\r\nHost: any.example\r\n\
         Authorization: Bearer {token}\r\n\r\n"
    ));
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        wire.0.read_line(&mut line).unwrap();
    }
    let mut begin = [0; 5];
    wire.0.read_exact(&mut begin).unwrap();
    drop(org);
    let mut rest = Vec::new();
    let _ = wire.0.read_to_end(&mut rest);
    assert!(rest.is_empty(), "{rest:?}");
}

#[test]
fn an_org_can_be_shut_down() {
    let org = start(LocalOrg::builder());
    let address = org.address;
    block_on(org.shutdown());
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn one_connection_takes_many_requests_and_chunked_ones() {
    let org = start(LocalOrg::builder());
    let mut wire = Wire::to(&org);
    let body = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n\
                5\r\n{\"Nam\r\n9\r\ne\":\"Acm\r\n\r\n0\r\n\r\n";
    let broken = wire.call(&org, "POST", "/sobjects/Account", body);
    assert_eq!(broken.0, "HTTP/1.1 400 Bad Request");
    let body = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n\
                5\r\n{\"Nam\r\na\r\ne\":\"Acme\"}\r\n0\r\n\r\n";
    let created = wire.call(&org, "POST", "/sobjects/Account", body);
    assert_eq!(created.0, "HTTP/1.1 201 Created", "{}", created.1);
    let found = wire.call(&org, "GET", "/query?q=SELECT+Name+FROM+Account", "\r\n");
    assert!(found.1.contains("\"Name\":\"Acme\""), "{}", found.1);
    let head = wire.call(
        &org,
        "HEAD",
        "/sobjects/Account/001Lo0000000001",
        "Connection: close\r\n\r\n",
    );
    assert_eq!(head.0, "HTTP/1.1 200 OK");
}

#[test]
fn requests_that_are_too_long_reach_the_orgs_own_answer() {
    let org = start(LocalOrg::builder());
    let long = "x".repeat(20_000);
    let (status, body) = Wire::to(&org).call(&org, "GET", &format!("/{long}"), "\r\n");
    assert_eq!(status, "HTTP/1.1 414 URI Too Long");
    assert_eq!(
        body,
        "<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>"
    );
    let (status, _) =
        Wire::to(&org).call(&org, "GET", "/limits", &format!("X-Long: {long}\r\n\r\n"));
    assert_eq!(status, "HTTP/1.1 431 Request Header Fields Too Large");
}

#[test]
fn a_connection_can_be_cut_instead_of_an_answer() {
    let org = start(LocalOrg::builder());
    org.faults().add(Fault::cut_before());
    let mut wire = Wire::to(&org);
    assert_eq!(
        wire.call(&org, "GET", "/limits", "\r\n"),
        (String::new(), String::new())
    );
}

#[test]
fn only_who_says_so_is_reached_from_other_machines() {
    let anywhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let refused = block_on(LocalOrg::builder().address(anywhere).start()).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("unless it is told to expose itself"),
        "{refused}"
    );
    start(LocalOrg::builder().address(anywhere).expose(true));
}

#[test]
fn a_taken_port_is_named() {
    let org = start(LocalOrg::builder());
    let port = org.address.port();
    let refused = block_on(LocalOrg::builder().port(port).start()).unwrap_err();
    assert!(
        refused.to_string().contains(&format!("127.0.0.1:{port}")),
        "{refused}"
    );
}

#[test]
fn records_in_a_file_are_there_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("org.sqlite");
    let create = "Content-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"Name\":\"Acme\"}";
    for expected in ["001Lo0000000001IAA", "001Lo0000000002IAA"] {
        let org = start(LocalOrg::builder().data_file(&file));
        let (_, body) = Wire::to(&org).call(&org, "POST", "/sobjects/Account", create);
        assert!(body.contains(expected), "{body}");
        block_on(org.shutdown());
    }
    let org = start(LocalOrg::builder().data_file(&file));
    let taken = block_on(LocalOrg::builder().data_file(&file).start()).unwrap_err();
    assert!(taken.to_string().contains("locked"), "{taken}");
    drop(org);
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode;
        assert_eq!(mode(&file.metadata().unwrap().permissions()) & 0o777, 0o600);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_org_sees_where_a_connection_comes_from() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let policies = crate::admin::Policies {
        lock_sessions_to_address: true,
        ..crate::admin::Policies::default()
    };
    let builder = LocalOrg::builder().tls_port(0).policies(policies);
    let org = builder.start().await.unwrap();
    let ask = async |from: [u8; 4], request: String| {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        let mut stream = socket.connect(org.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let (id, secret) = (org.client_id(), org.client_secret().unwrap());
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let login = format!(
        "POST /services/oauth2/token HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{form}",
        org.address,
        form.len()
    );
    let answer = ask([127, 0, 0, 1], login).await;
    let (_, token) = answer.split_once("\"access_token\":\"").unwrap();
    let token = token.split('"').next().unwrap();
    let limits = format!(
        "GET /services/data/v66.0/limits HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\n\r\n",
        org.address
    );
    let answer = ask([127, 0, 0, 1], limits.clone()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let answer = ask([127, 0, 0, 2], limits).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert_eq!((org.logins(), org.refreshes()), (1, 0));
}
