//! OCSP responses and CRLs made by openssl: `testdata/revocation`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::Duration;

use limits::Deadline;
use notary::x509::Certificate;
use time::OffsetDateTime;
use time::macros::datetime;
use x509_cert::ext::pkix::CrlReason;

use super::http::Http;
use super::status::{Question, Revocation};
use super::{crl, ocsp};

const NOW: OffsetDateTime = datetime!(2030-01-01 00:00:00 UTC);
const REVOKED: Revocation = Revocation {
    time: datetime!(2026-06-01 00:00:00 UTC),
    reason: Some(CrlReason::KeyCompromise),
    invalidity_date: None,
};

/// The files of one authority.
struct Folder(&'static str);

impl Folder {
    const ALL: [Folder; 2] = [Folder("ec"), Folder("rsa")];

    fn file(&self, name: &str) -> Vec<u8> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/revocation").join(self.0);
        std::fs::read(folder.join(name)).unwrap()
    }

    fn certificate(&self, name: &str) -> Certificate {
        Certificate::from_der(self.file(&format!("{name}.crt"))).unwrap()
    }
}

#[test]
fn reads_openssl_ocsp_responses() {
    for folder in Folder::ALL {
        let issuer = folder.certificate("authority");
        for (name, revocation) in [("good", None), ("revoked", Some(REVOKED))] {
            let certificate = folder.certificate(name);
            assert_eq!(certificate.ocsp_responders().unwrap(), ["http://ocsp.example/"]);
            for responder in ["authority", "responder"] {
                let response = folder.file(&format!("{name}-by-{responder}.ocsp"));
                let verified = ocsp::verify(&response, &certificate, &issuer, NOW).unwrap();
                assert_eq!(verified.revocation, revocation, "{} {name} {responder}", folder.0);
                assert_eq!(
                    verified.delegate.is_some_and(|delegate| delegate.has_ocsp_nocheck()),
                    responder == "responder"
                );
            }
        }
        // A response for another certificate, or for one of another authority, does not match.
        let good = folder.certificate("good");
        let revoked = folder.file("revoked-by-authority.ocsp");
        assert!(ocsp::verify(&revoked, &good, &issuer, NOW).is_err());
    }
    let ec = &Folder::ALL[0];
    let rsa = &Folder::ALL[1];
    let response = ec.file("good-by-responder.ocsp");
    assert!(ocsp::verify(&response, &ec.certificate("good"), &rsa.certificate("authority"), NOW).is_err());
}

#[test]
fn reads_openssl_crls() {
    for folder in Folder::ALL {
        for (name, entries) in [("good", Vec::new()), ("revoked", vec![REVOKED])] {
            let certificate = folder.certificate(name);
            let issuer = folder.certificate("authority");
            let deadline = Deadline::new(Deadline::DEFAULT_BUDGET);
            let question = Question { certificate, issuer, signing_time: None, timestamp: None, now: NOW, deadline };
            let http = Http::new(Duration::from_secs(1));
            assert_eq!(crl::entries_on(&http, &question, &folder.file("list.crl")).unwrap(), entries);
        }
    }
}
