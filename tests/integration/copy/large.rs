//! A layer larger than the memory that the process may use.

use std::io::Write as _;

use aws_lc_rs::digest::{Context, SHA256};

use super::*;
use crate::support::child::{is_child, run_alone};

const SIZE: u64 = 200 << 20;

/// Streams a large blob into the layout and tags an image with it as `v1`.
async fn large_image(folder: &TempDir) -> (Store, Descriptor) {
    let store = layout(folder);
    let config = store.push_blob(IMAGE_CONFIG_MEDIA_TYPE, b"{}").await.unwrap();
    let mut file = tempfile::NamedTempFile::new_in(folder.path()).unwrap();
    let mut context = Context::new(&SHA256);
    let mut piece = vec![0_u8; 1 << 20];
    for i in 0..SIZE >> 20 {
        piece[..8].copy_from_slice(&i.to_be_bytes());
        context.update(&piece);
        file.write_all(&piece).unwrap();
    }
    let digest = hex::encode(context.finish());
    file.persist(folder.path().join("blobs/sha256").join(&digest)).unwrap();
    let layer = Descriptor {
        digest: format!("sha256:{digest}").parse().unwrap(),
        size: SIZE,
        ..Descriptor::from_content(IMAGE_LAYER_MEDIA_TYPE, b"")
    };
    let image = Manifest::image(config, vec![layer.clone()]).to_bytes();
    store.push_manifest(IMAGE_MANIFEST_MEDIA_TYPE, &image, Some(&tag("v1"))).await.unwrap();
    (store, layer)
}

/// The peak memory of this process, in KiB.
fn high_water() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().split(' ').next().unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
#[ignore = "needs docker-registry: scripts/test"]
async fn copies_a_layer_of_200_mib_in_a_quarter_of_that_memory() {
    if !is_child() {
        // Run in its own process to measure its memory.
        run_alone(module_path!(), "copies_a_layer_of_200_mib_in_a_quarter_of_that_memory", &[]);
        return;
    }
    let registry = DockerRegistry::start();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (source, layer) = large_image(&folders[0]).await;
    let between = remote(registry.address, "large");
    copy(&source, &between).await;
    let target = Target::Tag(tag("copied"));
    let back = layout(&folders[1]);
    let copied = copy_artifact(&between, &target, &back, None, &CopyOptions::default(), None).await.unwrap();
    assert!(copied.blobs.contains(&(layer.clone(), Transferred::Copied)));
    let path = folders[1].path().join("blobs/sha256").join(layer.digest.digits());
    assert_eq!(std::fs::metadata(path).unwrap().len(), SIZE);
    assert!(high_water() < SIZE / 4 / 1024, "{} KiB", high_water());
}
