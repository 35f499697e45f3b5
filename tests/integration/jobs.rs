//! Signing jobs of the local signer, started with the AWS SDK, and `job verify` of what they signed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aws_credential_types::Credentials as AwsCredentials;
use aws_sdk_signer::Client;
use aws_sdk_signer::config::{BehaviorVersion, Region};
use aws_sdk_signer::types::{Destination, S3Destination, S3Source, SigningMaterial, SigningStatus, Source};
use aws_smithy_http_client::Builder as HttpBuilder;
use local_signer::certificates::Certificates;
use local_signer::config::{Config, ConfigSource};
use local_signer::{LocalSigner, Options};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::process::{command, run};
use crate::support::programs;
use crate::support::schemas::Schema;
use crate::support::server::credentials;

/// A local signer in this process, with the folders `source` and `signed` as buckets.
struct Jobs {
    signer: LocalSigner,
    client: Client,
    folder: TempDir,
}

impl Jobs {
    async fn start() -> Jobs {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::new(folder.path().join("signer"));
        let mut config = Config::default();
        for name in ["source", "signed"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            config.buckets.insert(name.to_owned(), folder.path().join(name));
        }
        options.config = ConfigSource::Value(Box::new(config));
        let signer = LocalSigner::start(options).await.unwrap();
        let (id, secret) = credentials(signer.credentials_file().unwrap().parent().unwrap());
        let config = aws_sdk_signer::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-west-2"))
            .endpoint_url(signer.endpoint_url())
            .credentials_provider(AwsCredentials::new(id, secret, None, None, "local signer"))
            .http_client(HttpBuilder::new().build_http());
        Jobs { signer, client: Client::from_conf(config.build()), folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Signs the object with a profile, and returns the signed file.
    async fn sign(&self, profile: &str, content: &[u8], token: &str) -> PathBuf {
        std::fs::write(self.path("source/code"), content).unwrap();
        let source = S3Source::builder().bucket_name("source").key("code").version("null").build().unwrap();
        let destination = S3Destination::builder().bucket_name("signed").prefix("out/").build();
        let started = self.client.start_signing_job().profile_name(profile).client_request_token(token);
        let started = started.source(Source::builder().s3(source).build());
        let started = started.destination(Destination::builder().s3(destination).build()).send().await.unwrap();
        let id = started.job_id().unwrap();
        loop {
            let job = self.client.describe_signing_job().job_id(id).send().await.unwrap();
            match job.status() {
                Some(SigningStatus::InProgress) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
                Some(SigningStatus::Succeeded) => {
                    let key = job.signed_object().unwrap().s3().unwrap().key().unwrap().to_owned();
                    return self.path("signed").join(key);
                }
                _ => panic!("{job:?}"),
            }
        }
    }

    /// Runs `job verify`, and returns its result as JSON and its text.
    fn verify(&self, file: &Path, arguments: &[&str], code: i32) -> (Value, String) {
        let base = [&["job", "verify", file.to_str().unwrap()], arguments].concat();
        let run_with = |more: &[&str]| {
            let mut tool = command(programs::tool(), self.folder.path());
            tool.env("AWS_SHARED_CREDENTIALS_FILE", self.signer.credentials_file().unwrap());
            tool.env("AWS_EC2_METADATA_DISABLED", "true").args(&base).args(more);
            run(&mut tool, std::time::Duration::from_secs(60)).exits_with(code)
        };
        let finished = run_with(&["--output", "json"]);
        let result: Value = serde_json::from_str(&finished.stdout).unwrap_or_else(|why| panic!("{why}: {finished}"));
        let schema = if result.get("kind").is_some() { "job-verify" } else { "error" };
        Schema::from_command(schema).accepts(&result);
        let text = run_with(&[]);
        (result, format!("{}{}", text.stdout, text.stderr))
    }
}

/// A zip file with two stored entries; its last 22 bytes are the end record.
fn zip() -> Vec<u8> {
    include_bytes!("jobs/code.zip").to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_zip_files_are_verified_entry_by_entry() {
    let jobs = Jobs::start().await;
    let put = jobs.client.put_signing_profile().profile_name("Zip").platform_id("AWSLambda-SHA384-ECDSA");
    let profile = put.send().await.unwrap().arn().unwrap().to_owned();
    let signed = jobs.sign("Zip", &zip(), "1").await;
    assert!(signed.to_str().unwrap().ends_with(".zip"));
    let root = jobs.signer.root_certificate().to_str().unwrap().to_owned();
    let endpoint = jobs.signer.endpoint_url();
    let trust = ["--trusted-profile", &profile, "--root", &root, "--endpoint-url", &endpoint];
    let (result, text) = tokio::task::block_in_place(|| jobs.verify(&signed, &trust, 0));
    assert_eq!((&result["outcome"], &result["entries"]), (&"verified".into(), &2.into()));
    assert_eq!(result["differences"], serde_json::json!([]));
    assert_eq!(result["signature"]["profile"], profile.as_str());
    assert!(text.contains("verified"), "{text}");

    tokio::task::block_in_place(|| {
        let whole = std::fs::read(&signed).unwrap();
        let changed = jobs.path("changed.zip");
        let verify_changed = |bytes: &[u8], arguments: &[&str], code| {
            std::fs::write(&changed, bytes).unwrap();
            jobs.verify(&changed, arguments, code)
        };
        // A permission: set-uid. The attributes are in the central directory only.
        let mode = [0o100_644u32 << 16, 0o104_755 << 16].map(u32::to_le_bytes);
        let at = whole.windows(4).rposition(|bytes| bytes == b"b.py").unwrap() - 8;
        let mut bytes = whole.clone();
        assert_eq!(bytes[at..at + 4], mode[0]);
        bytes[at..at + 4].copy_from_slice(&mode[1]);
        let (result, text) = verify_changed(&bytes, &trust, 1);
        assert_eq!((&result["outcome"], &result["error"]["code"]), (&"refused".into(), &"integrity".into()));
        assert_eq!(result["differences"][0]["entry"], "b.py");
        assert!(text.contains("b.py was changed: mode 104755 in place of 100644"), "{text}");
        // Data behind the archive.
        let (result, text) = verify_changed(&[&whole[..], b"x"].concat(), &trust, 1);
        assert_eq!(result["error"]["code"], "integrity", "{text}");
        // No signature.
        let (result, _) = verify_changed(&zip(), &trust, 1);
        assert_eq!(result["error"]["code"], "unsigned");
        // Another profile, and no root.
        let other = profile.replace("Zip", "Other");
        let (result, _) = jobs.verify(&signed, &["--trusted-profile", &other, "--root", &root], 1);
        assert_eq!(result["error"]["code"], "untrusted");
        let (_, text) = jobs.verify(&signed, &["--trusted-profile", &profile], 2);
        assert!(text.contains("--root"), "{text}");
    });

    let id = signed.file_stem().unwrap().to_str().unwrap();
    jobs.client.revoke_signature().job_id(id).reason("leak").send().await.unwrap();
    let (result, _) = tokio::task::block_in_place(|| jobs.verify(&signed, &trust, 1));
    assert_eq!(result["error"]["code"], "revoked");
    jobs.signer.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_images_are_verified_with_their_certificate() {
    let jobs = Jobs::start().await;
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    let certificate = params.self_signed(&key).unwrap().pem();
    std::fs::write(jobs.path("c.pem"), &certificate).unwrap();
    std::fs::write(jobs.path("k.pem"), key.serialize_pem()).unwrap();
    let mut import = command(programs::tool(), jobs.folder.path());
    import.args(["local-signer", "certificate", "import", "--dir", "signer"]);
    import.args(["--certificate", "c.pem", "--private-key", "k.pem"]);
    let imported = tokio::task::block_in_place(|| run(&mut import, std::time::Duration::from_secs(60)).exits_with(0));
    let arn = imported.stdout.trim().to_owned();
    assert_eq!(Certificates::of(&jobs.path("signer")).list().unwrap()[0].arn.to_string(), arn);

    let firmware = b"\x7fELF firmware";
    let profiles =
        BTreeMap::from([("Embedded", "AmazonFreeRTOS-Default"), ("Detached", "AWSIoTDeviceManagement-SHA256-ECDSA")]);
    for (name, platform) in profiles {
        let material = SigningMaterial::builder().certificate_arn(&arn).build().unwrap();
        let put = jobs.client.put_signing_profile().profile_name(name).platform_id(platform).signing_material(material);
        put.send().await.unwrap();
        let signed = jobs.sign(name, firmware, name).await;
        tokio::task::block_in_place(|| {
            let payload = jobs.path("source/code");
            let certificate = ["--certificate", "c.pem"];
            let with = [&certificate[..], &["--payload", payload.to_str().unwrap()]].concat();
            let (result, _) = jobs.verify(&signed, &with, 0);
            assert_eq!((&result["kind"], &result["signatureAlgorithm"]), (&"image".into(), &"SHA256withECDSA".into()));
            let (_, text) = jobs.verify(&signed, &certificate, if name == "Embedded" { 0 } else { 2 });
            assert!(name == "Embedded" || text.contains("--payload"), "{text}");
            let (_, text) = jobs.verify(&signed, &[], 2);
            assert!(text.contains("--certificate"), "{text}");
            std::fs::write(jobs.path("other"), b"\x7fELF firmwarE").unwrap();
            let (result, _) = jobs.verify(&signed, &["--certificate", "c.pem", "--payload", "other"], 1);
            assert_eq!(result["error"]["code"], "integrity");
        });
    }
    jobs.signer.shutdown().await;
}
