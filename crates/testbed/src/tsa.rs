//! A timestamping authority over HTTP (RFC 3161, 3.4), with OCSP and CRLs for its own certificates.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use notary::timestamp::{QUERY_MEDIA_TYPE, REPLY_MEDIA_TYPE};
use notary::x509::Certificate;
use testing::certificate::{Extension, Spec};
use testing::key::Kind;
use testing::status::{CrlDraft, Party, distribution_points};
use testing::timestamp::{Asked, Info, TokenDraft, Tsa, granted};
use time::{Duration, OffsetDateTime};

use crate::fault::{FaultServer, Reply, Request};

const CRL_DISTRIBUTION_POINTS: &str = "2.5.29.31";

type Replies = BTreeMap<String, Arc<dyn Fn(&Request) -> Reply + Send + Sync>>;

/// The authority and its server. It answers at `/tsa` at once, with the current time.
pub struct TsaServer {
    pub tsa: Arc<Tsa>,
    pub server: FaultServer,
    replies: Arc<Mutex<Replies>>,
}

impl TsaServer {
    /// An authority whose certificates name no source of their revocation.
    pub fn start() -> Self {
        Self::with(|_, _| ())
    }

    /// An authority whose signing certificate names a CRL at `/crl` of the server, and its issuer one at `/root-crl`.
    pub fn with_crls() -> Self {
        let server = Self::with(|specs, url| {
            for (spec, path) in specs.iter_mut().zip(["/crl", "/root-crl"]) {
                let value = distribution_points(&[&format!("{url}{path}")]);
                spec.set(Extension { oid: CRL_DISTRIBUTION_POINTS, critical: false, value });
            }
        });
        for position in [1, 2] {
            server.answer_with(server.crl_path(position), server.crl(position, Vec::new()));
        }
        server
    }

    /// An authority after a change to its certificates; `change` also receives the URL of the server.
    pub fn with(change: impl FnOnce(&mut Vec<Spec>, &str)) -> Self {
        let replies = Arc::new(Mutex::new(Replies::new()));
        let known = Arc::clone(&replies);
        let server = FaultServer::start(move |request| {
            let known = known.lock().unwrap().clone();
            known.get(&request.path).map_or_else(|| Reply::status(404), |reply| reply(request))
        });
        let url = format!("http://{}", server.address);
        let now = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap();
        let tsa = Arc::new(Tsa::with(Kind::P256, |specs| {
            for spec in specs.iter_mut() {
                spec.not_before = now - Duration::days(1000);
                spec.not_after = now + Duration::days(1000);
            }
            for authority in &mut specs[1..] {
                authority.set(testing::certificate::key_usage(true, &[testing::certificate::KEY_CERT_SIGN, 6]));
            }
            change(specs, &url);
        }));
        let server = Self { tsa: Arc::clone(&tsa), server, replies };
        server.answer("/tsa", move |request| respond(&tsa, request, |_| ()));
        server
    }

    /// The URL for requests.
    pub fn url(&self) -> String {
        format!("http://{}/tsa", self.server.address)
    }

    pub fn root(&self) -> Certificate {
        Certificate::from_der(self.tsa.root().to_vec()).unwrap()
    }

    /// The root as PEM.
    pub fn root_pem(&self) -> String {
        testing::pem("CERTIFICATE", self.tsa.root())
    }

    /// A token for the message at this time, after a change.
    pub fn token(&self, message: &[u8], time: OffsetDateTime, change: impl FnOnce(&mut TokenDraft)) -> Vec<u8> {
        let mut draft = self.tsa.draft_at(message, time);
        change(&mut draft);
        self.tsa.sign(&draft)
    }

    /// Sets the reply for a path.
    pub fn answer(&self, path: &str, reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) {
        self.replies.lock().unwrap().insert(path.to_owned(), Arc::new(reply));
    }

    /// Sets the body of the reply for a path.
    pub fn answer_with(&self, path: &str, body: Vec<u8>) {
        self.answer(path, move |_| Reply::content("application/octet-stream", body.clone()));
    }

    /// Changes the tokens for requests.
    pub fn change_tokens(&self, change: impl Fn(&mut Info) + Send + Sync + 'static) {
        let tsa = Arc::clone(&self.tsa);
        self.answer("/tsa", move |request| respond(&tsa, request, &change));
    }

    /// The path of the CRL of the certificate at this position, which is a CA.
    pub fn crl_path(&self, position: usize) -> &'static str {
        if position == 1 { "/crl" } else { "/root-crl" }
    }

    /// A current CRL with these entries by the CA at this position of the chain.
    pub fn crl(&self, position: usize, entries: Vec<Vec<u8>>) -> Vec<u8> {
        let issuer = &self.tsa.specs[position];
        let party = Party { name: issuer.subject.clone(), key: issuer.key.public() };
        let draft = CrlDraft { entries, ..CrlDraft::new(&party, OffsetDateTime::now_utc()) };
        draft.sign(&issuer.key.certificate_algorithm(), |tbs| issuer.key.sign_certificate(tbs))
    }
}

/// Grants a request, if it is one.
pub fn respond(tsa: &Tsa, request: &Request, change: impl FnOnce(&mut Info)) -> Reply {
    if request.method != "POST" || request.header("content-type") != Some(QUERY_MEDIA_TYPE) {
        return Reply::status(400);
    }
    let asked = Asked::read(&request.body);
    let mut info = Info::new(b"", OffsetDateTime::now_utc());
    info.imprint = asked.imprint;
    info.nonce = asked.nonce;
    change(&mut info);
    let mut draft = TokenDraft::new(tsa, info);
    if !asked.certificates {
        draft.certificates.clear();
    }
    Reply::content(REPLY_MEDIA_TYPE, granted(&tsa.sign(&draft)))
}
