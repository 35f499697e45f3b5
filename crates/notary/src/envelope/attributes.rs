//! The signed attributes of an envelope, read from the protected header: `signature-specification.md`, "Signed
//! Attributes", and `signature-envelope-jws.md`, "Protected Headers".

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{PAYLOAD_MEDIA_TYPE, header};
use crate::json::{JsonError, Object};
use crate::text::{folded, parse_rfc3339, rfc3339, start_of};

/// A signing scheme: it defines who asserts the signing time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningScheme {
    /// `notary.x509`: the signer asserts the time, so it is only a claim.
    X509,
    /// `notary.x509.signingAuthority`: a signing authority (a service that signs for others, such as AWS Signer)
    /// asserts the time, so it is authentic.
    SigningAuthority,
}

impl SigningScheme {
    /// Returns the name of the scheme in the specification.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X509 => "notary.x509",
            Self::SigningAuthority => "notary.x509.signingAuthority",
        }
    }

    /// Returns the scheme with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::X509, Self::SigningAuthority].into_iter().find(|s| s.as_str() == name)
    }
}

/// An invalid protected header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttributeError {
    /// The header is not valid JSON, or a member is missing or has the wrong type.
    #[error("protected header: {0}")]
    Json(#[from] JsonError),
    /// `cty` is not the Notary payload.
    #[error("cty is {0:?}, not {PAYLOAD_MEDIA_TYPE:?}")]
    ContentType(String),
    /// The specification does not define the signing scheme.
    #[error("unsupported signing scheme {0:?}")]
    SigningScheme(String),
    /// A time is not in RFC 3339 format.
    #[error("{name} is {value:?}, which is not an RFC 3339 time")]
    Time {
        /// The header's name.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// A time header of the other signing scheme is present.
    #[error("{name} is not allowed with the signing scheme {}", .scheme.as_str())]
    OtherScheme {
        /// The header's name.
        name: &'static str,
        /// The scheme of the signature.
        scheme: SigningScheme,
    },
    /// The signature expires before or at its signing time.
    #[error("expiry {} is not after the signing time {}", rfc3339(*.expiry), rfc3339(*.signing_time))]
    ExpiryBeforeSigning {
        /// When it expires.
        expiry: OffsetDateTime,
        /// When it was signed.
        signing_time: OffsetDateTime,
    },
    /// `crit` does not list a header that must be critical.
    #[error("{0} must be listed in crit")]
    NotCritical(&'static str),
    /// `crit` lists a header that is absent, an empty name, or the same name twice.
    #[error("crit lists {0:?}, which is missing from the header, empty or listed twice")]
    CriticalAbsent(String),
    /// `crit` lists a header that JWS itself defines.
    #[error("crit lists {0:?}, which JWS itself defines")]
    CriticalRegistered(String),
    /// `crit` lists a header that must not be critical.
    #[error("crit lists {0:?}, which is informational and must not be critical")]
    CriticalInformational(String),
    /// A header that changes what is signed and that the specification does not allow.
    #[error("the header {0:?} is not allowed")]
    Forbidden(String),
    /// A header whose name differs from another one only in case. Case-insensitive parsers could confuse the two.
    #[error("the header {0:?} differs from another only in upper and lower case")]
    CaseVariant(String),
}

/// The attributes that the signature covers.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SignedAttributes {
    /// `alg` as given, not yet compared with the key of the signing certificate.
    pub algorithm: String,
    /// The signing scheme.
    pub signing_scheme: SigningScheme,
    /// The signing time: authentic for [`SigningScheme::SigningAuthority`], a claim for [`SigningScheme::X509`].
    pub signing_time: OffsetDateTime,
    /// When the signature expires, if ever.
    pub expiry: Option<OffsetDateTime>,
    /// The plugin required for verification.
    pub verification_plugin: Option<String>,
    /// The minimum version of that plugin.
    pub verification_plugin_min_version: Option<String>,
    /// Critical attributes that the specification does not define. A verifier must understand every one of them.
    pub extended_critical: Map<String, Value>,
    /// Non-critical attributes that the specification does not define.
    pub extended: Map<String, Value>,
}

/// Headers defined by RFC 7515 and RFC 7797, which `crit` must not list.
const REGISTERED: [&str; 12] =
    ["alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit", "b64"];

impl SignedAttributes {
    /// Parses the protected header and enforces every rule that does not need the key.
    pub(super) fn read(mut object: Object) -> Result<Self, AttributeError> {
        refuse_case_variants(&object)?;
        // Checked by name: `take` treats null as absent, and even a null b64 is forbidden.
        if object.names().any(|name| name == "b64") {
            return Err(AttributeError::Forbidden("b64".to_owned()));
        }
        let present: BTreeSet<String> = object.names().map(str::to_owned).collect();
        let critical = critical(&mut object, &present)?;
        let algorithm = object.string("alg")?;
        let content_type = object.string("cty")?;
        if content_type != PAYLOAD_MEDIA_TYPE {
            return Err(AttributeError::ContentType(start_of(&content_type)));
        }
        let scheme = object.string(header::SIGNING_SCHEME)?;
        let signing_scheme = SigningScheme::from_name(&scheme);
        let signing_scheme = signing_scheme.ok_or_else(|| AttributeError::SigningScheme(start_of(&scheme)))?;
        let signing_time = signing_time(&mut object, signing_scheme)?;
        let expiry = time(&mut object, header::EXPIRY)?;
        if let Some(expiry) = expiry.filter(|expiry| *expiry <= signing_time) {
            return Err(AttributeError::ExpiryBeforeSigning { expiry, signing_time });
        }
        let verification_plugin = present_string(&mut object, &present, header::VERIFICATION_PLUGIN)?;
        let verification_plugin_min_version =
            present_string(&mut object, &present, header::VERIFICATION_PLUGIN_MIN_VERSION)?;
        for name in [
            header::SIGNING_SCHEME,
            header::AUTHENTIC_SIGNING_TIME,
            header::EXPIRY,
            header::VERIFICATION_PLUGIN,
            header::VERIFICATION_PLUGIN_MIN_VERSION,
        ] {
            if present.contains(name) && !critical.contains(name) {
                return Err(AttributeError::NotCritical(name));
            }
        }
        let (extended_critical, extended) =
            object.into_members().into_iter().partition(|(name, _)| critical.contains(name));
        Ok(Self {
            algorithm,
            signing_scheme,
            signing_time,
            expiry,
            verification_plugin,
            verification_plugin_min_version,
            extended_critical,
            extended,
        })
    }

    /// Returns the critical extended attribute `name`.
    ///
    /// # Errors
    /// Returns [`JsonError`] if it is absent, empty or not a string.
    pub fn critical_string(&self, name: &str) -> Result<&str, JsonError> {
        let path = || name.to_owned();
        match self.extended_critical.get(name) {
            None | Some(Value::Null) => Err(JsonError::Missing { path: path() }),
            Some(Value::String(text)) if text.is_empty() => Err(JsonError::Missing { path: path() }),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(JsonError::Type { path: path(), expected: "a string", found: "another type" }),
        }
    }
}

fn refuse_case_variants(object: &Object) -> Result<(), AttributeError> {
    const KNOWN: [&str; 10] = [
        "alg",
        "cty",
        "crit",
        "b64",
        header::SIGNING_SCHEME,
        header::SIGNING_TIME,
        header::AUTHENTIC_SIGNING_TIME,
        header::EXPIRY,
        header::VERIFICATION_PLUGIN,
        header::VERIFICATION_PLUGIN_MIN_VERSION,
    ];
    let known: BTreeMap<String, &str> = KNOWN.iter().map(|name| (folded(name), *name)).collect();
    let mut seen = BTreeSet::new();
    for name in object.names() {
        let folded = folded(name);
        let variant_of_known = known.get(&folded).is_some_and(|known| *known != name);
        if variant_of_known || !seen.insert(folded) {
            return Err(AttributeError::CaseVariant(start_of(name)));
        }
    }
    Ok(())
}

fn critical(object: &mut Object, present: &BTreeSet<String>) -> Result<BTreeSet<String>, AttributeError> {
    let listed = object.strings("crit")?;
    if listed.is_empty() {
        return Err(object.missing("crit").into());
    }
    let mut critical = BTreeSet::new();
    for name in listed {
        if REGISTERED.contains(&name.as_str()) {
            return Err(AttributeError::CriticalRegistered(name));
        }
        // "Claims which are informational and do not influence signature verification MUST NOT be marked critical."
        if name == header::SIGNING_TIME && present.contains(&name) {
            return Err(AttributeError::CriticalInformational(name));
        }
        if name.is_empty() || !present.contains(&name) || critical.contains(&name) {
            return Err(AttributeError::CriticalAbsent(start_of(&name)));
        }
        critical.insert(name);
    }
    Ok(critical)
}

fn signing_time(object: &mut Object, scheme: SigningScheme) -> Result<OffsetDateTime, AttributeError> {
    let (own, other) = match scheme {
        SigningScheme::X509 => (header::SIGNING_TIME, header::AUTHENTIC_SIGNING_TIME),
        SigningScheme::SigningAuthority => (header::AUTHENTIC_SIGNING_TIME, header::SIGNING_TIME),
    };
    if object.names().any(|name| name == other) {
        return Err(AttributeError::OtherScheme { name: other, scheme });
    }
    time(object, own)?.ok_or_else(|| object.missing(own).into())
}

fn time(object: &mut Object, name: &'static str) -> Result<Option<OffsetDateTime>, AttributeError> {
    if !object.names().any(|n| n == name) {
        return Ok(None);
    }
    let value = object.string(name)?;
    match parse_rfc3339(&value) {
        Some(time) => Ok(Some(time)),
        None => Err(AttributeError::Time { name, value: start_of(&value) }),
    }
}

/// An optional string. If the member is present, null and empty are errors.
fn present_string(object: &mut Object, present: &BTreeSet<String>, name: &str) -> Result<Option<String>, JsonError> {
    if present.contains(name) { object.string(name).map(Some) } else { Ok(None) }
}
