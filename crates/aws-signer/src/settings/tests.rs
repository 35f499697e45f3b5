//! Which profile, endpoint and region apply.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use super::*;

fn settings(variables: &[(&str, &str)], config: &str) -> AwsSettings {
    let environment = variables.iter().copied().collect();
    AwsSettings::new(environment, SharedConfig::from_contents(config.as_bytes(), b""), None)
}

#[test]
fn the_most_specific_endpoint_applies() {
    const OF_SERVICE: (&str, &str) = ("AWS_ENDPOINT_URL_SSO_OIDC", "http://of-service");
    const OF_ALL: (&str, &str) = ("AWS_ENDPOINT_URL", "http://of-all");
    let config = "[default]\nservices = local\nendpoint_url = http://of-profile\n\
                  [services local]\nsso_oidc =\n  endpoint_url = http://of-section\n";
    let endpoint = |variables: &[(&str, &str)], config| {
        settings(variables, config).endpoint("sso oidc").map(Option::unwrap_or_default)
    };
    for (variables, config, expected) in [
        (&[OF_SERVICE, OF_ALL][..], config, "http://of-service"),
        (&[OF_ALL], config, "http://of-all"),
        (&[], config, "http://of-section"),
        (&[], "[default]\nendpoint_url = http://of-profile\n", "http://of-profile"),
        (&[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"), OF_ALL], config, ""),
        (&[], "", ""),
    ] {
        assert_eq!(endpoint(variables, config).as_deref(), Ok(expected));
    }
    let empty = endpoint(&[("AWS_ENDPOINT_URL_SSO_OIDC", "")], "");
    assert!(matches!(&empty, Err(ConfigError::Endpoint { key, .. }) if key == "AWS_ENDPOINT_URL_SSO_OIDC"));
    let invalid = endpoint(&[], "[default]\nendpoint_url = localhost\n");
    assert!(matches!(&invalid, Err(ConfigError::Endpoint { key, .. }) if key.contains("config line 2")), "{invalid:?}");
}

#[test]
fn sts_is_asked_in_the_own_region_of_the_same_partition() {
    let west: Region = "us-west-2".parse().unwrap();
    for (variables, config, expected) in [
        (&[("AWS_REGION", "eu-west-1")][..], "[default]\nregion = ap-south-1\n", "eu-west-1"),
        (&[], "[default]\nregion = ap-south-1\n", "ap-south-1"),
        (&[("AWS_REGION", "us-gov-west-1")], "", "us-west-2"),
        (&[("AWS_REGION", "Not A Region")], "", "us-west-2"),
    ] {
        assert_eq!(settings(variables, config).sts_region(&west).as_str(), expected);
    }
}

#[test]
fn switches_are_true_or_false() {
    let client = |value| {
        let settings = settings(&[("AWS_USE_FIPS_ENDPOINT", value)], "");
        settings.switch("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")
    };
    assert_eq!((client("true"), client("False"), client("")), (Ok(Some(true)), Ok(Some(false)), Ok(None)));
    for value in ["yes", "1", "on", "enabled"] {
        assert!(matches!(client(value), Err(ConfigError::Switch { .. })), "{value}");
    }
}

#[test]
fn a_profile_that_the_caller_names_precedes_the_environment() {
    let environment = || [("AWS_PROFILE", "of-environment")].into_iter().collect::<Environment>();
    let given = NamedProfile { name: "given".to_owned(), named_by: Some("aws-profile".to_owned()) };
    let of = |profile| AwsSettings::new(environment(), SharedConfig::default(), profile);
    assert_eq!(
        (of(Some(given)).selected().name.as_str(), of(None).selected().name.as_str()),
        ("given", "of-environment")
    );
    assert_eq!(settings(&[], "").selected(), &NamedProfile { name: "default".to_owned(), named_by: None });
}
