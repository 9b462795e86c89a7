use std::net::TcpStream;

use super::*;

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

#[test]
fn an_org_outlives_its_makers_runtime_and_is_gone_when_dropped() {
    let org = block_on(LocalOrg::start()).unwrap();
    assert!(TcpStream::connect(org.address).is_ok());
    let address = org.address;
    drop(org);
    assert!(TcpStream::connect(address).is_err());
}
