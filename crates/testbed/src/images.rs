//! Images and indexes to put into a store.

use notary::Descriptor;
use notary::manifest::{IMAGE_CONFIG_MEDIA_TYPE, IMAGE_LAYER_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, Manifest};
use notary::media_type::IMAGE_INDEX_MEDIA_TYPE;
use registry::{ClientOptions, Credentials, RegistryClient, Store};
use serde_json::json;

/// The repository with this name, `HOST:PORT/PATH`.
pub fn repository(name: &str, credentials: Credentials) -> Store {
    let client = RegistryClient::new(ClientOptions::default(), credentials);
    Store::Remote(client.repository(&name.parse().unwrap()).unwrap())
}

/// Pushes an image whose layer is `text`.
pub async fn push_image(store: &Store, text: &str, tag: Option<&str>) -> Descriptor {
    let config = store.push_blob(IMAGE_CONFIG_MEDIA_TYPE, b"{}").await.unwrap();
    let layer = store.push_blob(IMAGE_LAYER_MEDIA_TYPE, text.as_bytes()).await.unwrap();
    let manifest = Manifest::image(config, vec![layer]).to_bytes();
    let tag = tag.map(|tag| tag.parse().unwrap());
    store.push_manifest(IMAGE_MANIFEST_MEDIA_TYPE, &manifest, tag.as_ref()).await.unwrap()
}

/// Pushes an index of images for two platforms.
pub async fn push_index(store: &Store, text: &str, tag: &str) -> (Descriptor, [Descriptor; 2]) {
    let images = [
        push_image(store, &format!("{text} amd64"), None).await,
        push_image(store, &format!("{text} arm64"), None).await,
    ];
    let entry = |image: &Descriptor, architecture: &str| {
        let platform = json!({ "os": "linux", "architecture": architecture });
        json!({ "mediaType": image.media_type, "digest": image.digest, "size": image.size, "platform": platform })
    };
    let manifests = [entry(&images[0], "amd64"), entry(&images[1], "arm64")];
    let index = json!({ "schemaVersion": 2, "mediaType": IMAGE_INDEX_MEDIA_TYPE, "manifests": manifests }).to_string();
    let index =
        store.push_manifest(IMAGE_INDEX_MEDIA_TYPE, index.as_bytes(), Some(&tag.parse().unwrap())).await.unwrap();
    (index, images)
}

/// Runs a future in a test without a runtime.
pub fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
