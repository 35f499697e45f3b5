//! The `Authorization` header of AWS Signature Version 4.

use std::borrow::Cow;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::incomplete;
use super::{ALGORITHM, AuthError};

/// The unverified parts of an `Authorization` header, or of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization<'a> {
    /// The access key id of the claimed signer.
    pub access_key_id: Cow<'a, str>,
    /// The scope's date, `YYYYMMDD`.
    pub date: Cow<'a, str>,
    /// The scope's region.
    pub region: Cow<'a, str>,
    /// The scope's service.
    pub service: Cow<'a, str>,
    /// The scope's last part, which must be `aws4_request`.
    pub terminator: Cow<'a, str>,
    /// The names of the signed headers, in lower case and in order.
    pub signed_headers: Vec<Cow<'a, str>>,
    /// The signature, decoded from hex.
    pub signature: Vec<u8>,
}

/// The three parameters of a signature.
#[derive(Debug)]
pub struct Parts<'a> {
    /// `KEYID/DATE/REGION/SERVICE/aws4_request`
    pub credential: Cow<'a, str>,
    /// The names of the signed headers, separated by semicolons.
    pub signed_headers: Cow<'a, str>,
    /// The signature in hex.
    pub signature: Cow<'a, str>,
}

impl<'a> Authorization<'a> {
    /// Parses the value of an `Authorization` header. `dated` says whether the request has a date, too: AWS answers
    /// everything that is missing at once.
    ///
    /// # Errors
    /// Returns [`AuthError::MissingAuthenticationToken`] for another scheme than AWS's,
    /// [`AuthError::IncompleteSignature`] for missing or malformed parts, and [`AuthError::Mismatch`] for signed
    /// headers that are out of order or not in lower case.
    pub fn parse(header: &'a str, dated: bool) -> Result<Self, AuthError> {
        let (algorithm, parameters) = header.split_once(' ').unwrap_or((header, ""));
        if !algorithm.starts_with("AWS4-") {
            return Err(AuthError::MissingAuthenticationToken);
        }
        if algorithm != ALGORITHM {
            return Err(incomplete(format!("Unsupported AWS 'algorithm': '{algorithm}' (only {ALGORITHM} for now).")));
        }
        let mut credential = None;
        let mut signed_headers = None;
        let mut signature = None;
        for parameter in parameters.split(',').map(str::trim).filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').ok_or_else(|| {
                let hashed = hashed(header);
                incomplete(format!(
                    "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and \
                     encoded with Base64): '{hashed}'."
                ))
            })?;
            let slot = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                // AWS ignores other parameters.
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return Err(incomplete(format!("The parameter '{name}' occurs twice in the Authorization header.")));
            }
        }
        let mut missing = String::new();
        for (name, value) in [("Credential", credential), ("Signature", signature), ("SignedHeaders", signed_headers)] {
            if value.is_none_or(str::is_empty) {
                missing.push_str(&format!("Authorization header requires '{name}' parameter. "));
            }
        }
        if !dated {
            missing.push_str("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ");
        }
        let (Some(credential), Some(signature), Some(signed_headers), true) =
            (credential, signature, signed_headers, missing.is_empty())
        else {
            let hashed = hashed(header);
            let note = "(Hashed with SHA-256 and encoded with Base64)";
            return Err(incomplete(format!("{missing}{note} Authorization={hashed}")));
        };
        Self::from_parts(Parts {
            credential: Cow::Borrowed(credential),
            signed_headers: Cow::Borrowed(signed_headers),
            signature: Cow::Borrowed(signature),
        })
    }

    /// Parses the three parameters of a signature.
    ///
    /// # Errors
    /// Returns [`AuthError::IncompleteSignature`] for malformed parts, and [`AuthError::Mismatch`] for signed headers
    /// that are out of order or not in lower case.
    pub fn from_parts(parts: Parts<'a>) -> Result<Self, AuthError> {
        // An access key id contains no slash, so a credential has exactly five parts.
        let elements = split(&parts.credential, '/');
        let Ok([access_key_id, date, region, service, terminator]) = <[Cow<'a, str>; 5]>::try_from(elements) else {
            return Err(incomplete(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.",
            ));
        };
        let signature =
            hex::decode(parts.signature.as_bytes()).map_err(|_| incomplete("Signature must be hexadecimal."))?;
        let signed_headers = split(&parts.signed_headers, ';');
        let in_order = signed_headers.windows(2).all(|pair| pair[0] < pair[1]);
        let lower_case = signed_headers.iter().all(|name| !name.bytes().any(|b| b.is_ascii_uppercase()));
        if !in_order || !lower_case {
            return Err(AuthError::Mismatch);
        }
        Ok(Self { access_key_id, date, region, service, terminator, signed_headers, signature })
    }
}

