//! Parsing of ARNs.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use proptest::prelude::*;

use super::*;

const PROFILE: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/NotationProd";

#[test]
fn parses_profile_arns_of_any_partition() {
    for partition in ["aws", "aws-cn", "aws-us-gov", "aws-iso-b", "aws-eusc"] {
        let text = format!("arn:{partition}:signer:us-west-2:111122223333:/signing-profiles/A_1");
        let arn: ProfileArn = text.parse().unwrap();
        assert_eq!((arn.location().partition().as_str(), arn.name().as_str()), (partition, "A_1"));
        assert_eq!(arn.to_string(), text);
    }
}

#[test]
fn rejects_other_arns_with_the_reason() {
    for (text, why) in [
        ("NotationProd", "is not an ARN"),
        ("arn:aws:signer", "is not an ARN"),
        ("arn:aws:s3:us-west-2:111122223333:/signing-profiles/AB", "service \"s3\""),
        ("arn:aws:signer:us-west-2:11112222333:/signing-profiles/AB", "12 digits"),
        ("arn:aws:signer:us-west-2:111122223333:/signing-profiles/A", "2 to 64"),
        ("arn:aws:signer:us-west-2:111122223333:/signing-profiles/A-B", "2 to 64"),
        ("arn:aws:signer:us-west-2:111122223333:/signing-profiles/Prod*", "2 to 64"),
        ("arn:aws:signer:US-WEST-2:111122223333:/signing-profiles/AB", "region"),
        ("arn:aws:signer::111122223333:/signing-profiles/AB", "region"),
        ("arn:azure:signer:us-west-2:111122223333:/signing-profiles/AB", "partition"),
        ("arn:aws:signer:us-west-2:111122223333:/signing-jobs/AB", "names a signing job"),
        (
            "arn:aws:signer:us-west-2:111122223333:/signing-profile/AB",
            "did you mean arn:aws:signer:us-west-2:111122223333:/signing-profiles/AB?",
        ),
        (
            "arn:aws:signer:us-west-2:111122223333:/signing-profiles/AB/Ab12Cd34Ef",
            "the profile is arn:aws:signer:us-west-2:111122223333:/signing-profiles/AB",
        ),
        ("arn:aws:signer:us-west-2:111122223333:/signing-profiles/AB/", "ends in a slash"),
        (" arn:aws:signer:us-west-2:111122223333:/signing-profiles/AB", "is not an ARN"),
    ] {
        let error = text.parse::<ProfileArn>().unwrap_err().to_string();
        assert!(error.contains(why), "{text}: {error}");
    }
}

#[test]
fn corrects_common_mistakes() {
    for (text, what, corrected) in [
        (" arn:aws:signer:us-west-2:111122223333:/signing-profiles/NotationProd\n", "it has spaces", PROFILE),
        ("arn:aws:signer: us-west-2:111122223333:/signing-profiles/NotationProd", "it has spaces", PROFILE),
        ("\"arn:aws:signer:us-west-2:111122223333:/signing-profiles/NotationProd\"", "it has quotation marks", PROFILE),
        ("ARN:aws:signer:us-west-2:111122223333:/signing-profiles/NotationProd", "in lower case", PROFILE),
        ("arn:aws:signer:US-West-2:111122223333:/signing-profiles/NotationProd", "in lower case", PROFILE),
        ("arn:aws:signer:us-west-2:1111-2222-3333:/signing-profiles/NotationProd", "without hyphens", PROFILE),
        (
            "arn:aws:signer:111122223333:/signing-profiles/NotationProd",
            "it has no region",
            "arn:aws:signer:REGION:111122223333:/signing-profiles/NotationProd",
        ),
        (
            "arn:aws:signer::111122223333:/signing-profiles/NotationProd",
            "it has no region",
            "arn:aws:signer:REGION:111122223333:/signing-profiles/NotationProd",
        ),
        (
            "arn:aws:signer:us-west-2:/signing-profiles/NotationProd",
            "it has no account",
            "arn:aws:signer:us-west-2:ACCOUNT:/signing-profiles/NotationProd",
        ),
        ("aws:signer:us-west-2:111122223333:/signing-profiles/NotationProd", "begins with arn:", PROFILE),
    ] {
        let error = text.parse::<ProfileArn>().unwrap_err().to_string();
        assert!(error.contains(what), "{text}: {error}");
        assert!(error.ends_with(&format!("did you mean {corrected}?")), "{text}: {error}");
    }
    let other_forms =
        ["signing-profiles/NotationProd", "/signing-profile/NotationProd", "signing-profile/NotationProd"];
    for resource in other_forms.into_iter().chain(["/signing-profiles/NotationProd/Ab12Cd34Ef"]) {
        let error = format!("arn:aws:signer:us-west-2:111122223333:{resource}").parse::<ProfileArn>().unwrap_err();
        assert!(error.to_string().contains(PROFILE), "{error}");
    }
    let error = "arn:aws:signer:us-west-2:11112222333:/signing-profiles/NotationProd".parse::<ProfileArn>();
    assert!(error.unwrap_err().to_string().contains("\"11112222333\" is not valid: an AWS account id has 12 digits"));
}

