//! Recognizing Amazon ECR registries by their host: "Making requests to Amazon ECR registries" and "Making requests
//! to Amazon ECR Public registries" in the ECR user guides.

use aws_names::{AccountId, Region};

/// A registry of Amazon ECR, with what is needed to get a token for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum EcrRegistry {
    /// The private registry of an account.
    Private {
        /// Its region.
        region: String,
        /// Whether the host is a FIPS 140 endpoint.
        fips: bool,
        /// Whether the host is a dual-stack (IPv4 and IPv6) endpoint.
        dual_stack: bool,
    },
    /// ECR Public.
    Public,
}

impl EcrRegistry {
    /// Returns the registry with this host, or `None` if it is not an ECR host. ECR tokens are never sent to other
    /// hosts.
    #[must_use]
    pub fn from_host(host: &str) -> Option<Self> {
        if matches!(host, "public.ecr.aws" | "ecr-public.aws.com") {
            return Some(Self::Public);
        }
        let (account, rest) = host.split_once('.')?;
        account.parse::<AccountId>().ok()?;
        const SERVICES: [(&str, bool, bool); 4] = [
            ("dkr.ecr.", false, false),
            ("dkr.ecr-fips.", true, false),
            ("dkr-ecr.", false, true),
            ("dkr-ecr-fips.", true, true),
        ];
        let (rest, fips, dual_stack) =
            SERVICES.iter().find_map(|(name, fips, dual)| Some((rest.strip_prefix(name)?, *fips, *dual)))?;
        let (region, domain) = rest.split_once('.')?;
        let name: Region = region.parse().ok()?;
        let partition = name.partition();
        let own_domain = if dual_stack { partition.dual_stack_registry_suffix() } else { partition.dns_suffix() };
        let is_region = region.split('-').count() >= 3;
        (is_region && Some(domain) == own_domain).then(|| Self::Private { region: region.to_owned(), fips, dual_stack })
    }

    /// Returns the region that issues the token.
    #[cfg(feature = "ecr")]
    pub(crate) fn region(&self) -> &str {
        match self {
            Self::Private { region, .. } => region,
            // The only region with this service.
            Self::Public => "us-east-1",
        }
    }
}

/// Whether a registry is of Amazon ECR, whatever its port. ECR is reached with TLS only: without it, the token that
/// stands for the AWS credentials would be sent in the clear.
pub(crate) fn is_ecr(registry: &str) -> bool {
    let host = registry.split(':').next().unwrap_or_default().to_ascii_lowercase();
    EcrRegistry::from_host(&host).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognizes_only_ecr_hosts() {
        let private =
            |region: &str, fips, dual_stack| Some(EcrRegistry::Private { region: region.to_owned(), fips, dual_stack });
        for (host, expected) in [
            ("123456789012.dkr.ecr.us-west-2.amazonaws.com", private("us-west-2", false, false)),
            ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", private("us-gov-west-1", true, false)),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", private("cn-north-1", false, false)),
            ("123456789012.dkr-ecr.eu-west-1.on.aws", private("eu-west-1", false, true)),
            ("123456789012.dkr-ecr-fips.us-east-1.on.aws", private("us-east-1", true, true)),
            ("123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu", private("eusc-de-east-1", false, false)),
            ("public.ecr.aws", Some(EcrRegistry::Public)),
            ("ecr-public.aws.com", Some(EcrRegistry::Public)),
            ("12345678901.dkr.ecr.us-west-2.amazonaws.com", None),
            ("12345678901a.dkr.ecr.us-west-2.amazonaws.com", None),
            ("x.123456789012.dkr.ecr.us-west-2.amazonaws.com", None),
            ("123456789012.dkr.ecr.us-west-2.amazonaws.com.evil.example", None),
            ("123456789012.dkr.ecr.us-west-2.amazonaws.com:8443", None),
            ("123456789012.dkr.ecr.us-west-2.amazonaws.com.cn", None),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com", None),
            ("123456789012.dkr.ecr.eusc-de-east-1.amazonaws.com", None),
            ("123456789012.dkr.ecr.us-west-2.on.aws", None),
            ("123456789012.dkr-ecr.us-west-2.amazonaws.com", None),
            ("123456789012.dkr.ecr.amazonaws.com", None),
            ("123456789012.dkr.ecr.-.amazonaws.com", None),
            ("evil.public.ecr.aws", None),
        ] {
            assert_eq!(EcrRegistry::from_host(host), expected, "{host}");
        }
    }

    #[test]
    fn recognizes_hosts_of_every_partition() {
        for domain in [
            "us-west-2.amazonaws.com",
            "cn-north-1.amazonaws.com.cn",
            "us-gov-west-1.amazonaws.com",
            "eusc-de-east-1.amazonaws.eu",
            "us-iso-east-1.c2s.ic.gov",
            "us-isob-east-1.sc2s.sgov.gov",
            "eu-isoe-west-1.cloud.adc-e.uk",
            "us-isof-south-1.csp.hci.ic.gov",
        ] {
            for service in ["dkr.ecr", "dkr.ecr-fips"] {
                assert!(EcrRegistry::from_host(&format!("123456789012.{service}.{domain}")).is_some(), "{domain}");
            }
        }
    }

    #[test]
    fn recognizes_ecr_with_a_port() {
        assert!(is_ecr("123456789012.dkr.ecr.us-west-2.amazonaws.com:443") && is_ecr("public.ecr.aws:80"));
        assert!(!is_ecr("localhost:5000") && !is_ecr("registry.example.com"));
    }
}
