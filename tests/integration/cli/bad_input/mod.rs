//! Broken and hostile input: commands exit with a clear error and the right code within bounded memory and time, never
//! accept the artifact, and leave nothing half-written.

mod connections;
mod envelopes;
mod files;
mod lists;
mod services;
mod tokens;
mod trees;
mod writing;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use notary::envelope::EnvelopeFormat;
use notary::envelope::build::ProtectedAttributes;
use notary::manifest::{
    EMPTY_CONFIG, IMAGE_CONFIG_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, Manifest, SIGNATURE_MEDIA_TYPE, SignatureForm,
};
use notary::media_type::IMAGE_INDEX_MEDIA_TYPE;
use notary::{Descriptor, Digest};
use registry::Layout;
use serde_json::{Value, json};

use crate::support::cli::Cli;
use crate::support::fault::{FaultServer, Reply, Request};
use crate::support::forge::forge;
use crate::support::local_signer::{LocalSigner, Profile};
use crate::support::process::{Finished, run};

/// The memory limit of a command, for any input: three times the largest envelope, what it takes to read it, and the
/// program, which takes half of that without optimization: a client of AWS Signer is prepared for every verification.
const MEMORY: u64 = 80 << 20;
/// The time limit of a command, generous enough for a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// A signing service, the tool, and an image in the layout `layout` of its working directory.
struct Fixture {
    signer: LocalSigner,
    profile: Profile,
    cli: Cli,
    image: Descriptor,
    manifest: Vec<u8>,
}

impl Fixture {
    fn new() -> Fixture {
        let signer = LocalSigner::start();
        let profile = signer.put_profile("bad");
        let cli = Cli::for_signer(&signer);
        let layout = Layout::create(cli.home().join("layout")).unwrap();
        let (image, manifest) = put_image(&layout, "v1");
        Fixture { signer, profile, cli, image, manifest }
    }

    /// Runs the command; fails the test if it exceeds the memory or time limit.
    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Finished {
        let mut command = self.cli.command(arguments);
        // What the program holds is measured, not what glibc keeps of freed memory. The released program has another
        // allocator.
        command.env("MALLOC_MMAP_THRESHOLD_", "131072");
        let finished = run(&mut command, LIMIT);
        assert!(finished.peak < MEMORY, "{} MiB: {finished}", finished.peak >> 20);
        assert!(finished.stdout.len() + finished.stderr.len() < 1 << 20, "{} bytes", finished.stderr.len());
        finished
    }

    /// As [`Fixture::run`], with short timeouts unless given.
    #[track_caller]
    fn run_quickly(&self, arguments: &[&str]) -> Finished {
        let mut arguments = arguments.to_vec();
        for (name, value) in [("--registry-timeout", "3"), ("--aws-signer-timeout", "10")] {
            if !arguments.contains(&name) {
                arguments.extend([name, value]);
            }
        }
        self.run(&arguments)
    }

    #[track_caller]
    fn sign(&self, reference: &str, more: &[&str]) -> Finished {
        self.run_quickly(&[&["sign", reference, "--profile", &self.profile.arn], more].concat())
    }

    /// Runs `verify` with the fixture's profile trusted.
    #[track_caller]
    fn verify(&self, reference: &str, more: &[&str]) -> Finished {
        let root = self.signer.root_certificate();
        let command = ["verify", reference, "--trusted-profile", &self.profile.arn, "--root", root.to_str().unwrap()];
        self.run_quickly(&[&command[..], more].concat())
    }

    /// A valid envelope over the image with this tag in the layout.
    fn envelope(&self, tag: &str) -> Vec<u8> {
        let file = self.file("envelope");
        let reference = format!("oci:layout:{tag}");
        self.sign(&reference, &["--detach", file.to_str().unwrap(), "--force"]).succeeded();
        std::fs::read(file).unwrap()
    }

    /// An envelope over the image, as an attacker who stole the service's key could make it.
    fn forge(&self, change: impl FnOnce(&mut ProtectedAttributes)) -> Vec<u8> {
        self.envelope("v1");
        let version = format!("{}/{}", self.profile.arn, self.profile.version);
        forge(self.signer.credentials_file().parent().unwrap(), &version, &self.image, change)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.cli.home().join(name)
    }

    fn layout(&self) -> Layout {
        Layout::open(self.file("layout")).unwrap()
    }

    /// A repository with the image and an empty list of referrers.
    fn repository(&self) -> Repository {
        let mut repository = Repository::default();
        repository.put_manifest(IMAGE_MANIFEST_MEDIA_TYPE, &self.manifest, "v1");
        repository.put_blob(b"{}");
        repository.list(&self.image.digest, Vec::new());
        repository
    }

