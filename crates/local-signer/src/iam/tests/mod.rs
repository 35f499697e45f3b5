#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod conditions;
mod decisions;
mod documents;
mod guide;
mod second_opinion;

use std::collections::BTreeMap;

use aws_names::AccountId;
use time::macros::datetime;

use super::*;

const PROFILE: &str = "arn:aws:signer:us-west-2:123456789012:/signing-profiles/MySigningProfile";
const OTHER_PROFILE: &str = "arn:aws:signer:us-west-2:123456789012:/signing-profiles/Other";
const JOB: &str = "arn:aws:signer:us-west-2:123456789012:/signing-jobs/02d65707-dfc3-4e9b-b8d7-ddf94e130d93";

fn account() -> AccountId {
    "123456789012".parse().unwrap()
}

fn other_account() -> AccountId {
    "444455556666".parse().unwrap()
}

fn alice() -> Identity {
    Identity::user("alice", account(), "AIDACKCEVSQ6C2EXAMPLE")
}

fn circumstances() -> Circumstances {
    Circumstances {
        source_ip: "203.0.113.7".parse().unwrap(),
        now: datetime!(2026-06-15 12:00:00 UTC),
        user_agent: Some("aws-cli/2.0".to_owned()),
        ..Circumstances::new("us-west-2".parse().unwrap())
    }
}

fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A request of these tests.
struct Asked {
    operation: &'static str,
    resources: Vec<&'static str>,
    owner: AccountId,
    version: Option<&'static str>,
    resource_tags: BTreeMap<String, String>,
    request_tags: BTreeMap<String, String>,
    tag_keys: Vec<String>,
    permissions: Vec<Permission>,
    circumstances: Circumstances,
}

impl Asked {
    fn new(operation: &'static str, resources: &[&'static str]) -> Self {
        Self {
            operation,
            resources: resources.to_vec(),
            owner: account(),
            version: None,
            resource_tags: BTreeMap::new(),
            request_tags: BTreeMap::new(),
            tag_keys: Vec::new(),
            permissions: Vec::new(),
            circumstances: circumstances(),
        }
    }

    fn by(&self, identity: &Identity, policies: &[Policy]) -> Result<(), AccessDenied> {
        let mut request = Request::new(access(self.operation).unwrap(), &self.circumstances).of_version(self.version);
        for arn in &self.resources {
            let (tags, permissions) = (Some(&self.resource_tags), self.permissions.as_slice());
            request = request.on(Resource { tags, permissions, ..Resource::new(*arn, &self.owner) });
        }
        request.tags = Some(&self.request_tags);
        request.tag_keys = &self.tag_keys;
        authorize(identity, policies, &request)
    }

    fn is_allowed(&self, policy: &str) -> bool {
        self.by(&alice(), &[parse(policy)]).is_ok()
    }
}

fn parse(policy: &str) -> Policy {
    Policy::parse(policy.as_bytes()).unwrap_or_else(|why| panic!("{why}: {policy}"))
}

/// A policy with one statement that allows everything under the condition.
fn with_condition(condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}}}}}"#
    )
}
