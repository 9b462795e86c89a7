//! No secret and no data of the org where it does not belong: one test over
//! everything that can be printed.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::auth::{
    AccessToken, Auth, AuthContext, AuthError, ClientCredentials, DeviceFlow, Environment,
    FlowIdentity, MemoryStore, PendingSignIn, RefreshToken, Secret, Session, SoapLogin, StoreError,
    StoreKey, StoreLock, StoredToken, SubjectTokenType, TokenExchange, TokenStore,
    UsernamePassword, WebServer,
};
use crate::bulk::v1::{NewV1Job, PkChunking};
use crate::bulk::{CsvReader, CsvSource, CsvWriter, NewJob, Poll, QueryHandle};
use crate::client::{Salesforce, SalesforceBuilder, Validators};
use crate::composite::{Binary, IntoRecordStream, RecordStream, TreeRecord};
use crate::error::Error;
use crate::events;
use crate::files::{Base64, Blob};
use crate::graphql::GraphQl;
use crate::retry::RetryPolicy;
use crate::script::{ORG, Reply, Script, builder};
use crate::search::{ParameterizedSearch, Term};

/// What must not be seen anywhere.
const SECRETS: [&str; 6] = [
    "pa55word",
    "s3curity",
    "cl13ntsecret",
    "00D!t0k3n",
    "g4teway",
    "r3fr3sh",
];

/// What the caller may see in an error, and spans, events and redacted errors
/// may not hold.
const DATA: [&str; 4] = ["Ada@x.example", "EXT-4711", "003000000000001", "WHERE"];

/// Keeps all that is traced, as text.
#[derive(Clone, Default)]
struct Tape(Arc<Mutex<String>>);

impl Visit for Tape {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0.lock().unwrap(), " {}={value:?}", field.name());
    }
}

