//! Allow and deny, within an account and across accounts, and the messages.

use super::*;

const ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"signer:*","Resource":"*"}}"#;
const DENY: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"signer:SignPayload","Resource":"*"}}"#;

fn permission(action: &str, principal: &str) -> Permission {
    Permission { action: format!("signer:{action}"), principal: principal.to_owned(), profile_version: None }
}

fn signing(permissions: Vec<Permission>) -> Asked {
    Asked { permissions, version: Some("abcde12345"), ..Asked::new("SignPayload", &[PROFILE]) }
}

fn refusal(asked: &Asked, identity: &Identity, policies: &[&str]) -> Option<Refusal> {
    let policies: Vec<Policy> = policies.iter().map(|policy| parse(policy)).collect();
    asked.by(identity, &policies).err().map(|denied| denied.refusal)
}

#[test]
fn a_deny_is_stronger_than_any_allow() {
    let asked = signing(vec![permission("SignPayload", "arn:aws:iam::123456789012:user/alice")]);
    assert_eq!(refusal(&asked, &alice(), &[ALL]), None);
    assert_eq!(refusal(&asked, &alice(), &[ALL, DENY]), Some(Refusal::ExplicitDeny));
    assert_eq!(refusal(&asked, &alice(), &[DENY, ALL]), Some(Refusal::ExplicitDeny));
}

#[test]
fn nothing_is_allowed_without_a_policy() {
    for access in ACCESS {
        let asked = Asked::new(access.operation, &[]);
        assert_eq!(refusal(&asked, &alice(), &[]), Some(Refusal::NoIdentityPolicy), "{}", access.operation);
    }
}

#[test]
fn the_root_may_do_everything_in_its_account() {
    assert_eq!(refusal(&signing(vec![]), &Identity::root(account()), &[]), None);
    let elsewhere = signing(vec![]);
    assert_eq!(refusal(&elsewhere, &Identity::root(other_account()), &[]), Some(Refusal::NoResourcePolicy));
}

#[test]
fn within_an_account_either_side_may_allow() {
    let by_arn = signing(vec![permission("SignPayload", "arn:aws:iam::123456789012:user/alice")]);
    assert_eq!(refusal(&by_arn, &alice(), &[]), None);
    assert_eq!(refusal(&signing(vec![]), &alice(), &[ALL]), None);
    // A permission for the account leaves the decision to the account's policies.
    let by_account = signing(vec![permission("SignPayload", "123456789012")]);
    assert_eq!(refusal(&by_account, &alice(), &[]), Some(Refusal::NoIdentityPolicy));
    let of_another = signing(vec![permission("SignPayload", "arn:aws:iam::123456789012:user/bob")]);
    assert_eq!(refusal(&of_another, &alice(), &[]), Some(Refusal::NoIdentityPolicy));
}

#[test]
fn across_accounts_both_sides_must_allow() {
    let carol = Identity::user("carol", other_account(), "AIDAEXAMPLECAROL");
    let role = Identity::role("Signing", other_account(), "AROAEXAMPLEROLE");
    let granted =
        signing(vec![permission("GetSigningProfile", "444455556666"), permission("SignPayload", "444455556666")]);
    assert_eq!(refusal(&granted, &carol, &[ALL]), None);
    assert_eq!(refusal(&granted, &role, &[ALL]), None);
    assert_eq!(refusal(&granted, &Identity::root(other_account()), &[]), None);
    assert_eq!(refusal(&granted, &carol, &[]), Some(Refusal::NoIdentityPolicy));
    assert_eq!(refusal(&granted, &carol, &[ALL, DENY]), Some(Refusal::ExplicitDeny));
    for permissions in [
        vec![],
        vec![permission("StartSigningJob", "444455556666")],
        vec![permission("SignPayload", "999999999999")],
        vec![permission("SignPayload", "arn:aws:iam::444455556666:role/Signing")],
    ] {
        let asked = signing(permissions.clone());
        assert_eq!(refusal(&asked, &carol, &[ALL]), Some(Refusal::NoResourcePolicy), "{permissions:?}");
    }
    let for_the_role = signing(vec![permission("SignPayload", "arn:aws:iam::444455556666:role/Signing")]);
    assert_eq!(refusal(&for_the_role, &role, &[ALL]), None);
    assert_eq!(refusal(&for_the_role, &role, &[]), Some(Refusal::NoIdentityPolicy));
}

#[test]
fn a_permission_may_be_for_one_version() {
    let carol = Identity::root(other_account());
    let for_version = |version: &str| {
        let profile_version = Some(version.to_owned());
        signing(vec![Permission { profile_version, ..permission("SignPayload", "444455556666") }])
    };
    assert_eq!(refusal(&for_version("abcde12345"), &carol, &[]), None);
    assert_eq!(refusal(&for_version("fghij67890"), &carol, &[]), Some(Refusal::NoResourcePolicy));
}

#[test]
fn operations_without_permissions_stay_in_their_account() {
    let carol = Identity::root(other_account());
    for access in ACCESS.iter().filter(|access| access.resource == ResourceType::SigningProfile) {
        let permissions = vec![permission(access.operation, "444455556666")];
        let asked = Asked { permissions, ..Asked::new(access.operation, &[PROFILE]) };
        let expected = (access.cross_account == CrossAccount::Never).then_some(Refusal::NoResourcePolicy);
        assert_eq!(refusal(&asked, &carol, &[]), expected, "{}", access.operation);
    }
    // Signatures of other accounts are verified with the permission of the verifier's account.
    let status = Asked::new("GetRevocationStatus", &[JOB, PROFILE]);
    assert_eq!(refusal(&status, &carol, &[]), None);
    let carol = Identity::user("carol", other_account(), "AIDAEXAMPLECAROL");
    assert_eq!(refusal(&status, &carol, &[ALL]), None);
    assert_eq!(refusal(&status, &carol, &[]), Some(Refusal::NoIdentityPolicy));
}

