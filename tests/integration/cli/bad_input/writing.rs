//! Pushing to and copying from registries that fail midway: tags, referrers entries and layout names are written last
//! or not at all.

use super::connections::assert_no_content;
use super::*;

const UPLOAD: &str = "/v2/a/blobs/uploads/1";

/// A repository with the image that accepts writes, except for requests that `fault` answers.
fn writable(fixture: &Fixture, fault: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static) -> FaultServer {
    fixture.repository().serve_with(move |request| {
        fault(request).or_else(|| match request.method.as_str() {
            "POST" => Some(Reply::Answer(202, vec![("Location", UPLOAD.to_owned())], Vec::new())),
            "PUT" => Some(Reply::status(201)),
            "HEAD" => Some(Reply::status(404)),
            _ => None,
        })
    })
}

/// The paths of the manifests pushed.
fn written(server: &FaultServer) -> Vec<String> {
    let puts = server.seen().into_iter().filter(|request| request.method == "PUT");
    puts.map(|request| request.path).filter(|path| path.contains("/manifests/")).collect()
}

#[test]
fn does_not_list_a_signature_whose_blobs_were_rejected() {
    let fixture = Fixture::new();
    for (code, words, fault) in [
        (3, "503", (|| Reply::status(503)) as fn() -> Reply),
        (2, "403", || Reply::status(403)),
        (2, "413", || Reply::status(413)),
        (3, "no complete answer", || Reply::Hang("HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n")),
        (3, "/blobs/uploads/", || Reply::Close("")),
        (3, "Location", || Reply::Answer(202, Vec::new(), Vec::new())),
        (3, "no connection", || Reply::Answer(307, vec![("Location", "http://127.0.0.1:1/".to_owned())], Vec::new())),
    ] {
        let begins = writable(&fixture, move |request| (request.method == "POST").then(fault));
        let sign = fixture.sign(&reference(&begins), &["--registry-timeout", "3"]).exits_with(code);
        sign.says("POST http://127.0.0.1:").says(words);
        assert_eq!(written(&begins), Vec::<String>::new());
    }
    let upload = writable(&fixture, |r| (r.method == "PUT" && r.path.starts_with(UPLOAD)).then(|| Reply::status(500)));
    fixture.sign(&reference(&upload), &["--registry-timeout", "3"]).exits_with(3).says("500");
    assert_eq!(written(&upload), Vec::<String>::new());
}

#[test]
fn does_not_list_a_signature_whose_manifest_was_rejected() {
    let fixture = Fixture::new();
    let tag = fixture.image.digest.to_string().replace(':', "-");
    let is_manifest = |request: &Request| request.method == "PUT" && request.path.contains("/manifests/sha256:");
    for (code, words, fault) in [
        (3, "503", (|| Reply::status(503)) as fn() -> Reply),
        (3, "no complete answer", || Reply::Hang("")),
        (3, "stored sha256:", || {
            let other = Digest::sha256(b"other").to_string();
            Reply::Answer(201, vec![("Docker-Content-Digest", other)], Vec::new())
        }),
    ] {
        let server = writable(&fixture, move |request| is_manifest(request).then(fault));
        let sign = fixture.sign(&reference(&server), &["--registry-timeout", "3"]).exits_with(code);
        sign.says("/manifests/sha256:").says(words);
        assert!(written(&server).iter().all(|path| !path.ends_with(&tag)), "{:?}", written(&server));
    }
}

