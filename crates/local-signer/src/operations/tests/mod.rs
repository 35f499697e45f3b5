#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod jobs;
mod permissions;
mod profiles;
mod revocation;
mod signing;
mod starting;
mod tags;

use aws_names::{AccountId, NOTATION_PLATFORM};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use notary::envelope::PAYLOAD_MEDIA_TYPE;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;

use super::*;
use crate::caller::Caller;
use crate::config::Config;
use crate::error::ApiError;
use crate::model::Parameters;
use crate::page_tokens::KEY_LENGTH;

const START: OffsetDateTime = datetime!(2024-02-03 04:05:06 UTC);
const OTHER_ACCOUNT: &str = "444455556666";

struct Signer {
    service: Service,
    caller: Caller,
    _directory: tempfile::TempDir,
}

fn signer() -> Signer {
    let directory = tempfile::tempdir().unwrap();
    let controls = Arc::new(Controls::start(Config::default()).unwrap());
    let service = Service {
        store: Store::open(&directory.path().join("signer.db")).unwrap(),
        ca: CertificateAuthority::open(&directory.path().join("ca")).unwrap(),
        clock: Clock::starting_at(START).unwrap(),
        page_tokens: PageTokens::new(&[1; KEY_LENGTH]).unwrap(),
        certificates: Certificates::of(directory.path()),
        buckets: Buckets::new(controls.settings.clone(), s3::S3::of_process(), directory.path().join("jobs")).unwrap(),
        jobs: JobQueue::default(),
        controls,
    };
    Signer { service, caller: Caller::new("us-west-2".parse().unwrap(), AccountId::EXAMPLE), _directory: directory }
}

impl Signer {
    /// Calls an operation as the service does; `null` is an empty answer.
    async fn call(&self, name: &str, parameters: Value) -> Result<Value, ApiError> {
        let operation = OPERATIONS.iter().find(|operation| operation.name == name).unwrap();
        let parameters = Parameters::from(parameters.as_object().unwrap().clone());
        let outcome = match operation.validate(&parameters) {
            Ok(()) => (operation.run)(&self.service, &self.caller, parameters).await,
            Err(error) => Err(error),
        };
        let answer = outcome.map_err(|error| operation.documented(error))?;
        Ok(if answer.body().is_empty() { Value::Null } else { serde_json::from_slice(answer.body()).unwrap() })
    }

    /// The JSON text of an answer.
    async fn text(&self, name: &str, parameters: Value) -> String {
        let operation = OPERATIONS.iter().find(|operation| operation.name == name).unwrap();
        let parameters = Parameters::from(parameters.as_object().unwrap().clone());
        let answer = (operation.run)(&self.service, &self.caller, parameters).await.unwrap();
        String::from_utf8(answer.into_body()).unwrap()
    }

    async fn ok(&self, name: &str, parameters: Value) -> Value {
        self.call(name, parameters).await.unwrap()
    }

    /// The code and the message of an error.
    async fn error(&self, name: &str, parameters: Value) -> (&'static str, String) {
        let outcome = self.call(name, parameters.clone()).await;
        let Err(error) = outcome else { panic!("{name} {parameters}: {outcome:?}") };
        (error.code().name(), error.to_string())
    }

    async fn assert_error(&self, name: &str, parameters: Value, code: &str, message: &str) {
        let (found, text) = self.error(name, parameters.clone()).await;
        assert_eq!(found, code, "{name} {parameters}: {text}");
        assert!(text.contains(message), "{name} {parameters}: {text}");
    }

    /// Imports a certificate of the caller's own, and returns its ARN.
    fn import(&self, algorithm: &'static rcgen::SignatureAlgorithm) -> String {
        let (certificate, key) = crate::certificates::tests::certificate(algorithm);
        let directory = self.service.certificates.directory();
        let location = self.caller.location();
        let arn = Certificates::import(directory, location, certificate.as_bytes(), key.as_bytes(), None);
        arn.unwrap().to_string()
    }

    async fn put(&self, name: &str) -> Value {
        self.ok("PutSigningProfile", json!({"profileName": name, "platformId": NOTATION_PLATFORM})).await
    }

    async fn sign(&self, name: &str) -> Value {
        self.ok("SignPayload", payload(name)).await
    }
}

fn payload(name: &str) -> Value {
    json!({"profileName": name, "payload": STANDARD.encode("payload"), "payloadFormat": PAYLOAD_MEDIA_TYPE})
}

/// `value` with some members replaced.
fn with(mut value: Value, members: Value) -> Value {
    value.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    value
}

fn arn(resource: &str) -> String {
    format!("arn:aws:signer:us-west-2:111122223333:/{resource}")
}

#[test]
fn the_table_has_each_path_once_and_is_sorted() {
    assert!(OPERATIONS.windows(2).all(|pair| pair[0].name < pair[1].name));
    let mut routes: Vec<_> = OPERATIONS.iter().map(|operation| (operation.path, operation.method.as_str())).collect();
    routes.sort_unstable();
    assert!(routes.windows(2).all(|pair| pair[0] != pair[1]), "{routes:?}");
}
