#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use aws_names::{AccountId, ProfileArn};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use code_signing::image::SignedImage;
use code_signing::lambda::SignedZip;
use code_signing::zip::Limits;
use notary::envelope::{Envelope, EnvelopeFormat, header};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::*;
use crate::buckets::Buckets;
use crate::ca::CertificateAuthority;
use crate::caller::Caller;
use crate::certificates::Certificates;
use crate::clock::Clock;
use crate::config::Config;
use crate::controls::Controls;
use crate::model::Parameters;
use crate::operations::OPERATIONS;
use crate::page_tokens::{KEY_LENGTH, PageTokens};
use crate::store::{JobStarted, Store};

/// A local signer without HTTP, with the folders `source` and `signed` as buckets.
struct Signer {
    service: Arc<Service>,
    directory: PathBuf,
    stop: watch::Sender<bool>,
}

/// A zip file with one stored entry, `a.py`.
fn zip() -> Vec<u8> {
    const FILE: &str = "UEsDBBQAAAAAAAAAIVok1HDOBAAAAAQAAAAEAAAAYS5weXBhc3NQSwECFAMUAAAAAAAAACFaJNRwzgQAAAAEAAAABAAAAAAAAAAAAAAApIEAAAAAYS5weVBLBQYAAAAAAQABADIAAAAmAAAAAAA=";
    STANDARD.decode(FILE).unwrap()
}

fn open(directory: &Path, budget: Duration) -> Signer {
    let folders = ["source", "signed"].map(|name| (name.to_owned(), directory.join(name)));
    for (_, folder) in &folders {
        std::fs::create_dir_all(folder).unwrap();
    }
    let config = Config { buckets: BTreeMap::from(folders), ..Config::default() };
    let controls = Arc::new(Controls::start(config).unwrap());
    let buckets = Buckets::new(controls.settings.clone(), s3::S3::of_process(), directory.join("jobs")).unwrap();
    let service = Arc::new(Service {
        store: Store::open(&directory.join("signer.db")).unwrap(),
        ca: CertificateAuthority::open(&directory.join("ca")).unwrap(),
        clock: Clock::system(),
        page_tokens: PageTokens::new(&[1; KEY_LENGTH]).unwrap(),
        certificates: Certificates::of(directory),
        buckets,
        controls,
        jobs: JobQueue::default(),
    });
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(serve(Arc::clone(&service), budget, stopped));
    Signer { service, directory: directory.to_owned(), stop }
}

impl Signer {
    async fn call(&self, name: &str, parameters: Value) -> Value {
        let operation = OPERATIONS.iter().find(|operation| operation.name == name).unwrap();
        let parameters = Parameters::from(parameters.as_object().unwrap().clone());
        let caller = Caller::new("us-west-2".parse().unwrap(), AccountId::EXAMPLE);
        let answer = (operation.run)(&self.service, &caller, parameters).await.unwrap();
        serde_json::from_slice(answer.body()).unwrap_or_default()
    }

    fn source(&self, content: &[u8]) {
        std::fs::write(self.directory.join("source/code"), content).unwrap();
    }

    async fn start(&self, profile: &str, token: &str) -> String {
        let start = json!({
            "profileName": profile,
            "clientRequestToken": token,
            "source": {"s3": {"bucketName": "source", "key": "code", "version": "null"}},
            "destination": {"s3": {"bucketName": "signed", "prefix": "out/"}},
        });
        self.call("StartSigningJob", start).await["jobId"].as_str().unwrap().to_owned()
    }

