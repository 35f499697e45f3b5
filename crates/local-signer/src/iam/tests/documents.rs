//! Which documents are policies, and what is said of those that are not.

use super::*;

fn error(document: &str) -> String {
    Policy::parse(document.as_bytes()).err().unwrap_or_else(|| panic!("accepted: {document}")).to_string()
}

fn statement(members: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{{members}}}]}}"#)
}

#[test]
fn accepts_all_elements() {
    parse(
        r#"{"Version": "2012-10-17", "Id": "x-1", "Statement": [
            {"Sid": "A1", "Effect": "Allow", "NotAction": ["signer:Revoke*", "SIGNER:cancelsigningprofile", "*"],
             "NotResource": ["arn:aws:signer:*:*:/signing-profiles/*"]},
            {"Sid": "", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {}},
            {"Sid": "", "Effect": "Deny", "Action": "signer:?ignPayload", "Resource": "arn:aws:signer:*"}]}"#,
    );
    parse(r#"{"Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}"#);
    parse(r#"{"Version": "2008-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#);
}

#[test]
fn names_the_part_that_is_wrong() {
    let a = r#""Effect":"Allow","Action":"*","Resource":"*""#;
    for (document, expected) in [
        ("[]".to_owned(), "the policy must be an object"),
        (r#"{"Version":"2012-10-17"}"#.to_owned(), "Statement: missing"),
        (r#"{"Statement":[]}"#.to_owned(), "Statement: empty; give at least one value"),
        (r#"{"Statement":"x"}"#.to_owned(), "Statement: must be an object"),
        (
            r#"{"Statement":[{}],"Versoin":"2012-10-17"}"#.to_owned(),
            "Versoin: unknown element; an identity-based policy has",
        ),
        (format!(r#"{{"Version":"2012-10-18","Statement":{{{a}}}}}"#), "Version: unknown version; use 2012-10-17"),
        (format!(r#"{{"Id":1,"Statement":{{{a}}}}}"#), "Id: must be a string"),
        (statement(r#""Action":"*","Resource":"*""#), "Statement[0].Effect: missing"),
        (
            statement(r#""Effect":"allow","Action":"*","Resource":"*""#),
            r#"Statement[0].Effect: must be "Allow" or "Deny""#,
        ),
        (statement(r#""Effect":"Allow","Resource":"*""#), "Statement[0]: a statement needs Action or NotAction"),
        (statement(r#""Effect":"Allow","Action":"*""#), "Statement[0]: a statement needs Resource or NotResource"),
        (
            statement(r#""Effect":"Allow","Action":"*","NotAction":"*","Resource":"*""#),
            "Statement[0].NotAction: a statement has either Action or NotAction, not both",
        ),
        (statement(r#""Effect":"Allow","Action":[],"Resource":"*""#), "Statement[0].Action: empty"),
        (statement(r#""Effect":"Allow","Action":["*",1],"Resource":"*""#), "Statement[0].Action[1]: must be a string"),
        (statement(r#""Effect":"Allow","Action":"*","Resource":"*","Condition":null"#), "Condition: must be an object"),
        (
            statement(&format!(r#"{a},"Principal":"*""#)),
            "Statement[0].Principal: an identity-based policy has no Principal",
        ),
        (statement(&format!(r#"{a},"condition":{{}}"#)), "Statement[0].condition: unknown element"),
        (statement(&format!(r#"{a},"Sid":"a b""#)), "Statement[0].Sid: a statement id has letters and digits only"),
        (
            format!(r#"{{"Statement":[{{{a},"Sid":"A"}},{{{a},"Sid":"A"}}]}}"#),
            r#"Statement[1].Sid: another statement has the id "A""#,
        ),
        (
            statement(r#""Effect":"Allow","Action":"signer:SignPaylaod","Resource":"*""#),
            r#"Statement[0].Action: AWS Signer has no operation that "signer:SignPaylaod" matches; did you mean "signer:SignPayload"?"#,
        ),
        (
            statement(r#""Effect":"Allow","Action":"signer:Strat*","Resource":"*""#),
            "no operation that \"signer:Strat*\"",
        ),
        (
            statement(r#""Effect":"Allow","Action":"singer:SignPayload","Resource":"*""#),
            r#"with another prefix; did you mean "signer:SignPayload"?"#,
        ),
        (statement(r#""Effect":"Allow","Action":"SignPayload","Resource":"*""#), "is not an action"),
        (statement(r#""Effect":"Allow","Action":"sign*:SignPayload","Resource":"*""#), "is not an action"),
        (statement(r#""Effect":"Allow","Action":"*","Resource":"MyProfile""#), "is not a resource"),
        (
            statement(r#""Effect":"Allow","Action":"*","Resource":"arn:aws:signer:/signing-profiles/A""#),
            "is not a resource",
        ),
        (
            statement(r#""Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:nosuch}""#),
            "is not a policy variable",
        ),
        (
            statement(r#""Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username""#),
            "is not a policy variable",
        ),
        (
            statement(r#""Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:TagKeys}""#),
            "is not a policy variable",
        ),
        (
            with_condition(r#"{"StringEqual": {"aws:username": "a"}}"#),
            "unknown condition operator; did you mean StringEquals?",
        ),
        (with_condition(r#"{"ForSomeValues:StringEquals": {"aws:TagKeys": "a"}}"#), "the qualifiers are"),
        (with_condition(r#"{"NullIfExists": {"aws:TagKeys": "true"}}"#), "Null has no qualifier"),
        (with_condition(r#"{"BinaryEquals": {"aws:username": "YQ=="}}"#), "unknown condition operator"),
        (
            with_condition(r#"{"StringEquals": {"aws:usernam": "a"}}"#),
            r#"Statement.Condition.StringEquals["aws:usernam"]: the condition key "aws:usernam" is not available"#,
        ),
        (with_condition(r#"{"StringEquals": {"s3:prefix": "a"}}"#), "is not available for AWS Signer"),
        (with_condition(r#"{"StringEquals": {"username": "a"}}"#), "is not a condition key"),
        (with_condition(r#"{"StringEquals": {"aws:ResourceTag/": "a"}}"#), "is not a condition key"),
        (with_condition(r#"{"StringEquals": {"aws:TagKeys": "a"}}"#), "use ForAllValues: or ForAnyValue:"),
        (with_condition(r#"{"StringEquals": {"aws:SourceIp": "203.0.113.7"}}"#), "use IpAddress or NotIpAddress"),
        (with_condition(r#"{"IpAddress": {"aws:SourceIp": "203.0.113.0/33"}}"#), "is not an IP address or a range"),
        (with_condition(r#"{"DateLessThan": {"aws:CurrentTime": "tomorrow"}}"#), "is not a time"),
        (with_condition(r#"{"NumericLessThan": {"aws:EpochTime": "1e9"}}"#), "is not a number"),
        (with_condition(r#"{"Bool": {"aws:SecureTransport": "yes"}}"#), "is not true or false"),
        (with_condition(r#"{"ArnLike": {"aws:PrincipalArn": "alice"}}"#), "is not an ARN"),
        (with_condition(r#"{"StringEquals": {"aws:username": []}}"#), "empty"),
        (with_condition(r#"{"StringEquals": {"aws:username": {}}}"#), "must be a string, a number or a boolean"),
        (with_condition(r#"{"StringEquals": "a"}"#), "Statement.Condition.StringEquals: must be an object"),
    ] {
        let message = error(&document);
        assert!(message.contains(expected), "{document}\n{message}\n{expected}");
    }
}

#[test]
fn rejects_what_is_not_strict_json() {
    let valid = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    parse(valid);
    for document in [
        format!("{valid} {valid}"),
        format!("\u{feff}{valid}"),
        valid.replace(r#""Effect":"Allow""#, r#""Effect":"Allow","Effect":"Deny""#),
        valid.replace("}}", ",}}"),
        valid.replace('"', "'"),
        "[".repeat(200),
        format!(r#"{{"Statement":{}"#, r#"{"Statement":"#.repeat(200)),
    ] {
        assert!(matches!(Policy::parse(document.as_bytes()), Err(PolicyError::Json(_))), "{document}");
    }
    assert!(Policy::parse(b"{\"Statement\":{\"Effect\":\"\xff\"}}").is_err());
}

#[test]
fn counts_characters_without_white_space() {
    let of_length = |length: usize| {
        let rest = r#"{"Id":"","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        rest.replace(r#""Id":"""#, &format!(r#""Id":"{}""#, "ü".repeat(length - rest.len())))
    };
    assert!(Policy::parse(of_length(MAX_POLICY_CHARACTERS).as_bytes()).is_ok());
    assert!(Policy::parse(format!("{}\n{}", " ".repeat(9000), of_length(MAX_POLICY_CHARACTERS)).as_bytes()).is_ok());
    assert_eq!(Policy::parse(of_length(MAX_POLICY_CHARACTERS + 1).as_bytes()), Err(PolicyError::TooLong));
    assert_eq!(Policy::parse(&vec![b' '; 1_000_000]), Err(PolicyError::TooLong));
}

#[test]
fn wildcards_are_matched_in_bounded_time() {
    let pattern = format!("arn:aws:signer:us-west-2:123456789012:/signing-profiles/{}b", "*a".repeat(2500));
    let policy = parse(&statement(&format!(r#""Effect":"Allow","Action":"*","Resource":"{pattern}""#)));
    let profile: &'static str = Box::leak(format!("{PROFILE}{}", "a".repeat(5000)).into_boxed_str());
    let started = std::time::Instant::now();
    assert!(Asked::new("SignPayload", &[profile]).by(&alice(), &[policy]).is_err());
    // Exponential matching would not end in the life of the machine.
    assert!(started.elapsed() < std::time::Duration::from_secs(60));
}
