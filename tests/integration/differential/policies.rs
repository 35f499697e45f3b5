//! The effect of trust policies and trust stores on a signature. tests/integration/policies compares which documents
//! and stores are readable at all.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use notary::text::rfc3339;
use serde_json::{Value, json};
use testing::certificate::{Extension, Spec};
use testing::der::{sequence, tlv};
use testing::key::Kind;
use time::Duration;

use super::Expected::{self, Accepted, OnlyNotationAccepts, Refused};
use super::case::{Case, now, store, subject};
use super::rules::WRITABLE;

/// A defect of the signature.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Wrong {
    Expired,
    ChainExpired,
    SignedOutsideValidity,
    Untrusted,
    OtherIdentity,
    NoStore,
    NotRevocable,
    Altered,
}

impl Wrong {
    const ALL: [Wrong; 8] = [
        Wrong::Expired,
        Wrong::ChainExpired,
        Wrong::SignedOutsideValidity,
        Wrong::Untrusted,
        Wrong::OtherIdentity,
        Wrong::NoStore,
        Wrong::NotRevocable,
        Wrong::Altered,
    ];

    fn validation(self) -> &'static str {
        match self {
            Wrong::Expired => "expiry",
            Wrong::ChainExpired | Wrong::SignedOutsideValidity => "authenticTimestamp",
            Wrong::Untrusted | Wrong::OtherIdentity | Wrong::NoStore => "authenticity",
            Wrong::NotRevocable => "revocation",
            Wrong::Altered => "integrity",
        }
    }

    /// A signature with this defect, under this `signatureVerification`.
    fn under(self, verification: Value) -> Case {
        let refused = Refused(self.validation());
        let case = Case::new(format!("{self:?} under {verification}"), refused).policy(move |policy| {
            policy["signatureVerification"] = verification.clone();
            if self == Wrong::OtherIdentity {
                policy["trustedIdentities"] = json!(["x509.subject: C=US, ST=WA, O=Other"]);
            }
        });
        match self {
            Wrong::Expired => {
                case.draft(|draft| draft.protect("io.cncf.notary.expiry", json!(rfc3339(now() - Duration::minutes(1)))))
            }
            Wrong::ChainExpired => case.specs(|specs| specs[0].not_after = now() - Duration::minutes(1)),
            Wrong::SignedOutsideValidity => {
                case.authority().specs(|specs| specs[1].not_before = now() - Duration::minutes(1))
            }
            Wrong::Untrusted => {
                case.folder(|config, _| fs::write(store(config, "ca").join("root.crt"), stranger()).unwrap())
            }
            Wrong::NoStore => case.folder(|config, _| fs::remove_dir_all(store(config, "ca")).unwrap()),
            Wrong::NotRevocable => case.specs(|specs| specs[0].set(unreachable_crl())),
            Wrong::Altered => case.envelope(|envelope| envelope["payload"] = json!("e30")),
            Wrong::OtherIdentity => case,
        }
    }
}

/// Another root.
fn stranger() -> Vec<u8> {
    let mut root = Spec::authority("", Kind::P256);
    root.subject = subject("stranger");
    root.sign(&root)
}

/// A CRL distribution point that refuses connections.
fn unreachable_crl() -> Extension {
    let uri = tlv(0x86, b"http://127.0.0.1:9/nothing.crl");
    let point = sequence(&[&tlv(0xa0, &tlv(0xa0, &uri))]);
    Extension { oid: "2.5.29.31", critical: false, value: sequence(&[&point]) }
}

/// Each level, and an override of each validation.
fn levels() -> Vec<Case> {
    let mut cases = Vec::new();
    for wrong in Wrong::ALL {
        let validation = wrong.validation();
        for (level, logged) in [
            ("strict", &[][..]),
            ("permissive", &["authenticTimestamp", "expiry", "revocation"]),
            ("audit", &["authenticity", "authenticTimestamp", "expiry", "revocation"]),
        ] {
            let case = wrong.under(json!({ "level": level }));
            cases.push(if logged.contains(&validation) { case.accepted() } else { case });
        }
        if wrong != Wrong::Altered {
            cases.push(wrong.under(json!({ "level": "strict", "override": { validation: "log" } })).accepted());
            cases.push(wrong.under(json!({ "level": "audit", "override": { validation: "enforce" } })));
        }
    }
    let skip = json!({ "level": "strict", "override": { "revocation": "skip" } });
    cases.push(Wrong::NotRevocable.under(skip.clone()).accepted());
    cases.push(Wrong::Untrusted.under(skip));
    let skips = |policy: &mut Value| {
        *policy =
            json!({ "name": "test", "registryScopes": ["local/a"], "signatureVerification": { "level": "skip" } });
    };
    cases.push(Case::new("an altered signature under skip", Accepted).policy(skips).envelope(|envelope| {
        envelope["signature"] = json!("AAAA");
    }));
    cases
}

