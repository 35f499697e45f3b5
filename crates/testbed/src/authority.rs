//! A certificate authority with an HTTP server for OCSP and CRLs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_signer::RevokedEntity;
use der::{Decode as _, Encode as _};
use notary::Disposition;
use notary::envelope::SigningScheme;
use notation::verify::{CheckOutcome, Reason, ValidationType, Verdict};
use rcgen::{CertificateParams, CrlDistributionPoint, CustomExtension, Issuer, KeyPair, SerialNumber, SigningKey as _};
use serde_json::json;
use testing::der::{oid, sequence, tlv};
use testing::status::{CrlDraft, OcspDraft, Party};
use time::OffsetDateTime;

use crate::fault::{FaultServer, Reply, Request};
use crate::own_key::{OwnKey, SUBJECT};
use crate::test_env::TestEnv;

/// The serial number of the certificate.
pub const SERIAL: [u8; 3] = [0x12, 0x34, 0x56];

type Replies = BTreeMap<String, Arc<dyn Fn(&Request) -> Reply + Send + Sync>>;

/// The authority, the key whose certificate it issued, and the server.
pub struct Authority {
    pub key: OwnKey,
    pub server: FaultServer,
    replies: Arc<Mutex<Replies>>,
}

/// The AlgorithmIdentifier of the keys here: ecdsa-with-SHA256.
pub fn algorithm() -> Vec<u8> {
    sequence(&[&oid("1.2.840.10045.4.3.2")])
}

/// The name and key of the authority with this certificate.
pub fn party(certificate: &[u8]) -> Party {
    let certificate = x509_cert::Certificate::from_der(certificate).unwrap();
    let certificate = certificate.tbs_certificate();
    let key = certificate.subject_public_key_info().subject_public_key.raw_bytes().to_vec();
    Party { name: certificate.subject().to_der().unwrap(), key }
}

/// AuthorityInfoAccess with OCSP responders at these URLs.
pub fn authority_info_access(urls: &[String]) -> CustomExtension {
    let description = |url: &String| sequence(&[&oid("1.3.6.1.5.5.7.48.1"), &tlv(0x86, url.as_bytes())]);
    let all: Vec<u8> = urls.iter().flat_map(description).collect();
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], tlv(0x30, &all))
}

impl Authority {
    /// A certificate that names OCSP responders and CRLs at these paths of the authority's server.
    pub fn new(ocsp: &[&str], crl: &[&str]) -> Authority {
        Authority::with(ocsp, crl, |_| ())
    }

