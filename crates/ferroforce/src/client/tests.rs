use super::*;
use crate::auth::ClientCredentials;
use crate::error::{Error, ErrorKind};
use crate::query::{Query, Rows};
use crate::sobject::{Created, SObject};

static_assertions::assert_impl_all!(Salesforce: Clone, Send, Sync, std::fmt::Debug);
static_assertions::assert_impl_all!(SObject: Clone, Send, Sync);
static_assertions::assert_impl_all!(Call<Created>: Send);
static_assertions::assert_impl_all!(Query: Send);
static_assertions::assert_impl_all!(Rows<String>: Send, Unpin);
static_assertions::assert_eq_size!(Salesforce, usize);

fn builder() -> SalesforceBuilder {
    Salesforce::builder(ClientCredentials::new("id", "secret"))
}

fn refused(builder: SalesforceBuilder) -> Error {
    let error = builder.build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    error
}

#[test]
fn settings_that_cannot_work_are_refused_when_the_client_is_built() {
    refused(builder().version("66.1"));
    refused(builder().org_url("https://login.salesforce.com"));
    refused(builder().concurrency_limit(0));
    refused(builder().concurrency_limit(usize::MAX));
    refused(builder().pin_org_url());
    refused(builder().header("bad name", "x"));
    refused(builder().header("name", "line\nbreak"));
    let error = refused(builder().org_url("acme"));
    assert!(
        error
            .to_string()
            .contains("https://MyDomain.my.salesforce.com"),
        "{error}"
    );
}

#[cfg(feature = "reqwest")]
#[test]
fn a_proxy_or_certificate_that_is_none_is_refused_and_not_repeated() {
    let error = refused(builder().proxy("http://user:pa55word@[bad"));
    assert!(!format!("{error:?} {error}").contains("pa55word"));
    for pem in [
        "",
        "no certificate",
        "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n",
    ] {
        let _ = refused(builder().root_certificates(pem));
    }
}

#[cfg(feature = "reqwest")]
#[test]
fn a_client_is_built_without_a_runtime_and_without_root_certificates() {
    let salesforce = builder()
        .org_url("https://acme.my.salesforce.com/lightning")
        .build()
        .unwrap();
    assert_eq!(
        salesforce.org_url().unwrap().origin(),
        "https://acme.my.salesforce.com"
    );
    assert_eq!(salesforce.api_version(), ApiVersion::default());
    assert!(salesforce.api_usage().is_none());
}
