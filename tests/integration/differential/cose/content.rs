//! What does not depend on the form of the envelope.

use testing::certificate::Spec;

use crate::differential::Expected::{Accepted, OnlyNotationAccepts, Refused};
use crate::differential::case::Case;
use crate::differential::rules::{PAYLOAD, UNIQUE};

/// What the payload and the chain must be does not depend on the form of the envelope.
pub(super) fn shared() -> Vec<Case> {
    let payload = |name: &str, expected, change: fn(String) -> String| {
        Case::cose(name, expected).cose_draft(move |mut draft| {
            draft.payload = change(String::from_utf8(draft.payload).unwrap()).into_bytes();
            draft
        })
    };
    let specs = |name: &str, expected, change: fn(&mut Vec<Spec>)| Case::cose(name, expected).specs(change);
    vec![
        payload("another digest", Refused("not for this artifact"), |text| {
            let at = text.find("sha256:").unwrap() + 7;
            format!("{}{}{}", &text[..at], "5a".repeat(32), &text[at + 64..])
        }),
        payload("a claim in the payload", OnlyNotationAccepts(PAYLOAD, "the payload is malformed"), |text| {
            text.replacen('{', "{\"expiry\":\"2020-01-01T00:00:00Z\",", 1)
        }),
        payload("a digest twice in the payload", OnlyNotationAccepts(UNIQUE, "the payload is malformed"), |text| {
            text.replacen("\"digest\"", "\"digest\":\"sha256:00\",\"digest\"", 1)
        }),
        payload("space around the payload", Accepted, |text| format!(" {text}\n")),
        payload("text after the payload", Refused("the payload is malformed"), |text| format!("{text}x")),
        payload("a payload that is CBOR", Refused("the payload is malformed"), |_| "\u{1}".to_owned()),
        specs("an expired leaf", Refused("authenticTimestamp"), |specs| {
            specs[0].not_after = crate::differential::case::now() - time::Duration::seconds(1);
        }),
        specs("a leaf that is an authority", Refused("certificate 0"), |specs| {
            specs[0].set(testing::certificate::basic_constraints(true, true, None));
        }),
        specs("an authority without key usage", Refused("certificate 1"), |specs| {
            specs[1].remove(testing::certificate::KEY_USAGE);
        }),
        Case::cose("an unknown identity", Refused("authenticity"))
            .policy(|policy| policy["trustedIdentities"] = serde_json::json!(["x509.subject: C=US, ST=WA, O=Other"])),
        Case::cose("a signing authority's store for notary.x509", Refused("authenticity"))
            .policy(|policy| policy["trustStores"] = serde_json::json!(["signingAuthority:x"])),
    ]
}