    pub fn with(ocsp: &[&str], crl: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Authority {
        let replies = Arc::new(Mutex::new(Replies::new()));
        let known = Arc::clone(&replies);
        let server = FaultServer::start(move |request| {
            let known = known.lock().unwrap().clone();
            let found = known.iter().find(|(path, _)| request.path.starts_with(path.as_str()));
            found.map_or_else(|| Reply::status(404), |(_, reply)| reply(request))
        });
        let urls =
            |paths: &[&str]| paths.iter().map(|path| format!("http://{}{path}", server.address)).collect::<Vec<_>>();
        let ocsp = urls(ocsp);
        let crl = urls(crl);
        let key = OwnKey::new(|leaf| {
            leaf.serial_number = Some(SerialNumber::from_slice(&SERIAL));
            if !ocsp.is_empty() {
                leaf.custom_extensions.push(authority_info_access(&ocsp));
            }
            leaf.crl_distribution_points =
                crl.into_iter().map(|url| CrlDistributionPoint { uris: vec![url] }).collect();
            change(leaf);
        });
        Authority { key, server, replies }
    }

    /// Sets the reply for a path prefix.
    pub fn answer(&self, path: &str, reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) {
        self.replies.lock().unwrap().insert(path.to_owned(), Arc::new(reply));
    }

    /// Sets the body of the reply for a path prefix.
    pub fn answer_with(&self, path: &str, body: Vec<u8>) {
        self.answer(path, move |_| Reply::content("application/octet-stream", body.clone()));
    }

    pub fn party(&self) -> Party {
        party(self.key.root().der())
    }

    pub fn sign(&self, tbs: &[u8]) -> Vec<u8> {
        sign(self.key.issuer(), tbs)
    }

    /// A response about the certificate, after `change`.
    pub fn ocsp(&self, status: Vec<u8>, change: impl FnOnce(&mut OcspDraft)) -> Vec<u8> {
        let mut draft = OcspDraft::new(&self.party(), &SERIAL, status, OffsetDateTime::now_utc());
        change(&mut draft);
        draft.sign(&algorithm(), |tbs| self.sign(tbs))
    }

    /// A CRL with these entries, after `change`.
    pub fn crl(&self, entries: Vec<Vec<u8>>, change: impl FnOnce(&mut CrlDraft)) -> Vec<u8> {
        let mut draft = CrlDraft::new(&self.party(), OffsetDateTime::now_utc());
        draft.entries = entries;
        change(&mut draft);
        draft.sign(&algorithm(), |tbs| self.sign(tbs))
    }

    /// The number of requests for a path prefix.
    pub fn asked(&self, path: &str) -> usize {
        self.server.seen().iter().filter(|request| request.path.starts_with(path)).count()
    }

    /// Verifies a signature by the key at this level.
    pub async fn verify(&self, level: &str, scheme: SigningScheme) -> Verdict {
        let env = TestEnv::new().await;
        env.attach(&self.key.sign(&env.image, scheme));
        self.verify_in(&env, level).await
    }

    /// As [`Authority::verify`], for the signatures in a env.
    pub async fn verify_in(&self, env: &TestEnv, level: &str) -> Verdict {
        env.put_trust_store("ca/own", &self.key.root());
        env.put_trust_store("signingAuthority/own", &self.key.root());
        let stores = ["ca:own", "signingAuthority:own"];
        let policy = env.policy_for(&json!({ "level": level }), &stores, &[SUBJECT]);
        env.verify_under(&policy, &env.config).await
    }

    /// Verifies a signature without an authentic signing time. The status must not depend on the level, only the
    /// verdict may.
    pub async fn revocation_result(&self) -> RevocationResult {
        let strict = self.verify("strict", SigningScheme::X509).await;
        let permissive = self.verify("permissive", SigningScheme::X509).await;
        let [strict_found, permissive_found] = [&strict, &permissive].map(RevocationResult::from_verdict);
        assert_eq!(strict_found.kind(), permissive_found.kind(), "{strict:?} {permissive:?}");
        assert_eq!(strict.is_verified(), matches!(strict_found, RevocationResult::Good(_)), "{strict:?}");
        assert!(permissive.is_verified(), "{permissive:?}");
        strict_found
    }
}

pub fn sign(issuer: &Issuer<'_, KeyPair>, tbs: &[u8]) -> Vec<u8> {
    issuer.key().sign(tbs).unwrap()
}

/// The result of the revocation check with its message.
#[derive(Debug)]
pub enum RevocationResult {
    Good(String),
    Revoked(String),
    Unknown(String),
}

impl RevocationResult {
    fn from_verdict(verdict: &Verdict) -> RevocationResult {
        let [signature] = &verdict.signatures[..] else { panic!("{verdict:?}") };
        let result = signature.checks.last().unwrap();
        assert_eq!(result.check, ValidationType::Revocation, "{verdict:?}");
        match &result.outcome {
            CheckOutcome::Passed(finding) => RevocationResult::Good(finding.to_string()),
            CheckOutcome::Failed(Reason::Undecided(failure)) | CheckOutcome::Warning(Reason::Undecided(failure)) => {
                assert_eq!(failure.disposition(), Disposition::Undetermined, "{failure:?}");
                RevocationResult::Unknown(failure.message.clone())
            }
            CheckOutcome::Failed(reason @ Reason::Revoked { entities, .. })
            | CheckOutcome::Warning(reason @ Reason::Revoked { entities, .. }) => {
                assert!(matches!(entities[..], [RevokedEntity::Certificate { position: 0, .. }]), "{entities:?}");
                RevocationResult::Revoked(reason.to_string())
            }
            _ => panic!("{verdict:?}"),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            RevocationResult::Good(_) => "good",
            RevocationResult::Revoked(_) => "revoked",
            RevocationResult::Unknown(_) => "unknown",
        }
    }

    /// Asserts the result and that its message contains these words.
    #[track_caller]
    pub fn is(&self, kind: &str, words: &[&str]) {
        let (RevocationResult::Good(reason) | RevocationResult::Revoked(reason) | RevocationResult::Unknown(reason)) =
            self;
        assert_eq!(self.kind(), kind, "{reason}");
        for word in words {
            assert!(reason.contains(word), "{word}: {reason}");
        }
    }
}
