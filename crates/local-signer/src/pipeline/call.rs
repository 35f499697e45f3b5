//! What is learned about a call on its way, for the audit log and the metrics.

use std::time::Duration;

use aws_names::{AccountId, ProfileArn};
use axum::http::HeaderName;
use axum::http::header::{HOST, USER_AGENT};
use axum::http::request::Parts;
use serde_json::Value;

use super::Endpoint;
use crate::audit::{Identity, Principal, Record, Tls};
use crate::caller::Caller;
use crate::cut::Cut;
use crate::error::ApiError;
use crate::iam::IdentityKind;
use crate::model::Parameters;
use crate::operations::{Answer, Operation, Service};
use crate::server::Peer;

/// A call, as far as it got.
#[derive(Debug, Default)]
pub(super) struct Call {
    /// Who calls, if the request is authenticated.
    pub(super) caller: Option<Caller>,
    /// The operation, if there is one.
    pub(super) operation: Option<&'static Operation>,
    /// How the connection is cut on purpose.
    pub(super) cut: Option<Cut>,
    /// The parameters, if they are recorded.
    parameters: Option<Value>,
}

impl Call {
    /// Keeps the parameters for the audit log, if there is one.
    pub(super) fn remember(&mut self, service: &Service, parameters: &Parameters) {
        if service.controls.audit.is_active() {
            self.parameters = Some(Value::Object(parameters.all().clone()));
        }
    }

    /// Counts the call, and records it in the audit log if it is authenticated.
    pub(super) async fn report(
        &mut self,
        endpoint: &Endpoint,
        parts: &Parts,
        peer: &Peer,
        id: &str,
        duration: Duration,
        outcome: &Result<Answer, ApiError>,
    ) {
        let service = &endpoint.service;
        let code = outcome.as_ref().map_or_else(|error| error.code().name(), |_| "ok");
        let name = self.operation.map_or("unknown", |operation| operation.name);
        service.controls.metrics.request(name, code, duration);
        // The service never got a request whose connection was cut before.
        if !service.controls.audit.is_active() || self.cut == Some(Cut::Request) {
            return;
        }
        let (Some(caller), Some(operation)) = (&self.caller, self.operation) else { return };
        let parameters = self.parameters.take().unwrap_or_default();
        let record = Record {
            operation: operation.name,
            is_read_only: operation.read_only,
            at: service.clock.now(),
            region: caller.location().region().to_string(),
            identity: identity(caller),
            owner: owner(&parameters),
            source_ip: Some(peer.address.ip()),
            user_agent: header(parts, &USER_AGENT),
            request: parameters,
            // The log has results of changes only. An empty answer is not JSON.
            response: outcome
                .as_ref()
                .ok()
                .filter(|_| !operation.read_only)
                .and_then(|answer| serde_json::from_slice(answer.body()).ok()),
            error: outcome.as_ref().err().map(|error| (error.code().name().to_owned(), error.to_string())),
            request_id: id.to_owned(),
            tls: peer.tls.clone().map(|tls| Tls { host: header(parts, &HOST), ..tls }),
        };
        service.controls.audit.record(&record).await;
    }
}

fn identity(caller: &Caller) -> Identity {
    let found = caller.identity();
    let id = found.unique_id().to_owned();
    let name = found.name().to_owned();
    Identity {
        partition: caller.location().partition().clone(),
        account: found.account().clone(),
        access_key_id: caller.access_key_id().unwrap_or_default().to_owned(),
        principal: match found.kind() {
            IdentityKind::Root => Principal::Root,
            IdentityKind::User => Principal::User { id, name },
            // The session of a role has the name of the role.
            IdentityKind::Role => Principal::AssumedRole { id, session: name.clone(), name, since: None },
        },
    }
}

/// The account that owns what the call is about, as far as its parameters name it.
fn owner(parameters: &Value) -> Option<AccountId> {
    let text = |name: &str| parameters.get(name).and_then(Value::as_str);
    let named = ["profileOwner", "jobOwner"].into_iter().find_map(text);
    named.and_then(|account| account.parse().ok()).or_else(|| {
        let arn: ProfileArn = text("resourceArn")?.parse().ok()?;
        Some(arn.location().account().clone())
    })
}

fn header(parts: &Parts, name: &HeaderName) -> Option<String> {
    Some(String::from_utf8_lossy(parts.headers.get(name)?.as_bytes()).into_owned())
}
