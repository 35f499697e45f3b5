//! The payload, which names the signed artifact.

use serde_json::{Value, json};

use super::Expected::{self, Accepted, OnlyNotationAccepts, Refused};
use super::case::Case;
use super::rules::{DESCRIPTOR, PAYLOAD, UNIQUE};

const OTHER: &str = "not for this artifact";
const MALFORMED: &str = "the payload is malformed";

/// Changes the payload before it is signed.
fn payload(name: &str, expected: Expected, change: impl Fn(&mut Value) + Send + Sync + 'static) -> Case {
    Case::new(name, expected).draft(move |mut draft| {
        let mut payload = serde_json::from_slice(&draft.payload).unwrap();
        change(&mut payload);
        draft.payload = payload.to_string().into_bytes();
        draft
    })
}

fn target(name: &str, expected: Expected, member: &'static str, value: Value) -> Case {
    payload(name, expected, move |payload| payload["targetArtifact"][member] = value.clone())
}

fn without(member: &'static str) -> Case {
    payload(&format!("a payload without {member}"), Refused(MALFORMED), move |payload| {
        payload["targetArtifact"].as_object_mut().unwrap().remove(member);
    })
}

fn text(name: &str, expected: Expected, change: fn(String) -> String) -> Case {
    Case::new(name, expected).draft(move |mut draft| {
        draft.payload = change(String::from_utf8(draft.payload).unwrap()).into_bytes();
        draft
    })
}

pub fn cases() -> Vec<Case> {
    let digest = format!("sha256:{}", "5a".repeat(32));
    vec![
        target("another digest", Refused(OTHER), "digest", json!(digest)),
        target("another size", Refused(OTHER), "size", json!(7)),
        target("another media type", Refused(OTHER), "mediaType", json!("application/vnd.oci.image.index.v1+json")),
        target(
            "a media type in capitals",
            Refused(OTHER),
            "mediaType",
            json!("Application/vnd.oci.image.manifest.v1+json"),
        ),
        target("a size as text", Refused(MALFORMED), "size", json!("2")),
        target("a size that is not whole", Refused(MALFORMED), "size", json!(2.5)),
        target("a size below zero", Refused(MALFORMED), "size", json!(-1)),
        target("a digest of an unsupported algorithm", Refused(MALFORMED), "digest", json!("md5:00")),
        payload("a digest in capitals", Refused(MALFORMED), |payload| {
            let digest = payload["targetArtifact"]["digest"].as_str().unwrap().to_uppercase();
            payload["targetArtifact"]["digest"] = json!(digest.replace("SHA256", "sha256"));
        }),
        without("size"),
        without("digest"),
        without("mediaType"),
        target("annotations", Accepted, "annotations", json!({ "build": "7", "": "" })),
        target("annotations under the reserved prefix", Accepted, "annotations", json!({ "io.cncf.notary.x": "7" })),
        target("annotations that are not text", Refused(MALFORMED), "annotations", json!({ "build": 7 })),
        target("an artifact type", Accepted, "artifactType", json!("application/vnd.example")),
        target("another member of OCI descriptors", OnlyNotationAccepts(DESCRIPTOR, MALFORMED), "urls", json!([])),
        target("an unknown member of the target", OnlyNotationAccepts(DESCRIPTOR, MALFORMED), "x", json!(1)),
        payload("a claim in the payload", OnlyNotationAccepts(PAYLOAD, MALFORMED), |payload| {
            payload["expiry"] = json!("2020-01-01T00:00:00Z");
        }),
        payload("an array as the target", Refused(MALFORMED), |payload| payload["targetArtifact"] = json!([])),
        payload("no target", Refused(MALFORMED), |payload| *payload = json!({})),
        text("a digest twice", OnlyNotationAccepts(UNIQUE, MALFORMED), |text| {
            text.replacen("\"digest\"", "\"digest\":\"sha256:00\",\"digest\"", 1)
        }),
        text("Digest for digest", OnlyNotationAccepts(DESCRIPTOR, MALFORMED), |text| {
            text.replacen("\"digest\"", "\"Digest\"", 1)
        }),
        text("space around the payload", Accepted, |text| format!(" {text}\n")),
        text("text after the payload", Refused(MALFORMED), |text| format!("{text}x")),
        text("an empty payload", Refused("payload is missing"), |_| String::new()),
        text("a payload that is not JSON", Refused(MALFORMED), |_| "x".to_owned()),
    ]
}
