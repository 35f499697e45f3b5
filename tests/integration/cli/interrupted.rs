//! Copies that a signal ends.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use notary::manifest::{IMAGE_MANIFEST_MEDIA_TYPE, Manifest};
use notary::{Descriptor, Digest};

use crate::support::fault::{FaultServer, Reply};
use crate::support::process::{Running, command};
use crate::support::programs;

/// The content of the image's configuration.
const CONFIG: &[u8] = b"{}";

/// A registry that delivers half of a layer.
fn endless() -> FaultServer {
    let layer = Descriptor { size: 1 << 20, ..Descriptor::from_content("a/layer", b"endless") };
    let path = format!("/blobs/{}", layer.digest);
    let manifest = Manifest::image(Descriptor::from_content("a/config", CONFIG), vec![layer]).to_bytes();
    FaultServer::start(move |request| match request.path.as_str() {
        blob if blob.ends_with(&path) => Reply::Hang("HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\nhalf"),
        blob if blob.contains("/blobs/") => Reply::content("application/octet-stream", CONFIG),
        other if other.contains("sha256-") || other.contains("/referrers/") => Reply::status(404),
        _ => Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, manifest.clone()),
    })
}

/// The names of the temporary files.
fn parts(layout: &Path) -> BTreeSet<String> {
    let names = std::fs::read_dir(layout.join("blobs/sha256")).into_iter().flatten();
    let names = names.map(|name| name.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(".part")).collect()
}

#[test]
fn an_interrupted_copy_leaves_no_temporary_file_and_the_next_removes_those_of_a_killed_one() {
    let server = endless();
    let home = tempfile::tempdir().unwrap();
    let layout = home.path().join("layout");
    let source = format!("{}/a:v1", server.address);
    let config = layout.join("blobs/sha256").join(Digest::sha256(CONFIG).digits());
    let soon = || Instant::now() + Duration::from_secs(60);
    for (signal, code, left) in
        [("INT", Some(130), 0), ("TERM", Some(143), 0), ("KILL", None, 1), ("HUP", Some(129), 0)]
    {
        let before = parts(&layout);
        // Background jobs of scripts start with SIGINT ignored, which the tool would respect.
        let mut copy = command(Path::new("env"), home.path());
        copy.arg("--default-signal").arg(programs::tool()).args(["copy", &source, "oci:layout"]);
        let mut copy = Running::start(&mut copy);
        // The file of a killed copy goes before that of this copy comes. That of the configuration does not stay.
        let is_new = |parts: BTreeSet<String>| config.exists() && parts.len() == 1 && parts.is_disjoint(&before);
        copy.wait_for("the copy", |_| is_new(parts(&layout)).then_some(()));
        let pid = copy.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap().success());
        let ended = copy.wait(soon());
        if let Some(code) = code {
            ended.exits_with(code);
        }
        assert_eq!(parts(&layout).len(), left, "{signal}");
    }
}
