//! The signed attributes of an envelope, read from the protected header: `signature-specification.md`, "Signed
//! Attributes". The rules here hold for every form of envelope; `jws/protected.rs` and `cose/protected.rs` have those
//! of one form.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::parameter::Parameter;
use super::{PAYLOAD_MEDIA_TYPE, header};
use crate::cbor::CborError;
use crate::json::JsonError;
use crate::text::{folded, rfc3339, start_of};

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
    /// The header is not valid CBOR, or a parameter is missing or has the wrong type.
    #[error("protected header: {0}")]
    Cbor(#[from] CborError),
    /// The content type, `cty` in JWS, is not the Notary payload.
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
    /// A time is not an epoch-based one, or not within the years 0 to 9999.
    #[error("{name} is {value}, which is not an epoch-based time (tag 1) in the years 0 to 9999")]
    EpochTime {
        /// The header's name.
        name: &'static str,
        /// Its value in CBOR diagnostic notation.
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
    /// `crit` lists a header that is absent, an empty name, or the same header twice.
    #[error("crit lists {0}, which is missing from the header, empty or listed twice")]
    CriticalAbsent(Parameter),
    /// `crit` lists a header that JWS itself defines.
    #[error("crit lists {0:?}, which JWS itself defines")]
    CriticalRegistered(String),
    /// `crit` lists a label from 0 to 8, which COSE itself defines.
    #[error("crit lists the {0}, which COSE itself defines")]
    CriticalLabel(Parameter),
    /// `crit` lists a label that this implementation does not know. No verification plugin can process it either: the
    /// plugin protocol has names only.
    #[error("crit lists the {0}, which is unknown")]
    CriticalUnknown(Parameter),
    /// A critical attribute has a value that has no JSON form, so that no verification plugin can process it.
    #[error("the critical attribute {0:?} has a value that the plugin protocol, which is JSON, does not have")]
    CriticalValue(String),
    /// `crit` lists a header that must not be critical.
    #[error("crit lists {0:?}, which is informational and must not be critical")]
    CriticalInformational(String),
    /// A header that changes what is signed and that the specification does not allow.
    #[error("the header {0:?} is not allowed")]
    Forbidden(String),
    /// The protected header has a name that belongs in the unprotected header.
    #[error("the protected header has {0:?}, which only the unprotected header may have")]
    Unsigned(&'static str),
    /// The envelope is a COSE hash envelope, whose payload is only the hash of what was signed.
    #[error("COSE hash envelopes (label {0}) are not supported")]
    HashEnvelope(i64),
    /// Both an IV and a partial IV, which COSE does not allow.
    #[error("the header has both an IV and a partial IV")]
    TwoIvs,
    /// A header whose name differs from another one only in case. Case-insensitive parsers could confuse the two.
    #[error("the header {0:?} differs from another only in upper and lower case")]
    CaseVariant(String),
}

/// The attributes that the signature covers.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SignedAttributes {
    /// `alg`, not yet compared with the key of the signing certificate: the name that JWS has for it, or what the
    /// header has if the specification does not define it.
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

/// A protected header, read in the form of its envelope.
pub(super) trait ProtectedHeader {
    /// Takes a required string. Empty counts as absent.
    fn string(&mut self, name: &'static str) -> Result<String, AttributeError>;

    /// Takes a required time.
    fn time(&mut self, name: &'static str) -> Result<OffsetDateTime, AttributeError>;
}

/// The claims that every form of envelope has under the same names.
pub(super) struct Claims {
    signing_scheme: SigningScheme,
    signing_time: OffsetDateTime,
    expiry: Option<OffsetDateTime>,
    verification_plugin: Option<String>,
    verification_plugin_min_version: Option<String>,
}

impl Claims {
    /// Takes the claims of a header with these names, and enforces every rule that does not need the key.
    pub(super) fn read(
        header: &mut impl ProtectedHeader,
        present: &BTreeSet<String>,
        critical: &BTreeSet<String>,
    ) -> Result<Self, AttributeError> {
        let scheme = header.string(header::SIGNING_SCHEME)?;
        let signing_scheme = SigningScheme::from_name(&scheme);
        let signing_scheme = signing_scheme.ok_or_else(|| AttributeError::SigningScheme(start_of(&scheme)))?;
        let signing_time = signing_time(header, present, signing_scheme)?;
        let expiry = optional(present, header::EXPIRY, |name| header.time(name))?;
        if let Some(expiry) = expiry.filter(|expiry| *expiry <= signing_time) {
            return Err(AttributeError::ExpiryBeforeSigning { expiry, signing_time });
        }
        let verification_plugin = optional(present, header::VERIFICATION_PLUGIN, |name| header.string(name))?;
        let verification_plugin_min_version =
            optional(present, header::VERIFICATION_PLUGIN_MIN_VERSION, |name| header.string(name))?;
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
        Ok(Self { signing_scheme, signing_time, expiry, verification_plugin, verification_plugin_min_version })
    }

    /// The signed attributes with what only the form of the envelope knows.
    pub(super) fn with(
        self,
        algorithm: String,
        extended_critical: Map<String, Value>,
        extended: Map<String, Value>,
    ) -> SignedAttributes {
        let Self { signing_scheme, signing_time, expiry, verification_plugin, verification_plugin_min_version } = self;
        SignedAttributes {
            algorithm,
            signing_scheme,
            signing_time,
            expiry,
            verification_plugin,
            verification_plugin_min_version,
            extended_critical,
            extended,
        }
    }
}

/// Reads a claim if the header has it. A claim that is present must have a value.
fn optional<T>(
    present: &BTreeSet<String>,
    name: &'static str,
    read: impl FnOnce(&'static str) -> Result<T, AttributeError>,
) -> Result<Option<T>, AttributeError> {
    if present.contains(name) { read(name).map(Some) } else { Ok(None) }
}

fn signing_time(
    header: &mut impl ProtectedHeader,
    present: &BTreeSet<String>,
    scheme: SigningScheme,
) -> Result<OffsetDateTime, AttributeError> {
    let (own, other) = match scheme {
        SigningScheme::X509 => (header::SIGNING_TIME, header::AUTHENTIC_SIGNING_TIME),
        SigningScheme::SigningAuthority => (header::AUTHENTIC_SIGNING_TIME, header::SIGNING_TIME),
    };
    if present.contains(other) {
        return Err(AttributeError::OtherScheme { name: other, scheme });
    }
    header.time(own)
}

/// Adds a name that `crit` lists: the header must be present, and must not be informational. Returns whether the name
/// is new.
pub(super) fn add_critical(
    critical: &mut BTreeSet<String>,
    name: String,
    present: &BTreeSet<String>,
) -> Result<bool, AttributeError> {
    // "Claims which are informational and do not influence signature verification MUST NOT be marked critical."
    if name == header::SIGNING_TIME && present.contains(&name) {
        return Err(AttributeError::CriticalInformational(name));
    }
    if name.is_empty() || !present.contains(&name) {
        return Err(AttributeError::CriticalAbsent(start_of(&name).into()));
    }
    Ok(critical.insert(name))
}

/// Rejects names that differ only in case from another one, or from one of the names that the specification defines:
/// the names of the form and the claims.
pub(super) fn refuse_case_variants<'a>(
    names: impl Iterator<Item = &'a str>,
    of_form: &[&'static str],
) -> Result<(), AttributeError> {
    const CLAIMS: [&str; 6] = [
        header::SIGNING_SCHEME,
        header::SIGNING_TIME,
        header::AUTHENTIC_SIGNING_TIME,
        header::EXPIRY,
        header::VERIFICATION_PLUGIN,
        header::VERIFICATION_PLUGIN_MIN_VERSION,
    ];
    let known: BTreeMap<String, &str> = CLAIMS.iter().chain(of_form).map(|name| (folded(name), *name)).collect();
    let mut seen = BTreeSet::new();
    for name in names {
        let folded = folded(name);
        let variant_of_known = known.get(&folded).is_some_and(|known| *known != name);
        if variant_of_known || !seen.insert(folded) {
            return Err(AttributeError::CaseVariant(start_of(name)));
        }
    }
    Ok(())
}

impl SignedAttributes {
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
