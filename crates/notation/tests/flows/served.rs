//! A layout behind the API of a registry, whose answers a test can delay or withhold.

use std::time::Duration;

use notary::Descriptor;
use notary::media_type::IMAGE_INDEX_MEDIA_TYPE;
use registry::{ClientOptions, Credentials, Layout, PlainHttp, RegistryClient, Store};
use serde_json::{Value, json};
use testbed::fault::{FaultServer, Reply, Request};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Serves the layout. `image` has every tag, and `signatures` are its referrers. `fault` answers first.
pub fn serve(
    layout: &Layout,
    image: &Descriptor,
    signatures: &[Descriptor],
    fault: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static,
) -> FaultServer {
    let blobs = layout.path().join("blobs/sha256");
    let tagged = image.digest.digits().to_owned();
    let listed: Vec<Value> = signatures.iter().map(entry).collect();
    let referrers = json!({ "schemaVersion": 2, "mediaType": IMAGE_INDEX_MEDIA_TYPE, "manifests": listed }).to_string();
    FaultServer::start(move |request| {
        if let Some(reply) = fault(request) {
            return reply;
        }
        let path = request.path.split('?').next().unwrap();
        let named = path.rsplit('/').next().unwrap();
        let file = blobs.join(named.strip_prefix("sha256:").unwrap_or(&tagged));
        let (media_type, content) = if path.contains("/referrers/") {
            (IMAGE_INDEX_MEDIA_TYPE, Ok(referrers.clone().into_bytes()))
        } else if path.contains("/manifests/") {
            (MANIFEST, std::fs::read(file))
        } else {
            ("application/octet-stream", std::fs::read(file))
        };
        content.map_or_else(|_| Reply::status(404), |content| Reply::content(media_type, content))
    })
}

fn entry(signature: &Descriptor) -> Value {
    json!({
        "mediaType": signature.media_type, "digest": signature.digest.as_str(), "size": signature.size,
        "artifactType": "application/vnd.cncf.notary.signature",
    })
}

/// A client for the registries of a test.
pub fn client() -> RegistryClient {
    RegistryClient::new(options(), Credentials::none())
}

fn options() -> ClientOptions {
    let mut options = ClientOptions::default();
    options.backoff = Duration::from_millis(10);
    options.lock_folder = None;
    options
}

/// A repository of the server.
pub fn store(client: &RegistryClient, server: &FaultServer) -> Store {
    let name = format!("{}/app", server.address).parse().unwrap();
    Store::Remote(client.repository(&name).unwrap())
}

/// A repository of the server, whose name does not say that it is on this machine.
pub fn distant_store(server: &FaultServer) -> Store {
    let mut options = options();
    options.plain_http = PlainHttp::Always;
    let name = format!("[::ffff:7f00:1]:{}/app", server.address.port()).parse().unwrap();
    Store::Remote(RegistryClient::new(options, Credentials::none()).repository(&name).unwrap())
}
