//! Building an envelope of the scheme `notary.x509` in its JWS form, in which the holder of a key asserts the signing
//! time: notaryproject/specifications, `signing-scheme.md` and `signature-envelope-jws.md`.
//!
//! A signer that holds its key elsewhere returns signature and certificates together, so the input comes first:
//! [`Unsigned::new`], then [`Unsigned::sign`].

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use time::OffsetDateTime;

use super::build::{BuildError, Members, rfc3339};
use super::header::{EXPIRY, SIGNING_AGENT, SIGNING_SCHEME, SIGNING_TIME};
use super::{PAYLOAD_MEDIA_TYPE, SignatureAlgorithm, SigningScheme};

/// What is to be signed: a payload with its protected header.
#[derive(Debug, Clone)]
pub struct Unsigned {
    protected: String,
    payload: String,
}

impl Unsigned {
    /// Prepares the payload. Times are truncated to whole seconds.
    ///
    /// # Errors
    /// Returns [`BuildError::Time`] if a time has no RFC 3339 form.
    pub fn new(
        payload: &[u8],
        algorithm: SignatureAlgorithm,
        signing_time: OffsetDateTime,
        expiry: Option<OffsetDateTime>,
    ) -> Result<Self, BuildError<std::convert::Infallible>> {
        let mut critical = vec![(SIGNING_SCHEME, json!(SigningScheme::X509.as_str()))];
        if let Some(expiry) = expiry {
            critical.push((EXPIRY, rfc3339(EXPIRY, expiry)?));
        }
        let names: Vec<&str> = critical.iter().map(|(name, _)| *name).collect();
        let mut header =
            vec![("alg", json!(algorithm.jws_name())), ("crit", json!(names)), ("cty", json!(PAYLOAD_MEDIA_TYPE))];
        header.extend(critical);
        // A claim of the signer, which must not be critical.
        header.push((SIGNING_TIME, rfc3339(SIGNING_TIME, signing_time)?));
        let protected = URL_SAFE_NO_PAD.encode(Members(header).to_json());
        Ok(Self { protected, payload: URL_SAFE_NO_PAD.encode(payload) })
    }

    /// Returns the bytes to sign: the JWS signing input.
    #[must_use]
    pub fn signing_input(&self) -> Vec<u8> {
        format!("{}.{}", self.protected, self.payload).into_bytes()
    }

    /// Returns the envelope with the signature over [`Self::signing_input`], in the form that JWS defines for the
    /// algorithm (`r || s` for ECDSA), and the signer's certificates as DER, leaf first.
    #[must_use]
    pub fn sign(self, signature: &[u8], chain: &[Vec<u8>], signing_agent: &str) -> Vec<u8> {
        let x5c: Vec<String> = chain.iter().map(|certificate| STANDARD.encode(certificate)).collect();
        let envelope = vec![
            ("payload", json!(self.payload)),
            ("protected", json!(self.protected)),
            ("header", json!({ "x5c": x5c, SIGNING_AGENT: signing_agent })),
            ("signature", json!(URL_SAFE_NO_PAD.encode(signature))),
        ];
        Members(envelope).to_json().into_bytes()
    }
}
