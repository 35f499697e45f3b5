//! A replica with its log, and the webhook configuration that it keeps.

use std::io::{self, Write};
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::*;
use super::api::Api;
use crate::config::LogLevel;

pub const SECRET: &str = "/api/v1/namespaces/notation-system/secrets/admission-tls";
pub const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/notation-system/leases/admission-tls";
pub const WEBHOOK: &str = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/notation-admission";
pub const DAY: Duration = Duration::from_secs(24 * 3600);

/// A replica with its certificate.
pub struct Replica {
    pub keeper: SelfManaged,
    pub tls: Tls,
    pub clock: Clock,
    said: Said,
}

/// The log.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Replica {
    pub fn new(api: &Api, identity: &str) -> Self {
        let settings = Settings {
            secret: "admission-tls".to_owned(),
            service: "admission.notation-system.svc".to_owned(),
            webhooks: vec!["notation-admission".to_owned()],
        };
        let clock = Clock::default();
        let said = Said::default();
        let log = Log::to(LogLevel::Debug, said.clone()).unwrap();
        let keeper = SelfManaged::new(api.cluster(), &settings, [], identity.to_owned(), clock.clone(), log);
        Self { keeper: SelfManaged { noticed: Duration::ZERO, ..keeper }, tls: Tls::shared(), clock, said }
    }

    pub async fn look(&mut self) {
        self.keeper.look(&self.tls).await;
    }

    pub fn bundle(&self) -> String {
        self.tls.ca_bundle_pem().unwrap()
    }

    /// Ends the log, and returns it.
    pub fn log(&self) -> String {
        self.keeper.log.close(Duration::from_secs(5));
        String::from_utf8(self.said.0.lock().unwrap().clone()).unwrap()
    }

    pub fn missing(&self) -> Option<String> {
        self.tls.missing(self.clock.utc())
    }
}

pub fn webhook(bundle: Option<&str>) -> Value {
    let mut client = json!({ "service": { "namespace": "notation-system", "name": "admission", "path": "/validate" } });
    if let Some(bundle) = bundle {
        client["caBundle"] = bundle.into();
    }
    let webhook =
        json!({ "name": "verify.notation", "clientConfig": client, "failurePolicy": "Fail", "timeoutSeconds": 10 });
    json!({ "metadata": { "name": "notation-admission" }, "webhooks": [webhook] })
}

/// The bundle that the API server uses.
pub fn published(api: &Api) -> String {
    let bundle =
        api.store().objects[WEBHOOK]["webhooks"][0]["clientConfig"]["caBundle"].as_str().unwrap_or_default().to_owned();
    String::from_utf8(STANDARD.decode(bundle).unwrap()).unwrap()
}
