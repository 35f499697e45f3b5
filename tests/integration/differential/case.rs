//! A case: an artifact with one signature in a layout, a policy that trusts the signer, and one change.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration as StdDuration;

use aws_signer::{ClientPool, SignerConfig};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use notary::envelope::{EnvelopeFormat, PAYLOAD_MEDIA_TYPE, Payload, SigningScheme, header};
use notary::manifest::{EMPTY_CONFIG, IMAGE_CONFIG_MEDIA_TYPE, Manifest, SignatureForm};
use notary::reference::Target;
use notary::text::rfc3339;
use notary::{Descriptor, Digest};
use notation::NotationFolder;
use notation::verify::{Demands, VerificationPolicy, Verifier};
use registry::{Layout, Store};
use serde_json::{Value, json};
use testing::certificate::{Spec, issue};
use testing::cose::{Cbor, CoseDraft, sign1};
use testing::der::{oid, sequence, tlv};
use testing::envelope::{Draft, Scheme};
use testing::key::Kind;
use time::{Duration, OffsetDateTime};

use super::{Expected, Verdicts};
use crate::support::process::{command, run};

type Change<T> = Box<dyn Fn(&mut T) + Send + Sync>;
type Rewrite<T> = Box<dyn Fn(T) -> T + Send + Sync>;
/// Changes notation's configuration folder; also receives the issued chain.
type Configure = Box<dyn Fn(&Path, &[Vec<u8>]) + Send + Sync>;

/// One change and the expected verdicts.
pub struct Case {
    pub name: String,
    pub expected: Expected,
    scheme: SigningScheme,
    kind: Kind,
    specs: Change<Vec<Spec>>,
    chain: Change<Vec<Vec<u8>>>,
    draft: Rewrite<Draft>,
    envelope: Change<Value>,
    text: Rewrite<String>,
    /// The changes of an envelope in the COSE form, for a case with one.
    cose: Option<Cose>,
    manifest: Rewrite<String>,
    policy: Change<Value>,
    folder: Configure,
}

/// What a case changes of an envelope in the COSE form.
struct Cose {
    draft: Rewrite<CoseDraft>,
    elements: Change<[Cbor; 4]>,
    bytes: Rewrite<Vec<u8>>,
}

/// Building a case.
impl Case {
    /// An unchanged signature of the scheme `notary.x509` on P-256.
    pub fn new(name: impl Into<String>, expected: Expected) -> Case {
        Case {
            name: name.into(),
            expected,
            scheme: SigningScheme::X509,
            kind: Kind::P256,
            specs: Box::new(|_| ()),
            chain: Box::new(|_| ()),
            draft: Box::new(|draft| draft),
            envelope: Box::new(|_| ()),
            text: Box::new(|text| text),
            cose: None,
            manifest: Box::new(|text| text),
            policy: Box::new(|_| ()),
            folder: Box::new(|_, _| ()),
        }
    }

    /// An unchanged signature in the COSE form.
    pub fn cose(name: impl Into<String>, expected: Expected) -> Case {
        let (draft, elements, bytes) = (Box::new(|draft| draft), Box::new(|_: &mut _| ()), Box::new(|bytes| bytes));
        Case { cose: Some(Cose { draft, elements, bytes }), ..Case::new(format!("COSE: {}", name.into()), expected) }
    }

    fn with_cose(mut self, change: impl FnOnce(&mut Cose)) -> Case {
        change(self.cose.as_mut().expect("the case is one of COSE"));
        self
    }

    /// Changes the content to sign in the COSE form.
    pub fn cose_draft(self, change: impl Fn(CoseDraft) -> CoseDraft + Send + Sync + 'static) -> Case {
        self.with_cose(|cose| cose.draft = Box::new(change))
    }

    /// Changes the elements of the COSE_Sign1 after signing.
    pub fn elements(self, change: impl Fn(&mut [Cbor; 4]) + Send + Sync + 'static) -> Case {
        self.with_cose(|cose| cose.elements = Box::new(change))
    }

