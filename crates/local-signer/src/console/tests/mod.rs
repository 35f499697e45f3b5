#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod changes;
mod pages;

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use aws_names::{AccountId, NOTATION_PLATFORM};
use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use notary::envelope::PAYLOAD_MEDIA_TYPE;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::Console;
use super::fields::Fields;
use crate::buckets::Buckets;
use crate::ca::CertificateAuthority;
use crate::caller::Caller;
use crate::certificates::Certificates;
use crate::clock::Clock;
use crate::config::Config;
use crate::controls::Controls;
use crate::credentials::Credentials;
use crate::jobs::JobQueue;
use crate::model::Parameters;
use crate::monitoring::Monitoring;
use crate::operations::{OPERATIONS, Service};
use crate::page_tokens::{KEY_LENGTH, PageTokens};
use crate::pipeline::{Endpoint, router};
use crate::principals::Principals;
use crate::server::Peer;
use crate::store::Store;
use crate::strangers::Standing;

const REGION: &str = "us-west-2";

/// A service with the console, and a browser on this machine.
struct Site {
    endpoint: Arc<Endpoint>,
    peer: Peer,
    host: &'static str,
    cookie: Option<String>,
    _directory: tempfile::TempDir,
}

/// An answer.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The visible text: without tags, which become spaces.
    fn text(&self) -> String {
        let mut inside = false;
        let visible = self.body.chars().map(|c| {
            let was = inside;
            inside = match c {
                '<' => true,
                '>' => false,
                _ => inside,
            };
            if was || inside { ' ' } else { c }
        });
        visible.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    fn assert_text(&self, texts: &[&str]) {
        let found = self.text();
        for text in texts {
            assert!(found.contains(text), "{text:?} is not in: {found}");
        }
    }

    #[track_caller]
    fn assert_leads_to(&self, path: &str) {
        assert_eq!((self.status, self.header("location")), (StatusCode::SEE_OTHER, path), "{}", self.text());
    }

    /// The value of the hidden field `name`.
    fn hidden(&self, name: &str) -> &str {
        let field = format!(r#"name="{name}" value=""#);
        let (_, rest) = self.body.split_once(&field).unwrap_or_else(|| panic!("{name}: {}", self.body));
        rest.split_once('"').unwrap().0
    }
}

impl Site {
    fn new() -> Self {
        Self::listening(Ipv4Addr::LOCALHOST.into())
    }

    fn listening(listen: IpAddr) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let controls = Arc::new(Controls::start(Config::default()).unwrap());
        let temporary = directory.path().join("jobs");
        let service = Arc::new(Service {
            store: Store::open(&directory.path().join("signer.db")).unwrap(),
            ca: CertificateAuthority::open(&directory.path().join("ca")).unwrap(),
            clock: Clock::system(),
            page_tokens: PageTokens::new(&[1; KEY_LENGTH]).unwrap(),
            certificates: Certificates::of(directory.path()),
            buckets: Buckets::new(controls.settings.clone(), s3::S3::of_process(), temporary).unwrap(),
            jobs: JobQueue::default(),
            controls,
        });
        let account = AccountId::EXAMPLE;
        let console = Arc::new(Console::new(Arc::clone(&service), account.clone(), listen).unwrap());
        let credentials =
            Credentials::new("AKIAEXAMPLEEXAMPLE00", "wJalrXUtnFEMIEXAMPLEKEYofThisTestOnly0000").unwrap();
        let principals = Principals::open(directory.path(), account, credentials).unwrap();
        let endpoint = Arc::new(Endpoint {
            bodies: limits::MemoryBudget::default(),
            service,
            principals,
            monitoring: Monitoring::default(),
            console,
            _ended: oneshot::channel().0,
        });
        let peer = Peer { address: "127.0.0.1:50000".parse().unwrap(), tls: None };
        Self { endpoint, peer, host: "127.0.0.1:8274", cookie: None, _directory: directory }
    }

    /// A site whose browser is signed in.
    async fn signed_in() -> Self {
        let mut site = Self::new();
        site.sign_in().await;
        site
    }

    async fn sign_in(&mut self) {
        let answer = self.get(&self.endpoint.console.sign_in_path()).await;
        answer.assert_leads_to("/console");
        self.cookie = Some(answer.header("set-cookie").split(';').next().unwrap().to_owned());
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", self.host);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let router = router(Arc::clone(&self.endpoint));
        let router = router.layer(Extension(Standing::default())).layer(Extension(self.peer.clone()));
        let answered: Result<_, Infallible> =
            TowerToHyperService::new(router).call(request.body(body.into()).unwrap()).await;
        let Ok(response) = answered;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    /// A page of the region, which must be there.
    async fn page(&self, path: &str) -> Answer {
        let answer = self.get(&at(path)).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer
    }

    /// Sends the form of the page `path`, with its form token.
    async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.page(path).await;
        let token = page.hidden("form-token").to_owned();
        let mut all = vec![("form-token", token.as_str())];
        all.extend(fields);
        self.post(&at(path.split('?').next().unwrap()), &all).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(Method::POST, path, &[("origin", &format!("http://{}", self.host))], form).await
    }

    /// Calls an operation as a client of the API in `region` does.
    async fn api_in(&self, region: &str, name: &str, parameters: Value) -> Value {
        self.api_as(&Caller::new(region.parse().unwrap(), AccountId::EXAMPLE), name, parameters).await
    }

    async fn api_as(&self, caller: &Caller, name: &str, parameters: Value) -> Value {
        let operation = OPERATIONS.iter().find(|operation| operation.name == name).unwrap();
        let parameters = Parameters::from(parameters.as_object().unwrap().clone());
        let answer = (operation.run)(&self.endpoint.service, caller, parameters).await.unwrap();
        if answer.body().is_empty() { Value::Null } else { serde_json::from_slice(answer.body()).unwrap() }
    }

    async fn api(&self, name: &str, parameters: Value) -> Value {
        self.api_in(REGION, name, parameters).await
    }

    async fn put(&self, name: &str) {
        self.api("PutSigningProfile", json!({"profileName": name, "platformId": NOTATION_PLATFORM})).await;
    }

    /// Signs with a profile; returns the id of the job.
    async fn sign(&self, profile: &str) -> String {
        let payload =
            json!({"profileName": profile, "payload": STANDARD.encode("x"), "payloadFormat": PAYLOAD_MEDIA_TYPE});
        self.api("SignPayload", payload).await["jobId"].as_str().unwrap().to_owned()
    }
}

/// A path of the region.
fn at(path: &str) -> String {
    format!("/console/{REGION}/{path}")
}

fn query(pairs: &[(&str, &str)]) -> String {
    Fields::default().with(pairs)
}
