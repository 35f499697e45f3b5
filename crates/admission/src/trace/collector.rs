//! The connection to a collector: the OpenTelemetry Protocol by gRPC, which is what port 4317 stands for.
//!
//! The connection is made when there is something to send, and again after it broke. The environment variable
//! `OTEL_RESOURCE_ATTRIBUTES` adds to what all spans say about the service, and `OTEL_EXPORTER_OTLP_HEADERS` to the
//! headers of calls, as the specification of OpenTelemetry has them.

use std::error::Error;
use std::time::Duration;

use files::FileError;
use opentelemetry::KeyValue;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::resource::EnvResourceDetector;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint as Address};

use crate::config::Otlp;

/// The time for one call, its connection included.
const TIME: Duration = Duration::from_secs(5);
/// The most bytes of a certificate file.
const MAX_CA: u64 = 1024 * 1024;
/// Why spans are lost if a collector takes them and does not answer.
const LATE: &str = "the collector did not answer in time";
/// How a certificate in PEM begins.
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// Why traces cannot be sent as the configuration says.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    /// The URL, or the certificates.
    #[error("otlp.endpoint {endpoint} cannot be used: {why}")]
    Endpoint {
        /// The URL, which has no credentials.
        endpoint: String,
        /// The reason.
        why: String,
    },
    /// The file with certificates.
    #[error("otlp.ca: {0}")]
    Ca(#[from] FileError),
    /// It has none.
    #[error("otlp.ca: {path} has no certificate in PEM", path = .0.display())]
    NoCertificate(std::path::PathBuf),
}

/// The address of a collector.
#[derive(Debug)]
pub struct Endpoint(Address);

impl Endpoint {
    /// Reads what the configuration says.
    ///
    /// # Errors
    /// Returns [`OtlpError`] if the URL or the file cannot be used.
    pub fn new(otlp: &Otlp) -> Result<Self, OtlpError> {
        let unusable = |why: String| OtlpError::Endpoint { endpoint: otlp.endpoint.clone(), why };
        let address = Address::from_shared(otlp.endpoint.clone()).map_err(|why| unusable(why.to_string()))?;
        let address = address.connect_timeout(TIME).timeout(TIME);
        if !otlp.endpoint.starts_with("https:") {
            return Ok(Self(address));
        }
        let with = |tls: ClientTlsConfig| address.clone().tls_config(tls).map(Self);
        let used = match &otlp.ca {
            None => with(ClientTlsConfig::new().with_native_roots()),
            Some(path) => {
                let pem = files::read_linked_file(path, MAX_CA)?;
                if !pem.windows(BEGIN.len()).any(|part| part == BEGIN) {
                    return Err(OtlpError::NoCertificate(path.clone()));
                }
                let own = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem));
                // Without certificates of the system, as in some containers, those of the file are trusted alone.
                with(own.clone().with_native_roots()).or_else(|_| with(own))
            }
        };
        used.map_err(|why| unusable(notary::text::innermost_cause(&why)))
    }
}

/// A collector.
#[derive(Debug)]
pub struct Collector(Result<SpanExporter, String>);

impl Collector {
    /// Connects when there is something to send.
    pub fn new(Endpoint(address): Endpoint, version: &str) -> Self {
        let exporter = SpanExporter::builder().with_tonic().with_channel(address.connect_lazy()).with_timeout(TIME);
        let exporter = exporter.build().map(|mut exporter| {
            exporter.set_resource(&resource(version));
            exporter
        });
        Self(exporter.map_err(|why| why.to_string()))
    }

    /// Sends spans.
    pub async fn export(&self, spans: Vec<SpanData>) -> Result<(), String> {
        match &self.0 {
            // The exporter's own limit is for each of its attempts.
            Ok(exporter) => match tokio::time::timeout(2 * TIME, exporter.export(spans)).await {
                Ok(sent) => sent.map_err(|why| reason(&why)),
                Err(_) => Err(LATE.to_owned()),
            },
            Err(why) => Err(why.clone()),
        }
    }
}

/// Why spans were not taken. The exporter tells it as one text: the gRPC status and, if the call failed on the way,
/// each layer's error; the innermost one says what happened.
fn reason(why: &OTelSdkError) -> String {
    let OTelSdkError::InternalFailure(text) = why else { return LATE.to_owned() };
    let Some((_, status)) = text.split_once("gRPC code: ") else { return text.clone() };
    let Some((code, layers)) = status.split_once(": ") else {
        return format!("the collector answered with the gRPC status {status}");
    };
    if matches!(code, "Cancelled" | "DeadlineExceeded") {
        return LATE.to_owned();
    }
    let is_layer = |layer: &&str| layer.ends_with("error");
    let cause = layers.split(": ").skip_while(is_layer).collect::<Vec<_>>().join(": ");
    let cause = if cause.is_empty() { layers.to_owned() } else { cause };
    format!("no connection: {}", notary::text::innermost_cause(&*Box::<dyn Error>::from(cause)))
}

/// What all spans say about the service.
fn resource(version: &str) -> Resource {
    let mut attributes = vec![KeyValue::new("service.version", version.to_owned())];
    // The name of the Pod.
    let host = std::env::var("HOSTNAME").ok().filter(|host| !host.is_empty());
    attributes.extend(host.map(|host| KeyValue::new("service.instance.id", host)));
    Resource::builder_empty()
        .with_detector(Box::new(EnvResourceDetector::new()))
        .with_service_name("notation-admission")
        .with_attributes(attributes)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_error_says_why_spans_are_lost() {
        let said = |text: &str| {
            let text = format!("TonicTracesClient export failed with gRPC code: {text}");
            reason(&OTelSdkError::InternalFailure(text))
        };
        for (text, expected) in [
            (
                "Unavailable: transport error: tcp connect error: tcp connect error: Connection refused (os error 111)",
                "no connection: Connection refused",
            ),
            (
                "Unavailable: transport error: dns error: failed to lookup address information: Name or service not known",
                "no connection: Name or service not known",
            ),
            (
                "Unavailable: transport error: invalid peer certificate: UnknownIssuer",
                "no connection: invalid peer certificate: UnknownIssuer",
            ),
            ("Unknown: transport error", "no connection: transport error"),
            ("Cancelled: Timeout expired", LATE),
            ("Unimplemented", "the collector answered with the gRPC status Unimplemented"),
        ] {
            assert_eq!(said(text), expected);
        }
        assert_eq!(reason(&OTelSdkError::Timeout(TIME)), LATE);
        assert_eq!(reason(&OTelSdkError::InternalFailure("other words".to_owned())), "other words");
    }
}
