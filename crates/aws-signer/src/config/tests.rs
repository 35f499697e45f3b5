//! Precedence and validation of the configuration.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use super::*;

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn config(plugin: &[(&str, &str)], environment: &[(&str, &str)]) -> Result<SignerConfig, ConfigError> {
    SignerConfig::new(&pairs(plugin), pairs(environment))
}

fn location(partition: &str, region: &str) -> Location {
    Location::parse(partition, region, "111122223333").unwrap()
}

fn profile(partition: &str, region: &str) -> ProfileArn {
    ProfileArn::new(location(partition, region), "Prod".parse().unwrap())
}

fn revocation_region(config: &SignerConfig, partition: &str, region: &str) -> String {
    config.revocation_region(&location(partition, region)).unwrap().to_string()
}

#[test]
fn applies_the_documented_precedence() {
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
    assert_eq!(c.profile(&"aws".parse().unwrap()), Some("plain"));
    assert_eq!(c.profile(&"aws-cn".parse().unwrap()), Some("china"));
    assert_eq!(c.profile(&"aws-us-gov".parse().unwrap()), Some("gov"));
    assert_eq!(revocation_region(&c, "aws", "us-west-2"), "eu-west-1");
    assert_eq!(revocation_region(&c, "aws-us-gov", "us-gov-west-1"), "us-gov-east-1");
    assert_eq!(c.timeout(), Some(Duration::from_millis(2500)));
}

#[test]
fn rejects_a_region_of_another_partition() {
    let c = config(&[("aws-region", "us-east-1")], &[]).unwrap();
    let error = c.revocation_region(&location("aws-us-gov", "us-gov-west-1")).unwrap_err().to_string();
    assert!(error.contains("set aws-region.aws-us-gov"), "{error}");
    assert!(SignerConfig::default().signing_region(&profile("aws-cn", "us-west-2")).is_err());
    assert!(SignerConfig::default().revocation_region(&location("aws-cn", "us-west-2")).is_err());
}

#[test]
fn errors_name_the_option() {
    let with = |key, value: &str| config(&[], &[]).unwrap().with_option(key, value);
    let c = with("aws-region", "us-east-1").unwrap();
    let error = c.revocation_region(&location("aws-us-gov", "us-gov-west-1")).unwrap_err().to_string();
    assert!(
        error.starts_with("--aws-region is")
            && error.ends_with("set --aws-region to a region of that partition, or omit it"),
        "{error}"
    );
    let error = with("aws-signer-timeout", "soon").unwrap_err().to_string();
    assert!(error.starts_with("--aws-signer-timeout is \"soon\""), "{error}");
}

#[test]
fn rejects_a_signing_region_that_differs_from_the_arn() {
    let c = config(&[("aws-region", "us-east-1")], &[]).unwrap();
    let error = c.signing_region(&profile("aws", "us-west-2")).unwrap_err().to_string();
    assert!(error.contains("us-east-1") && error.contains("us-west-2"), "{error}");
    assert_eq!(c.signing_region(&profile("aws", "us-east-1")).unwrap().as_str(), "us-east-1");
}

#[test]
fn rejects_invalid_values_and_ignores_empty_ones() {
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
fn accepts_endpoints_with_port_and_path() {
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

#[test]
fn a_role_and_a_region_belong_to_their_partition() {
    let (gov, china): (Partition, Partition) = ("aws-us-gov".parse().unwrap(), "aws-cn".parse().unwrap());
    let role: RoleArn = "arn:aws-us-gov:iam::444455556666:role/signer".parse().unwrap();
    let region: Region = "us-gov-east-1".parse().unwrap();
    let key = |name: &str| format!("aws.partitions.aws-us-gov.{name}");
    let c = SignerConfig::default().with_role(&gov, key("roleArn"), role.clone()).unwrap();
    let c = c.with_region(&gov, key("region"), &region).unwrap();
    assert_eq!((c.role(&gov), c.role(&china), c.role(&Partition::AWS)), (Some(&role), None, None));
    assert_eq!(revocation_region(&c, "aws-us-gov", "us-gov-west-1"), "us-gov-east-1");
    assert_eq!(revocation_region(&c, "aws", "us-west-2"), "us-west-2");

    let why = SignerConfig::default().with_role(&china, "aws.partitions.aws-cn.roleArn", role).unwrap_err();
    let why = why.to_string();
    assert!(
        why.contains("a role of the partition aws-us-gov, not of aws-cn: set aws.partitions.aws-cn.roleArn"),
        "{why}"
    );
    let why = SignerConfig::default().with_region(&china, "aws.partitions.aws-cn.region", &region).unwrap_err();
    assert!(why.to_string().ends_with("set aws.partitions.aws-cn.region to a region of that partition, or omit it"));
}
