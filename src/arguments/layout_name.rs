//! Where the folder of `oci:FOLDER:NAME` ends: both parts may have colons, and NAME may be a whole reference, such as
//! `docker.io/library/alpine:3.20`.

use std::path::Path;

use notary::reference::ReferenceError;

use super::artifact_reference::LayoutEntry;

/// One way to read the text: the folder, and what comes after it.
#[derive(Clone, Copy)]
struct Reading<'a> {
    folder: &'a str,
    rest: Rest<'a>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest<'a> {
    Nothing,
    Name(&'a str),
    Digest(&'a str),
}

/// The folder, and the name or digest after it. Of several readings, one whose folder is a layout counts, then one
/// whose folder is there, then one whose folder can be created.
pub(super) fn split(text: &str) -> Result<(&str, Option<LayoutEntry>), ReferenceError> {
    let readings = readings(text);
    let is_layout = |reading: &&Reading<'_>| Path::new(reading.folder).join("oci-layout").is_file();
    let is_folder = |reading: &&Reading<'_>| Path::new(reading.folder).is_dir();
    let find = |fits: &dyn Fn(&&Reading<'_>) -> bool| readings.iter().find(|reading| fits(reading));
    let found = find(&is_layout).or_else(|| find(&is_folder)).or_else(|| find(&can_be_created));
    let Reading { folder, rest } =
        *found.or(readings.first()).unwrap_or(&Reading { folder: text, rest: Rest::Nothing });
    let entry = match rest {
        Rest::Nothing => None,
        Rest::Name(name) => Some(LayoutEntry::Name(name.parse()?)),
        Rest::Digest(digest) => Some(LayoutEntry::Digest(digest.parse()?)),
    };
    Ok((folder, entry))
}

/// All ways to read the text, the usual one first.
fn readings(text: &str) -> Vec<Reading<'_>> {
    let mut readings = Vec::new();
    let is_digest = |digest: &str| digest.starts_with("sha") && !digest.contains('/');
    match text.rsplit_once('@').filter(|(_, digest)| is_digest(digest)) {
        Some((folder, digest)) => readings.push(Reading { folder, rest: Rest::Digest(digest) }),
        None => readings.push(Reading { folder: text, rest: Rest::Nothing }),
    }
    for (colon, _) in text.rmatch_indices(':') {
        let (folder, name) = (&text[..colon], &text[colon + 1..]);
        if folder.is_empty() {
            continue;
        }
        let reading = Reading { folder, rest: Rest::Name(name) };
        // In `oci:x:v1`, v1 is a name, even if there is a folder x:v1.
        if !name.contains('/') && readings[0].rest == Rest::Nothing {
            readings.insert(0, reading);
        } else {
            readings.push(reading);
        }
    }
    readings
}

/// Whether only the last part of the folder is missing, and has no colon.
fn can_be_created(reading: &&Reading<'_>) -> bool {
    let folder = Path::new(reading.folder);
    let last = folder.file_name().is_some_and(|last| !last.as_encoded_bytes().contains(&b':'));
    let parent = folder.parent().unwrap_or(Path::new("."));
    last && (parent.as_os_str().is_empty() || parent.is_dir())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn the_folder_that_is_there_decides_where_the_name_begins() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().to_str().unwrap();
        for folder in ["one", "two:v1", "three", "three:a", "build:12"] {
            std::fs::create_dir(format!("{root}/{folder}")).unwrap();
        }
        std::fs::write(format!("{root}/three:a/oci-layout"), "{}").unwrap();
        let digest = format!("sha256:{}", "0".repeat(64));
        for (text, folder, entry) in [
            ("one", "one", ""),
            ("one:v1", "one", "v1"),
            ("one:docker.io/library/alpine:3.20", "one", "docker.io/library/alpine:3.20"),
            ("one:localhost:5000/a:v1", "one", "localhost:5000/a:v1"),
            ("one:v1+build.7", "one", "v1+build.7"),
            (&format!("one@{digest}"), "one", &digest),
            (&format!("one:a/b@{digest}"), "one", &format!("a/b@{digest}")),
            ("two:v1", "two:v1", ""),
            ("two:v1:x/y", "two:v1", "x/y"),
            ("three:a", "three:a", ""),
            ("three:b", "three", "b"),
            ("new:v1", "new", "v1"),
            ("new:docker.io/a:v1", "new", "docker.io/a:v1"),
            ("new/er:v1", "new/er", "v1"),
            ("build:12/out:v1", "build:12/out", "v1"),
            ("build:12/out", "build:12/out", ""),
        ] {
            let whole = format!("{root}/{text}");
            let (found, name) = split(&whole).unwrap();
            let name = match name {
                None => String::new(),
                Some(LayoutEntry::Name(name)) => name.to_string(),
                Some(LayoutEntry::Digest(digest)) => digest.to_string(),
            };
            assert_eq!((found, name.as_str()), (format!("{root}/{folder}").as_str(), entry), "{text}");
        }
    }
}