/// Splits text that is borrowed without copying it.
fn split<'a>(text: &Cow<'a, str>, separator: char) -> Vec<Cow<'a, str>> {
    match text {
        Cow::Borrowed(text) => text.split(separator).map(Cow::Borrowed).collect(),
        Cow::Owned(text) => text.split(separator).map(|part| Cow::Owned(part.to_owned())).collect(),
    }
}

/// The header as AWS shows it in errors: without what it contains.
fn hashed(header: &str) -> String {
    STANDARD.encode(digest(&SHA256, header.as_bytes()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    const HEADER: &str = "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-west-2/signer/aws4_request, \
                          SignedHeaders=host;x-amz-date, Signature=00ff";

    #[test]
    fn parses_all_parts() {
        let authorization = Authorization::parse(HEADER, true).unwrap();
        assert_eq!(
            authorization,
            Authorization {
                access_key_id: "AKID".into(),
                date: "20260102".into(),
                region: "us-west-2".into(),
                service: "signer".into(),
                terminator: "aws4_request".into(),
                signed_headers: vec!["host".into(), "x-amz-date".into()],
                signature: vec![0, 255],
            }
        );
        assert_eq!(Authorization::parse(&HEADER.replace(", ", ","), true).unwrap(), authorization);
    }

    #[test]
    fn rejects_other_schemes() {
        for header in ["", "Bearer token", "Basic dTpw"] {
            assert_eq!(Authorization::parse(header, true), Err(AuthError::MissingAuthenticationToken), "{header}");
        }
    }

    #[test]
    fn names_the_missing_part() {
        for (header, part) in [
            (HEADER.replace("Credential=", "Credential"), "key=value"),
            (HEADER.replace("Credential", "Other"), "'Credential'"),
            (HEADER.replace("Credential=AKID/20260102/us-west-2/signer/aws4_request,", ""), "'Credential'"),
            (HEADER.replace("SignedHeaders=host;x-amz-date,", ""), "'SignedHeaders'"),
            (HEADER.replace(", Signature=00ff", ""), "'Signature'"),
            (HEADER.replace("/signer", ""), "5 slash-delimited"),
            (HEADER.replace("00ff", "0xff"), "hexadecimal"),
            (HEADER.replace("HMAC-SHA256", "ECDSA-P256-SHA256"), "algorithm"),
            (format!("{HEADER}, Signature=00ff"), "twice"),
        ] {
            match Authorization::parse(&header, true) {
                Err(AuthError::IncompleteSignature(message)) => assert!(message.contains(part), "{header}: {message}"),
                other => panic!("{header}: {other:?}"),
            }
        }
    }

    #[test]
    fn names_everything_that_is_missing_without_showing_the_header() {
        let Err(AuthError::IncompleteSignature(message)) =
            Authorization::parse("AWS4-HMAC-SHA256 Signature=00ff", false)
        else {
            panic!("accepted");
        };
        assert_eq!(
            message,
            "Authorization header requires 'Credential' parameter. Authorization header requires 'SignedHeaders' \
             parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. (Hashed with \
             SHA-256 and encoded with Base64) Authorization=ds+ps58pYUkgKV2uedgL8mtAE0eoFI04XGoI47lvly4="
        );
    }

    #[test]
    fn rejects_unordered_signed_headers() {
        let header = HEADER.replace("host;x-amz-date", "x-amz-date;host");
        assert_eq!(Authorization::parse(&header, true), Err(AuthError::Mismatch));
    }
}