    /// Changes the bytes of the COSE_Sign1_Tagged after signing.
    pub fn bytes(self, change: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static) -> Case {
        self.with_cose(|cose| cose.bytes = Box::new(change))
    }

    /// The same case, accepted by both.
    pub fn accepted(self) -> Case {
        Case { expected: Expected::Accepted, ..self }
    }

    /// A signature of the scheme `notary.x509.signingAuthority`.
    pub fn authority(self) -> Case {
        Case { scheme: SigningScheme::SigningAuthority, ..self }
    }

    /// The kind of the leaf's key.
    pub fn kind(self, kind: Kind) -> Case {
        Case { kind, ..self }
    }

    /// Changes certificates before they are issued: leaf, intermediate, root.
    pub fn specs(self, change: impl Fn(&mut Vec<Spec>) + Send + Sync + 'static) -> Case {
        Case { specs: Box::new(change), ..self }
    }

    /// Changes the chain in the envelope. The trusted root is still the last certificate of the issued chain.
    pub fn chain(self, change: impl Fn(&mut Vec<Vec<u8>>) + Send + Sync + 'static) -> Case {
        Case { chain: Box::new(change), ..self }
    }

    /// Changes the content to sign.
    pub fn draft(self, change: impl Fn(Draft) -> Draft + Send + Sync + 'static) -> Case {
        Case { draft: Box::new(change), ..self }
    }

    /// Changes the envelope after signing.
    pub fn envelope(self, change: impl Fn(&mut Value) + Send + Sync + 'static) -> Case {
        Case { envelope: Box::new(change), ..self }
    }

    /// Changes the envelope's text after signing.
    pub fn text(self, change: impl Fn(String) -> String + Send + Sync + 'static) -> Case {
        Case { text: Box::new(change), ..self }
    }

    /// Changes the text of the signature's manifest.
    pub fn manifest_text(self, change: impl Fn(String) -> String + Send + Sync + 'static) -> Case {
        Case { manifest: Box::new(change), ..self }
    }

    /// Changes the signature's manifest.
    pub fn manifest(self, change: impl Fn(&mut Value) + Send + Sync + 'static) -> Case {
        self.manifest_text(move |text| {
            let mut manifest = serde_json::from_str(&text).unwrap();
            change(&mut manifest);
            manifest.to_string()
        })
    }

    /// Changes the statement of the trust policy.
    pub fn policy(self, change: impl Fn(&mut Value) + Send + Sync + 'static) -> Case {
        Case { policy: Box::new(change), ..self }
    }

    /// Changes notation's configuration folder; `change` also receives the issued chain.
    pub fn folder(self, change: impl Fn(&Path, &[Vec<u8>]) + Send + Sync + 'static) -> Case {
        Case { folder: Box::new(change), ..self }
    }
}

/// Running a case.
impl Case {
    pub fn verdicts(&self, notation: &Path) -> Verdicts {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("config/notation");
        let folder = home.path().join("layout");
        let layout = Layout::create(&folder).unwrap();
        layout.put_blob(b"{}").unwrap();
        let image = Manifest::image(Descriptor::from_content(IMAGE_CONFIG_MEDIA_TYPE, b"{}"), Vec::new());
        let image = layout.put_manifest(&image, Some("v1")).unwrap();
        let issued = self.sign(&layout, &image);
        self.configure(&config, &issued);
        let reference = format!("{}@{}", folder.to_str().unwrap(), image.digest);
        let mut notation = command(notation, home.path());
        notation.env("NOTATION_EXPERIMENTAL", "1");
        notation.args(["verify", "--verbose", "--oci-layout", "--scope", "local/a", &reference]);
        let finished = run(&mut notation, StdDuration::from_secs(60));
        Verdicts {
            ours: verify(&config, layout, &image.digest),
            notation: if finished.is_success() { Ok(()) } else { Err(last_line(&finished.stderr)) },
        }
    }

