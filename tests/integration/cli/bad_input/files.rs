//! Files that are not regular or are endless, in layouts and as option values.

use std::os::unix::fs::symlink;
use std::path::Path;

use registry::Store;

use super::*;
use crate::support::images::block_on;

/// Creates something at a path.
type Put = fn(&Path);

/// A pipe without a writer.
fn pipe(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn refuses_layout_blobs_that_are_links_or_endless() {
    let fixture = Fixture::new();
    fixture.sign("oci:layout:v1", &[]).succeeded();
    fixture.verify("oci:layout:v1", &[]).succeeded();
    let store = Store::Layout(fixture.layout());
    let signatures = block_on(store.signatures(&fixture.image, 10)).unwrap();
    let envelope = signatures[0].manifest.as_ref().unwrap().envelope().unwrap().1.digest.clone();
    let manifest = signatures[0].descriptor.digest.clone();
    let puts: [(&str, Put); 4] = [
        ("/etc/passwd", |path| symlink("/etc/passwd", path).unwrap()),
        ("/dev/zero", |path| symlink("/dev/zero", path).unwrap()),
        ("pipe", pipe),
        ("folder", |path| std::fs::create_dir(path).unwrap()),
    ];
    for (digest, is_listed) in [(&envelope, true), (&manifest, false), (&fixture.image.digest, false)] {
        let path = fixture.layout().blob_path(digest);
        let kept = std::fs::read(&path).unwrap();
        for (what, put) in &puts {
            std::fs::remove_file(&path).unwrap();
            put(&path);
            let finished = fixture.verify("oci:layout:v1", &[]);
            assert!(!finished.is_success() && !finished.stdout.contains("ok      integrity"), "{what}: {finished}");
            assert!(!format!("{finished}").contains("root:"), "{what}: {finished}");
            let is_content = format!("{finished}").contains("differs");
            assert!(is_content || format!("{finished}").contains("not a regular file"), "{what}: {finished}");
            assert_eq!(fixture.run(&["list", "oci:layout:v1"]).is_success(), is_listed, "{what}");
            let copied = fixture.run(&["copy", "oci:layout:v1", "oci:copied:v1"]);
            // A signature whose manifest is another file is reported, and not copied.
            assert!(!copied.is_success() || copied.stderr.contains("was not copied"), "{what}: {copied}");
            if path.is_dir() {
                std::fs::remove_dir(&path).unwrap()
            } else {
                std::fs::remove_file(&path).unwrap()
            }
            std::fs::write(&path, &kept).unwrap();
            let _ = std::fs::remove_dir_all(fixture.file("copied"));
        }
    }
    fixture.verify("oci:layout:v1", &[]).succeeded();
}

#[test]
fn limits_the_index_of_a_layout() {
    let fixture = Fixture::new();
    let path = fixture.file("layout/index.json");
    let index = std::fs::read_to_string(&path).unwrap();
    let many = |value: &str, count: usize| format!("{{\"manifests\":[{}{value}]}}", format!("{value},").repeat(count));
    let entry = json!(Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, b"nowhere")).to_string();
    for content in [
        many("{}", 2_600_000),
        many("0", 4_000_000),
        many("{\"mediaType\":\"x\"}", 400_000),
        many(&entry, 100_000),
        format!("{index}{}", " ".repeat(16 << 20)),
        "[".repeat(1_000_000),
    ] {
        std::fs::write(&path, content).unwrap();
        let finished = fixture.verify("oci:layout:v1", &[]).says("index.json");
        assert!(!finished.is_success());
        assert!(!fixture.sign("oci:layout:v1", &[]).is_success());
    }
    for put in [|path: &Path| symlink("/dev/zero", path).unwrap(), pipe] {
        std::fs::remove_file(&path).unwrap();
        put(&path);
        for target in ["oci:layout", "oci:layout:v1"] {
            fixture.verify(target, &[]).exits_with(2).says("not a regular file");
        }
    }
    let other = fixture.file("pipes");
    std::fs::create_dir(&other).unwrap();
    pipe(&other.join("oci-layout"));
    fixture.verify("oci:pipes:v1", &[]).exits_with(2).says("not a regular file");
}

