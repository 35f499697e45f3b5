//! S3 as a caller uses it: against a server that does what a test demands, and against real servers like S3.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

mod faults;
mod real;

use std::time::Duration;

use aws_names::Region;
use aws_signer::Environment;
use aws_signer::sdk::AwsSettings;
use aws_signer::shared_config::SharedConfig;
use limits::Deadline;
use s3::{Bucket, Object, S3};

/// Clients with access keys, for a server.
fn client(endpoint: &str) -> S3 {
    let variables = [
        ("AWS_ENDPOINT_URL_S3", endpoint),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "testtesttest"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", "/nonexistent"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
    ];
    let environment: Environment = variables.into_iter().collect();
    let shared = SharedConfig::load(&environment);
    S3::new(AwsSettings::new(environment, shared, None))
}

fn region() -> Region {
    "us-east-1".parse().unwrap()
}

fn soon() -> Deadline {
    Deadline::new(Duration::from_secs(20))
}

fn bucket<'a>(name: &'a str, region: &'a Region) -> Bucket<'a> {
    Bucket { name, region }
}

/// Reads an object into memory.
async fn read(s3: &S3, object: Object<'_>, most: u64, deadline: Deadline) -> Result<Vec<u8>, s3::S3Error> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut opened = tokio::fs::OpenOptions::new().write(true).open(file.path()).await.unwrap();
    let size = s3.read(object, most, &mut opened, deadline).await?;
    let bytes = std::fs::read(file.path()).unwrap();
    assert_eq!(bytes.len() as u64, size);
    Ok(bytes)
}
