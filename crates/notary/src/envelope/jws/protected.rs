//! The protected header of an envelope in its JWS form: `signature-envelope-jws.md`, "Protected Headers".

use std::collections::BTreeSet;

use time::OffsetDateTime;

use crate::envelope::PAYLOAD_MEDIA_TYPE;
use crate::envelope::attributes::{
    AttributeError, Claims, ProtectedHeader, SignedAttributes, add_critical, refuse_case_variants,
};
use crate::json::Object;
use crate::text::{parse_rfc3339, start_of};

/// Headers defined by RFC 7515 and RFC 7797, which `crit` must not list.
const REGISTERED: [&str; 12] =
    ["alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit", "b64"];

/// Parses the protected header and enforces every rule that does not need the key.
pub(super) fn read(mut object: Object) -> Result<SignedAttributes, AttributeError> {
    refuse_case_variants(object.names(), &["alg", "cty", "crit", "b64"])?;
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
    let claims = Claims::read(&mut object, &present, &critical)?;
    let (extended_critical, extended) =
        object.into_members().into_iter().partition(|(name, _)| critical.contains(name));
    Ok(claims.with(algorithm, extended_critical, extended))
}

impl ProtectedHeader for Object {
    fn string(&mut self, name: &'static str) -> Result<String, AttributeError> {
        Ok(Object::string(self, name)?)
    }

    fn time(&mut self, name: &'static str) -> Result<OffsetDateTime, AttributeError> {
        let value = Object::string(self, name)?;
        parse_rfc3339(&value).ok_or_else(|| AttributeError::Time { name, value: start_of(&value) })
    }
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
        // RFC 7515, section 4.1.11: "Producers MUST NOT include [...] duplicate names".
        if !add_critical(&mut critical, name.clone(), present)? {
            return Err(AttributeError::CriticalAbsent(start_of(&name).into()));
        }
    }
    Ok(critical)
}