#[test]
fn parses_profile_version_arns() {
    let arn: ProfileVersionArn = format!("{PROFILE}/Ab12Cd34Ef").parse().unwrap();
    assert_eq!(arn.profile().to_string(), PROFILE);
    assert_eq!(arn.version(), "Ab12Cd34Ef");
    for bad in ["", "/", "/short", "/Ab12Cd34Ef/", "/Ab12Cd34E*"] {
        assert!(format!("{PROFILE}{bad}").parse::<ProfileVersionArn>().is_err(), "{bad}");
    }
}

const ALIAS: &str = "arn:aws:signer:us-west-2:111122223333:/aliases/release";
const ALIASED: &str =
    "arn:aws:signer:us-west-2:111122223333:/aliased-signing-profiles/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";

#[test]
fn parses_arns_of_aliases_and_of_aliased_profiles() {
    let alias: AliasArn = ALIAS.parse().unwrap();
    assert_eq!((alias.to_string().as_str(), alias.name().as_str()), (ALIAS, "release"));
    for name in ["r", "release-1.0_x", "team/release"] {
        assert!(ALIAS.replace("release", name).parse::<AliasArn>().is_ok(), "{name}");
    }
    for name in ["", "/", "release/", "/release", "a//b", "a b", "rel*", "é", &"a".repeat(257)] {
        assert!(ALIAS.replace("release", name).parse::<AliasArn>().is_err(), "{name}");
    }
    let aliased: AliasedProfileArn = ALIASED.parse().unwrap();
    assert_eq!((aliased.to_string().as_str(), aliased.id()), (ALIASED, "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"));
    for id in ["", "0f1e2d3c", "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0/Ab12Cd34Ef"] {
        let arn = ALIASED.replace("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", id);
        assert!(arn.parse::<AliasedProfileArn>().is_err(), "{id}");
    }
}

#[test]
fn a_signature_names_a_profile_version_or_an_aliased_profile() {
    let version: SigningProfileVersion = format!("{PROFILE}/Ab12Cd34Ef").parse().unwrap();
    assert_eq!(version.profile().unwrap().to_string(), PROFILE);
    assert_eq!(version.unversioned(), PROFILE);
    let aliased: SigningProfileVersion = ALIASED.parse().unwrap();
    assert_eq!((aliased.profile(), aliased.unversioned(), aliased.to_string()), (None, ALIASED.into(), ALIASED.into()));
    for other in [PROFILE, ALIAS, &format!("{ALIASED}0"), &format!("{PROFILE}/Ab12Cd34E")] {
        assert!(other.parse::<SigningProfileVersion>().is_err(), "{other}");
    }
}

#[test]
fn an_arn_of_another_type_says_which() {
    for (arn, why) in [(ALIAS, "it names an alias"), (ALIASED, "it names an aliased signing profile")] {
        assert!(arn.parse::<ProfileArn>().unwrap_err().to_string().contains(why), "{arn}");
    }
    let why = ALIAS.replace("/aliases/", "/alias/").parse::<AliasArn>().unwrap_err().to_string();
    assert!(why.ends_with(&format!("did you mean {ALIAS}?")), "{why}");
}

proptest! {
    #[test]
    fn parsed_arns_round_trip(text in "arn:aws(-[a-z]{1,4})?:signer:[a-z]{2}-[a-z]{1,9}-[0-9]:[0-9]{11,13}:/signing-(profiles|jobs)/[A-Za-z0-9_-]{1,66}(/[A-Za-z0-9]{9,11})?") {
        if let Ok(arn) = text.parse::<ProfileArn>() { prop_assert_eq!(arn.to_string(), text.clone()); }
        if let Ok(arn) = text.parse::<ProfileVersionArn>() { prop_assert_eq!(arn.to_string(), text.clone()); }
        if let Ok(arn) = text.parse::<JobArn>() { prop_assert_eq!(arn.to_string(), text); }
    }

    #[test]
    fn parsers_never_panic(text in "\\PC{0,80}") {
        let _ = text.parse::<ProfileArn>();
        let _ = text.parse::<ProfileVersionArn>();
        let _ = text.parse::<JobArn>();
        let _ = text.parse::<AliasArn>();
        let _ = text.parse::<SigningProfileVersion>();
    }
}
