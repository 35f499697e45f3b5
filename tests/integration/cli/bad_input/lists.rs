//! Lists of signatures that are too long, lie, or do not end, and manifests that are not what they were listed as.

use super::*;

/// A list of signatures that nobody has.
fn entries(range: std::ops::Range<usize>) -> Vec<Descriptor> {
    range.map(|i| Descriptor::of(IMAGE_MANIFEST_MEDIA_TYPE, &i.to_be_bytes())).collect()
}

/// So many signatures of the fixture's image that are none but for the last, if one is given.
fn many(fixture: &Fixture, count: usize, last: Option<&[u8]>) -> Repository {
    let mut repository = fixture.repository();
    let bad = (0..count).map(|i| format!("{{\"number\":{i}}}").into_bytes());
    let mut signatures: Vec<_> = bad.map(|bad| repository.put_signature(&fixture.image, &bad, |_| ())).collect();
    signatures.extend(last.map(|envelope| repository.put_signature(&fixture.image, envelope, |_| ())));
    repository.list(&fixture.image.digest, signatures);
    repository
}

#[test]
fn ten_thousand_referrers_are_too_many_signatures_and_no_trouble_beside_one() {
    let fixture = Fixture::new();
    let mut repository = fixture.repository();
    repository.list(&fixture.image.digest, entries(0..10_000));
    let server = repository.serve();
    for command in ["list", "inspect"] {
        fixture.run(&[command, &reference(&server)]).exits_with(1).says("more than 100 referrers");
    }
    let finished = fixture.verify(&reference(&server), &[]).exits_with(1);
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
fn of_a_hundred_signatures_one_may_be_good_and_of_more_none_is_looked_at() {
    let fixture = Fixture::new();
    let envelope = fixture.envelope("v1");
    let server = many(&fixture, 99, Some(&envelope)).serve();
    let finished = fixture.verify(&reference(&server), &[]).succeeded();
    assert!(finished.stdout.contains(" verified\n"), "{finished}");
    let server = many(&fixture, 100, Some(&envelope)).serve();
    fixture.verify(&reference(&server), &[]).exits_with(1).says("more than 100").says("--max-signatures");
    fixture.verify(&reference(&server), &["--max-signatures", "101"]).succeeded();
    // Where nothing is verified, nothing is taken for unsigned either.
    let root = fixture.signer.root_certificate();
    let again = ["--if-unsigned", "--root", root.to_str().unwrap()];
    fixture.sign(&reference(&server), &again).exits_with(1).says("more than 100");
    assert!(server.seen().iter().all(|request| request.method == "GET"));
}

#[test]
fn a_list_without_end_ends() {
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
    fixture.verify(&reference(&server), &[]).exits_with(1).says("more than 100 referrers");
    assert!(server.seen().len() < 110);
    // Whether the pages or the time end first, nothing is known.
    let server = fixture.repository().serve_with(move |request| endless(false, request));
    let finished = fixture.verify(&reference(&server), &["--registry-timeout", "1"]).says("/referrers/");
    assert!(finished.stderr.contains("no complete answer") || finished.stderr.contains("pages"), "{finished}");
    assert!(!finished.is_success());
}

#[test]
fn a_manifest_that_is_not_as_it_was_listed_is_no_signature() {
    let fixture = Fixture::new();
    let envelope = fixture.envelope("v1");
    for (change, words) in [
        (Box::new(|d: &mut Descriptor| d.size += 1) as Box<dyn Fn(&mut Descriptor)>, "it was listed as"),
        (Box::new(|d| d.size = 1), "it was listed as"),
        (Box::new(|d| d.size = u64::MAX), "4194304 bytes"),
        (Box::new(|d| d.media_type = IMAGE_INDEX_MEDIA_TYPE.to_owned()), "it was listed as"),
    ] {
        let mut repository = fixture.repository();
        let mut signature = repository.put_signature(&fixture.image, &envelope, |_| ());
        change(&mut signature);
        repository.list(&fixture.image.digest, vec![signature]);
        let server = repository.serve();
        let finished = fixture.verify(&reference(&server), &[]).exits_with(1);
        finished.says("FAILED  integrity").says("GET http://127.0.0.1:").says(words);
    }
    // Under the digest is something else.
    let mut repository = fixture.repository();
    let signature = repository.put_signature(&fixture.image, &envelope, |_| ());
    repository.list(&fixture.image.digest, vec![signature.clone()]);
    repository.put(&format!("manifests/{}", signature.digest), IMAGE_MANIFEST_MEDIA_TYPE, &fixture.manifest);
    let server = repository.serve();
    fixture.verify(&reference(&server), &[]).exits_with(1).says("FAILED  integrity").says("its digest is not sha256:");
    let list = fixture.run(&["list", &reference(&server)]).exits_with(1);
    list.says("unreadable").says("its digest is not sha256:");
}

#[test]
fn a_manifest_over_four_megabytes_is_not_read() {
    let fixture = Fixture::new();
    let envelope = fixture.envelope("v1");
    let mut repository = fixture.repository();
    let fat = |manifest: &mut Manifest| drop(manifest.annotations.insert("fat".into(), "x".repeat(4 << 20)));
    let signature = repository.put_signature(&fixture.image, &envelope, fat);
    repository.list(&fixture.image.digest, vec![signature]);
    let server = repository.serve();
    fixture.verify(&reference(&server), &[]).exits_with(1).says("FAILED  integrity").says("4194304 bytes");
    assert!(server.seen().iter().all(|request| !request.path.contains("/blobs/")));
    let server = fixture.repository().serve_with(|request| {
        let large = Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, vec![b' '; (4 << 20) + 1]);
        request.path.ends_with("/manifests/v1").then_some(large)
    });
    fixture.verify(&reference(&server), &[]).exits_with(1).says("manifests/v1").says("4194304 bytes");
    fixture.sign(&reference(&server), &[]).exits_with(1).says("4194304 bytes");
    let server = FaultServer::start(|_| Reply::Flood(1 << 30));
    fixture.verify(&reference(&server), &[]).exits_with(1).says("4194304 bytes");
    assert!(server.written() < 64 << 20);
}

