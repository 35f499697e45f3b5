//! The same decisions as another implementation of IAM's evaluation.

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Case {
    policy: serde_json::Value,
    operation: String,
    kind: String,
    name: String,
    account: String,
    resource: Option<String>,
    owner: String,
    tags: BTreeMap<String, String>,
    request_tags: BTreeMap<String, String>,
    tag_keys: Vec<String>,
    version: Option<String>,
    permissions: Vec<Granted>,
    expected: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Granted {
    action: String,
    principal: String,
    profile_version: Option<String>,
}

impl Case {
    fn decided(&self) -> &'static str {
        let policy = parse(&self.policy.to_string());
        let account = self.account.parse().unwrap();
        let identity = match self.kind.as_str() {
            "user" => Identity::user(&self.name, account, "AIDAEXAMPLE"),
            _ => Identity::role(&self.name, account, "AROAEXAMPLE"),
        };
        let permission = |granted: &Granted| Permission {
            action: granted.action.clone(),
            principal: granted.principal.clone(),
            profile_version: granted.profile_version.clone(),
        };
        let permissions: Vec<Permission> = self.permissions.iter().map(permission).collect();
        let (owner, circumstances) = (self.owner.parse().unwrap(), circumstances());
        let mut request = Request::new(access(&self.operation).unwrap(), &circumstances);
        if let Some(arn) = &self.resource {
            let permissions = permissions.as_slice();
            request = request.on(Resource { tags: Some(&self.tags), permissions, ..Resource::new(arn, &owner) });
        }
        request.tags = Some(&self.request_tags);
        request.tag_keys = &self.tag_keys;
        request.profile_version = self.version.as_deref();
        match authorize(&identity, &[policy], &request) {
            Ok(()) => "Allowed",
            Err(AccessDenied { refusal: Refusal::ExplicitDeny, .. }) => "ExplicitlyDenied",
            Err(_) => "ImplicitlyDenied",
        }
    }
}

/// 300 generated cases with the decisions of the npm package `@cloud-copilot/iam-simulate` 0.1.173, a hundred of each.
/// Of 12,000 such cases, both decided all alike. Left out are three things on which they differ: `IfExists` together
/// with `ForAnyValue:`, variables in policies of the version 2008-10-17, and the tags of `PutSigningProfile`.
#[test]
fn decides_as_another_implementation_does() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("second_opinion.json")).unwrap();
    assert_eq!(cases.len(), 300);
    for (number, case) in cases.iter().enumerate() {
        assert_eq!(
            case.decided(),
            case.expected,
            "case {number}: {} by {} under {}",
            case.operation,
            case.name,
            case.policy
        );
    }
}
