//! A real olareg registry, which has the Referrers API, and images to push.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::json;
use tempfile::TempDir;

use crate::http;
use crate::process::{Running, command, free_port};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

pub struct Registry {
    address: SocketAddr,
    _process: Running,
    _storage: TempDir,
}

impl Registry {
    pub fn start(peers: &Path) -> Registry {
        Registry::start_with(peers, &[])
    }

    /// As [`Registry::start`], with more options.
    pub fn start_with(peers: &Path, options: &[&str]) -> Registry {
        let storage = tempfile::tempdir().unwrap();
        // Another process may take the port first. olareg then exits, and another port is tried.
        for _ in 0..5 {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
            let mut olareg = command(peers.join("olareg"), storage.path());
            olareg.args(["serve", "--addr", "127.0.0.1", "--store-type", "mem", "--port", &address.port().to_string()]);
            olareg.args(options);
            let mut process = Running::start(&mut olareg);
            if process.wait_for("olareg", |_| TcpStream::connect(address).ok()).is_some() {
                return Registry { address, _process: process, _storage: storage };
            }
        }
        panic!("olareg did not start");
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Pushes an image with one layer that contains `text`. Returns its reference by digest.
    pub fn push_image(&self, repository: &str, text: &str) -> String {
        let digest = self.push_manifest(repository, text, None);
        format!("{}/{repository}@{digest}", self.address)
    }

    /// As [`Registry::push_image`], with a tag. Returns its reference by tag.
    pub fn push_tagged(&self, repository: &str, text: &str, tag: &str) -> String {
        self.push_manifest(repository, text, Some(tag));
        format!("{}/{repository}:{tag}", self.address)
    }

    /// Pushes an index of images for two platforms. Returns its reference by tag.
    pub fn push_index(&self, repository: &str, text: &str, tag: &str) -> String {
        let manifests = ["amd64", "arm64"].map(|architecture| {
            let (digest, size) = self.push_platform(repository, &format!("{text} {architecture}"), architecture, None);
            let platform = json!({ "os": "linux", "architecture": architecture });
            json!({ "mediaType": MANIFEST, "digest": digest, "size": size, "platform": platform })
        });
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests }).to_string();
        let path = format!("/v2/{repository}/manifests/{tag}");
        let answer = http::send(self.address, "PUT", &path, INDEX, index.as_bytes());
        assert_eq!(answer.status, 201, "{answer:?}");
        format!("{}/{repository}:{tag}", self.address)
    }

    /// Returns the digest of the manifest.
    fn push_manifest(&self, repository: &str, text: &str, tag: Option<&str>) -> String {
        self.push_platform(repository, text, "amd64", tag).0
    }

    /// Returns the digest and the size of the manifest.
    fn push_platform(&self, repository: &str, text: &str, architecture: &str, tag: Option<&str>) -> (String, usize) {
        let layer = tar_of_one_file("motd", text.as_bytes());
        let config = json!({
            "architecture": architecture,
            "os": "linux",
            "config": {},
            "rootfs": { "type": "layers", "diff_ids": [digest_of(&layer)] },
        });
        let config = config.to_string().into_bytes();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.push_blob(repository, CONFIG, &config),
            "layers": [self.push_blob(repository, LAYER, &layer)],
        });
        let manifest = manifest.to_string().into_bytes();
        let digest = digest_of(&manifest);
        let path = format!("/v2/{repository}/manifests/{}", tag.unwrap_or(&digest));
        let answer = http::send(self.address, "PUT", &path, MANIFEST, &manifest);
        assert_eq!(answer.status, 201, "{answer:?}");
        (digest, manifest.len())
    }

    /// Pushes the blob and returns its descriptor.
    fn push_blob(&self, repository: &str, media_type: &str, bytes: &[u8]) -> serde_json::Value {
        let kind = "application/octet-stream";
        let digest = digest_of(bytes);
        let upload = http::send(self.address, "POST", &format!("/v2/{repository}/blobs/uploads/"), kind, b"");
        assert_eq!(upload.status, 202, "{upload:?}");
        let location = upload.header("Location").unwrap();
        let separator = if location.contains('?') { '&' } else { '?' };
        let path = format!("{location}{separator}digest={digest}");
        let answer = http::send(self.address, "PUT", &path, kind, bytes);
        assert_eq!(answer.status, 201, "{answer:?}");
        json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
    }
}

fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(digest(&SHA256, bytes)))
}

/// A ustar archive with one regular file.
fn tar_of_one_file(name: &str, content: &[u8]) -> Vec<u8> {
    let mut header = [0_u8; 512];
    let mut put = |at: usize, field: &[u8]| header[at..at + field.len()].copy_from_slice(field);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{:011o}\0", content.len()).as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        "); // the checksum field counts as spaces
    put(156, b"0");
    put(257, b"ustar\x0000");
    let checksum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..156].copy_from_slice(format!("{checksum:06o}\0 ").as_bytes());

    let mut archive = header.to_vec();
    archive.extend_from_slice(content);
    archive.resize(archive.len().next_multiple_of(512) + 1024, 0);
    archive
}