fn policy(name: &str, expected: Expected, change: fn(&mut Value)) -> Case {
    Case::new(name, expected).policy(change)
}

fn scopes() -> Vec<Case> {
    vec![
        policy("the global scope", Accepted, |policy| policy["registryScopes"] = json!(["*"])),
        policy("one scope of several", Accepted, |policy| policy["registryScopes"] = json!(["local/b", "local/a"])),
        policy("another scope", Refused("local/a"), |policy| policy["registryScopes"] = json!(["local/a/b"])),
        policy("the exact scope before the global one", Refused("authenticity"), |policy| {
            let mut global = policy.clone();
            global["name"] = json!("global");
            global["registryScopes"] = json!(["*"]);
            policy["trustStores"] = json!(["ca:missing"]);
            *policy = json!([global, policy]);
        }),
        policy(
            "a signingAuthority signature without a signingAuthority store",
            Refused("no trust store of the type"),
            |policy| {
                policy["trustStores"] = json!(["ca:x"]);
            },
        )
        .authority(),
        policy(
            "an x509 signature with only a signingAuthority store",
            Refused("no trust store of the type"),
            |policy| {
                policy["trustStores"] = json!(["signingAuthority:x"]);
            },
        ),
        policy("a missing store beside a good one", Refused("does not exist"), |policy| {
            policy["trustStores"] = json!(["ca:x", "ca:missing"]);
        }),
        policy("a missing store of the other scheme", Accepted, |policy| {
            policy["trustStores"] = json!(["ca:x", "signingAuthority:missing"]);
        }),
        policy("a tsa store without a timestamp", Refused("authenticTimestamp"), |policy| {
            policy["trustStores"] = json!(["ca:x", "tsa:x"]);
        }),
        policy("a tsa store required only for expired chains", Accepted, |policy| {
            policy["trustStores"] = json!(["ca:x", "tsa:x"]);
            policy["signatureVerification"]["verifyTimestamp"] = json!("afterCertExpiry");
        }),
        policy("a tsa store, signingAuthority", Accepted, |policy| {
            policy["trustStores"] = json!(["signingAuthority:x", "tsa:x"]);
        })
        .authority(),
    ]
}

fn folder(name: &str, expected: Expected, change: fn(&Path, &[Vec<u8>])) -> Case {
    Case::new(name, expected).folder(change)
}

fn files() -> Vec<Case> {
    let writable = OnlyNotationAccepts(WRITABLE, "other users may write to");
    vec![
        folder("an empty store", Refused("has no certificates"), |config, _| {
            fs::remove_file(store(config, "ca").join("root.crt")).unwrap();
        }),
        folder("a store behind a symbolic link", Refused("symbolic link"), |config, _| {
            let store = store(config, "ca");
            let elsewhere = config.join("elsewhere");
            fs::rename(&store, &elsewhere).unwrap();
            symlink(elsewhere, store).unwrap();
        }),
        folder("a certificate behind a symbolic link", Refused("symbolic link"), |config, issued| {
            let elsewhere = config.join("elsewhere.crt");
            fs::write(&elsewhere, &issued[2]).unwrap();
            fs::remove_file(store(config, "ca").join("root.crt")).unwrap();
            symlink(elsewhere, store(config, "ca").join("root.crt")).unwrap();
        }),
        folder("a policy behind a symbolic link", Refused("symbolic link"), |config, _| {
            let policy = config.join("trustpolicy.json");
            let elsewhere = config.join("elsewhere.json");
            fs::rename(&policy, &elsewhere).unwrap();
            symlink(elsewhere, policy).unwrap();
        }),
        folder("a world-writable store", writable, |config, _| {
            fs::set_permissions(store(config, "ca"), Permissions::from_mode(0o777)).unwrap();
        }),
        folder("a world-writable certificate", writable, |config, _| {
            fs::set_permissions(store(config, "ca").join("root.crt"), Permissions::from_mode(0o666)).unwrap();
        }),
        folder("a world-writable policy", writable, |config, _| {
            fs::set_permissions(config.join("trustpolicy.json"), Permissions::from_mode(0o666)).unwrap();
        }),
        folder("no policy", Refused("trustpolicy"), |config, _| {
            fs::remove_file(config.join("trustpolicy.json")).unwrap()
        }),
        folder("another certificate in the store", Accepted, |config, _| {
            fs::write(store(config, "ca").join("a.crt"), stranger()).unwrap();
        }),
    ]
}

pub fn cases() -> Vec<Case> {
    [levels(), scopes(), files()].into_iter().flatten().collect()
}
