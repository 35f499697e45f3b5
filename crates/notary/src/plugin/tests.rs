//! What one side writes, the other side reads.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use serde_json::{Map, json};
use time::macros::datetime;

use super::*;
use crate::json::{JsonError, parse_object};

fn request() -> VerifySignatureRequest {
    VerifySignatureRequest {
        critical_attributes: CriticalAttributes {
            content_type: "application/vnd.cncf.notary.payload.v1+json".to_owned(),
            signing_scheme: "notary.x509.signingAuthority".to_owned(),
            authentic_signing_time: Some(datetime!(2026-01-31 12:00 UTC)),
            expiry: None,
            verification_plugin: Some("org.example".to_owned()),
            verification_plugin_min_version: None,
            extended: Map::from_iter([("org.example.ticket".to_owned(), json!("T-1"))]),
        },
        unprocessed_attributes: vec!["org.example.ticket".to_owned()],
        certificate_chain: vec![vec![1, 2, 3], vec![4]],
        trusted_identities: vec!["*".to_owned()],
        checks: vec![Capability::RevocationCheck],
        plugin_config: [("a".to_owned(), "b".to_owned())].into(),
    }
}

#[test]
fn a_request_is_read_as_it_was_written() {
    assert_eq!(VerifySignatureRequest::parse(request().to_json().as_bytes()), Ok(request()));
}

#[test]
fn a_response_is_read_as_it_was_written() {
    let results = [(Capability::TrustedIdentity, VerificationResult::new(true, "known"))];
    let response = VerifySignatureResponse {
        verification_results: results.into(),
        processed_attributes: vec!["org.example.ticket".to_owned()],
    };
    let written = serde_json::to_vec(&response).unwrap();
    assert_eq!(VerifySignatureResponse::parse(parse_object("answer", &written).unwrap()), Ok(response));
}

#[test]
fn an_error_is_read_as_it_was_written() {
    for code in ["THROTTLED", "VALIDATION_ERROR", "SOMETHING_ELSE"] {
        let error = ErrorResponse::new(ErrorCode::from_name(code), "why");
        assert_eq!(ErrorResponse::parse(&serde_json::to_vec(&error).unwrap()), Ok(error));
    }
    assert!(ErrorResponse::parse(b"oops").is_err());
}

#[test]
fn metadata_is_read_as_it_was_written_without_unknown_capabilities() {
    let metadata = Metadata {
        name: "org.example".to_owned(),
        description: "An example".to_owned(),
        version: "1.0.0".to_owned(),
        url: "https://example.org".to_owned(),
        supported_contract_versions: vec![CONTRACT_VERSION.to_owned()],
        capabilities: vec![Capability::EnvelopeGenerator, Capability::TrustedIdentity],
    };
    let mut written = serde_json::to_value(&metadata).unwrap();
    written["capabilities"].as_array_mut().unwrap().push(json!("SIGNATURE_VERIFIER.ELSE"));
    let read =
        |value: &serde_json::Value| Metadata::parse(parse_object("answer", value.to_string().as_bytes()).unwrap());
    assert_eq!(read(&written), Ok(metadata));
    written["url"] = json!("");
    assert_eq!(read(&written), Err(JsonError::Missing { path: "url".to_owned() }));
}

#[test]
fn go_writes_an_absent_time_as_the_year_1() {
    let mut value: serde_json::Value = serde_json::from_str(&request().to_json()).unwrap();
    value["signature"]["criticalAttributes"]["authenticSigningTime"] = json!("0001-01-01T00:00:00Z");
    let parsed = VerifySignatureRequest::parse(value.to_string().as_bytes()).unwrap();
    assert_eq!(parsed.critical_attributes.authentic_signing_time, None);
    value["signature"]["criticalAttributes"]["expiry"] = json!("yesterday");
    let failed = VerifySignatureRequest::parse(value.to_string().as_bytes());
    assert!(matches!(failed, Err(RequestError::Time { .. })));
}

#[test]
fn rejects_requests_of_another_version_and_checks_that_do_not_exist() {
    let text = request().to_json();
    let other = VerifySignatureRequest::parse(text.replace("\"1.0\"", "\"2.0\"").as_bytes()).unwrap_err();
    assert_eq!(other.code(), ErrorCode::UnsupportedContractVersion);
    for name in ["SIGNATURE_VERIFIER.ELSE", "SIGNATURE_GENERATOR.RAW"] {
        let text = text.replace("SIGNATURE_VERIFIER.REVOCATION_CHECK", name);
        let failed = VerifySignatureRequest::parse(text.as_bytes()).unwrap_err();
        assert!(matches!(failed, RequestError::Check { .. }) && failed.code() == ErrorCode::ValidationError);
    }
}
