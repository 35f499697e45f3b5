//! Condition operators, keys and policy variables.

use super::*;

/// A request that has a value for every key.
fn asked() -> Asked {
    Asked {
        version: Some("abcde12345"),
        resource_tags: tags(&[("team", "blue"), ("Stage", "prod"), ("max", "10")]),
        ..Asked::new("SignPayload", &[PROFILE])
    }
}

fn tagging() -> Asked {
    Asked {
        request_tags: tags(&[("team", "blue"), ("stage", "test")]),
        resource_tags: tags(&[("team", "blue")]),
        ..Asked::new("TagResource", &[PROFILE])
    }
}

fn holds(asked: &Asked, condition: &str) -> bool {
    asked.is_allowed(&with_condition(condition))
}

#[test]
fn ignoring_case_a_value_equals_itself_in_every_script() {
    for value in ["BLUE", "\u{39f}\u{394}\u{39f}\u{3a3}", "\u{130}stanbul", "Stra\u{df}e"] {
        let asked = Asked { resource_tags: tags(&[("team", value)]), ..Asked::new("SignPayload", &[PROFILE]) };
        for (operator, expected) in [("StringEqualsIgnoreCase", true), ("StringNotEqualsIgnoreCase", false)] {
            let condition = format!(r#"{{"{operator}": {{"aws:ResourceTag/team": "{value}"}}}}"#);
            assert_eq!(holds(&asked, &condition), expected, "{condition}");
        }
    }
}

#[test]
fn compares_values_of_every_type() {
    for (condition, expected) in [
        (r#"{"StringEquals": {"aws:username": "alice"}}"#, true),
        (r#"{"StringEquals": {"aws:username": ["bob", "alice"]}}"#, true),
        (r#"{"StringEquals": {"aws:username": "Alice"}}"#, false),
        (r#"{"StringEquals": {"aws:username": "a*"}}"#, false),
        (r#"{"StringEqualsIgnoreCase": {"AWS:UserName": "ALICE"}}"#, true),
        (r#"{"StringNotEquals": {"aws:username": ["bob", "carol"]}}"#, true),
        (r#"{"StringNotEquals": {"aws:username": ["bob", "alice"]}}"#, false),
        (r#"{"StringNotEqualsIgnoreCase": {"aws:username": "ALICE"}}"#, false),
        (r#"{"StringLike": {"aws:username": "al?c*"}}"#, true),
        (r#"{"StringNotLike": {"aws:username": "al*"}}"#, false),
        (r#"{"StringLike": {"aws:username": "al?c"}}"#, false),
        (r#"{"StringEquals": {"aws:userid": "AIDACKCEVSQ6C2EXAMPLE", "aws:PrincipalType": "User"}}"#, true),
        (r#"{"StringEquals": {"aws:username": "alice"}, "StringLike": {"aws:userid": "AROA*"}}"#, false),
        (r#"{"StringEquals": {"aws:PrincipalAccount": 123456789012, "aws:ResourceAccount": "123456789012"}}"#, true),
        (r#"{"StringEquals": {"aws:RequestedRegion": ["us-east-1", "us-west-2"]}}"#, true),
        (r#"{"StringLike": {"aws:UserAgent": "aws-cli/*"}}"#, true),
        (r#"{"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::123456789012:user/alice"}}"#, true),
        (r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/a*"}}"#, true),
        (r#"{"ArnLike": {"aws:PrincipalArn": "*"}}"#, true),
        (r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}"#, false),
        (r#"{"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}"#, true),
        (r#"{"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::123456789012:user/alice"}}"#, false),
        (r#"{"StringLike": {"aws:PrincipalArn": "*user/alice"}}"#, true),
        (r#"{"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "203.0.113.0/24"]}}"#, true),
        (r#"{"IpAddress": {"aws:SourceIp": "203.0.113.7"}}"#, true),
        (r#"{"IpAddress": {"aws:SourceIp": "2001:db8::/32"}}"#, false),
        (r#"{"NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "203.0.113.0/24"]}}"#, false),
        (r#"{"NotIpAddress": {"aws:SourceIp": "203.0.113.8/32"}}"#, true),
        (r#"{"DateGreaterThan": {"aws:CurrentTime": "2026-06-15T11:59:59Z"}}"#, true),
        (r#"{"DateGreaterThan": {"aws:CurrentTime": "2026-06-15T14:00:00+02:00"}}"#, false),
        (r#"{"DateGreaterThanEquals": {"aws:CurrentTime": "2026-06-15T14:00+02:00"}}"#, true),
        (r#"{"DateLessThan": {"aws:CurrentTime": "2026-06-15"}}"#, false),
        (r#"{"DateLessThan": {"aws:CurrentTime": "2026-07"}, "DateGreaterThan": {"aws:CurrentTime": "2026"}}"#, true),
        (r#"{"DateLessThanEquals": {"aws:CurrentTime": "2026-06-15T12:00:00.000Z"}}"#, true),
        (r#"{"DateEquals": {"aws:CurrentTime": "1781524800"}}"#, true),
        (r#"{"DateNotEquals": {"aws:CurrentTime": "2026-06-15T12:00:00Z"}}"#, false),
        (r#"{"DateLessThan": {"aws:EpochTime": "2026-07-01T00:00:00Z"}}"#, true),
        (r#"{"NumericLessThan": {"aws:EpochTime": 1781524801}}"#, true),
        (r#"{"NumericGreaterThanEquals": {"aws:EpochTime": "1781524800"}}"#, true),
        (r#"{"NumericNotEquals": {"aws:EpochTime": "1781524800"}}"#, false),
        (r#"{"NumericLessThanEquals": {"aws:ResourceTag/max": "9.5"}}"#, false),
        (r#"{"NumericEquals": {"aws:ResourceTag/max": "10.0"}}"#, true),
        (r#"{"NumericGreaterThan": {"aws:ResourceTag/team": "0"}}"#, false),
        (r#"{"Bool": {"aws:SecureTransport": "false"}}"#, true),
        (r#"{"Bool": {"aws:SecureTransport": true}}"#, false),
        (r#"{"Bool": {"aws:ViaAWSService": "False", "aws:PrincipalIsAWSService": false}}"#, true),
        (r#"{"StringEquals": {"signer:ProfileVersion": "abcde12345"}}"#, true),
        (r#"{"StringEquals": {"signer:profileversion": "fghij67890"}}"#, false),
        (r#"{"StringEquals": {"aws:ResourceTag/team": ["blue", "red"], "aws:ResourceTag/stage": "prod"}}"#, true),
        (r#"{"StringEquals": {"aws:ResourceTag/team": "red"}}"#, false),
    ] {
        assert_eq!(holds(&asked(), condition), expected, "{condition}");
    }
}

#[test]
fn knows_whether_a_key_is_there() {
    let role = Identity::role("Signing", account(), "AROAEXAMPLEROLE");
    for (condition, for_a_user, for_a_role) in [
        (r#"{"StringEquals": {"aws:username": "alice"}}"#, true, false),
        (r#"{"StringNotEquals": {"aws:username": "alice"}}"#, false, true),
        (r#"{"StringEqualsIfExists": {"aws:username": "alice"}}"#, true, true),
        (r#"{"StringEqualsIfExists": {"aws:username": "bob"}}"#, false, true),
        (r#"{"Null": {"aws:username": "true"}}"#, false, true),
        (r#"{"Null": {"aws:username": false}}"#, true, false),
        (r#"{"Bool": {"aws:MultiFactorAuthPresent": "false"}}"#, false, true),
        (r#"{"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}"#, true, true),
        (
            r#"{"StringEquals": {"aws:userid": "AROAEXAMPLEROLE:Signing", "aws:PrincipalType": "AssumedRole"}}"#,
            false,
            true,
        ),
        (r#"{"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/Signing"}}"#, false, true),
        (r#"{"Null": {"aws:RequestTag/team": "true", "aws:TagKeys": "true"}}"#, true, true),
        (r#"{"StringEquals": {"aws:ResourceTag/none": "x"}}"#, false, false),
        (r#"{"ForAnyValue:StringEquals": {"aws:TagKeys": "x"}}"#, false, false),
        (r#"{"ForAllValues:StringEquals": {"aws:TagKeys": "x"}}"#, true, true),
        (r#"{"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": "x"}}"#, true, true),
    ] {
        let policy = parse(&with_condition(condition));
        assert_eq!(asked().by(&alice(), std::slice::from_ref(&policy)).is_ok(), for_a_user, "{condition}");
        assert_eq!(asked().by(&role, &[policy]).is_ok(), for_a_role, "{condition}");
    }
}

#[test]
fn compares_sets_of_tag_keys() {
    for (condition, expected) in [
        (r#"{"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "stage", "owner"]}}"#, true),
        (r#"{"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}"#, false),
        (r#"{"ForAllValues:StringLike": {"aws:TagKeys": ["t*", "s*"]}}"#, true),
        (r#"{"ForAnyValue:StringEquals": {"aws:TagKeys": ["team", "owner"]}}"#, true),
        (r#"{"ForAnyValue:StringEquals": {"aws:TagKeys": ["owner"]}}"#, false),
        (r#"{"ForAllValues:StringNotEquals": {"aws:TagKeys": ["owner"]}}"#, true),
        (r#"{"ForAllValues:StringNotEquals": {"aws:TagKeys": ["team"]}}"#, false),
        (r#"{"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["team"]}}"#, true),
        (r#"{"StringEquals": {"aws:RequestTag/team": "blue"}, "Null": {"aws:RequestTag/owner": "true"}}"#, true),
        (r#"{"StringEquals": {"aws:RequestTag/team": "${aws:ResourceTag/team}"}}"#, true),
        (r#"{"StringEquals": {"aws:RequestTag/stage": ["prod"]}}"#, false),
        // The operation has no such key.
        (r#"{"StringEquals": {"signer:ProfileVersion": "abcde12345"}}"#, false),
    ] {
        assert_eq!(holds(&tagging(), condition), expected, "{condition}");
    }
    let untagging = Asked { tag_keys: vec!["team".to_owned()], ..Asked::new("UntagResource", &[PROFILE]) };
    assert!(holds(&untagging, r#"{"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}"#));
    assert!(!holds(&untagging, r#"{"ForAllValues:StringEquals": {"aws:TagKeys": ["stage"]}}"#));
}

#[test]
fn puts_the_values_of_variables_in() {
    let on = |resource: &str, profile: &'static str, identity: &Identity| {
        let statement = format!(r#"{{"Effect":"Allow","Action":"signer:SignPayload","Resource":"{resource}"}}"#);
        let policy = parse(&format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#));
        Asked::new("SignPayload", &[profile]).by(identity, &[policy]).is_ok()
    };
    const ALICES: &str = "arn:aws:signer:us-west-2:123456789012:/signing-profiles/alice_prod";
    let own = "arn:aws:signer:*:*:/signing-profiles/${aws:username}_*";
    assert!(on(own, ALICES, &alice()));
    assert!(!on(own, PROFILE, &alice()));
    // A variable without a value matches nothing; a default is a value.
    let role = Identity::role("alice", account(), "AROAEXAMPLEROLE");
    assert!(!on(own, ALICES, &role));
    let with_default = "arn:aws:signer:*:*:/signing-profiles/${aws:username, 'alice'}_prod";
    assert!(on(with_default, ALICES, &role));
    // Wildcards in values are characters.
    let star = Identity::user("*", account(), "AIDAEXAMPLESTAR");
    assert!(!on(own, ALICES, &star));
    let literal = "arn:aws:signer:*:*:/signing-profiles/alice${*}";
    assert!(!on(literal, ALICES, &alice()));
}

/// As the IAM User Guide says of variables that cannot be resolved.
#[test]
fn a_negation_with_a_variable_without_a_value_makes_the_statement_invalid() {
    let role = Identity::role("Signing", account(), "AROAEXAMPLEROLE");
    for rest in [
        r#""NotResource":"arn:aws:signer:*:*:/signing-profiles/${aws:username}""#,
        r#""Resource":"*","Condition":{"StringNotEquals":{"aws:ResourceTag/team":"${aws:username}"}}"#,
    ] {
        let statement = |effect: &str| format!(r#"{{"Effect":"{effect}","Action":"*",{rest}}}"#);
        let all = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
        let policy = |statements: &str| parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#));
        assert!(asked().by(&role, &[policy(&statement("Allow"))]).is_err(), "{rest}");
        assert!(asked().by(&role, &[policy(&format!("{},{all}", statement("Deny")))]).is_ok(), "{rest}");
        assert!(asked().by(&alice(), &[policy(&format!("{},{all}", statement("Deny")))]).is_err(), "{rest}");
    }
}

#[test]
fn the_first_version_of_the_language_has_no_variables() {
    let condition = r#"{"StringEquals": {"aws:username": "${aws:username}"}}"#;
    assert!(holds(&asked(), condition));
    let old = with_condition(condition).replace("2012-10-17", "2008-10-17");
    assert!(!asked().is_allowed(&old));
}
