//! Which configuration holds, and which is refused.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use super::*;

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn config(plugin: &[(&str, &str)], environment: &[(&str, &str)]) -> Result<SignerConfig, ConfigError> {
    SignerConfig::new(&pairs(plugin), pairs(environment))
}

fn location(partition: &str, region: &str) -> Location {
    Location::new(partition, region, "111122223333").unwrap()
}

#[test]
fn the_plugin_configuration_wins_over_the_environment_and_the_partition_over_the_general() {
    let c = config(
        &[("aws-profile", "plain"), ("aws-profile.aws-cn", "china"), ("aws-region.aws-us-gov", "us-gov-east-1")],
        &[
            ("NOTATION_AWS_SIGNER_PROFILE", "env"),
            ("NOTATION_AWS_SIGNER_PROFILE_AWS_US_GOV", "gov"),
            ("NOTATION_AWS_SIGNER_REGION", "eu-west-1"),
            ("NOTATION_AWS_SIGNER_TIMEOUT", "2.5"),
            ("NOTATION_AWS_SIGNER_LOG", "debug"),
        ],
    )
    .unwrap();
    assert_eq!(c.profile("aws"), Some("plain"));
    assert_eq!(c.profile("aws-cn"), Some("china"));
    assert_eq!(c.profile("aws-us-gov"), Some("gov"));
    assert_eq!(c.revocation_region(&location("aws", "us-west-2")).unwrap(), "eu-west-1");
    assert_eq!(c.revocation_region(&location("aws-us-gov", "us-gov-west-1")).unwrap(), "us-gov-east-1");
    assert_eq!(c.timeout(), Some(Duration::from_millis(2500)));
}

#[test]
fn a_region_of_another_partition_is_never_asked() {
    let c = config(&[("aws-region", "us-east-1")], &[]).unwrap();
    let error = c.revocation_region(&location("aws-us-gov", "us-gov-west-1")).unwrap_err().to_string();
    assert!(error.contains("set aws-region.aws-us-gov"), "{error}");
    let arn = location("aws-cn", "us-west-2");
    assert!(SignerConfig::default().signing_region("arn", &arn).is_err());
    assert!(SignerConfig::default().revocation_region(&arn).is_err());
}

#[test]
fn a_value_of_an_option_is_reported_by_the_options_name() {
    let with = |key, value: &str| config(&[], &[]).unwrap().with_keys_as_options().with_option(key, value);
    let c = with("aws-region", "us-east-1").unwrap();
    let error = c.revocation_region(&location("aws-us-gov", "us-gov-west-1")).unwrap_err().to_string();
    assert!(
        error.starts_with("--aws-region is")
            && error.ends_with("give --aws-region a region of that partition, or leave it out"),
        "{error}"
    );
    let error = with("aws-signer-timeout", "soon").unwrap_err().to_string();
    assert!(error.starts_with("--aws-signer-timeout is \"soon\""), "{error}");
}

#[test]
fn a_signing_region_other_than_the_arns_is_refused_naming_both() {
    let c = config(&[("aws-region", "us-east-1")], &[]).unwrap();
    let error = c.signing_region("arn:…", &location("aws", "us-west-2")).unwrap_err().to_string();
    assert!(error.contains("us-east-1") && error.contains("us-west-2"), "{error}");
    assert_eq!(c.signing_region("arn:…", &location("aws", "us-east-1")).unwrap(), "us-east-1");
}

#[test]
fn values_that_cannot_be_used_are_refused_and_empty_ones_are_none() {
    for (key, value) in [
        ("aws-signer-endpoint-url", "signer.test"),
        ("aws-signer-endpoint-url", "ftp://signer.test"),
        ("aws-signer-endpoint-url", "http://"),
        ("aws-signer-endpoint-url", "http://user:secret@signer.test"),
        ("aws-signer-endpoint-url", "http://127.0.0.1:99999"),
        ("aws-signer-endpoint-url", "http://127.0.0.1:0"),
        ("aws-signer-endpoint-url", "http://127.0.0.1:"),
        ("aws-signer-endpoint-url", "http://:80"),
        ("aws-signer-endpoint-url", "http://a:80:80"),
        ("aws-signer-endpoint-url", "http://[::1"),
        ("aws-signer-endpoint-url", "http://[localhost]:80"),
        ("aws-signer-endpoint-url", "http://signer.test/?a=b"),
        ("aws-region", "US West"),
        ("aws-region", "us-west-2/../x"),
        ("aws-signer-timeout", "0"),
        ("aws-signer-timeout", "nan"),
        ("aws-signer-timeout", "601"),
    ] {
        assert!(config(&[(key, value)], &[]).is_err(), "{key}={value}");
        assert_eq!(config(&[(key, "")], &[]), Ok(SignerConfig::default()));
    }
}

#[test]
fn an_endpoint_has_a_host_and_perhaps_a_port_and_a_path() {
    for url in [
        "http://localhost",
        "https://signer.test:8443/base/",
        "http://127.0.0.1:65535",
        "http://[::1]:80",
        "http://[fe80::1]",
    ] {
        assert_eq!(config(&[("aws-signer-endpoint-url", url)], &[]).unwrap().endpoint_url(), Some(url));
    }
}