    /// The envelope of a case in the COSE form, for an image without content.
    #[allow(dead_code, reason = "only the second opinions use it")]
    pub fn cose_envelope(&self) -> Option<Vec<u8>> {
        let mut specs = specs(self.kind);
        (self.specs)(&mut specs);
        let mut chain = issue(&specs);
        (self.chain)(&mut chain);
        let image = Descriptor::from_content(IMAGE_CONFIG_MEDIA_TYPE, b"{}");
        self.cose.as_ref().map(|cose| cose.envelope(self.scheme, specs.swap_remove(0), &chain, &image))
    }

    /// Signs the image and attaches the signature. Returns the chain as issued.
    fn sign(&self, layout: &Layout, image: &Descriptor) -> Vec<Vec<u8>> {
        let mut specs = specs(self.kind);
        (self.specs)(&mut specs);
        let issued = issue(&specs);
        let mut chain = issued.clone();
        (self.chain)(&mut chain);
        let leaf = specs.swap_remove(0);
        let (format, envelope) = match &self.cose {
            Some(cose) => (EnvelopeFormat::Cose, cose.envelope(self.scheme, leaf, &chain, image)),
            None => {
                let draft = (self.draft)(draft(self.scheme, leaf, &chain, image));
                let mut envelope = draft.sign();
                (self.envelope)(&mut envelope);
                (EnvelopeFormat::Jws, (self.text)(envelope.to_string()).into_bytes())
            }
        };
        for blob in [&envelope[..], EMPTY_CONFIG, b"another blob"] {
            layout.put_blob(blob).unwrap();
        }
        let form = SignatureForm::default();
        let manifest = Manifest::signature_in(form, format, image.clone(), &envelope, Default::default()).to_bytes();
        let manifest = (self.manifest)(String::from_utf8(manifest).unwrap());
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        layout.put_manifest_bytes(media_type, manifest.as_bytes(), None, None).unwrap();
        issued
    }

    fn configure(&self, config: &Path, issued: &[Vec<u8>]) {
        for kind in ["ca", "signingAuthority"] {
            fs::create_dir_all(store(config, kind)).unwrap();
            fs::write(store(config, kind).join("root.crt"), issued.last().unwrap()).unwrap();
        }
        let mut policy = json!({
            "name": "test",
            "registryScopes": ["local/a"],
            "signatureVerification": { "level": "strict" },
            "trustStores": ["ca:x", "signingAuthority:x"],
            "trustedIdentities": ["*"],
        });
        (self.policy)(&mut policy);
        let policies = if policy.is_array() { policy } else { json!([policy]) };
        let document = json!({ "version": "1.0", "trustPolicies": policies });
        fs::write(config.join("trustpolicy.json"), document.to_string()).unwrap();
        (self.folder)(config, issued);
    }
}

impl Cose {
    /// An envelope signed an hour ago that expires in an hour.
    fn envelope(&self, scheme: SigningScheme, leaf: Spec, chain: &[Vec<u8>], image: &Descriptor) -> Vec<u8> {
        let scheme = match scheme {
            SigningScheme::X509 => Scheme::X509,
            SigningScheme::SigningAuthority => Scheme::SigningAuthority,
        };
        let draft = CoseDraft::of(leaf.key, chain, scheme, seconds(-3600), Some(seconds(3600)));
        let payload = Payload { target_artifact: image.clone() }.to_bytes();
        let mut elements = (self.draft)(CoseDraft { payload, ..draft }).elements();
        (self.elements)(&mut elements);
        (self.bytes)(sign1(elements))
    }
}

/// A time this many seconds from now, in seconds since 1970.
pub fn seconds(from_now: i64) -> i128 {
    (now().unix_timestamp() + from_now).into()
}

