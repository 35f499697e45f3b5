//! The demo image: one layer with one file.

use notary::Descriptor;
use notary::manifest::{IMAGE_CONFIG_MEDIA_TYPE, IMAGE_LAYER_MEDIA_TYPE, Manifest};
use registry::{Layout, LayoutError};

/// Writes the image and tags it.
pub(super) fn write(layout: &Layout, tag: &str) -> Result<Descriptor, LayoutError> {
    let layer = layer();
    let config = serde_json::json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": ["cat", "/hello.txt"]},
        "rootfs": {"type": "layers", "diff_ids": [Descriptor::from_content(IMAGE_LAYER_MEDIA_TYPE, &layer).digest]},
    });
    let config = config.to_string().into_bytes();
    layout.put_blob(&layer)?;
    layout.put_blob(&config)?;
    let manifest = Manifest::image(
        Descriptor::from_content(IMAGE_CONFIG_MEDIA_TYPE, &config),
        vec![Descriptor::from_content(IMAGE_LAYER_MEDIA_TYPE, &layer)],
    );
    layout.put_manifest(&manifest, Some(tag))
}

/// A tar archive with one text file. Without times and owners, it is the same in every run.
fn layer() -> Vec<u8> {
    const TEXT: &[u8] = b"Hello from an image that is about to be signed.\n";
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o644);
    header.set_size(TEXT.len() as u64);
    let mut archive = tar::Builder::new(Vec::new());
    // Writing to memory does not fail, and the name fits.
    let _ = archive.append_data(&mut header, "hello.txt", TEXT);
    archive.into_inner().unwrap_or_default()
}