    /// The job once it has ended.
    async fn ended(&self, id: &str) -> Value {
        let began = Instant::now();
        loop {
            let job = self.call("DescribeSigningJob", json!({"jobId": id})).await;
            if job["status"] != "InProgress" {
                return job;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "the job does not end: {job}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn signed(&self, job: &Value) -> Vec<u8> {
        let object = &job["signedObject"]["s3"];
        assert_eq!(object["bucketName"], "signed");
        std::fs::read(self.directory.join("signed").join(object["key"].as_str().unwrap())).unwrap()
    }

    async fn put_lambda(&self) {
        self.call("PutSigningProfile", json!({"profileName": "Zip", "platformId": "AWSLambda-SHA384-ECDSA"})).await;
    }
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_zip_file_is_signed_by_the_profile_and_the_job() {
    let directory = tempfile::tempdir().unwrap();
    let signer = open(directory.path(), LONG);
    signer.put_lambda().await;
    signer.source(&zip());
    let id = signer.start("Zip", "1").await;
    let job = signer.ended(&id).await;
    assert_eq!((&job["status"], &job["statusReason"]), (&json!("Succeeded"), &json!("Signing Succeeded")));
    assert_eq!(job["signedObject"]["s3"]["key"], format!("out/{id}.zip"));
    assert!(job["completedAt"].as_i64() >= job["createdAt"].as_i64());
    let signed = signer.signed(&job);
    let opened = SignedZip::open(&signed, &Limits::LAMBDA).unwrap();
    assert_eq!(opened.compare(&signed).unwrap(), []);
    let verified =
        Envelope::parse(EnvelopeFormat::Jws, opened.envelope()).unwrap().verify(OffsetDateTime::now_utc()).unwrap();
    let attributes = verified.attributes();
    let arn = format!("arn:aws:signer:us-west-2:111122223333:/signing-jobs/{id}");
    assert_eq!(attributes.critical_string(header::SIGNING_JOB).unwrap(), arn);
    let version = attributes.critical_string(header::SIGNING_PROFILE_VERSION).unwrap();
    assert!(version.ends_with(&format!("/signing-profiles/Zip/{}", job["profileVersion"].as_str().unwrap())));
    assert_eq!(attributes.signing_time.unix_timestamp(), job["createdAt"].as_i64().unwrap());
    assert_eq!(attributes.expiry.unwrap().unix_timestamp(), job["signatureExpiresAt"].as_i64().unwrap());
}

#[tokio::test]
async fn zip_files_that_cannot_be_signed_fail_with_a_reason() {
    let directory = tempfile::tempdir().unwrap();
    let signer = open(directory.path(), LONG);
    signer.put_lambda().await;
    signer.source(&zip());
    let id = signer.start("Zip", "first").await;
    let signed = signer.signed(&signer.ended(&id).await);
    for (i, (content, reason)) in [
        (Vec::new(), "Signing failed: the zip file is empty."),
        (b"not a zip file".to_vec(), "Signing failed: the zip file is malformed"),
        (signed, "Signing failed: the zip file already has a signature."),
        ([zip(), b"x".to_vec()].concat(), "malformed"),
    ]
    .into_iter()
    .enumerate()
    {
        signer.source(&content);
        let job = signer.ended(&signer.start("Zip", &i.to_string()).await).await;
        assert_eq!(job["status"], "Failed");
        assert!(job["statusReason"].as_str().unwrap().contains(reason), "{job}");
        assert!(job.get("signedObject").is_none() && job.get("signatureExpiresAt").is_none(), "{job}");
    }
    std::fs::remove_file(directory.path().join("source/code")).unwrap();
    let job = signer.ended(&signer.start("Zip", "gone").await).await;
    assert!(job["statusReason"].as_str().unwrap().contains("does not exist in the bucket source"), "{job}");
    assert_eq!(std::fs::read_dir(directory.path().join("signed/out")).unwrap().count(), 1);
    assert_eq!(std::fs::read_dir(directory.path().join("jobs")).unwrap().count(), 0, "temporary files are left");
}

#[tokio::test]
async fn images_are_signed_with_imported_certificates() {
    let directory = tempfile::tempdir().unwrap();
    let signer = open(directory.path(), LONG);
    signer.source(b"firmware");
    for (name, platform, algorithm, overrides, expected) in [
        ("A", "AWSIoTDeviceManagement-SHA256-ECDSA", &rcgen::PKCS_ECDSA_P256_SHA256, json!({}), "SHA256withECDSA"),
        ("B", "AmazonFreeRTOS-Default", &rcgen::PKCS_ECDSA_P256_SHA256, json!({}), "SHA256withECDSA"),
        (
            "C",
            "AmazonFreeRTOS-Default",
            &rcgen::PKCS_RSA_SHA256,
            json!({"signingConfiguration": {"encryptionAlgorithm": "RSA"}, "signingImageFormat": "JSONDetached"}),
            "SHA256withRSA",
        ),
        ("D", "AmazonFreeRTOS-TI-CC3220SF", &rcgen::PKCS_RSA_SHA256, json!({}), "SHA1withRSA"),
    ] {
        let (certificate, key) = crate::certificates::tests::certificate(algorithm);
        let location = crate::certificates::tests::location();
        let arn =
            Certificates::import(directory.path(), &location, certificate.as_bytes(), key.as_bytes(), None).unwrap();
        let material = json!({"certificateArn": arn.to_string()});
        let name = format!("Device{name}");
        let profile =
            json!({"profileName": name, "platformId": platform, "signingMaterial": material, "overrides": overrides});
        signer.call("PutSigningProfile", profile).await;
        let id = signer.start(&name, &name).await;
        let job = signer.ended(&id).await;
        assert_eq!(job["status"], "Succeeded", "{job}");
        assert_eq!(
            (&job["signingMaterial"], &job["signedObject"]["s3"]["key"]),
            (&material, &json!(format!("out/{id}")))
        );
        let image = SignedImage::parse(&signer.signed(&job)).unwrap();
        assert_eq!(image.algorithm.as_str(), expected);
        let material = signer.service.certificates.get(&arn).unwrap().unwrap();
        let content: &[u8] = b"firmware";
        let content = content.to_vec();
        image.verify(material.certificate(), Some(&content)).unwrap();
    }
}

#[tokio::test]
async fn a_job_fails_if_the_certificate_has_another_key_type_than_the_profile() {
    let directory = tempfile::tempdir().unwrap();
    let signer = open(directory.path(), LONG);
    signer.source(b"firmware");
    let (certificate, key) = crate::certificates::tests::certificate(&rcgen::PKCS_RSA_SHA256);
    let location = crate::certificates::tests::location();
    let arn = Certificates::import(directory.path(), &location, certificate.as_bytes(), key.as_bytes(), None).unwrap();
    let profile = json!({"profileName": "Device", "platformId": "AmazonFreeRTOS-Default",
        "signingMaterial": {"certificateArn": arn.to_string()}});
    signer.call("PutSigningProfile", profile).await;
    let job = signer.ended(&signer.start("Device", "1").await).await;
    assert_eq!(job["status"], "Failed", "{job}");
    let reason = job["statusReason"].as_str().unwrap();
    assert!(reason.contains("RSA") && reason.contains("ECDSA"), "{reason}");
}

/// What `kill -9` leaves behind: jobs in progress, of which one had written its object.
#[tokio::test]
async fn unfinished_jobs_run_at_the_next_start_and_show_once() {
    let directory = tempfile::tempdir().unwrap();
    let signer = open(directory.path(), LONG);
    signer.put_lambda().await;
    signer.source(&zip());
    let first = signer.ended(&signer.start("Zip", "1").await).await;
    let object = signer.signed(&first);
    // The same job, in progress again.
    let profile: ProfileArn = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Zip".parse().unwrap();
    let location = profile.location().clone();
    let mut job = signer.service.store.job(&location, first["jobId"].as_str().unwrap()).unwrap().unwrap();
    signer.stop.send(true).unwrap();
    signer.stop.closed().await;
    let (status, completed_at, signed_object) = (crate::store::JobStatus::InProgress, None, None);
    job = crate::store::Job { status, completed_at, signed_object, status_reason: None, ..job };
    let database = rusqlite::Connection::open(directory.path().join("signer.db")).unwrap();
    database.execute("DELETE FROM signing_jobs", []).unwrap();
    let started = signer.service.store.start_job(location.clone(), job.clone(), "1".to_owned()).await.unwrap();
    assert_eq!(started, JobStarted::Started(job.arn.clone()));
    let new =
        crate::store::Job { arn: "arn:aws:signer:us-west-2:111122223333:/signing-jobs/new".parse().unwrap(), ..job };
    signer.service.store.start_job(location, new, "2".to_owned()).await.unwrap();
    std::fs::write(directory.path().join("jobs/.tmpleft"), "half").unwrap();

    let again = open(directory.path(), LONG);
    let ended = again.ended(first["jobId"].as_str().unwrap()).await;
    assert_eq!((&ended["status"], &ended["signedObject"]), (&first["status"], &first["signedObject"]));
    assert!(again.signed(&ended) == object, "the object was written again");
    assert_eq!(again.ended("new").await["status"], "Succeeded");
    assert_eq!(std::fs::read_dir(directory.path().join("signed/out")).unwrap().count(), 2);
    assert_eq!(std::fs::read_dir(directory.path().join("jobs")).unwrap().count(), 0, "temporary files are left");
}

#[tokio::test]
async fn a_finished_job_is_never_changed() {
    let directory = tempfile::tempdir().unwrap();
    let signer = open(directory.path(), LONG);
    signer.put_lambda().await;
    signer.source(&zip());
    let id = signer.start("Zip", "1").await;
    let ended = signer.ended(&id).await;
    let arn = format!("arn:aws:signer:us-west-2:111122223333:/signing-jobs/{id}").parse().unwrap();
    let again = signer.service.store.finish_job(arn, JobOutcome::Failed("no".to_owned()), OffsetDateTime::now_utc());
    assert!(!again.await.unwrap());
    assert_eq!(signer.ended(&id).await, ended);
    assert_eq!(signer.service.store.unfinished_jobs(0, 10).unwrap(), []);
}

#[tokio::test]
async fn many_jobs_end_and_a_late_one_fails_in_time() {
    let directory = tempfile::tempdir().unwrap();
    let signer = open(directory.path(), LONG);
    signer.put_lambda().await;
    signer.source(&zip());
    let mut ids = Vec::new();
    for i in 0..40 {
        ids.push(signer.start("Zip", &i.to_string()).await);
    }
    for id in &ids {
        assert_eq!(signer.ended(id).await["status"], "Succeeded");
    }
    assert_eq!(std::fs::read_dir(directory.path().join("signed/out")).unwrap().count(), 40);
    signer.stop.send(true).unwrap();
    signer.stop.closed().await;
    let late = open(directory.path(), Duration::ZERO);
    // A small file can be signed before the runtime looks at its clock.
    std::fs::File::create(directory.path().join("source/code")).unwrap().set_len(64 << 20).unwrap();
    let job = late.ended(&late.start("Zip", "late").await).await;
    assert!(job["statusReason"].as_str().unwrap().contains("did not finish within 0 seconds"), "{job}");
}

#[tokio::test]
async fn a_profile_that_is_canceled_meanwhile_signs_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let signer = open(directory.path(), LONG);
    signer.put_lambda().await;
    signer.source(&zip());
    signer.stop.send(true).unwrap();
    signer.stop.closed().await;
    let id = signer.start("Zip", "1").await;
    signer.call("CancelSigningProfile", json!({"profileName": "Zip"})).await;
    let again = open(directory.path(), LONG);
    let job = again.ended(&id).await;
    assert_eq!(
        (&job["status"], &job["statusReason"]),
        (&json!("Failed"), &json!("The signing profile is canceled or revoked."))
    );
    assert!(!directory.path().join("signed/out").exists());
}
