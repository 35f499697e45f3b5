//! Envelopes: valid ones, which a test can change before or after they are signed.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::certificate::{Spec, issue};
use super::key::{Key, Kind};

pub const PAYLOAD: &[u8] = br#"{"targetArtifact":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}}"#;

/// The signing schemes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    X509,
    SigningAuthority,
}

impl Scheme {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X509 => "notary.x509",
            Self::SigningAuthority => "notary.x509.signingAuthority",
        }
    }
}

/// The parts of an envelope before it is signed.
#[derive(Debug)]
pub struct Draft {
    pub protected: Value,
    /// The protected header's text if it differs from `protected`.
    pub protected_text: Option<String>,
    pub payload: Vec<u8>,
    pub header: Value,
    pub key: Key,
}

impl Draft {
    /// An envelope like AWS Signer's, signed with ES384.
    #[expect(clippy::new_without_default, reason = "each one has a new key")]
    pub fn new() -> Self {
        Self::with_kind(Kind::P384, Scheme::SigningAuthority)
    }

    pub fn with_kind(kind: Kind, scheme: Scheme) -> Self {
        let mut specs = vec![Spec::leaf(kind), Spec::authority("root", Kind::P256)];
        let x5c: Vec<String> = issue(&specs).iter().map(|der| STANDARD.encode(der)).collect();
        let key = specs.swap_remove(0).key;
        let (time, mut crit) = match scheme {
            Scheme::X509 => ("io.cncf.notary.signingTime", json!(["io.cncf.notary.signingScheme"])),
            Scheme::SigningAuthority => (
                "io.cncf.notary.authenticSigningTime",
                json!(["io.cncf.notary.signingScheme", "io.cncf.notary.authenticSigningTime"]),
            ),
        };
        crit.as_array_mut().unwrap().push(json!("io.cncf.notary.expiry"));
        let protected = json!({
            "alg": key.jws_name(),
            "cty": "application/vnd.cncf.notary.payload.v1+json",
            "crit": crit,
            "io.cncf.notary.signingScheme": scheme.as_str(),
            time: "2026-07-01T12:00:00Z",
            "io.cncf.notary.expiry": "2027-07-01T12:00:00Z",
        });
        let header = json!({ "x5c": x5c, "io.cncf.notary.signingAgent": "test/1" });
        Self { protected, protected_text: None, payload: PAYLOAD.to_vec(), header, key }
    }

    /// Changes a member of the protected header; null removes it.
    pub fn protect(mut self, name: &str, value: Value) -> Self {
        set(&mut self.protected, name, value);
        self
    }

    /// Adds a name to `crit`.
    pub fn critical(mut self, name: &str) -> Self {
        self.protected["crit"].as_array_mut().unwrap().push(json!(name));
        self
    }

    /// Changes a member of the unprotected header; null removes it.
    pub fn unprotected(mut self, name: &str, value: Value) -> Self {
        set(&mut self.header, name, value);
        self
    }

    /// Changes the protected header as text, for what a [`Value`] cannot express.
    pub fn protected_text(mut self, from: &str, to: &str) -> Self {
        let text = self.protected.to_string();
        assert!(text.contains(from), "{from} in {text}");
        self.protected_text = Some(text.replacen(from, to, 1));
        self
    }

    /// The signed envelope.
    pub fn sign(&self) -> Value {
        let text = self.protected_text.clone().unwrap_or_else(|| self.protected.to_string());
        let protected = URL_SAFE_NO_PAD.encode(text);
        let payload = URL_SAFE_NO_PAD.encode(&self.payload);
        let signature = self.key.sign_envelope(format!("{protected}.{payload}").as_bytes());
        json!({
            "payload": payload,
            "protected": protected,
            "header": self.header,
            "signature": URL_SAFE_NO_PAD.encode(signature),
        })
    }
}

fn set(object: &mut Value, name: &str, value: Value) {
    let members = object.as_object_mut().unwrap();
    match value {
        Value::Null => members.remove(name),
        value => members.insert(name.to_owned(), value),
    };
}
