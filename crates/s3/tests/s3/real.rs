//! Against a real server like S3, such as moto's or versitygw, whose URL is in `NOTATION_AWS_SIGNER_TEST_S3`. Its root
//! user has the access key `test` with the secret `testtesttest`.

use s3::{Object, S3Error, Written};

use super::{bucket, client, read, region, soon};

const SERVER: &str = "NOTATION_AWS_SIGNER_TEST_S3";

/// Buckets and objects are made with Python's boto3, by scripts/test-s3, which names the version of the object.
#[tokio::test]
#[ignore = "needs a server like S3: run scripts/test-s3"]
async fn reads_versions_and_writes_once() {
    let variable =
        |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run scripts/test-s3"));
    let s3 = client(&variable(SERVER));
    let region = region();
    let (versioned, plain) = (bucket("versioned", &region), bucket("plain", &region));
    for bucket in [versioned, plain] {
        s3.check(bucket, soon()).await.unwrap();
    }
    let why = s3.check(bucket("nosuch", &region), soon()).await.unwrap_err();
    assert!(matches!(why, S3Error::NoBucket(_)), "{why}");
    let mut file = tokio::fs::File::from_std(tempfile::tempfile().unwrap());
    let in_plain = Object { bucket: plain, key: "plain.bin", version: "null" };
    let why = s3.read_version(in_plain, 1000, &mut file, soon()).await.unwrap_err();
    assert!(matches!(why, S3Error::NotVersioned(_)), "{why}");

    let first = variable("NOTATION_AWS_SIGNER_TEST_S3_VERSION");
    let object = |key, version| Object { bucket: versioned, key, version };
    let key = "folder/a b\u{fc}.bin";
    let size = s3.read_version(object(key, &first), 1000, &mut file, soon()).await.unwrap();
    assert_eq!(size, 5);
    // The newest version has other content.
    assert_eq!(read(&s3, object(key, &first), 1000, soon()).await.unwrap(), b"first");
    let why = read(&s3, object(key, &first), 4, soon()).await.unwrap_err();
    assert!(matches!(why, S3Error::TooLarge { .. }), "{why}");
    for (key, version) in [("nosuch", first.as_str()), (key, "nosuch"), (key, "01J00000000000000000000000")] {
        let why = read(&s3, object(key, version), 1000, soon()).await.unwrap_err();
        assert!(matches!(why, S3Error::NoObject { .. }), "{key} {version}: {why}");
    }

    let file = tempfile::NamedTempFile::new().unwrap();
    let content: Vec<u8> = (0..3_000_000u32).map(|i| (i % 251) as u8).collect();
    std::fs::write(file.path(), &content).unwrap();
    let write = async |path: &std::path::Path| s3.write(versioned, "signed/one", path, soon()).await.unwrap();
    assert_eq!(write(file.path()).await, Written::Now);
    std::fs::write(file.path(), "other").unwrap();
    assert_eq!(write(file.path()).await, Written::Already);
    let why = s3.write(bucket("nosuch", &region), "k", file.path(), soon()).await.unwrap_err();
    assert!(matches!(why, S3Error::NoBucket(_)), "{why}");
}
