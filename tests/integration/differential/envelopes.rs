//! The JWS envelope.

use serde_json::{Value, json};

use super::Expected::{self, Accepted, OnlyNotationAccepts, Refused};
use super::case::Case;
use super::rules::{BASE64, TOP_LEVEL, UNIQUE};

fn envelope(name: &str, expected: Expected, change: fn(&mut Value)) -> Case {
    Case::new(name, expected).envelope(change)
}

fn text(name: &str, expected: Expected, change: fn(String) -> String) -> Case {
    Case::new(name, expected).text(change)
}

fn without(member: &'static str) -> Case {
    Case::new(format!("an envelope without {member}"), Refused("is missing")).envelope(move |envelope| {
        envelope.as_object_mut().unwrap().remove(member);
    })
}

/// Changes the base64 text of the first certificate.
fn first_certificate(envelope: &mut Value, change: impl Fn(&str) -> String) {
    let text = envelope["header"]["x5c"][0].as_str().unwrap();
    envelope["header"]["x5c"][0] = json!(change(text));
}

pub fn cases() -> Vec<Case> {
    let syntax = "not a valid JSON document";
    vec![
        without("payload"),
        without("protected"),
        without("header"),
        without("signature"),
        envelope("an unknown top-level member", OnlyNotationAccepts(TOP_LEVEL, "unknown member"), |envelope| {
            envelope["x"] = json!(1);
        }),
        envelope("the general form of JWS", Refused("is missing"), |envelope| {
            let Value::Object(mut members) = envelope.take() else { panic!() };
            let payload = members.remove("payload");
            *envelope = json!({ "payload": payload, "signatures": [members] });
        }),
        envelope("the compact form of JWS", Refused(syntax), |_| ()).text(|text| {
            let envelope: Value = serde_json::from_str(&text).unwrap();
            ["protected", "payload", "signature"].map(|member| envelope[member].as_str().unwrap().to_owned()).join(".")
        }),
        text("a member twice", OnlyNotationAccepts(UNIQUE, syntax), |text| {
            text.replacen('{', "{\"payload\":\"e30\",", 1)
        }),
        text("Payload for payload", OnlyNotationAccepts(TOP_LEVEL, "payload is missing"), |text| {
            text.replacen("\"payload\"", "\"Payload\"", 1)
        }),
        text("an array around the envelope", Refused("must be an object"), |text| format!("[{text}]")),
        text("space around the envelope", Accepted, |text| format!("\t{text}\r\n")),
        text("text after the envelope", Refused(syntax), |text| format!("{text}{{}}")),
        text("a byte order mark", Refused(syntax), |text| format!("\u{feff}{text}")),
        text("an empty envelope", Refused("is missing"), |_| "{}".to_owned()),
        text("no envelope", Refused(syntax), |_| String::new()),
        envelope("x5c as a string", Refused("x5c"), |envelope| {
            envelope["header"]["x5c"] = envelope["header"]["x5c"][0].take();
        }),
        envelope("an empty x5c", Refused("x5c is missing"), |envelope| envelope["header"]["x5c"] = json!([])),
        envelope("an empty certificate", Refused("certificate"), |envelope| envelope["header"]["x5c"][0] = json!("")),
        envelope("a certificate in PEM", Refused("base64"), |envelope| {
            first_certificate(envelope, |text| {
                format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
            });
        }),
        envelope("a line feed in a certificate", OnlyNotationAccepts(BASE64, "base64"), |envelope| {
            first_certificate(envelope, |text| format!("{}\n{}", &text[..64], &text[64..]));
        }),
        envelope("a certificate with too much padding", Refused("base64"), |envelope| {
            first_certificate(envelope, |text| format!("{text}="));
        }),
    ]
}