    /// A repository with the image and these envelopes as its signatures.
    fn signed(&self, envelopes: &[&[u8]]) -> Repository {
        let mut repository = self.repository();
        let signatures =
            envelopes.iter().map(|envelope| repository.put_signature(&self.image, envelope, |_| ())).collect();
        repository.list(&self.image.digest, signatures);
        repository
    }
}

/// Runs these concurrently; they mostly wait.
fn at_once<'a>(runs: impl IntoIterator<Item = Box<dyn FnOnce() + Send + 'a>>) {
    std::thread::scope(|scope| {
        let runs: Vec<_> = runs.into_iter().map(|run| scope.spawn(run)).collect();
        for run in runs {
            run.join().unwrap_or_else(|why| std::panic::resume_unwind(why));
        }
    });
}

/// Adds an image whose content includes its tag.
pub(super) fn put_image(layout: &Layout, tag: &str) -> (Descriptor, Vec<u8>) {
    layout.put_blob(b"{}").unwrap();
    let mut image = Manifest::image(Descriptor::from_content(IMAGE_CONFIG_MEDIA_TYPE, b"{}"), Vec::new());
    image.annotations.insert("name".into(), tag.into());
    (layout.put_manifest(&image, Some(tag)).unwrap(), image.to_bytes())
}

/// The content of the registry repository `a`, by request path.
#[derive(Default, Clone)]
struct Repository {
    content: BTreeMap<String, (String, Vec<u8>)>,
}

impl Repository {
    fn put(&mut self, path: &str, media_type: &str, bytes: &[u8]) {
        self.content.insert(format!("/v2/a/{path}"), (media_type.to_owned(), bytes.to_vec()));
    }

    fn put_blob(&mut self, bytes: &[u8]) {
        self.put(&format!("blobs/{}", Digest::sha256(bytes)), "application/octet-stream", bytes);
    }

    fn put_manifest(&mut self, media_type: &str, bytes: &[u8], tag: &str) -> Descriptor {
        let descriptor = Descriptor::from_content(media_type, bytes);
        self.put(&format!("manifests/{}", descriptor.digest), media_type, bytes);
        self.put(&format!("manifests/{tag}"), media_type, bytes);
        descriptor
    }

    fn put_signature(&mut self, of: &Descriptor, envelope: &[u8], change: impl FnOnce(&mut Manifest)) -> Descriptor {
        let (form, format) = (SignatureForm::default(), EnvelopeFormat::of(envelope));
        let mut manifest = Manifest::signature_in(form, format, of.clone(), envelope, BTreeMap::new());
        change(&mut manifest);
        self.put_blob(envelope);
        self.put_blob(EMPTY_CONFIG);
        self.put_manifest(IMAGE_MANIFEST_MEDIA_TYPE, &manifest.to_bytes(), "signature")
    }

    /// Sets the list of referrers of the artifact.
    fn list(&mut self, artifact: &Digest, signatures: Vec<Descriptor>) {
        let listed: Vec<Value> = signatures.iter().map(listed).collect();
        let index = json!({ "schemaVersion": 2, "mediaType": IMAGE_INDEX_MEDIA_TYPE, "manifests": listed });
        self.put(&format!("referrers/{artifact}"), IMAGE_INDEX_MEDIA_TYPE, index.to_string().as_bytes());
    }

    /// The content at the request's path, or 404.
    fn answer(&self, request: &Request) -> Reply {
        let path = request.path.split('?').next().unwrap();
        match self.content.get(path) {
            Some((media_type, bytes)) => Reply::content(media_type, bytes.clone()),
            None => Reply::status(404),
        }
    }

    fn serve(self) -> FaultServer {
        FaultServer::start(move |request| self.answer(request))
    }

    /// Serves the content, except for requests that `fault` answers.
    fn serve_with(self, fault: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static) -> FaultServer {
        FaultServer::start(move |request| fault(request).unwrap_or_else(|| self.answer(request)))
    }
}

/// A signature manifest's entry in a list of referrers.
fn listed(signature: &Descriptor) -> Value {
    json!({ "mediaType": signature.media_type, "digest": signature.digest, "size": signature.size,
        "artifactType": SIGNATURE_MEDIA_TYPE })
}

/// The reference of the image on this server.
fn reference(server: &FaultServer) -> String {
    format!("{}/a:v1", server.address)
}

/// The envelope as JSON.
fn parts(envelope: &[u8]) -> Value {
    serde_json::from_slice(envelope).unwrap()
}