#[test]
fn does_not_overwrite_an_unreadable_referrers_index() {
    let fixture = Fixture::new();
    let tag = fixture.image.digest.to_string().replace(':', "-");
    for (code, fault) in [
        (3, (|| Reply::status(500)) as fn() -> Reply),
        (2, || Reply::content("text/html", "<html>")),
        (2, || Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, r#"{"schemaVersion":2,"config":{},"layers":[]}"#)),
        (3, || Reply::Flood(100 << 20)),
        (3, || Reply::Hang("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")),
    ] {
        let path = format!("/v2/a/manifests/{tag}");
        let is_index = move |request: &Request| request.method == "GET" && request.path == path;
        let server = writable(&fixture, move |request| is_index(request).then(fault));
        let finished = fixture.sign(&reference(&server), &["--registry-timeout", "3"]).exits_with(code);
        assert!(!finished.stdout.contains("signed\n"), "{finished}");
        assert!(written(&server).iter().all(|path| !path.ends_with(&tag)), "{:?}", written(&server));
    }
}

#[test]
fn a_copy_from_a_failing_registry_leaves_no_tag_or_partial_blob() {
    const LAYER: &[u8] = b"the content of the layer";
    let fixture = Fixture::new();
    let config = Descriptor::from_content(IMAGE_CONFIG_MEDIA_TYPE, b"{}");
    let layer = Descriptor::from_content("application/vnd.oci.image.layer.v1.tar", LAYER);
    let image = Manifest::image(config, vec![layer.clone()]).to_bytes();
    for (code, words, fault) in [
        (3, "its digest differs", (|| Reply::content("a/b", "the CONTENT of the layer")) as fn() -> Reply),
        (3, "got 11", || Reply::content("a/b", "the content")),
        (3, "larger than its descriptor says", || Reply::Flood(1 << 30)),
        (3, "smaller than its descriptor says", || Reply::Close("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nthe co")),
        (3, "incomplete answer", || Reply::Close("HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\nthe con")),
        (3, "no complete answer", || Reply::Hang("HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\nthe con")),
        (2, "404", || Reply::status(404)),
    ] {
        let mut repository = fixture.repository();
        repository.put_manifest(IMAGE_MANIFEST_MEDIA_TYPE, &image, "v1");
        let path = format!("/blobs/{}", layer.digest);
        let source = repository.serve_with(move |request| request.path.ends_with(&path).then(fault));
        let folder = tempfile::tempdir_in(fixture.cli.home()).unwrap();
        let copied = folder.path().join("copied");
        let to = format!("oci:{}:v1", copied.display());
        let copy = fixture.run(&["copy", &reference(&source), &to, "--registry-timeout", "3"]).exits_with(code);
        copy.says("/blobs/sha256:").says(words);
        assert!(source.written() < 64 << 20);
        assert_no_content(&copied);
        let blobs = std::fs::read_dir(copied.join("blobs/sha256")).into_iter().flatten();
        let blobs: Vec<_> = blobs.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        let of_config = Digest::sha256(b"{}").digits().to_owned();
        assert!(blobs.iter().all(|name| *name == of_config), "{blobs:?}");

        let to = writable(&fixture, |_| None);
        let copy = ["copy", &reference(&source), &format!("{}/a:copied", to.address), "--registry-timeout", "3"];
        fixture.run(&copy).exits_with(code).says("/blobs/sha256:");
        assert_eq!(written(&to), Vec::<String>::new());
    }
}

#[test]
fn a_copy_that_the_registry_rejects_gets_no_tag() {
    let fixture = Fixture::new();
    let envelope = fixture.envelope("v1");
    let source = fixture.signed(&[&envelope]).serve();
    for refused in ["/blobs/uploads/", "/manifests/sha256:"] {
        let to = FaultServer::start(move |request| match request.method.as_str() {
            "PUT" | "POST" if request.path.contains(refused) => Reply::status(413),
            "POST" => Reply::Answer(202, vec![("Location", UPLOAD.to_owned())], Vec::new()),
            "PUT" => Reply::status(201),
            _ => Reply::status(404),
        });
        let copy = ["copy", &reference(&source), &format!("{}/a:copied", to.address), "--registry-timeout", "3"];
        fixture.run(&copy).exits_with(2).says("413").says(refused);
        assert!(written(&to).iter().all(|path| !path.ends_with("/copied")), "{:?}", written(&to));
    }
}
