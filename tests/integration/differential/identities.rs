//! Trusted identities: which subjects of a signing certificate they name.

use serde_json::json;
use testing::der::{oid, sequence, tlv};

use super::Expected::{self, Accepted, Refused};
use super::case::Case;

const NOT_NAMED: &str = "no trusted identity of the policy names";

/// A signature by `C=US, ST=WA, O=Acme, CN=leaf`.
fn subject(name: &str, expected: Expected, identity: &str) -> Case {
    identities(name, expected, &[identity])
}

fn identities(name: &str, expected: Expected, identities: &[&str]) -> Case {
    let identities = json!(identities);
    Case::new(name, expected).policy(move |policy| policy["trustedIdentities"] = identities.clone())
}

pub fn cases() -> Vec<Case> {
    vec![
        subject("the whole subject", Accepted, "x509.subject: C=US, ST=WA, O=Acme, CN=leaf"),
        subject("a part of the subject", Accepted, "x509.subject: C=US, ST=WA, O=Acme"),
        subject("the subject in another order", Accepted, "x509.subject: CN=leaf,O=Acme,S=WA,C=US"),
        subject("another organization", Refused(NOT_NAMED), "x509.subject: C=US, ST=WA, O=Other"),
        subject("an organization in capitals", Refused(NOT_NAMED), "x509.subject: C=US, ST=WA, O=ACME"),
        subject(
            "an attribute that the subject lacks",
            Refused(NOT_NAMED),
            "x509.subject: C=US, ST=WA, O=Acme, L=Seattle",
        ),
        subject("the root's subject", Refused(NOT_NAMED), "x509.subject: C=US, ST=WA, O=Acme, CN=root"),
        identities(
            "one identity of several",
            Accepted,
            &["x509.subject: C=US, ST=WA, O=Other", "x509.subject: C=US, ST=WA, O=Acme"],
        ),
        subject("an identity of another kind", Refused("no x509.subject"), "did:example:leaf"),
        subject("a subject, signingAuthority", Accepted, "x509.subject: C=US, ST=WA, O=Acme").authority(),
        subject("a subject with an attribute twice", Refused("authenticity"), "x509.subject: C=US, ST=WA, O=Acme")
            .specs(|specs| {
                let attribute =
                    |kind: &str, value: &str| tlv(0x31, &sequence(&[&oid(kind), &tlv(0x0c, value.as_bytes())]));
                let parts = [("2.5.4.6", "US"), ("2.5.4.8", "WA"), ("2.5.4.10", "Other"), ("2.5.4.10", "Acme")];
                specs[0].subject = tlv(0x30, &parts.map(|(kind, value)| attribute(kind, value)).concat());
            }),
        subject(
            "a subject without the attributes an identity needs",
            Refused("authenticity"),
            "x509.subject: C=US, ST=WA, O=Acme",
        )
        .specs(|specs| specs[0].subject = testing::der::name(0x0c, "Acme")),
    ]
}