/// The trust store `x` of this type.
pub fn store(config: &Path, kind: &str) -> PathBuf {
    config.join("truststore/x509").join(kind).join("x")
}

/// A name with the attributes that a trusted identity requires.
pub fn subject(common_name: &str) -> Vec<u8> {
    let parts = [("2.5.4.6", "US"), ("2.5.4.8", "WA"), ("2.5.4.10", "Acme"), ("2.5.4.3", common_name)];
    let parts = parts.map(|(kind, value)| tlv(0x31, &sequence(&[&oid(kind), &tlv(0x0c, value.as_bytes())])));
    tlv(0x30, &parts.concat())
}

/// Leaf, intermediate and root, valid from three days ago for a week.
fn specs(kind: Kind) -> Vec<Spec> {
    let mut specs = vec![Spec::leaf(kind), Spec::authority("", Kind::P256), Spec::authority("", Kind::P256)];
    for (spec, name) in specs.iter_mut().zip(["leaf", "issuing", "root"]) {
        spec.subject = subject(name);
        spec.not_before = now() - Duration::days(3);
        spec.not_after = now() + Duration::days(4);
    }
    specs
}

/// The time at which the test started, in whole seconds as in certificates and signatures, and the same for all cases.
pub fn now() -> OffsetDateTime {
    static NOW: OnceLock<OffsetDateTime> = OnceLock::new();
    *NOW.get_or_init(|| OffsetDateTime::now_utc().replace_nanosecond(0).unwrap())
}

/// A draft signed an hour ago that expires in an hour.
fn draft(scheme: SigningScheme, leaf: Spec, chain: &[Vec<u8>], image: &Descriptor) -> Draft {
    let mut crit = vec![header::SIGNING_SCHEME, header::EXPIRY];
    let time = match scheme {
        SigningScheme::X509 => header::SIGNING_TIME,
        SigningScheme::SigningAuthority => header::AUTHENTIC_SIGNING_TIME,
    };
    if scheme == SigningScheme::SigningAuthority {
        crit.push(time);
    }
    let protected = json!({
        "alg": leaf.key.jws_name(),
        "cty": PAYLOAD_MEDIA_TYPE,
        "crit": crit,
        header::SIGNING_SCHEME: scheme.as_str(),
        time: rfc3339(now() - Duration::hours(1)),
        header::EXPIRY: rfc3339(now() + Duration::hours(1)),
    });
    let x5c: Vec<String> = chain.iter().map(|der| STANDARD.encode(der)).collect();
    let payload = Payload { target_artifact: image.clone() }.to_bytes();
    Draft { protected, protected_text: None, payload, header: json!({ "x5c": x5c }), key: leaf.key }
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().to_owned()
}

/// The library's verdict.
fn verify(config: &Path, layout: Layout, image: &Digest) -> Result<(), String> {
    let folder = NotationFolder::at(config.to_owned());
    let document = folder.trust_policy().map_err(|why| why.to_string())?;
    let policy = document.applicable(&"local/a".parse().unwrap()).map_err(|why| why.to_string())?;
    let policy = VerificationPolicy::from_statement(policy, |name| folder.trust_store(name));
    let store = Store::Layout(layout);
    let target = Target::Digest(image.clone());
    let verifier = Verifier::new(ClientPool::new(SignerConfig::default()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let demands = Demands::default();
    let verdict = verifier.verify(&store, &target, &policy, &demands, OffsetDateTime::now_utc());
    let verdict = runtime.block_on(verdict).map_err(|why| why.to_string())?;
    if verdict.is_verified() || verdict.skipped {
        return Ok(());
    }
    let reasons = verdict.signatures.iter().flat_map(|signature| &signature.checks);
    let failed = reasons.filter(|check| check.outcome.is_failed());
    let failed: Vec<String> = failed.map(|check| format!("{}: {}", check.check, check.outcome)).collect();
    Err(if failed.is_empty() { "there is no signature".to_owned() } else { failed.join("; ") })
}
