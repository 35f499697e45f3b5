//! The protected header of an envelope in its COSE form: `signature-envelope-cose.md`, "Protected Header".

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use super::EPOCH_TIME_TAG;
use super::header::Header;
use super::label::{ALGORITHM, CERTIFICATE_CHAIN, CONTENT_TYPE, CRITICAL, HASH_ENVELOPE};
use crate::cbor::{CborError, Item};
use crate::envelope::attributes::{
    AttributeError, Claims, ProtectedHeader, SignedAttributes, add_critical, refuse_case_variants,
};
use crate::envelope::header as name;
use crate::envelope::{PAYLOAD_MEDIA_TYPE, SignatureAlgorithm};
use crate::text::start_of;

/// Names that belong in the unprotected header.
const UNSIGNED: [&str; 2] = [name::TIMESTAMP_SIGNATURE, name::SIGNING_AGENT];

/// "It MUST only contain parameters apart from integer labels in the range of 0 to 8."
const NEVER_CRITICAL: std::ops::RangeInclusive<i128> = 0..=8;

/// The protected header without its encoding.
pub(super) struct Protected<'a> {
    pub(super) attributes: SignedAttributes,
    /// `x5chain`, which this header may have instead of the unprotected one.
    pub(super) chain: Option<Item<'a>>,
}

/// Reads the protected header and enforces every rule that does not need the key.
pub(super) fn read(mut header: Header<'_>) -> Result<Protected<'_>, AttributeError> {
    refuse_case_variants(header.names.keys().map(AsRef::as_ref), &UNSIGNED)?;
    if let Some(unsigned) = UNSIGNED.into_iter().find(|name| header.names.contains_key(*name)) {
        return Err(AttributeError::Unsigned(unsigned));
    }
    if let Some(label) = HASH_ENVELOPE.into_iter().find(|label| header.labels.contains_key(label)) {
        return Err(AttributeError::HashEnvelope(label as i64));
    }
    let present: BTreeSet<String> = header.names.keys().map(|name| name.clone().into_owned()).collect();
    let critical = critical(&mut header, &present)?;
    let algorithm = algorithm(&mut header)?;
    check_content_type(&mut header)?;
    let claims = Claims::read(&mut header, &present, &critical)?;
    let chain = header.labels.remove(&CERTIFICATE_CHAIN);
    let [extended_critical, extended] = extended(header, &critical)?;
    Ok(Protected { attributes: claims.with(algorithm, extended_critical, extended), chain })
}

impl ProtectedHeader for Header<'_> {
    fn string(&mut self, name: &'static str) -> Result<String, AttributeError> {
        let text = self.optional_text(name)?.filter(|text| !text.is_empty());
        Ok(text.ok_or_else(|| CborError::Missing(name.to_owned()))?)
    }

    fn time(&mut self, name: &'static str) -> Result<OffsetDateTime, AttributeError> {
        let value = self.names.remove(name).ok_or_else(|| CborError::Missing(name.to_owned()))?;
        epoch_time(&value).ok_or_else(|| AttributeError::EpochTime { name, value: value.shown() })
    }
}

/// "The tag content MUST be an unsigned or negative integer (major types 0 and 1) or a floating-point number": RFC
/// 8949, section 3.4.2. NaN and the infinities are not times. The year must have four digits, so that the time can be
/// shown.
fn epoch_time(value: &Item<'_>) -> Option<OffsetDateTime> {
    let Item::Tag(EPOCH_TIME_TAG, content) = value else { return None };
    let time = match &**content {
        Item::Integer(seconds) => OffsetDateTime::from_unix_timestamp(i64::try_from(*seconds).ok()?).ok()?,
        Item::Float(seconds) => {
            let seconds = Some(seconds.get()).filter(|seconds| seconds.is_finite())?;
            OffsetDateTime::UNIX_EPOCH.checked_add(Duration::checked_seconds_f64(seconds)?)?
        }
        _ => return None,
    };
    Some(time).filter(|time| (0..=9999).contains(&time.year()))
}

/// The critical names. Among the labels, `crit` can list only that of the certificate chain. RFC 9052 allows a label
/// twice.
fn critical(header: &mut Header<'_>, present: &BTreeSet<String>) -> Result<BTreeSet<String>, AttributeError> {
    const NAME: &str = "crit (2)";
    let listed = match header.labels.remove(&CRITICAL) {
        None => return Err(CborError::Missing(NAME.to_owned()).into()),
        Some(Item::Array(listed)) if listed.is_empty() => return Err(CborError::Missing(NAME.to_owned()).into()),
        Some(Item::Array(listed)) => listed,
        Some(other) => return Err(other.wrong(NAME, "an array of labels").into()),
    };
    let mut names = BTreeSet::new();
    for label in listed {
        match label {
            Item::Text(name) => drop(add_critical(&mut names, name.into_owned(), present)?),
            Item::Integer(label) if NEVER_CRITICAL.contains(&label) => {
                return Err(AttributeError::CriticalLabel(label.into()));
            }
            Item::Integer(label) if !header.labels.contains_key(&label) => {
                return Err(AttributeError::CriticalAbsent(label.into()));
            }
            Item::Integer(CERTIFICATE_CHAIN) => {}
            Item::Integer(label) => return Err(AttributeError::CriticalUnknown(label.into())),
            other => return Err(other.wrong("an entry of crit (2)", "an integer or text").into()),
        }
    }
    Ok(names)
}

/// The JWS name of the algorithm, or the number if the specification does not define it: no key has such a name.
fn algorithm(header: &mut Header<'_>) -> Result<String, AttributeError> {
    const NAME: &str = "alg (1)";
    match header.labels.remove(&ALGORITHM) {
        None => Err(CborError::Missing(NAME.to_owned()).into()),
        Some(Item::Integer(value)) => {
            let known = SignatureAlgorithm::from_cose_value(value);
            Ok(known.map_or_else(|| value.to_string(), |algorithm| algorithm.jws_name().to_owned()))
        }
        Some(other) => Err(other.wrong(NAME, "an integer").into()),
    }
}

fn check_content_type(header: &mut Header<'_>) -> Result<(), AttributeError> {
    const NAME: &str = "content type (3)";
    match header.labels.remove(&CONTENT_TYPE) {
        None => Err(CborError::Missing(NAME.to_owned()).into()),
        Some(Item::Text(text)) if text == PAYLOAD_MEDIA_TYPE => Ok(()),
        Some(Item::Text(text)) => Err(AttributeError::ContentType(start_of(&text))),
        Some(other) => Err(other.wrong(NAME, "text").into()),
    }
}

/// The extended attributes with names, critical and not. Those with labels are not critical, and no part of the
/// specification gives them a meaning.
fn extended(header: Header<'_>, critical: &BTreeSet<String>) -> Result<[Map<String, Value>; 2], AttributeError> {
    let (mut must, mut may) = (Map::new(), Map::new());
    for (name, value) in header.names {
        let json = value.to_json();
        let name = name.into_owned();
        match (critical.contains(&name), json) {
            (true, Some(json)) => drop(must.insert(name, json)),
            (true, None) => return Err(AttributeError::CriticalValue(start_of(&name))),
            // Only shown to people.
            (false, json) => drop(may.insert(name, json.unwrap_or_else(|| Value::String(value.shown())))),
        }
    }
    Ok([must, may])
}
