//! Lists of signatures that are too long, false or endless, and manifests that differ from their descriptor.

use super::*;

/// Descriptors of signatures that do not exist.
fn entries(range: std::ops::Range<usize>) -> Vec<Descriptor> {
    range.map(|i| Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, &i.to_be_bytes())).collect()
}

/// The image with this many invalid signatures; `last` is the envelope of the last one, if given.
fn many(fixture: &Fixture, count: usize, last: Option<&[u8]>) -> Repository {
    let mut repository = fixture.repository();
    let bad = (0..count).map(|i| format!("{{\"number\":{i}}}").into_bytes());
    let mut signatures: Vec<_> = bad.map(|bad| repository.put_signature(&fixture.image, &bad, |_| ())).collect();
    signatures.extend(last.map(|envelope| repository.put_signature(&fixture.image, envelope, |_| ())));
    repository.list(&fixture.image.digest, signatures);
    repository
}

#[test]
fn limits_ten_thousand_signatures_but_not_other_referrers() {
    let fixture = Fixture::new();
    let mut repository = fixture.repository();
    repository.list(&fixture.image.digest, entries(0..10_000));
    let server = repository.serve();
    for command in ["list", "inspect"] {
        fixture.run(&[command, &reference(&server)]).exits_with(2).says("more than 100 referrers");
    }
    let finished = fixture.verify(&reference(&server), &[]).exits_with(2);
    finished.says("GET http://127.0.0.1:").says("more than 100 referrers of this type").says("--max-signatures");
    let envelope = fixture.envelope("v1");
    let mut repository = fixture.repository();
    let signature = repository.put_signature(&fixture.image, &envelope, |_| ());
    let mut list: Vec<Value> = entries(0..10_000).iter().map(listed).collect();
    for entry in &mut list {
        entry["artifactType"] = json!("application/spdx+json");
    }
    list.push(listed(&signature));
    let index = json!({ "schemaVersion": 2, "manifests": list }).to_string();
    let path = format!("referrers/{}", fixture.image.digest);
    repository.put(&path, IMAGE_INDEX_MEDIA_TYPE, index.as_bytes());
    let server = repository.serve();
    fixture.verify(&reference(&server), &[]).succeeded();
}

#[test]
fn evaluates_up_to_a_hundred_signatures() {
    let fixture = Fixture::new();
    let envelope = fixture.envelope("v1");
    let server = many(&fixture, 99, Some(&envelope)).serve();
    let finished = fixture.verify(&reference(&server), &[]).succeeded();
    assert!(finished.stdout.contains(" verified\n"), "{finished}");
    let server = many(&fixture, 100, Some(&envelope)).serve();
    fixture.verify(&reference(&server), &[]).exits_with(2).says("more than 100").says("--max-signatures");
    fixture.verify(&reference(&server), &["--max-signatures", "101"]).succeeded();
    // If the limit prevents verification, the image must not be treated as unsigned either.
    let root = fixture.signer.root_certificate();
    let again = ["--if-unsigned", "--root", root.to_str().unwrap()];
    fixture.sign(&reference(&server), &again).exits_with(2).says("more than 100");
    assert!(server.seen().iter().all(|request| request.method == "GET"));
}

#[test]
fn limits_the_pages_of_a_referrers_list() {
    let fixture = Fixture::new();
    let digest = fixture.image.digest.clone();
    let endless = move |entry: bool, request: &Request| {
        let page: usize = request.path.split_once("&last=").map_or(0, |(_, last)| last.parse().unwrap());
        let link = format!("</v2/a/referrers/{digest}?artifactType=x&last={}>; rel=\"next\"", page + 1);
        let list: Vec<Value> = entries(page..page + usize::from(entry)).iter().map(listed).collect();
        let body = json!({ "schemaVersion": 2, "manifests": list }).to_string().into_bytes();
        let headers = vec![("Content-Type", IMAGE_INDEX_MEDIA_TYPE.to_owned()), ("Link", link)];
        request.path.contains("/referrers/").then_some(Reply::Answer(200, headers, body))
    };
    let with_entries = endless.clone();
    let server = fixture.repository().serve_with(move |request| with_entries(true, request));
    fixture.verify(&reference(&server), &[]).exits_with(2).says("more than 100 referrers");
    assert!(server.seen().len() < 110);
    // Whether the page limit or the deadline is reached first, the result is undetermined.
    let server = fixture.repository().serve_with(move |request| endless(false, request));
    let finished = fixture.verify(&reference(&server), &["--registry-timeout", "1"]).says("/referrers/");
    assert!(finished.stderr.contains("no complete answer") || finished.stderr.contains("pages"), "{finished}");
    assert!(!finished.is_success());
}

