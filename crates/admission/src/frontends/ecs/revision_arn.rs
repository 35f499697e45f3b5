//! The ARNs of service revisions: Service Authorization Reference for Amazon ECS.

use std::fmt;
use std::str::FromStr;

use aws_names::{AccountId, Region};

/// The ARN of a service revision: `arn:PARTITION:ecs:REGION:ACCOUNT:service-revision/CLUSTER/SERVICE/ID`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RevisionArn {
    text: String,
    region: Region,
    resource_at: usize,
}

/// The text is not the ARN of a service revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected arn:PARTITION:ecs:REGION:ACCOUNT:service-revision/CLUSTER/SERVICE/ID")]
pub struct NotARevision;

impl RevisionArn {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The name of the cluster.
    #[must_use]
    pub fn cluster(&self) -> &str {
        self.text[self.resource_at..].split('/').nth(1).unwrap_or_default()
    }

    /// The ARN of the cluster.
    #[must_use]
    pub fn cluster_arn(&self) -> String {
        format!("{}cluster/{}", &self.text[..self.resource_at], self.cluster())
    }

    /// The ARN of the service.
    #[must_use]
    pub fn service_arn(&self) -> String {
        let service = self.text[self.resource_at..].split('/').nth(2).unwrap_or_default();
        format!("{}service/{}/{service}", &self.text[..self.resource_at], self.cluster())
    }
}

impl FromStr for RevisionArn {
    type Err = NotARevision;

    fn from_str(text: &str) -> Result<Self, NotARevision> {
        const MAX_LENGTH: usize = 1024;
        if text.len() > MAX_LENGTH {
            return Err(NotARevision);
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, "ecs", region, account, resource] = parts[..] else { return Err(NotARevision) };
        let region: Region = region.parse().map_err(|_| NotARevision)?;
        let _: AccountId = account.parse().map_err(|_| NotARevision)?;
        if region.partition().as_str() != partition {
            return Err(NotARevision);
        }
        let is_name = |text: &&str| {
            (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        };
        let names: Vec<&str> = resource.split('/').collect();
        match names[..] {
            ["service-revision", ..] if names.len() == 4 && names[1..].iter().all(is_name) => {
                Ok(Self { text: text.to_owned(), region, resource_at: text.len() - resource.len() })
            }
            _ => Err(NotARevision),
        }
    }
}

impl fmt::Display for RevisionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn the_arn_of_a_service_revision_names_cluster_and_service() {
        let text = "arn:aws:ecs:us-west-2:111122223333:service-revision/shop/web/4980306466373577095";
        let arn: RevisionArn = text.parse().unwrap();
        assert_eq!((arn.as_str(), arn.cluster(), arn.region().as_str()), (text, "shop", "us-west-2"));
        assert_eq!(arn.service_arn(), "arn:aws:ecs:us-west-2:111122223333:service/shop/web");
        assert_eq!(arn.cluster_arn(), "arn:aws:ecs:us-west-2:111122223333:cluster/shop");
        for wrong in [
            "",
            "arn:aws:ecs:us-west-2:111122223333:service/shop/web",
            "arn:aws:ecs:us-west-2:111122223333:service-revision/shop/web",
            "arn:aws:ecs:us-west-2:111122223333:service-revision/shop/web/1/2",
            "arn:aws:ecs:us-west-2:111122223333:service-revision/shop//1",
            "arn:aws:ecs:us-west-2:111122223333:service-revision/../web/1",
            "arn:aws-cn:ecs:us-west-2:111122223333:service-revision/shop/web/1",
            "arn:aws:ecs:us-west-2:1111:service-revision/shop/web/1",
            "arn:aws:ec2:us-west-2:111122223333:service-revision/shop/web/1",
            &format!("arn:aws:ecs:us-west-2:111122223333:service-revision/shop/web/{}", "1".repeat(300)),
        ] {
            assert_eq!(wrong.parse::<RevisionArn>(), Err(NotARevision), "{wrong}");
        }
    }
}
