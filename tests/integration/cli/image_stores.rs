//! An image in each kind of store: a registry with the Referrers API, two without, and an OCI image layout.

use std::path::PathBuf;

use notary::Descriptor;
use notary::manifest::{IMAGE_CONFIG_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, Manifest};
use notary::media_type::IMAGE_INDEX_MEDIA_TYPE;
use notary::reference::Tag;
use registry::{ClientOptions, Credentials, Layout, RegistryClient, Store};
use serde_json::json;
use tempfile::TempDir;

use crate::support::docker_registry::DockerRegistry;
use crate::support::notation::Notation;
use crate::support::process::Finished;
use crate::support::registry::Registry;
use crate::support::{World, programs};

pub struct ImageStores {
    _registries: Vec<DockerRegistry>,
    /// The addresses of all registries.
    addresses: Vec<String>,
    folder: TempDir,
    pub images: Vec<StoredImage>,
}

/// An image with the tag `v1`.
pub struct StoredImage {
    /// The reference by tag.
    pub reference: String,
    pub store: Store,
    pub image: Descriptor,
}

impl ImageStores {
    pub fn new(world: &World) -> ImageStores {
        Self::beside(&world.registry)
    }

    /// An image in this registry, and in each of the other kinds of stores.
    pub fn beside(registry: &Registry) -> ImageStores {
        let folder = tempfile::tempdir().unwrap();
        let registries = DockerRegistry::start_both(&programs::peers()).map(|(_, registry)| registry);
        let mut addresses = vec![registry.address().to_string()];
        addresses.extend(registries.iter().map(|registry| registry.address.to_string()));
        let mut stores = ImageStores { _registries: registries.into(), addresses, folder, images: Vec::new() };
        stores.images = stores.put_images("team/app", "layout");
        stores
    }

    /// Another image in a repository of each registry, and in another layout.
    pub fn put_images(&self, repository: &str, layout: &str) -> Vec<StoredImage> {
        let mut images: Vec<_> = self.addresses.iter().map(|address| in_registry(address, repository)).collect();
        images.push(in_layout(self.file(layout)));
        images
    }

    /// An image in a layout only.
    pub fn layout() -> ImageStores {
        let folder = tempfile::tempdir().unwrap();
        let images = vec![in_layout(folder.path().join("layout"))];
        ImageStores { _registries: Vec::new(), addresses: Vec::new(), folder, images }
    }

    /// The path of a file next to the layout.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl StoredImage {
    /// Attaches bytes to the image as an envelope.
    pub fn put_envelope(&self, envelope: &[u8]) {
        block_on(async {
            self.store.push_blob("application/jose+json", envelope).await.unwrap();
            self.store.push_blob("application/octet-stream", b"{}").await.unwrap();
            let manifest = Manifest::signature(self.image.clone(), envelope, Default::default());
            self.store.push_referrer(&manifest).await.unwrap();
        });
    }

    /// Pushes an index that lists the image, with the tag `multi`. Returns its references by tag and by digest.
    pub fn put_index(&self) -> (String, String) {
        let entry = json!({
            "mediaType": self.image.media_type,
            "digest": self.image.digest,
            "size": self.image.size,
            "platform": { "os": "linux", "architecture": "amd64" },
        });
        let index = json!({ "schemaVersion": 2, "mediaType": IMAGE_INDEX_MEDIA_TYPE, "manifests": [entry] });
        let index = index.to_string();
        let tag: Tag = "multi".parse().unwrap();
        let pushed = block_on(self.store.push_manifest(IMAGE_INDEX_MEDIA_TYPE, index.as_bytes(), Some(&tag))).unwrap();
        let name = self.reference.strip_suffix(":v1").unwrap();
        (format!("{name}:multi"), format!("{name}@{}", pushed.digest))
    }

    /// Runs a command of notation on the image, in the way that its store needs.
    pub fn with_notation(&self, notation: &Notation, command: &[&str]) -> Finished {
        let pinned = self.reference.replace(":v1", &format!("@{}", self.image.digest));
        match pinned.strip_prefix("oci:") {
            None => notation.run(&[command, &["--insecure-registry", &pinned]].concat()),
            Some(layout) => {
                let scope: &[&str] = if command[0] == "verify" { &["--scope", "local/a"] } else { &[] };
                notation.run(&[command, scope, &["--oci-layout", layout]].concat())
            }
        }
    }

    /// The manifests of the image's signatures.
    pub fn signatures(&self) -> Vec<Manifest> {
        let signatures = block_on(self.store.signatures(&self.image, 100)).unwrap();
        signatures.into_iter().map(|signature| signature.manifest.unwrap()).collect()
    }
}

fn in_layout(path: PathBuf) -> StoredImage {
    with_image(format!("oci:{}:v1", path.display()), Store::Layout(Layout::create(path).unwrap()))
}

fn in_registry(address: &str, repository: &str) -> StoredImage {
    let repository = format!("{address}/{repository}");
    let mut options = ClientOptions::default();
    options.lock_folder = None;
    let client = RegistryClient::new(options, Credentials::none());
    let store = Store::Remote(client.repository(&repository.parse().unwrap()).unwrap());
    with_image(format!("{repository}:v1"), store)
}

fn with_image(reference: String, store: Store) -> StoredImage {
    let image = block_on(async {
        let config = store.push_blob(IMAGE_CONFIG_MEDIA_TYPE, b"{}").await.unwrap();
        let mut image = Manifest::image(config, Vec::new());
        image.annotations.insert("store".to_owned(), reference.clone());
        let tag: Tag = "v1".parse().unwrap();
        store.push_manifest(IMAGE_MANIFEST_MEDIA_TYPE, &image.to_bytes(), Some(&tag)).await.unwrap()
    });
    StoredImage { reference, store, image }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