#[test]
fn rejects_manifests_that_differ_from_their_descriptor() {
    let fixture = Fixture::new();
    let envelope = fixture.envelope("v1");
    for (change, words) in [
        (Box::new(|d: &mut Descriptor| d.size += 1) as Box<dyn Fn(&mut Descriptor)>, "expected "),
        (Box::new(|d| d.size = 1), "expected "),
        (Box::new(|d| d.size = u64::MAX), "4194304 bytes"),
        (Box::new(|d| d.media_type = IMAGE_INDEX_MEDIA_TYPE.to_owned()), "expected "),
    ] {
        let mut repository = fixture.repository();
        let mut signature = repository.put_signature(&fixture.image, &envelope, |_| ());
        change(&mut signature);
        repository.list(&fixture.image.digest, vec![signature]);
        let server = repository.serve();
        let finished = fixture.verify(&reference(&server), &[]).exits_with(3);
        finished.says("unknown integrity").says("GET http://127.0.0.1:").says(words);
    }
    // The registry returns other content for the digest.
    let mut repository = fixture.repository();
    let signature = repository.put_signature(&fixture.image, &envelope, |_| ());
    repository.list(&fixture.image.digest, vec![signature.clone()]);
    repository.put(&format!("manifests/{}", signature.digest), IMAGE_MANIFEST_MEDIA_TYPE, &fixture.manifest);
    let server = repository.serve();
    fixture.verify(&reference(&server), &[]).exits_with(3).says("unknown integrity").says("its digest is not sha256:");
    let list = fixture.run(&["list", &reference(&server)]).exits_with(3);
    list.says("unreadable").says("its digest is not sha256:");
}

#[test]
fn does_not_read_manifests_over_4_mib() {
    let fixture = Fixture::new();
    let envelope = fixture.envelope("v1");
    let mut repository = fixture.repository();
    let fat = |manifest: &mut Manifest| drop(manifest.annotations.insert("fat".into(), "x".repeat(4 << 20)));
    let signature = repository.put_signature(&fixture.image, &envelope, fat);
    repository.list(&fixture.image.digest, vec![signature]);
    let server = repository.serve();
    fixture.verify(&reference(&server), &[]).exits_with(3).says("unknown integrity").says("4194304 bytes");
    assert!(server.seen().iter().all(|request| !request.path.contains("/blobs/")));
    let server = fixture.repository().serve_with(|request| {
        let large = Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, vec![b' '; (4 << 20) + 1]);
        request.path.ends_with("/manifests/v1").then_some(large)
    });
    fixture.verify(&reference(&server), &[]).exits_with(3).says("manifests/v1").says("4194304 bytes");
    fixture.sign(&reference(&server), &[]).exits_with(3).says("4194304 bytes");
    let server = FaultServer::start(|_| Reply::Flood(1 << 30));
    fixture.verify(&reference(&server), &[]).exits_with(3).says("4194304 bytes");
    assert!(server.written() < 64 << 20);
}

#[test]
fn reads_signatures_with_huge_annotations_one_at_a_time() {
    let fixture = Fixture::new();
    let envelope = fixture.envelope("v1");
    let mut repository = fixture.repository();
    let fat = |manifest: &mut Manifest, i: usize| {
        manifest.annotations = (0..1000).map(|j| (format!("a{i}.{j}"), "x".repeat(4000))).collect();
    };
    // The server's own memory is not limited.
    let mut signatures: Vec<_> =
        (0..12).map(|i| repository.put_signature(&fixture.image, b"{}", |manifest| fat(manifest, i))).collect();
    signatures.push(repository.put_signature(&fixture.image, &envelope, |manifest| fat(manifest, 12)));
    repository.list(&fixture.image.digest, signatures);
    let server = repository.serve();
    let patient = ["--aws-signer-timeout", "60"];
    fixture.verify(&reference(&server), &patient).succeeded();
}

#[test]
fn concurrent_artifacts_share_one_memory_limit() {
    let fixture = Fixture::new();
    let mut large = parts(&fixture.envelope("v1"));
    large["header"]["x"] = json!("x".repeat(6 << 20));
    let large = large.to_string().into_bytes();
    let server = fixture.signed(&[&large]).serve();
    let references = vec![reference(&server); 8];
    let root = fixture.signer.root_certificate();
    let more =
        ["--trusted-profile", &fixture.profile.arn, "--root", root.to_str().unwrap(), "--aws-signer-timeout", "60"];
    let verify: Vec<&str> =
        std::iter::once("verify").chain(references.iter().map(String::as_str)).chain(more).collect();
    fixture.run(&verify).succeeded();
    // Manifests with the largest number of JSON objects that fits.
    let object = format!("{{\"name{}\":0}},", "x".repeat(100));
    let manifest = format!(
        r#"{{"schemaVersion":2,"config":{{}},"layers":[],"x":[{}0]}}"#,
        object.repeat((4 << 20) / object.len() - 10)
    );
    let server = FaultServer::start(move |_| Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, manifest.clone()));
    let references = vec![reference(&server); 8];
    let verify: Vec<&str> =
        std::iter::once("verify").chain(references.iter().map(String::as_str)).chain(more).collect();
    fixture.run(&verify).exits_with(3);
}
