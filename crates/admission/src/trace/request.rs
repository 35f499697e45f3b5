//! The span of a request.

use std::time::SystemTime;

use hyper::HeaderMap;
use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanKind, Status};

use super::Traces;
use super::context::Context;
use super::parent::Parent;
use super::spans::{Span, shown};
use crate::config::Adapter;
use crate::frontends::Answer;

/// A request that is worked on.
#[derive(Debug)]
pub struct RequestSpan {
    context: Context,
    /// The caller's span.
    parent: Option<u64>,
    start: SystemTime,
}

impl Traces {
    /// Begins the span of a request with these headers. `None` if it is not traced: no collector is configured, or the
    /// caller does not record its trace.
    #[must_use]
    pub fn request(&self, headers: &HeaderMap) -> Option<RequestSpan> {
        let sink = self.sink()?;
        let mut given = headers.get_all("traceparent").iter();
        // Two of them say nothing.
        let parent = match (given.next(), given.next()) {
            (Some(header), None) => Parent::read(header.as_bytes()),
            _ => None,
        };
        if parent.is_some_and(|parent| !parent.is_sampled) {
            return None;
        }
        let trace = parent.map_or_else(|| fastrand::u128(1..), |parent| parent.trace);
        let context = Context { sink, trace, span: fastrand::u64(1..) };
        Some(RequestSpan { context, parent: parent.map(|parent| parent.span), start: SystemTime::now() })
    }
}

impl RequestSpan {
    /// For the work on the request.
    #[must_use]
    pub fn context(&self) -> Option<Context> {
        Some(self.context.clone())
    }

    /// Records it. Paths that are not served have no span: anyone can make them up.
    pub fn end(self, adapter: Option<Adapter>, answer: &Answer) {
        let Some(adapter) = adapter else { return };
        let mut attributes = vec![
            KeyValue::new("admission.adapter", adapter.as_str()),
            KeyValue::new("http.response.status_code", i64::from(answer.status)),
        ];
        if let Some(record) = &answer.record {
            attributes.push(KeyValue::new("admission.decision", record.verdict.as_str()));
            attributes.push(KeyValue::new("admission.images", i64::try_from(record.images.len()).unwrap_or(i64::MAX)));
            attributes.push(KeyValue::new("admission.dry_run", record.dry_run));
            for (name, text) in [
                ("admission.uid", &record.uid),
                ("admission.namespace", &record.namespace),
                ("admission.kind", &record.kind),
                ("admission.name", &record.name),
                ("admission.operation", &record.operation),
            ] {
                attributes.extend(text.as_deref().map(|text| KeyValue::new(name, shown(text))));
            }
        }
        let status = if answer.status >= 500 { Status::error("") } else { Status::Unset };
        let Self { context, parent, start } = self;
        Span {
            parent: (parent.unwrap_or_default(), parent.is_some()),
            kind: SpanKind::Server,
            name: format!("admission {}", adapter.as_str()).into(),
            start,
            attributes,
            status,
            ..Span::ended(&context, &context)
        }
        .send();
    }
}
