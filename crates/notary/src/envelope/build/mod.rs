//! Building a signature envelope in either form.
//!
//! This module does no I/O and holds no key. [`ToBeSigned`] has the bytes for a signer, and makes the envelope of the
//! signature; [`build()`] does both with a closure that signs.

mod cose;
mod jws;
#[cfg(test)]
mod tests;

use time::{OffsetDateTime, UtcOffset};

use super::header::{
    AUTHENTIC_SIGNING_TIME, EXPIRY, SIGNING_SCHEME, SIGNING_TIME, VERIFICATION_PLUGIN, VERIFICATION_PLUGIN_MIN_VERSION,
};
use super::{EnvelopeFormat, SignatureAlgorithm, SigningScheme};

/// An error while building an envelope.
#[derive(Debug, thiserror::Error)]
pub enum BuildError<E> {
    /// A time is outside the years 0 to 9999.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// The signing closure failed.
    #[error("signing failed: {0}")]
    Signing(E),
}

/// A time that no envelope can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{attribute} is not within the years 0 to 9999")]
pub struct TimeError {
    /// The attribute's name.
    pub attribute: &'static str,
}

/// The signed attributes of a new envelope.
///
/// They are written in field order. All are critical but the signing time of the scheme `notary.x509`.
#[derive(Debug, Clone)]
pub struct ProtectedAttributes {
    /// The algorithm of the leaf's key.
    pub algorithm: SignatureAlgorithm,
    /// The signing scheme.
    pub signing_scheme: SigningScheme,
    /// The signing time, truncated to whole seconds.
    pub signing_time: OffsetDateTime,
    /// When the signature expires, if ever, truncated to whole seconds.
    pub expiry: Option<OffsetDateTime>,
    /// The plugin required for verification, if any.
    pub verification_plugin: Option<String>,
    /// The minimum version of that plugin, if any.
    pub verification_plugin_min_version: Option<String>,
    /// The critical extended attributes as pairs of name and value.
    pub extended: Vec<(String, String)>,
}

/// What the envelope has beside what is signed.
#[derive(Debug, Clone, Copy)]
pub struct UnprotectedAttributes<'a> {
    /// The certificates as DER, leaf first.
    pub chain: &'a [Vec<u8>],
    /// The program that creates the envelope.
    pub signing_agent: &'a str,
    /// The timestamp countersignature, an RFC 3161 `TimeStampToken`, if any.
    pub timestamp_signature: Option<&'a [u8]>,
}

/// An envelope before it is signed.
#[derive(Debug, Clone)]
pub struct ToBeSigned {
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    Jws(jws::Parts),
    Cose(cose::Parts),
}

impl ToBeSigned {
    /// Encodes the payload and the signed attributes.
    ///
    /// # Errors
    /// Returns [`TimeError`] if a time is outside the years 0 to 9999.
    pub fn new(format: EnvelopeFormat, payload: &[u8], attributes: &ProtectedAttributes) -> Result<Self, TimeError> {
        let claims = Claims::new(attributes)?;
        let form = match format {
            EnvelopeFormat::Jws => Form::Jws(jws::Parts::new(payload, &claims)),
            EnvelopeFormat::Cose => Form::Cose(cose::Parts::new(payload, &claims)),
        };
        Ok(Self { form })
    }

    /// Returns the bytes to sign: the JWS signing input, or the `Sig_structure` of COSE.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.form {
            Form::Jws(parts) => parts.signing_input(),
            Form::Cose(parts) => parts.sig_structure(),
        }
    }

    /// Returns the envelope with its signature, which has the form `r || s` for ECDSA in both JWS and COSE.
    #[must_use]
    pub fn into_envelope(self, signature: &[u8], unprotected: UnprotectedAttributes<'_>) -> Vec<u8> {
        match self.form {
            Form::Jws(parts) => parts.into_envelope(signature, unprotected),
            Form::Cose(parts) => parts.into_envelope(signature, unprotected),
        }
    }
}

/// Builds the envelope of `payload`.
///
/// `chain` holds the certificates as DER, leaf first. `sign` receives the bytes to sign and returns the signature,
/// which has the form `r || s` for ECDSA.
///
/// # Errors
/// Returns [`BuildError::Time`] if a time is outside the years 0 to 9999, and [`BuildError::Signing`] if `sign` fails.
pub fn build<E>(
    format: EnvelopeFormat,
    payload: &[u8],
    attributes: &ProtectedAttributes,
    chain: &[Vec<u8>],
    signing_agent: &str,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<Vec<u8>, BuildError<E>> {
    let unsigned = ToBeSigned::new(format, payload, attributes)?;
    let signature = sign(unsigned.bytes()).map_err(BuildError::Signing)?;
    let unprotected = UnprotectedAttributes { chain, signing_agent, timestamp_signature: None };
    Ok(unsigned.into_envelope(&signature, unprotected))
}

/// The claims in the order of the protected header, whatever its form.
struct Claims<'a> {
    algorithm: SignatureAlgorithm,
    critical: Vec<(&'a str, Claim<'a>)>,
    /// Those that must not be critical.
    informational: Vec<(&'a str, Claim<'a>)>,
}

/// The value of a claim. Times are whole seconds in UTC.
#[derive(Clone, Copy)]
enum Claim<'a> {
    Text(&'a str),
    Time(OffsetDateTime),
}

impl<'a> Claims<'a> {
    fn new(attributes: &'a ProtectedAttributes) -> Result<Self, TimeError> {
        let scheme = attributes.signing_scheme;
        let mut critical = vec![(SIGNING_SCHEME, Claim::Text(scheme.as_str()))];
        let mut informational = Vec::new();
        let (name, time) = match scheme {
            SigningScheme::X509 => (SIGNING_TIME, &mut informational),
            SigningScheme::SigningAuthority => (AUTHENTIC_SIGNING_TIME, &mut critical),
        };
        time.push((name, Claim::time(name, attributes.signing_time)?));
        if let Some(expiry) = attributes.expiry {
            critical.push((EXPIRY, Claim::time(EXPIRY, expiry)?));
        }
        let plugin = [
            (VERIFICATION_PLUGIN, &attributes.verification_plugin),
            (VERIFICATION_PLUGIN_MIN_VERSION, &attributes.verification_plugin_min_version),
        ];
        critical.extend(plugin.into_iter().filter_map(|(name, value)| Some((name, Claim::Text(value.as_deref()?)))));
        critical.extend(attributes.extended.iter().map(|(name, value)| (name.as_str(), Claim::Text(value))));
        Ok(Self { algorithm: attributes.algorithm, critical, informational })
    }

    fn critical_names(&self) -> impl ExactSizeIterator<Item = &'a str> {
        self.critical.iter().map(|(name, _)| *name)
    }

    fn all(&self) -> impl Iterator<Item = (&'a str, Claim<'a>)> {
        self.critical.iter().chain(&self.informational).copied()
    }
}

impl Claim<'_> {
    /// The specification has no fractional seconds, and notation compares the times of JWS as text.
    fn time(attribute: &'static str, time: OffsetDateTime) -> Result<Self, TimeError> {
        let utc = time.checked_to_offset(UtcOffset::UTC).filter(|utc| (0..=9999).contains(&utc.year()));
        Ok(Self::Time(utc.ok_or(TimeError { attribute })?.truncate_to_second()))
    }
}
