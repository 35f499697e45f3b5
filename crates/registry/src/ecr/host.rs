//! Which registries are Amazon ECR's, told by their host alone: "Making requests to Amazon ECR registries" and "Making requests
//! to Amazon ECR Public registries" of ECR's user guides.

use aws_names::partition_of_region;

/// A registry of Amazon ECR, as far as the choice of its token goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum EcrRegistry {
    /// The private registry of an account.
    Private {
        /// Its region.
        region: String,
        /// Whether the host is one of those with FIPS 140.
        fips: bool,
        /// Whether the host is one that IPv6 reaches as well.
        dual_stack: bool,
    },
    /// ECR Public.
    Public,
}

impl EcrRegistry {
    /// The registry with this host; `None` for one that is not ECR's. A token of ECR goes to no other host.
    #[must_use]
    pub fn of_host(host: &str) -> Option<Self> {
        if matches!(host, "public.ecr.aws" | "ecr-public.aws.com") {
            return Some(Self::Public);
        }
        let (account, rest) = host.split_once('.')?;
        if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        const SERVICES: [(&str, bool, bool); 4] = [
            ("dkr.ecr.", false, false),
            ("dkr.ecr-fips.", true, false),
            ("dkr-ecr.", false, true),
            ("dkr-ecr-fips.", true, true),
        ];
        let (rest, fips, dual_stack) =
            SERVICES.iter().find_map(|(name, fips, dual)| Some((rest.strip_prefix(name)?, *fips, *dual)))?;
        let (region, domain) = rest.split_once('.')?;
        let is_china = partition_of_region(region) == "aws-cn";
        let own_domain = match (dual_stack, is_china) {
            (false, false) => "amazonaws.com",
            (false, true) => "amazonaws.com.cn",
            (true, false) => "on.aws",
            (true, true) => "on.amazonwebservices.com.cn",
        };
        let letters = region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let is_region = letters && region.split('-').count() >= 3 && region.split('-').all(|part| !part.is_empty());
        (is_region && domain == own_domain).then(|| Self::Private { region: region.to_owned(), fips, dual_stack })
    }

    /// The region whose service gives out the token.
    pub(super) fn region(&self) -> &str {
        match self {
            Self::Private { region, .. } => region,
            // The only one that has this service.
            Self::Public => "us-east-1",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_ecr_are_told_from_hosts_that_only_look_like_it() {
        let private =
            |region: &str, fips, dual_stack| Some(EcrRegistry::Private { region: region.to_owned(), fips, dual_stack });
        for (host, expected) in [
            ("123456789012.dkr.ecr.us-west-2.amazonaws.com", private("us-west-2", false, false)),
            ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", private("us-gov-west-1", true, false)),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", private("cn-north-1", false, false)),
            ("123456789012.dkr-ecr.eu-west-1.on.aws", private("eu-west-1", false, true)),
            ("123456789012.dkr-ecr-fips.us-east-1.on.aws", private("us-east-1", true, true)),
            ("public.ecr.aws", Some(EcrRegistry::Public)),
            ("ecr-public.aws.com", Some(EcrRegistry::Public)),
            ("12345678901.dkr.ecr.us-west-2.amazonaws.com", None),
            ("12345678901a.dkr.ecr.us-west-2.amazonaws.com", None),
            ("x.123456789012.dkr.ecr.us-west-2.amazonaws.com", None),
            ("123456789012.dkr.ecr.us-west-2.amazonaws.com.evil.example", None),
            ("123456789012.dkr.ecr.us-west-2.amazonaws.com:8443", None),
            ("123456789012.dkr.ecr.us-west-2.amazonaws.com.cn", None),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com", None),
            ("123456789012.dkr.ecr.us-west-2.on.aws", None),
            ("123456789012.dkr-ecr.us-west-2.amazonaws.com", None),
            ("123456789012.dkr.ecr.amazonaws.com", None),
            ("123456789012.dkr.ecr.-.amazonaws.com", None),
            ("evil.public.ecr.aws", None),
        ] {
            assert_eq!(EcrRegistry::of_host(host), expected, "{host}");
        }
    }
}
