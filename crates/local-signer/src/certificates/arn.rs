//! The ARN of a certificate in AWS Certificate Manager: `arn:aws:acm:REGION:ACCOUNT:certificate/ID`.

use std::fmt;
use std::str::FromStr;

use aws_names::Location;
use uuid::Uuid;

/// A text is not the ARN of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected the ARN of an imported certificate: arn:PARTITION:acm:REGION:ACCOUNT:certificate/ID")]
pub struct CertificateArnError;

/// The ARN of an imported certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateArn {
    location: Location,
    id: Uuid,
}

impl CertificateArn {
    /// Creates the ARN of a certificate.
    #[must_use]
    pub fn new(location: Location, id: Uuid) -> Self {
        Self { location, id }
    }

    /// The location of the certificate.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The id of the certificate.
    #[must_use]
    pub fn id(&self) -> &Uuid {
        &self.id
    }
}

impl fmt::Display for CertificateArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (location, id) = (&self.location, self.id);
        write!(
            f,
            "arn:{}:acm:{}:{}:certificate/{}",
            location.partition(),
            location.region(),
            location.account(),
            id.hyphenated()
        )
    }
}

impl FromStr for CertificateArn {
    type Err = CertificateArnError;

    fn from_str(text: &str) -> Result<Self, CertificateArnError> {
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().ok_or(CertificateArnError);
        let (prefix, partition, service, region, account, resource) =
            (next()?, next()?, next()?, next()?, next()?, next()?);
        let id = resource.strip_prefix("certificate/").and_then(|id| id.parse().ok()).ok_or(CertificateArnError)?;
        let location = Location::parse(partition, region, account).map_err(|_| CertificateArnError)?;
        let arn = Self { location, id };
        // Only the usual form: a UUID has several.
        if prefix == "arn" && service == "acm" && arn.to_string() == text { Ok(arn) } else { Err(CertificateArnError) }
    }
}
