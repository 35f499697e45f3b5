//! A request for a page of a region, and what pages need: the calls of operations, paths, and the layout.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use aws_names::Region;
use axum::http::StatusCode;
use axum::http::header::USER_AGENT;
use axum::response::Response;
use maud::{Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::fields::Fields;
use super::html::layout::{self, Section};
use super::login::Client;
use super::recent::{RecentCall, Source};
use super::reply::{Failure, page};
use super::sessions::Session;
use super::{Console, login};
use crate::audit::{Identity, Principal, Record};
use crate::authorization::{Connection, authorize};
use crate::caller::Caller;
use crate::error::ApiError;
use crate::model::{At, Member, Parameters};
use crate::operations::{Answer, OPERATIONS, Operation};

/// The region whose pages come first if no region has anything.
pub(super) const DEFAULT_REGION: &str = "us-west-2";

const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A request for a page of a region.
#[derive(Debug)]
pub(super) struct Visit<'a> {
    /// The console.
    pub(super) console: &'a Console,
    /// The session, if the browser is signed in.
    pub(super) session: Option<&'a Session>,
    client: &'a Client<'a>,
    /// The path and query, to come back after signing in.
    pub(super) target: &'a str,
    /// The query.
    pub(super) query: Fields,
    /// The form of a POST.
    pub(super) form: Fields,
    caller: Caller,
}

impl<'a> Visit<'a> {
    /// A request for a page of `region`.
    pub(super) fn new(client: &'a Client<'a>, target: &'a str, region: Region, query: Fields) -> Self {
        let caller = Caller::new(region, client.console.account.clone());
        let (console, session) = (client.console, client.session);
        Self { console, session, client, target, query, form: Fields::default(), caller }
    }

    /// The region of the page.
    pub(super) fn region(&self) -> &Region {
        self.caller.location().region()
    }

    /// The regions to choose from: those that have something, and that of the page.
    pub(super) fn regions(&self) -> Result<Vec<Region>, ApiError> {
        let mut regions = self.console.service.store.regions(&self.console.account)?;
        if !regions.contains(self.region()) {
            regions.push(self.region().clone());
        }
        Ok(regions)
    }

    /// The path of a page of the region.
    pub(super) fn path(&self, segments: &[&str]) -> String {
        let mut path = format!("/console/{}", self.region());
        for segment in segments {
            path.push('/');
            path.extend(utf8_percent_encode(segment, SEGMENT));
        }
        path
    }

    /// Calls an operation as the account's root user, as the API would. Calls that change something are recent calls.
    ///
    /// # Errors
    /// Returns the operation's error.
    pub(super) async fn call<T: DeserializeOwned>(&self, name: &'static str, parameters: Value) -> Result<T, ApiError> {
        let operation = operation(name).ok_or_else(|| ApiError::UnknownOperation(name.to_owned()))?;
        let begun = Instant::now();
        let outcome = match self.request(operation, &parameters) {
            Ok(parameters) => (operation.run)(&self.console.service, &self.caller, parameters).await,
            Err(error) => Err(error),
        };
        let outcome = outcome.map_err(|error| operation.documented(error));
        if let Some(cause) = outcome.as_ref().err().and_then(ApiError::internal_cause) {
            tracing::error!(operation = name, "internal error in the console: {cause}");
        }
        if !operation.read_only {
            let error = outcome.as_ref().err().map_or("-", |error| error.code().name());
            tracing::info!(operation = name, error, "handled a change of the console");
            let caller = Some(&self.caller);
            let call = RecentCall::new(Source::Console, Some(operation), caller, begun.elapsed(), &outcome);
            self.console.recent.add(call);
        }
        self.report(operation, parameters, begun.elapsed(), &outcome).await;
        let body = outcome?.into_body();
        let body = if body.is_empty() { b"null" } else { body.as_slice() };
        serde_json::from_slice(body).map_err(|error| ApiError::Internal(format!("{name}: {error}")))
    }

    /// The parameters of a call that is authorized and valid, in the order of the API's steps. The root may do
    /// everything in its account, and in others what their profiles permit.
    fn request(&self, operation: &Operation, parameters: &Value) -> Result<Parameters, ApiError> {
        let parameters = read(operation, parameters)?;
        operation.validate(&parameters)?;
        let connection = Connection { headers: self.client.headers, is_encrypted: self.client.peer.tls.is_some() };
        let service = &self.console.service;
        authorize(service, &self.caller, operation, &parameters, &connection)?;
        Ok(parameters)
    }

