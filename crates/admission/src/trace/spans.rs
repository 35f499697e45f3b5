//! The spans of images and of requests to other services, and what all spans have.
//!
//! Attributes hold what a line of the log holds, and as little of the texts of others. Users and credentials are not
//! among them.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use super::context::{Context, is_traced};
use crate::decision::{ImageDecision, Outcome};
use crate::metrics::{Operation, ResponseCode, Upstream};

/// The longest text of others in an attribute, in bytes.
const TEXT: usize = 256;

/// A span that is over.
pub(super) struct Span {
    pub context: Context,
    /// The span above, which is zero for none, and whether it is another service's.
    pub parent: (u64, bool),
    pub kind: SpanKind,
    pub name: Cow<'static, str>,
    pub start: SystemTime,
    pub end: SystemTime,
    pub attributes: Vec<KeyValue>,
    pub status: Status,
}

impl Span {
    /// A span below `parent` that ends now, with no length and no name.
    pub fn ended(parent: &Context, context: &Context) -> Self {
        let now = SystemTime::now();
        Self {
            context: context.clone(),
            parent: (parent.span, false),
            kind: SpanKind::Internal,
            name: "".into(),
            start: now,
            end: now,
            attributes: Vec::new(),
            status: Status::Unset,
        }
    }

    /// Queues it for the collector.
    pub fn send(self) {
        let Self { context: Context { sink, trace, span }, parent, kind, name, start, end, attributes, status } = self;
        let (trace, span) = (TraceId::from(trace), SpanId::from(span));
        sink.send(SpanData {
            span_context: SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::NONE),
            parent_span_id: SpanId::from(parent.0),
            parent_span_is_remote: parent.1,
            span_kind: kind,
            name,
            start_time: start,
            // A clock that was set back makes no span that ends before it starts.
            end_time: end.max(start),
            attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status,
            instrumentation_scope: InstrumentationScope::builder("notation-aws-signer-admission").build(),
        });
    }
}

/// The span of an image that is judged.
#[derive(Debug)]
pub struct ImageSpan {
    contexts: Option<(Context, Context)>,
    start: SystemTime,
    end: SystemTime,
}

impl ImageSpan {
    /// Begins it, if the request is traced.
    #[must_use]
    pub fn begin() -> Self {
        let parent = Context::current();
        let contexts = parent.map(|parent| {
            let child = parent.child();
            (parent, child)
        });
        let now = SystemTime::now();
        Self { contexts, start: now, end: now }
    }

    /// For the work on the image.
    #[must_use]
    pub fn context(&self) -> Option<Context> {
        self.contexts.as_ref().map(|(_, context)| context.clone())
    }

    /// The work on the image is over.
    pub fn ended(&mut self) {
        self.end = SystemTime::now();
    }

    /// Records it with what was decided.
    pub fn record(self, image: &ImageDecision) {
        let Some((parent, context)) = self.contexts else { return };
        Span { start: self.start, end: self.end, ..image_span(&parent, &context, image) }.send();
    }
}

/// Now, if this task works for a span.
#[must_use]
pub fn began() -> Option<SystemTime> {
    is_traced().then(SystemTime::now)
}

/// Records the spans of images that were decided from memory since [`began`].
pub fn images<'a>(images: impl Iterator<Item = &'a ImageDecision>, began: Option<SystemTime>) {
    let Some((start, parent)) = began.zip(Context::current()) else { return };
    for image in images {
        Span { start, ..image_span(&parent, &parent.child(), image) }.send();
    }
}

/// Records a request to another service that ended now.
pub fn upstream(upstream: Upstream, operation: Operation, code: ResponseCode, took: Duration) {
    let Some(parent) = Context::current() else { return };
    let (upstream, operation) = (upstream.as_str(), operation.as_str());
    let span = Span::ended(&parent, &parent.child());
    let start = span.end.checked_sub(took).unwrap_or(span.end);
    let status = if code.is_error() { Status::error(code.as_str()) } else { Status::Unset };
    let attributes = vec![
        KeyValue::new("admission.upstream", upstream),
        KeyValue::new("admission.operation", operation),
        KeyValue::new("admission.code", code.as_str()),
    ];
    let name = format!("{upstream} {operation}").into();
    Span { kind: SpanKind::Client, name, start, attributes, status, ..span }.send();
}

fn image_span(parent: &Context, context: &Context, image: &ImageDecision) -> Span {
    let mut attributes = vec![
        KeyValue::new("admission.image.reference", shown(&image.image)),
        KeyValue::new("admission.outcome", image.outcome.as_str()),
        KeyValue::new("admission.cached", image.is_cached),
    ];
    let mut add = |name: &'static str, value: Option<Value>| {
        attributes.extend(value.map(|value| KeyValue::new(name, value)));
    };
    add("admission.image.digest", image.digest.as_ref().map(|digest| digest.to_string().into()));
    add("admission.rule", image.rule.as_deref().map(|rule| shown(rule).into()));
    add("admission.signer", image.signer.as_deref().map(|signer| shown(signer).into()));
    add("admission.reason", image.why.as_ref().map(|why| why.code.as_str().into()));
    add("admission.check", image.why.as_ref().and_then(|why| why.check).map(Into::into));
    let message = image.why.as_ref().map(|why| shown(&why.message));
    add("admission.message", message.clone().map(Into::into));
    add("admission.stale", image.is_stale.then_some(true.into()));
    // A refusal is what the service is for.
    let status = match image.outcome {
        Outcome::Undetermined => Status::error(message.unwrap_or_default()),
        _ => Status::Unset,
    };
    Span { name: "image".into(), attributes, status, ..Span::ended(parent, context) }
}

/// A text of others: printable and short.
pub(super) fn shown(text: &str) -> String {
    notary::text::printable(&text[..text.floor_char_boundary(TEXT)])
}
