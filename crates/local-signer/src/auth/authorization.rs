//! The `Authorization` header of AWS Signature Version 4.

use super::AuthError;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The unverified parts of an `Authorization` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization<'a> {
    /// The access key id of the claimed signer.
    pub access_key_id: &'a str,
    /// The scope's date, `YYYYMMDD`.
    pub date: &'a str,
    /// The scope's region.
    pub region: &'a str,
    /// The scope's service.
    pub service: &'a str,
    /// The scope's last part, which must be `aws4_request`.
    pub terminator: &'a str,
    /// The names of the signed headers, in lower case and in order.
    pub signed_headers: Vec<&'a str>,
    /// The signature, decoded from hex.
    pub signature: Vec<u8>,
}

impl<'a> Authorization<'a> {
    /// Parses the value of an `Authorization` header.
    ///
    /// # Errors
    /// Returns [`AuthError::MissingAuthenticationToken`] for another scheme than AWS's,
    /// [`AuthError::IncompleteSignature`] for missing or malformed parts, and [`AuthError::Mismatch`] for signed
    /// headers that are out of order or not in lower case.
    pub fn parse(header: &'a str) -> Result<Self, AuthError> {
        let (algorithm, parameters) = header.split_once(' ').unwrap_or((header, ""));
        if !algorithm.starts_with("AWS4-") {
            return Err(AuthError::MissingAuthenticationToken);
        }
        if algorithm != ALGORITHM {
            return Err(incomplete(format!("Unsupported AWS 'algorithm': only {ALGORITHM} is supported.")));
        }

        let mut credential = None;
        let mut signed_headers = None;
        let mut signature = None;
        for parameter in parameters.split(',').map(str::trim).filter(|parameter| !parameter.is_empty()) {
            let slot = match parameter.split_once('=') {
                Some(("Credential", value)) => (&mut credential, value),
                Some(("SignedHeaders", value)) => (&mut signed_headers, value),
                Some(("Signature", value)) => (&mut signature, value),
                _ => return Err(incomplete("Invalid key=value pair in Authorization header.".to_owned())),
            };
            if slot.0.replace(slot.1).is_some() {
                return Err(incomplete("A parameter occurs twice in the Authorization header.".to_owned()));
            }
        }
        let required =
            |value: Option<&'a str>, name| value.filter(|value| !value.is_empty()).ok_or_else(|| missing(name));
        let credential = required(credential, "Credential")?;
        let signature = required(signature, "Signature")?;
        let signed_headers = required(signed_headers, "SignedHeaders")?;

        // An access key id contains no slash, so a credential has exactly five parts.
        let parts: Vec<&str> = credential.split('/').collect();
        let [access_key_id, date, region, service, terminator] = parts[..] else {
            return Err(incomplete(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."
                    .to_owned(),
            ));
        };
        let signature = hex::decode(signature).map_err(|_| incomplete("Signature must be hexadecimal.".to_owned()))?;
        let signed_headers: Vec<&str> = signed_headers.split(';').collect();
        let in_order = signed_headers.windows(2).all(|pair| pair[0] < pair[1]);
        let lower_case = signed_headers.iter().all(|name| !name.bytes().any(|b| b.is_ascii_uppercase()));
        if !in_order || !lower_case {
            return Err(AuthError::Mismatch);
        }
        Ok(Self { access_key_id, date, region, service, terminator, signed_headers, signature })
    }
}

fn incomplete(message: String) -> AuthError {
    AuthError::IncompleteSignature(message)
}

fn missing(name: &str) -> AuthError {
    incomplete(format!("Authorization header requires '{name}' parameter."))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    const HEADER: &str = "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-west-2/signer/aws4_request, \
                          SignedHeaders=host;x-amz-date, Signature=00ff";

    #[test]
    fn parses_all_parts() {
        let authorization = Authorization::parse(HEADER).unwrap();
        assert_eq!(
            authorization,
            Authorization {
                access_key_id: "AKID",
                date: "20260102",
                region: "us-west-2",
                service: "signer",
                terminator: "aws4_request",
                signed_headers: vec!["host", "x-amz-date"],
                signature: vec![0, 255],
            }
        );
        assert_eq!(Authorization::parse(&HEADER.replace(", ", ",")).unwrap(), authorization);
    }

    #[test]
    fn rejects_other_schemes() {
        for header in ["", "Bearer token", "Basic dTpw"] {
            assert_eq!(Authorization::parse(header), Err(AuthError::MissingAuthenticationToken), "{header}");
        }
    }

    #[test]
    fn names_the_missing_part() {
        for (header, part) in [
            (HEADER.replace("Credential", "Other"), "key=value"),
            (HEADER.replace("Credential=AKID/20260102/us-west-2/signer/aws4_request,", ""), "'Credential'"),
            (HEADER.replace("SignedHeaders=host;x-amz-date,", ""), "'SignedHeaders'"),
            (HEADER.replace(", Signature=00ff", ""), "'Signature'"),
            (HEADER.replace("/signer", ""), "5 slash-delimited"),
            (HEADER.replace("00ff", "0xff"), "hexadecimal"),
            (HEADER.replace("HMAC-SHA256", "ECDSA-P256-SHA256"), "algorithm"),
            (format!("{HEADER}, Signature=00ff"), "twice"),
        ] {
            match Authorization::parse(&header) {
                Err(AuthError::IncompleteSignature(message)) => assert!(message.contains(part), "{header}: {message}"),
                other => panic!("{header}: {other:?}"),
            }
        }
    }

    #[test]
    fn rejects_unordered_signed_headers() {
        let header = HEADER.replace("host;x-amz-date", "x-amz-date;host");
        assert_eq!(Authorization::parse(&header), Err(AuthError::Mismatch));
    }
}