impl Subscriber for Tape {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("ferroforce")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let _ = write!(
            self.0.lock().unwrap(),
            "\nspan {}",
            attributes.metadata().name()
        );
        attributes.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn event(&self, event: &Event<'_>) {
        let _ = write!(self.0.lock().unwrap(), "\n{}", event.metadata().level());
        event.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// A flow that prints whatever it is given.
#[derive(Debug)]
struct Tells(Arc<Mutex<String>>);

impl Auth for Tells {
    async fn acquire(&self, cx: &AuthContext) -> Result<AccessToken, AuthError> {
        let token = AccessToken::new(SECRETS[3], ORG)?.with_refresh_token(SECRETS[5]);
        let _ = write!(self.0.lock().unwrap(), "{cx:?} {:?} {token:?}", cx.http());
        Ok(token)
    }
}

/// A store that holds what it should not, and fails.
#[derive(Debug)]
struct Broken;

impl TokenStore for Broken {
    async fn get(&self, _: &StoreKey) -> Result<Option<StoredToken>, StoreError> {
        Ok(Some(StoredToken::new(1, SECRETS.concat())))
    }

    async fn put_if_newer(&self, _: &StoreKey, _: &StoredToken) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn try_lock(&self, _: &StoreKey) -> Result<Option<StoreLock>, StoreError> {
        Ok(None)
    }
}

/// Everything that was printed, by where it may be seen.
#[derive(Default)]
struct Printed {
    caller: String,
    logs: String,
}

impl Printed {
    fn error(&mut self, error: &Error) {
        let _ = write!(self.caller, "\n{error}\n{error:?}\n{error:#?}");
        let _ = write!(self.logs, "\n{}\n{:?}", error.redacted(), error.redacted());
        let mut source: Option<&dyn std::error::Error> = Some(error);
        while let Some(error) = source {
            let _ = write!(self.caller, "\n{error}\n{error:?}");
            source = error.source();
        }
    }
}

fn granted() -> Reply {
    Reply::json(
        200,
        &json!({
            "access_token": SECRETS[3], "instance_url": ORG, "refresh_token": SECRETS[5],
        })
        .to_string(),
    )
}

fn replies() -> Vec<Reply> {
    let talkative = format!("no {} and {} {}", DATA[0], DATA[1], DATA[2]);
    vec![
        granted(),
        Reply::html(503),
        Reply::error(400, "DUPLICATE_VALUE", &talkative),
        Reply::expired(),
        granted(),
        Reply::json(200, &format!("[\"{}\"", DATA[0])),
        Reply::json(300, &json!([talkative]).to_string()),
        Reply::json(302, "").header("location", &format!("https://x.example/{}", DATA[1])),
        Reply::Fail(crate::transport::TransportErrorKind::Interrupted),
        Reply::json(
            200,
            &json!({"totalSize": 1, "done": true, "records": [{"Id": DATA[2]}]}).to_string(),
        ),
    ]
}

/// The flows that a user takes part in, and what they keep between their steps.
async fn sign_in_by_hand(printed: &mut Printed) {
    let granted = json!({
        "access_token": SECRETS[3], "refresh_token": SECRETS[0], "id_token": SECRETS[1],
        "instance_url": ORG, "device_code": SECRETS[1], "user_code": "u",
        "verification_uri": "https://acme.my.salesforce.com/setup/connect",
    });
    let script = Script::new(move |_, number| match number {
        2 => Reply::json(400, &json!({"error": "access_denied"}).to_string()),
        _ => Reply::json(200, &granted.to_string()),
    });
    let cx = crate::script::context(&script);
    let web = WebServer::new("id", "https://app.example.com/callback").client_secret(SECRETS[2]);
    let pending = json!({"state": SECRETS[0], "verifier": SECRETS[1]});
    let pending: PendingSignIn = serde_json::from_value(pending).unwrap();
    let _ = write!(
        printed.logs,
        "{web:?} {:?} {pending:?}",
        web.authorize().map(|begun| begun.pending)
    );
    let callback = format!("?state={}&code={}", SECRETS[0], SECRETS[3]);
    let grant = web.finish(&cx, pending.clone(), &callback).await;
    let _ = write!(printed.logs, "{grant:?}");
    let stray = web.finish(&cx, pending, "?state=x").await;
    let _ = write!(printed.caller, "{stray:?}");
    let device = DeviceFlow::new("id").client_secret(SECRETS[2]);
    let code = device.start(&cx).await.unwrap();
    let _ = write!(printed.logs, "{device:?} {code:?}");
    let refused = code.wait(&cx).await;
    let _ = write!(printed.caller, "{refused:?}");

    let exchange = TokenExchange::new("id", SubjectTokenType::Jwt, || async {
        Ok(Secret::new(SECRETS[0]))
    });
    let environment = Environment::read_from(|name| match name {
        "SALESFORCE_PASSWORD" => Some(SECRETS[0].to_owned()),
        "SALESFORCE_USERNAME" => Some("ada".to_owned()),
        _ => None,
    });
    let _ = write!(
        printed.logs,
        "{:?} {:?} {environment:?} {cx:?}",
        exchange.client_secret(SECRETS[2]),
        UsernamePassword::new("id", SECRETS[2], "ada", SECRETS[0]).security_token(SECRETS[1]),
    );
}

async fn use_everything(builder: SalesforceBuilder, printed: &mut Printed) {
    let _ = write!(printed.caller, "{builder:?}");
    let salesforce: Salesforce = builder
        .retry(RetryPolicy::default().max_retries(1))
        .build()
        .unwrap();
    let contacts = salesforce.sobject("Contact");
    let by_key = contacts.external_id("Ext__c", DATA[1]);
    let body = json!({"Email": DATA[0]});
    let query = || {
        salesforce
            .query("SELECT Id FROM Contact WHERE Email = :email")
            .bind("email", DATA[0])
    };
    let password = salesforce.user_password("003000000000001AAA");
    // These are printed for logs, whoever prints them.
    let _ = write!(
        printed.logs,
        "{password:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        password.set(&SECRETS[0].into()),
        contacts.related(DATA[2], "Account"),
        contacts
            .get::<Value>(DATA[2])
            .if_changed(&Validators::default()),
        contacts.upload(&body, Blob::bytes(DATA[0], DATA[0])),
        contacts.download(DATA[2], "Body"),
        (
            Blob::path(DATA[0]),
            Base64::from(DATA[0].as_bytes()),
            salesforce.describe_cache()
        ),
    );
    let _ = write!(
        printed.logs,
        "{salesforce:?} {by_key:?} {:?} {:?} {:?} {:?}",
        query(),
        contacts.create(&body),
        contacts.get::<Value>(DATA[2]).into_op(),
        salesforce
            .request(http::Method::POST, format!("/x/{}", DATA[1]))
            .json_body(&body),
    );
    let search = || {
        let search = salesforce.search("FIND {:text} RETURNING Contact");
        search.term("text", DATA[0])
    };
    let document = || GraphQl::new("query { a }").variables(&body);
    let apex = || salesforce.apex_rest(http::Method::GET, [DATA[1]]);
    let _ = write!(
        printed.logs,
        "{:?} {:?} {:?} {:?} {:?} {:?}",
        search(),
        document(),
        apex(),
        ParameterizedSearch::new(DATA[0]),
        Term::words(DATA[0]),
        salesforce.tooling().execute_anonymous(DATA[0]),
    );
    for _ in 0..2 {
        let outcomes = [
            search().fetch::<(u8, u8)>().await.map(drop),
            salesforce.graphql::<u8>(document()).await.map(drop),
            apex().send().await.map(drop),
            salesforce
                .tooling()
                .execute_anonymous(DATA[0])
                .await
                .map(drop),
            contacts.create(&body).await.map(drop),
            by_key.upsert(&body).await.map(drop),
            by_key.get::<Value>().await.map(drop),
            contacts.update("003000000000001AAA", &body).await,
            by_key.update(&body).await.map(drop),
            contacts
                .related("003000000000001AAA", "Account")
                .update(&body)
                .await,
            contacts
                .upload(&body, Blob::bytes(DATA[0], DATA[0]))
                .field("Body")
                .await
                .map(drop),
            contacts
                .download("003000000000001AAA", "Body")
                .await
                .map(drop),
            password.set(&SECRETS[0].into()).await,
            password.reset().await.map(drop),
            query().fetch_all::<(u8, u8)>().await.map(drop),
            salesforce
                .request(http::Method::GET, format!("/x/{}", DATA[1]))
                .send()
                .await
                .map(drop),
        ];
        for error in outcomes.into_iter().filter_map(Result::err) {
            printed.error(&error);
        }
        send_together(&salesforce, printed).await;
        extract_in_bulk(&salesforce, printed).await;
        load_in_bulk(&salesforce, printed).await;
    }
    printed.error(&salesforce.limits().await.unwrap_err());
    let _ = write!(printed.caller, "{:?}", salesforce.access_token().await);
    let _ = write!(printed.logs, "{:?}", salesforce.session());
}

/// The same in composites of all kinds.
async fn send_together(salesforce: &Salesforce, printed: &mut Printed) {
    let body = json!({"Email": DATA[0]});
    let mut composite = salesforce.composite().all_or_none(true);
    let first = composite.upsert("Contact", "Ext__c", DATA[1], &body);
    composite.update("Contact", "003000000000001AAA", &body);
    composite.create("Contact", &json!({"AccountId": first.id()}));
    let mut batch = salesforce.batch();
    batch.get::<Value>("Contact", DATA[2]);
    let file = Binary::new("file", DATA[1], DATA[0].as_bytes());
    batch.add_with_binary(salesforce.sobject("Contact").create(&body), file);
    let mut graph = salesforce.graph();
    graph.create("Contact", &body);
    let tree = salesforce.tree([TreeRecord::new("Contact", &body)]);
    let rows = salesforce.collections().create("Contact", [&body]);
    let stream = [body.clone()].into_stream();
    let mut stream = stream.upsert_all(salesforce, "Contact", "Ext__c");
    let _ = write!(
        printed.logs,
        "{composite:?} {batch:?} {graph:?} {tree:?} {rows:?} {stream:?} {first:?} {:?}",
        first.id()
    );
    match composite.send().await {
        Ok(outcomes) => {
            let _ = write!(printed.logs, "{outcomes:?}");
            outcomes
                .errors()
                .for_each(|(_, error)| printed.error(error));
        }
        Err(error) => printed.error(&error),
    }
    for outcome in [
        batch.send().await.map(drop),
        graph.send().await.map(drop),
        tree.send().await.map(drop),
        rows.await.map(drop),
        stream.next().await.unwrap().map(drop),
    ] {
        if let Err(error) = outcome {
            printed.error(&error);
        }
    }
}

/// The same in jobs that take rows in.
async fn load_in_bulk(salesforce: &Salesforce, printed: &mut Printed) {
    let impatient = || Poll::default().timeout(std::time::Duration::from_secs(1));
    let body = json!({"Email": DATA[0], "Ext__c": DATA[1], "Id": DATA[2]});
    let ingest = || {
        let bulk = salesforce.bulk();
        bulk.upsert("Contact", "Ext__c").poll(impatient())
    };
    let mut writer = CsvWriter::new();
    writer.write(&body).unwrap();
    let csv = || CsvSource::bytes(format!("Email,Ext__c\n{},{}\n", DATA[0], DATA[1]));
    let mut loading = ingest().rows([body.clone()]).start();
    let failed = loading.wait().await.map(drop);
    let handle = serde_json::to_string(&loading.handle()).unwrap();
    let _ = write!(
        printed.logs,
        "{:?} {:?} {writer:?} {:?} {loading:?} {handle} {:?} {:?}",
        ingest(),
        ingest().csv(csv()),
        csv(),
        loading.so_far(),
        salesforce.load(NewJob::insert("Contact")),
    );
    let unwritable = json!({"Email": [DATA[0]]});
    for outcome in [
        failed,
        ingest().csv(csv()).await.map(drop),
        ingest()
            .rows([unwritable])
            .await
            .and_then(|loaded| loaded.all_succeeded())
            .map(drop),
        salesforce
            .load(NewJob::insert("Contact"))
            .rows([body])
            .await
            .map(drop),
    ] {
        if let Err(error) = outcome {
            printed.error(&error);
        }
    }
}

/// The same in jobs that hand rows out, and in those of Bulk API 1.0.
async fn extract_in_bulk(salesforce: &Salesforce, printed: &mut Printed) {
    let body = json!({"Email": DATA[0]});
    let impatient = || Poll::default().timeout(std::time::Duration::from_secs(1));
    let bulk = salesforce.bulk();
    let text = "SELECT Id FROM Contact WHERE Email = :email";
    let query = || bulk.query(text).bind("email", DATA[0]).poll(impatient());
    let extract = || {
        salesforce
            .extract(text)
            .bind("email", DATA[0])
            .poll(impatient())
    };
    let load = || {
        bulk.v1()
            .load(NewV1Job::insert("Contact"))
            .poll(impatient())
    };
    let mut reader = CsvReader::new();
    reader.push(format!("Email\n{}\n", DATA[0]).as_bytes());
    let handle = json!({
        "id": "750R0000000zlh9IAA", "version": 66, "delimiter": "COMMA", "lineEnding": "LF",
        "line_ending": "LF",
    });
    let handle: QueryHandle = serde_json::from_value(handle).unwrap();
    let job = bulk.resume_query(handle).poll(impatient());
    let mut rows = job.clone().rows::<Value>();
    let _ = write!(
        printed.logs,
        "{:?} {:?} {:?} {reader:?} {job:?} {rows:?} {:?}",
        query(),
        extract(),
        load(),
        query().csv(),
    );
    for outcome in [
        rows.next().await.transpose().map(drop),
        query().rows::<Value>().next().await.transpose().map(drop),
        query()
            .pk_chunking(PkChunking::new())
            .records()
            .next()
            .await
            .transpose()
            .map(drop),
        extract().rows::<Value>().next().await.transpose().map(drop),
        load().start([&body]).await.map(drop),
        reader.next::<(u8,)>().transpose().map(drop),
    ] {
        if let Err(error) = outcome {
            printed.error(&error);
        }
    }
}

/// A composite that failed, in words that hold data.
fn undone() -> Reply {
    let part = |name: &str, code: &str| {
        let message = format!("{} was rolled back: {}", DATA[0], DATA[1]);
        json!({
            "body": [{"errorCode": code, "message": message}],
            "httpHeaders": {}, "httpStatusCode": 400, "referenceId": name,
        })
    };
    let parts = [
        part("r0", "PROCESSING_HALTED"),
        part("r1", "DUPLICATE_VALUE"),
        part("r2", "PROCESSING_HALTED"),
    ];
    Reply::json(200, &json!({"compositeResponse": parts}).to_string())
}

#[tokio::test(start_paused = true)]
async fn secrets_are_seen_nowhere_and_data_only_by_the_caller() {
    let tape = Tape::default();
    let guard = tracing::subscriber::set_default(tape.clone());
    let mut printed = Printed::default();
    let seen = Arc::new(Mutex::new(String::new()));
    let soap = || SoapLogin::new("user@x.example", SECRETS[0]).security_token(SECRETS[1]);
    let client = || ClientCredentials::new("id", SECRETS[2]);
    let _ = write!(printed.caller, "{:?} {:?}", soap(), client());
    let told = Arc::new(Mutex::new(String::new()));

    let refresh = || {
        let auth = RefreshToken::new("id", SECRETS[5]).client_secret(SECRETS[2]);
        auth.user(DATA[0])
    };
    let store = MemoryStore::new();
    let builder_of = Session::builder(refresh()).store(store.clone());
    let identity = FlowIdentity::new("flow", ORG).user(DATA[0]);
    let key = StoreKey::new("", &identity);
    let contents = format!("{} {} {}", SECRETS[3], SECRETS[5], DATA[0]);
    let value = StoredToken::new(1, contents);
    let _ = write!(printed.caller, "{:?}", refresh());
    let _ = write!(
        printed.logs,
        "{builder_of:?} {store:?} {identity:?} {key:?} {value:?}"
    );
    #[cfg(feature = "sf-cli")]
    {
        use crate::auth::sf_cli::{AuthUrl, SfCli};

        let url = format!("force://id:{}:{}@x.example", SECRETS[2], SECRETS[5]);
        let url = AuthUrl::parse(url).unwrap();
        let refused = AuthUrl::parse(format!("{}@{}", SECRETS[5], SECRETS[3])).unwrap_err();
        let sf = SfCli::in_home("/").instance_url(ORG);
        let login = sf.login(SECRETS[3]).await.unwrap();
        let _ = write!(
            printed.logs,
            "{url:?} {refused} {refused:?} {login:?} {:?}",
            RefreshToken::from(url.clone())
        );
    }
    #[cfg(feature = "encrypted-store")]
    {
        use crate::auth::{EncryptedStore, EncryptionKey};

        let key = EncryptionKey::from_base64("cjNmcjNzaCByM2ZyM3NoIHIzZnIzc2ggcjNmcjNzaCE=");
        let sealing = EncryptedStore::new(store.clone(), key.unwrap());
        let _ = write!(printed.logs, "{sealing:?}");
        let refused = EncryptionKey::from_base64(SECRETS[5]).unwrap_err();
        let _ = write!(printed.logs, "{refused} {refused:?}");
    }
    let sessions: [Session; 7] = [
        builder_of.build(),
        Session::builder(refresh()).store(Broken).build(),
        Session::builder(client()).store(Broken).build(),
        client().into(),
        soap().into(),
        client().into(),
        Tells(Arc::clone(&told)).into(),
    ];
    for (number, session) in sessions.into_iter().enumerate() {
        // A callsite that another test met first, while this tape was being put
        // in, may have been told that nobody listens.
        tracing::callsite::rebuild_interest_cache();
        let all = replies();
        // This client never gets in.
        let skip = if number == 5 { 1 } else { 0 };
        let script = Script::new(move |sent, at| match sent.uri.path() {
            "/services/oauth2/token" if skip == 0 => granted(),
            // Repeated, for what is printed then.
            "/services/data/v66.0/limits" => Reply::html(503),
            "/services/data/v66.0/composite" if at % 2 == 0 => undone(),
            _ => all[(at + skip) % all.len()].clone(),
        });
        let log = Arc::clone(&seen);
        let builder =
            builder(session, &script)
                .org_url(ORG)
                .observer(move |event: &events::Event| {
                    let _ = write!(log.lock().unwrap(), "\n{event:?}");
                });
        use_everything(builder, &mut printed).await;
    }
    sign_in_by_hand(&mut printed).await;
    drop(guard);
    let told = told.lock().unwrap().clone();
    assert!(told.contains("AuthContext"));
    printed.logs.push_str(&told);

    let traced = tape.0.lock().unwrap().clone();
    let events = seen.lock().unwrap().clone();
    for part in [
        "span ferroforce.request",
        "signed in",
        "will be sent again",
        "the token store failed",
        "request failed",
    ] {
        assert!(traced.contains(part), "the tape ran: {part} in {traced}");
    }
    for secret in SECRETS {
        for (place, text) in [
            ("caller", &printed.caller),
            ("logs", &printed.logs),
            ("trace", &traced),
            ("events", &events),
        ] {
            assert!(!text.contains(secret), "{secret} in {place}: {text}");
        }
    }
    for data in DATA {
        for (place, text) in [
            ("logs", &printed.logs),
            ("trace", &traced),
            ("events", &events),
        ] {
            assert!(!text.contains(data), "{data} in {place}: {text}");
        }
    }
}
