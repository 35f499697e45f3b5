//! The manifest of a signature in a layout.

use serde_json::{Value, json};

use super::Expected::{self, Accepted, OnlyNotationAccepts, OnlyWeAccept, Refused};
use super::case::Case;
use super::rules::{ARTIFACT_TYPE, ARTIFACT_TYPE_FORM, CONFIG_TYPE, MANIFEST, SUBJECT_SIZE, UNIQUE};

const SIGNATURE: &str = "application/vnd.cncf.notary.signature";
const NONE: &str = "there is no signature";

fn manifest(name: &str, expected: Expected, change: fn(&mut Value)) -> Case {
    Case::new(name, expected).manifest(change)
}

pub fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = ["application/jose", "application/JOSE+json", "application/COSE"]
        .into_iter()
        .map(|media_type| {
            Case::new(format!("the layer {media_type}"), Refused("JWS format"))
                .manifest(move |manifest| manifest["layers"][0]["mediaType"] = json!(media_type))
        })
        .collect();
    cases.extend([
        manifest(
            "the layer application/cose around a JWS envelope",
            Refused("the envelope is malformed"),
            |manifest| {
                manifest["layers"][0]["mediaType"] = json!("application/cose");
            },
        ),
        Case::cose("the layer application/jose+json", Refused("the envelope is malformed"))
            .manifest(|manifest| manifest["layers"][0]["mediaType"] = json!("application/jose+json")),
        Case::cose("a layer of another size", Refused("size")).manifest(|manifest| {
            let size = manifest["layers"][0]["size"].as_u64().unwrap();
            manifest["layers"][0]["size"] = json!(size - 1);
        }),
        manifest("the form with artifactType", OnlyWeAccept(ARTIFACT_TYPE_FORM), |manifest| {
            manifest["artifactType"] = json!(SIGNATURE);
            manifest["config"]["mediaType"] = json!("application/vnd.oci.empty.v1+json");
        }),
        manifest("a mixture of both forms", OnlyNotationAccepts(CONFIG_TYPE, NONE), |manifest| {
            manifest["artifactType"] = json!(SIGNATURE);
        }),
        manifest("another artifactType", OnlyNotationAccepts(ARTIFACT_TYPE, NONE), |manifest| {
            manifest["artifactType"] = json!("application/vnd.example");
        }),
        manifest("another config", Refused(NONE), |manifest| {
            manifest["config"]["mediaType"] = json!("application/vnd.oci.image.config.v1+json");
        }),
        manifest("two layers", Refused("exactly one layer"), |manifest| {
            let layer = manifest["layers"][0].clone();
            manifest["layers"].as_array_mut().unwrap().push(layer);
        }),
        manifest("no layer", Refused("exactly one layer"), |manifest| manifest["layers"] = json!([])),
        manifest("a layer of another size", Refused("size"), |manifest| {
            let size = manifest["layers"][0]["size"].as_u64().unwrap();
            manifest["layers"][0]["size"] = json!(size - 1);
        }),
        manifest("a missing layer", Refused("5a5a"), |manifest| {
            manifest["layers"][0]["digest"] = json!(format!("sha256:{}", "5a".repeat(32)));
        }),
        manifest("no subject", Refused(NONE), |manifest| {
            manifest.as_object_mut().unwrap().remove("subject");
        }),
        manifest("another subject", Refused(NONE), |manifest| manifest["subject"] = manifest["config"].clone()),
        manifest("a subject of another size", OnlyWeAccept(SUBJECT_SIZE), |manifest| {
            manifest["subject"]["size"] = json!(7)
        }),
        manifest("annotations of the manifest", Accepted, |manifest| {
            manifest["annotations"] = json!({ "io.cncf.notary.x509chain.thumbprint#S256": "[\"00\"]", "a": "b" });
        }),
        manifest("an unknown member of the manifest", Accepted, |manifest| manifest["x"] = json!([1])),
        manifest("no mediaType", Accepted, |manifest| {
            manifest.as_object_mut().unwrap().remove("mediaType");
        }),
        manifest("no schemaVersion", OnlyNotationAccepts(MANIFEST, "schemaVersion"), |manifest| {
            manifest.as_object_mut().unwrap().remove("schemaVersion");
        }),
        Case::new("layers twice", OnlyNotationAccepts(UNIQUE, "not a valid JSON"))
            .manifest_text(|text| text.replacen("\"layers\"", "\"layers\":[],\"layers\"", 1)),
    ]);
    cases
}