#[test]
fn every_resource_must_be_allowed() {
    let profiles = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"signer:GetRevocationStatus",
        "Resource":"arn:aws:signer:us-west-2:123456789012:/signing-profiles/*"}}"#;
    let jobs = profiles.replace("signing-profiles", "signing-jobs");
    let status = Asked::new("GetRevocationStatus", &[JOB, PROFILE]);
    let denied = status.by(&alice(), &[parse(profiles)]).unwrap_err();
    assert_eq!(denied.resource, JOB);
    assert_eq!(refusal(&status, &alice(), &[profiles, &jobs]), None);
}

#[test]
fn operations_without_resources_need_the_resource_star() {
    let named = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"signer:ListSigningJobs",
        "Resource":"arn:aws:signer:*:*:*"}}"#;
    assert!(!Asked::new("ListSigningJobs", &[]).is_allowed(named));
    assert!(Asked::new("ListSigningJobs", &[]).is_allowed(ALL));
}

#[test]
fn not_action_and_not_resource_are_what_is_left() {
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","NotAction":["signer:Revoke*","signer:CancelSigningProfile"],"Resource":"*"},
        {"Effect":"Deny","Action":"signer:SignPayload",
         "NotResource":"arn:aws:signer:us-west-2:123456789012:/signing-profiles/My*"}]}"#;
    assert!(Asked::new("SignPayload", &[PROFILE]).is_allowed(policy));
    assert!(!Asked::new("SignPayload", &[OTHER_PROFILE]).is_allowed(policy));
    assert!(Asked::new("GetSigningProfile", &[OTHER_PROFILE]).is_allowed(policy));
    assert!(!Asked::new("RevokeSignature", &[JOB]).is_allowed(policy));
}

#[test]
fn resources_match_part_by_part() {
    let on = |resource: &str| {
        let statement = format!(r#"{{"Effect":"Allow","Action":"*","Resource":"{resource}"}}"#);
        Asked::new("SignPayload", &[PROFILE]).is_allowed(&format!(r#"{{"Statement":{statement}}}"#))
    };
    for resource in [
        "*",
        "arn:*",
        "arn:aws:signer:*",
        "arn:aws:signer:*:123456789012:*",
        "arn:aws:signer:us-*:123456789012:/signing-profiles/My*Profile",
        "arn:aws:signer:us-west-?:*:/signing-profiles/MySigningProfil?",
        "arn:*:signer:*:*:/signing-profiles/*",
    ] {
        assert!(on(resource), "{resource}");
    }
    for resource in [
        "arn:aws:signer:us-west-2:123456789012:/signing-profiles/mysigningprofile",
        "arn:aws:signer:us-west-2:123456789012:/signing-profiles/MySigningProfile/*",
        "arn:aws:signer:us-west-1:123456789012:/signing-profiles/*",
        "arn:aws-cn:signer:*:*:*",
        "arn:aws:s3:::*",
        "arn:aws:signer:*:444455556666:*",
        "arn:aws:signer:us-west-2:123456789012:/signing-jobs/*",
    ] {
        assert!(!on(resource), "{resource}");
    }
}

#[test]
fn says_who_may_not_do_what_on_which_resource_and_why() {
    let message = |asked: &Asked, identity: &Identity, policies: &[&str]| {
        let policies: Vec<Policy> = policies.iter().map(|policy| parse(policy)).collect();
        asked.by(identity, &policies).unwrap_err().to_string()
    };
    assert_eq!(
        message(&signing(vec![]), &alice(), &[]),
        "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: signer:SignPayload on resource: \
         arn:aws:signer:us-west-2:123456789012:/signing-profiles/MySigningProfile because no identity-based policy allows \
         the signer:SignPayload action"
    );
    assert_eq!(
        message(&signing(vec![]), &Identity::role("Signing", account(), "AROAEXAMPLEROLE"), &[DENY]),
        "User: arn:aws:sts::123456789012:assumed-role/Signing/Signing is not authorized to perform: signer:SignPayload on \
         resource: arn:aws:signer:us-west-2:123456789012:/signing-profiles/MySigningProfile with an explicit deny in an \
         identity-based policy"
    );
    assert_eq!(
        message(&signing(vec![]), &Identity::root(other_account()), &[]),
        "User: arn:aws:iam::444455556666:root is not authorized to perform: signer:SignPayload on resource: \
         arn:aws:signer:us-west-2:123456789012:/signing-profiles/MySigningProfile because no resource-based policy allows \
         the signer:SignPayload action"
    );
    let mut in_china = Asked::new("ListSigningJobs", &[]);
    in_china.circumstances.region = "cn-north-1".parse().unwrap();
    assert_eq!(
        message(&in_china, &alice(), &[]),
        "User: arn:aws-cn:iam::123456789012:user/alice is not authorized to perform: signer:ListSigningJobs on resource: \
         * because no identity-based policy allows the signer:ListSigningJobs action"
    );
}

#[test]
fn creating_a_profile_with_tags_is_refused_where_tagging_is_denied() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"signer:*","Resource":"*"},
        {"Effect":"Deny","Action":"signer:TagResource","Resource":"*"}]}"#;
    assert!(Asked::new("PutSigningProfile", &[]).is_allowed(policy));
    let tagged = Asked { request_tags: tags(&[("team", "a")]), ..Asked::new("PutSigningProfile", &[]) };
    let denied = tagged.by(&alice(), &[parse(policy)]).unwrap_err();
    assert_eq!((denied.refusal, denied.action.as_str()), (Refusal::ExplicitDeny, "signer:TagResource"));
}
