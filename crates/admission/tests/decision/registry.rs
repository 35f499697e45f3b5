//! A registry that answers as a test says, and counts.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Condvar, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use notary::envelope::EnvelopeFormat;
use notary::manifest::{
    EMPTY_CONFIG, IMAGE_CONFIG_MEDIA_TYPE, IMAGE_LAYER_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, Manifest,
    SIGNATURE_MEDIA_TYPE, SignatureForm,
};
use notary::{Descriptor, Digest};
use serde_json::{Value, json};
use testbed::fault::{FaultServer, Reply, Request};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Image,
    List,
    Signature,
    Envelope,
    Other,
}

type Fault = dyn Fn(Asked, &Request) -> Option<Reply> + Send + Sync;

#[derive(Default)]
struct State {
    /// Digests by `REPOSITORY:TAG`.
    tags: HashMap<String, String>,
    /// Manifests and blobs of all repositories.
    contents: HashMap<String, (String, Vec<u8>)>,
    signatures: Vec<String>,
    /// Lists by the digest of the image.
    lists: HashMap<String, Vec<Value>>,
    /// The `Authorization` that a repository demands.
    private: HashMap<String, String>,
    fault: Option<Arc<Fault>>,
    asked: Vec<Asked>,
}

/// What is asked while it is closed gets no answer until it is open.
#[derive(Default)]
struct Gate {
    closed_for: Mutex<Option<Asked>>,
    changed: Condvar,
}

pub struct Registry {
    server: FaultServer,
    state: Arc<Mutex<State>>,
    gate: Arc<Gate>,
}

impl Registry {
    pub fn start() -> Self {
        let (state, gate) = <(Arc<Mutex<State>>, Arc<Gate>)>::default();
        let server = {
            let (state, gate) = (Arc::clone(&state), Arc::clone(&gate));
            FaultServer::start(move |request| {
                let asked = state.lock().unwrap().sort(request);
                let closed = gate.closed_for.lock().unwrap();
                drop(gate.changed.wait_while(closed, |closed| *closed == Some(asked)).unwrap());
                let fault = state.lock().unwrap().fault.clone();
                if let Some(reply) = fault.and_then(|fault| fault(asked, request)) {
                    return reply;
                }
                state.lock().unwrap().reply(request)
            })
        };
        Self { server, state, gate }
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.server.address.to_string()
    }

    pub fn name(&self, rest: &str) -> String {
        format!("{}/{rest}", self.server.address)
    }

    /// Adds an image whose layer is `text`, or only moves the tag.
    pub fn push(&self, repository: &str, tag: &str, text: &str) -> Descriptor {
        let config = Descriptor::from_content(IMAGE_CONFIG_MEDIA_TYPE, b"{}");
        let layer = Descriptor::from_content(IMAGE_LAYER_MEDIA_TYPE, text.as_bytes());
        let bytes = Manifest::image(config, vec![layer]).to_bytes();
        let image = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, &bytes);
        let mut state = self.state.lock().unwrap();
        state.contents.insert(image.digest.to_string(), (IMAGE_MANIFEST_MEDIA_TYPE.to_owned(), bytes));
        state.tags.insert(format!("{repository}:{tag}"), image.digest.to_string());
        image
    }

    /// Adds a signature to an image.
    pub fn attach(&self, image: &Descriptor, envelope: &[u8]) {
        let (form, format) = (SignatureForm::default(), EnvelopeFormat::of(envelope));
        let manifest = Manifest::signature_in(form, format, image.clone(), envelope, BTreeMap::new()).to_bytes();
        let signature = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, &manifest);
        let mut state = self.state.lock().unwrap();
        for (media_type, bytes) in [(IMAGE_MANIFEST_MEDIA_TYPE, &manifest[..]), ("x", envelope), ("x", EMPTY_CONFIG)] {
            let digest = Digest::sha256(bytes).to_string();
            state.contents.insert(digest, (media_type.to_owned(), bytes.to_vec()));
        }
        state.signatures.push(signature.digest.to_string());
        let entry = json!({
            "mediaType": IMAGE_MANIFEST_MEDIA_TYPE,
            "digest": signature.digest,
            "size": signature.size,
            "artifactType": SIGNATURE_MEDIA_TYPE,
        });
        state.lists.entry(image.digest.to_string()).or_default().push(entry);
    }

    /// Removes the signatures of an image from its list.
    pub fn detach(&self, image: &Descriptor) {
        self.state.lock().unwrap().lists.remove(image.digest.as_str());
    }

    /// Demands this user and password for a repository.
    pub fn protect(&self, repository: &str, user: &str, password: &str) {
        let authorization = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        self.state.lock().unwrap().private.insert(repository.to_owned(), authorization);
    }

    pub fn fail(&self, fault: impl Fn(Asked, &Request) -> Option<Reply> + Send + Sync + 'static) {
        self.state.lock().unwrap().fault = Some(Arc::new(fault));
    }

    pub fn heal(&self) {
        self.state.lock().unwrap().fault = None;
    }

    pub fn close(&self, asked: Asked) {
        *self.gate.closed_for.lock().unwrap() = Some(asked);
    }

    pub fn open(&self) {
        *self.gate.closed_for.lock().unwrap() = None;
        self.gate.changed.notify_all();
    }

    /// How often this was asked.
    pub fn count(&self, asked: Asked) -> usize {
        self.state.lock().unwrap().asked.iter().filter(|known| **known == asked).count()
    }

    /// The requests for images, lists, signatures and envelopes.
    pub fn counts(&self) -> [usize; 4] {
        [Asked::Image, Asked::List, Asked::Signature, Asked::Envelope].map(|asked| self.count(asked))
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.open();
    }
}

/// `/v2/REPOSITORY/KIND/NAME`.
fn parts(path: &str) -> Option<(&str, &str, &str)> {
    let path = path.split('?').next()?.strip_prefix("/v2/")?;
    let (rest, name) = path.rsplit_once('/')?;
    let (repository, kind) = rest.rsplit_once('/')?;
    Some((repository, kind, name))
}

impl State {
    fn sort(&mut self, request: &Request) -> Asked {
        let asked = match parts(&request.path) {
            Some((_, "referrers", _)) => Asked::List,
            Some((_, "blobs", _)) => Asked::Envelope,
            Some((_, "manifests", name)) if self.signatures.iter().any(|known| known == name) => Asked::Signature,
            Some((_, "manifests", _)) => Asked::Image,
            _ => Asked::Other,
        };
        self.asked.push(asked);
        asked
    }

    fn reply(&self, request: &Request) -> Reply {
        let Some((repository, kind, name)) = parts(&request.path) else { return Reply::status(404) };
        let demanded = self.private.get(repository).map(String::as_str);
        if demanded.is_some() && request.header("Authorization") != demanded {
            let challenge = ("WWW-Authenticate", "Basic realm=\"private\"".to_owned());
            return Reply::Answer(401, vec![challenge], Vec::new());
        }
        if kind == "referrers" {
            let manifests = self.lists.get(name).cloned().unwrap_or_default();
            let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
            return Reply::content(INDEX, index.to_string());
        }
        let digest = self.tags.get(&format!("{repository}:{name}")).map_or(name, String::as_str);
        match self.contents.get(digest) {
            Some((media_type, bytes)) => Reply::content(media_type, bytes.clone()),
            None => Reply::status(404),
        }
    }
}
