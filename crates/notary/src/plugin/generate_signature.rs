//! `describe-key` and `generate-signature`, as a host asks them: plugins that return raw signatures.

use std::collections::BTreeMap;

use base64::engine::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{CONTRACT_VERSION, RequestError};
use crate::DigestAlgorithm;
use crate::envelope::SignatureAlgorithm;
use crate::json::{JsonError, Object};

/// The request of `describe-key`, in JSON.
#[must_use]
pub fn describe_key_request(key_id: &str, plugin_config: &BTreeMap<String, String>) -> String {
    json!({ "contractVersion": CONTRACT_VERSION, "keyId": key_id, "pluginConfig": plugin_config }).to_string()
}

/// The response of `describe-key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribeKeyResponse {
    /// The key that was asked for.
    pub key_id: String,
    /// The algorithm of the key.
    pub algorithm: SignatureAlgorithm,
}

impl DescribeKeyResponse {
    /// Parses a response.
    ///
    /// # Errors
    /// Returns [`JsonError`] if a member is missing or has the wrong type, or the key has an unknown `keySpec`.
    pub fn parse(mut response: Object) -> Result<Self, JsonError> {
        let key_id = response.string("keyId")?;
        let spec = response.string("keySpec")?;
        let known = SignatureAlgorithm::ALL.into_iter().find(|algorithm| key_spec(*algorithm) == spec);
        let unknown = || JsonError::Type {
            path: response.path("keySpec"),
            expected: "RSA-2048, RSA-3072, RSA-4096, EC-256, EC-384 or EC-521",
            found: "another text",
        };
        Ok(Self { key_id, algorithm: known.ok_or_else(unknown)? })
    }
}

/// The request of `generate-signature`, in JSON. `input` is what is signed.
#[must_use]
pub fn generate_signature_request(
    key_id: &str,
    algorithm: SignatureAlgorithm,
    input: &[u8],
    plugin_config: &BTreeMap<String, String>,
) -> String {
    json!({
        "contractVersion": CONTRACT_VERSION,
        "keyId": key_id,
        "keySpec": key_spec(algorithm),
        "hashAlgorithm": hash(algorithm),
        "payload": STANDARD.encode(input),
        "pluginConfig": plugin_config,
    })
    .to_string()
}

/// The response of `generate-signature`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenerateSignatureResponse {
    /// The key that signed.
    pub key_id: String,
    /// The signature.
    pub signature: Vec<u8>,
    /// The name of the algorithm, such as `ECDSA-SHA-256`.
    pub signing_algorithm: String,
    /// The certificates in DER, the signing certificate first.
    pub certificate_chain: Vec<Vec<u8>>,
}

impl GenerateSignatureResponse {
    /// Parses a response.
    ///
    /// # Errors
    /// Returns [`RequestError`] if a member is missing, has the wrong type or is not base64.
    pub fn parse(mut response: Object) -> Result<Self, RequestError> {
        let key_id = response.string("keyId")?;
        let signing_algorithm = response.string("signingAlgorithm")?;
        let signature = response.string("signature")?;
        let chain = response.strings("certificateChain")?;
        let certificate = |(i, text): (usize, &String)| {
            super::request::base64(response.path(&format!("certificateChain[{i}]")), text)
        };
        Ok(Self {
            key_id,
            signature: super::request::base64(response.path("signature"), &signature)?,
            signing_algorithm,
            certificate_chain: chain.iter().enumerate().map(certificate).collect::<Result<_, _>>()?,
        })
    }
}

/// The name of a key's type and size in the protocol.
fn key_spec(algorithm: SignatureAlgorithm) -> &'static str {
    use SignatureAlgorithm::{Es256, Es384, Es512, Ps256, Ps384, Ps512};
    match algorithm {
        Ps256 => "RSA-2048",
        Ps384 => "RSA-3072",
        Ps512 => "RSA-4096",
        Es256 => "EC-256",
        Es384 => "EC-384",
        Es512 => "EC-521",
    }
}

fn hash(algorithm: SignatureAlgorithm) -> &'static str {
    match DigestAlgorithm::from_signature_algorithm(algorithm) {
        DigestAlgorithm::Sha256 => "SHA-256",
        DigestAlgorithm::Sha384 => "SHA-384",
        DigestAlgorithm::Sha512 => "SHA-512",
    }
}

/// The name of a signature algorithm in the protocol.
#[must_use]
pub fn signing_algorithm(algorithm: SignatureAlgorithm) -> String {
    use SignatureAlgorithm::{Ps256, Ps384, Ps512};
    let family = if matches!(algorithm, Ps256 | Ps384 | Ps512) { "RSASSA-PSS" } else { "ECDSA" };
    format!("{family}-{}", hash(algorithm))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::json::parse_object;

    fn object(value: &serde_json::Value) -> Object {
        parse_object("answer", value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn requests_have_the_members_of_the_protocol() {
        let config = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        let described: serde_json::Value = serde_json::from_str(&describe_key_request("k", &config)).unwrap();
        assert_eq!(described, json!({ "contractVersion": "1.0", "keyId": "k", "pluginConfig": { "a": "b" } }));
        let request = generate_signature_request("k", SignatureAlgorithm::Ps384, b"input", &config);
        let request: serde_json::Value = serde_json::from_str(&request).unwrap();
        assert_eq!((&request["keySpec"], &request["hashAlgorithm"]), (&json!("RSA-3072"), &json!("SHA-384")));
        assert_eq!(request["payload"], "aW5wdXQ=");
        assert_eq!(signing_algorithm(SignatureAlgorithm::Es512), "ECDSA-SHA-512");
        assert_eq!(signing_algorithm(SignatureAlgorithm::Ps256), "RSASSA-PSS-SHA-256");
    }

    #[test]
    fn responses_are_read_strictly() {
        let described = DescribeKeyResponse::parse(object(&json!({ "keyId": "k", "keySpec": "EC-256" }))).unwrap();
        assert_eq!(described.algorithm, SignatureAlgorithm::Es256);
        for wrong in [json!({ "keyId": "k", "keySpec": "EC-255" }), json!({ "keySpec": "EC-256" }), json!({})] {
            assert!(DescribeKeyResponse::parse(object(&wrong)).is_err(), "{wrong}");
        }
        let right = json!({
            "keyId": "k", "signature": "AQ==", "signingAlgorithm": "ECDSA-SHA-256", "certificateChain": ["Ag=="],
        });
        let signed = GenerateSignatureResponse::parse(object(&right)).unwrap();
        assert_eq!((signed.signature, signed.certificate_chain), (vec![1], vec![vec![2]]));
        for (name, wrong) in [("signature", json!("?")), ("certificateChain", json!(["?"])), ("keyId", json!(1))] {
            let mut changed = right.clone();
            changed[name] = wrong;
            assert!(GenerateSignatureResponse::parse(object(&changed)).is_err(), "{changed}");
        }
    }
}