#[test]
fn handles_ten_thousand_artifacts_in_a_layout() {
    let fixture = Fixture::new();
    fixture.sign("oci:layout:v1", &[]).succeeded();
    let path = fixture.file("layout/index.json");
    let mut index: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let entries = index["manifests"].as_array_mut().unwrap();
    for i in 0..10_000 {
        // Indexes: the search for signatures does not descend into them.
        let mut entry = json!(Descriptor::from_content(IMAGE_INDEX_MEDIA_TYPE, format!("{i}").as_bytes()));
        entry["annotations"] = json!({ "org.opencontainers.image.ref.name": format!("t{i}") });
        entries.push(entry);
    }
    std::fs::write(&path, index.to_string()).unwrap();
    fixture.verify("oci:layout:v1", &[]).succeeded();
}

#[test]
fn limits_certificate_signature_and_policy_files() {
    let fixture = Fixture::new();
    let envelope = fixture.envelope("v1");
    let server = fixture.signed(&[&envelope]).serve();
    let reference = reference(&server);
    let fifo = fixture.file("fifo");
    let large = fixture.file("large");
    pipe(&fifo);
    std::fs::File::create(&large).unwrap().set_len(100 << 20).unwrap();
    let arn = fixture.profile.arn.as_str();
    for file in [Path::new("/dev/zero"), &fifo, &large, fixture.cli.home()] {
        let file = file.to_str().unwrap();
        let tls = reference.replace("127.0.0.1", "localhost");
        let commands = [
            vec!["verify", &reference, "--trusted-profile", arn, "--root", file],
            vec!["verify", &reference, "--policy", file],
            vec!["sign", "oci:layout:v1", "--profile", arn, "--if-unsigned", "--root", file],
            vec!["list", &tls, "--ca-file", file],
            vec!["trust", "add", "--type", "ca", "--store", "test", file],
            vec!["attach", &reference, "--signature", file],
        ];
        let refused = |command: &[&str]| {
            let finished = fixture.run(command);
            assert!(!finished.is_success() && finished.stderr.contains(file), "{finished}");
        };
        at_once(commands.iter().map(|command| Box::new(|| refused(command)) as Box<dyn FnOnce() + Send>));
        if file != large.to_str().unwrap() {
            let sign = ["blob", "sign", file, "--profile", arn, "--signature", "sig"];
            fixture.run(&sign).exits_with(2).says(file);
            assert!(!fixture.file("sig").exists());
        }
    }
    // The pipe of a shell's <(command) is read.
    let root = std::fs::read_to_string(fixture.signer.root_certificate()).unwrap();
    let writer = {
        let fifo = fifo.clone();
        std::thread::spawn(move || std::fs::write(fifo, root).unwrap())
    };
    let verify = ["verify", &reference, "--trusted-profile", arn, "--root", fifo.to_str().unwrap()];
    fixture.run(&verify).succeeded();
    writer.join().unwrap();
}

#[test]
fn limits_the_credentials_file() {
    let fixture = Fixture::new();
    let server = FaultServer::start(|_| Reply::Answer(401, vec![("WWW-Authenticate", "Basic".to_owned())], Vec::new()));
    let path = fixture.file(".docker/config.json");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let many = format!("{{\"auths\":{{\"x\":[{}0]}}}}", "0,".repeat(2_000_000));
    std::fs::write(&path, many).unwrap();
    fixture.run(&["list", &reference(&server)]).exits_with(2).says("config.json");
    for put in [|path: &Path| symlink("/dev/zero", path).unwrap(), pipe] {
        std::fs::remove_file(&path).unwrap();
        put(&path);
        fixture.run(&["list", &reference(&server)]).exits_with(2).says("config.json");
    }
}
