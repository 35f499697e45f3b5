//! What the API server and its clients are configured with.

use std::fs::write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use rcgen::{CertificateParams, KeyPair};
use serde_json::json;

/// The bearer token of the administrator.
pub const TOKEN: &str = "administrator-of-the-test";

pub struct Files {
    /// The API server's certificate, which it signed itself.
    pub certificate: PathBuf,
    /// Its key, which signs the tokens of service accounts, too.
    pub key: PathBuf,
    pub tokens: PathBuf,
    pub kubeconfig: PathBuf,
}

impl Files {
    /// Writes them to the folder, for an API server at this address.
    pub fn write(folder: &Path, address: SocketAddr) -> Files {
        let [certificate, key, tokens, kubeconfig] =
            ["apiserver.crt", "apiserver.key", "tokens.csv", "kubeconfig"].map(|name| folder.join(name));
        let pair = KeyPair::generate().unwrap();
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let own = CertificateParams::new(names).unwrap().self_signed(&pair).unwrap();
        write(&certificate, own.pem()).unwrap();
        write(&key, pair.serialize_pem()).unwrap();
        write(&tokens, format!("{TOKEN},admin,admin,\"system:masters\"\n")).unwrap();
        let server = format!("https://{address}");
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "test", "cluster": { "server": server, "certificate-authority": certificate } }],
            "users": [{ "name": "admin", "user": { "token": TOKEN } }],
            "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "admin" } }],
            "current-context": "test",
        });
        write(&kubeconfig, config.to_string()).unwrap();
        Files { certificate, key, tokens, kubeconfig }
    }
}