    /// Counts the call, and records it in the audit log, as those of the API.
    async fn report(
        &self,
        operation: &Operation,
        parameters: Value,
        took: Duration,
        outcome: &Result<Answer, ApiError>,
    ) {
        let service = &self.console.service;
        let code = outcome.as_ref().map_or_else(|error| error.code().name(), |_| "ok");
        service.controls.metrics.request(operation.name, code, took);
        if !service.controls.audit.is_active() {
            return;
        }
        let location = self.caller.location();
        let user_agent = self.client.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        let record = Record {
            operation: operation.name,
            is_read_only: operation.read_only,
            at: service.clock.now(),
            region: location.region().to_string(),
            identity: Identity {
                partition: location.partition().clone(),
                account: location.account().clone(),
                access_key_id: String::new(),
                principal: Principal::Root,
            },
            owner: None,
            source_ip: Some(self.client.peer.address.ip()),
            user_agent: user_agent.map(str::to_owned),
            request: parameters,
            response: outcome.as_ref().ok().and_then(|answer| serde_json::from_slice(answer.body()).ok()),
            error: outcome.as_ref().err().map(|error| (error.code().name().to_owned(), error.to_string())),
            request_id: uuid::Uuid::new_v4().to_string(),
            tls: self.client.peer.tls.clone(),
        };
        service.controls.audit.record(&record).await;
    }

    /// Requires that the browser is signed in.
    ///
    /// # Errors
    /// Returns [`Failure::SignIn`] if it is not.
    pub(super) fn signed_in(&self) -> Result<(), Failure> {
        if self.session.is_some() { Ok(()) } else { Err(Failure::SignIn) }
    }

    /// The page that signs in and leads back to this one.
    pub(super) fn sign_in(&self) -> String {
        login::with_next(self.target)
    }

    /// A page with status 200.
    ///
    /// # Errors
    /// Returns [`Failure::Api`] if the regions cannot be read.
    pub(super) fn page(&self, section: Section, title: &str, content: Markup) -> Result<Response, Failure> {
        self.page_with(StatusCode::OK, section, title, content)
    }

    /// A page.
    ///
    /// # Errors
    /// Returns [`Failure::Api`] if the regions cannot be read.
    pub(super) fn page_with(
        &self,
        status: StatusCode,
        section: Section,
        title: &str,
        content: Markup,
    ) -> Result<Response, Failure> {
        let regions = self.regions()?;
        Ok(page(status, layout::page(self, &regions, section, title, content)))
    }

    /// A form that is sent to `action` with the session's form token.
    pub(super) fn form(&self, action: &str, content: Markup) -> Markup {
        html! {
            form method="post" action=(action) {
                @if let Some(session) = self.session {
                    input type="hidden" name="form-token" value=(session.form_token.text());
                }
                (content)
            }
        }
    }

    /// The time of the signing clock.
    pub(super) fn now(&self) -> OffsetDateTime {
        self.console.service.clock.now()
    }

    /// The account of the pages.
    pub(super) fn account(&self) -> &str {
        self.console.account.as_str()
    }
}

/// The parameters, read as those of a request that has them in its path, query and body.
fn read(operation: &Operation, parameters: &Value) -> Result<Parameters, ApiError> {
    let (mut path, mut query, mut body) = (Vec::new(), Vec::new(), Map::new());
    let name = |member: &Member| Cow::Borrowed(member.name.as_bytes());
    for member in operation.parameters {
        let value = parameters.get(member.name).filter(|value| !value.is_null());
        match (member.at, value) {
            (_, None) => {}
            (At::Path, Some(value)) => path.push((member.name, text(value))),
            (At::Query, Some(Value::Array(values))) => {
                query.extend(values.iter().map(|value| (name(member), Cow::Owned(text(value)))));
            }
            (At::Query, Some(value)) => query.push((name(member), Cow::Owned(text(value)))),
            (At::Body, Some(value)) => drop(body.insert(member.name.to_owned(), value.clone())),
        }
    }
    let body = Value::Object(body).to_string();
    operation.read(path, query.into_iter(), body.as_bytes())
}

fn text(value: &Value) -> Vec<u8> {
    value.as_str().map_or_else(|| value.to_string().into_bytes(), |text| text.as_bytes().to_vec())
}

/// The row of an operation; `None` if this program does not have it.
pub(super) fn operation(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.name == name)
}

/// The HTTP status of a page that shows an error of an operation.
pub(super) fn status(error: &ApiError) -> StatusCode {
    StatusCode::from_u16(error.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