#[test]
fn signatures_with_as_many_annotations_as_there_is_room_for_are_read_one_by_one() {
    let fixture = Fixture::new();
    let envelope = fixture.envelope("v1");
    let mut repository = fixture.repository();
    let fat = |manifest: &mut Manifest, i: usize| {
        manifest.annotations = (0..1000).map(|j| (format!("a{i}.{j}"), "x".repeat(4000))).collect();
    };
    // What the server has is not what the tool may take.
    let mut signatures: Vec<_> =
        (0..12).map(|i| repository.put_signature(&fixture.image, b"{}", |manifest| fat(manifest, i))).collect();
    signatures.push(repository.put_signature(&fixture.image, &envelope, |manifest| fat(manifest, 12)));
    repository.list(&fixture.image.digest, signatures);
    let server = repository.serve();
    let patient = ["--aws-signer-timeout", "60"];
    fixture.verify(&reference(&server), &patient).succeeded();
}

#[test]
fn many_artifacts_at_once_share_the_memory() {
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
    // Manifests of as many objects as one may have.
    let object = format!("{{\"name{}\":0}},", "x".repeat(100));
    let manifest = format!(
        r#"{{"schemaVersion":2,"config":{{}},"layers":[],"x":[{}0]}}"#,
        object.repeat((4 << 20) / object.len() - 10)
    );
    let server = FaultServer::start(move |_| Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, manifest.clone()));
    let references = vec![reference(&server); 8];
    let verify: Vec<&str> =
        std::iter::once("verify").chain(references.iter().map(String::as_str)).chain(more).collect();
    fixture.run(&verify).exits_with(1);
}
