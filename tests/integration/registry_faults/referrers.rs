//! Invalid, endless and unreadable lists of referrers, and the index of the tag schema.

use super::*;

fn entry(i: usize) -> String {
    let digest = Digest::sha256(&i.to_be_bytes());
    format!(
        r#"{{"mediaType":"{IMAGE_MANIFEST_MEDIA_TYPE}","digest":"{digest}","size":7,"artifactType":"{SIGNATURE_MEDIA_TYPE}"}}"#
    )
}

fn page(entries: std::ops::Range<usize>) -> String {
    let entries: Vec<String> = entries.map(entry).collect();
    format!(r#"{{"schemaVersion":2,"mediaType":"{IMAGE_INDEX_MEDIA_TYPE}","manifests":[{}]}}"#, entries.join(","))
}

async fn referrers(server: &FaultServer, most: usize) -> Result<Vec<Descriptor>, RegistryError> {
    let start = Instant::now();
    let result = repository(server).referrers(&Digest::sha256(b"x"), SIGNATURE_MEDIA_TYPE, most).await;
    assert!(start.elapsed() < SOON);
    result
}

#[tokio::test]
async fn rejects_ten_thousand_signatures() {
    let server = FaultServer::start(|_| Reply::content(IMAGE_INDEX_MEDIA_TYPE, page(0..10_000)));
    says(&referrers(&server, 100).await.unwrap_err(), &["more than 100 referrers of this type"]);
}

#[tokio::test]
async fn reads_all_pages_within_limits() {
    let at =
        |request: &Request| request.path.split_once("&last=").map_or(0, |(_, last)| last.parse::<usize>().unwrap());
    let answer = |entries, next: usize| {
        let link = format!("</v2/a/referrers/x?artifactType=t&last={next}>; rel=\"next\"");
        Reply::Answer(
            200,
            vec![("Content-Type", IMAGE_INDEX_MEDIA_TYPE.to_owned()), ("Link", link)],
            page(entries).into(),
        )
    };
    let finite = FaultServer::start(move |request| match at(request) {
        3 => Reply::content(IMAGE_INDEX_MEDIA_TYPE, page(3..4)),
        n => answer(n..n + 1, n + 1),
    });
    assert_eq!(referrers(&finite, 100).await.unwrap().len(), 4);
    assert!(finite.seen()[0].path.ends_with("?artifactType=application%2Fvnd.cncf.notary.signature"));
    // Endless pages with new entries, endless empty pages, and a page that links to itself.
    let growing = FaultServer::start(move |request| answer(at(request)..at(request) + 1, at(request) + 1));
    says(&referrers(&growing, 100).await.unwrap_err(), &["more than 100 referrers"]);
    let empty = FaultServer::start(move |request| answer(0..0, at(request) + 1));
    let error = referrers(&empty, 100).await.unwrap_err();
    assert!(matches!(error, RegistryError::TooMany { .. } | RegistryError::Timeout { .. }), "{error}");
    let same = FaultServer::start(move |_| answer(0..1, 1));
    says(&referrers(&same, 100).await.unwrap_err(), &["links to the same page"]);
}

#[tokio::test]
async fn rejects_a_next_page_on_another_host() {
    let server = FaultServer::start(|_| {
        let link = "<http://127.0.0.2:1/v2/a/referrers/x>; rel=next".to_owned();
        Reply::Answer(200, vec![("Content-Type", IMAGE_INDEX_MEDIA_TYPE.to_owned()), ("Link", link)], page(0..1).into())
    });
    says(&referrers(&server, 100).await.unwrap_err(), &["outside this registry"]);
}

#[tokio::test]
async fn an_invalid_listed_manifest_affects_only_itself() {
    let subject = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, b"subject");
    let good = Manifest::signature(subject.clone(), b"envelope", [].into()).to_bytes();
    let other = Manifest::signature(Descriptor::from_content("a/b", b"other"), b"envelope", [].into()).to_bytes();
    let contents = [good, other];
    let listed: Vec<Descriptor> =
        contents.iter().map(|content| Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, content)).collect();
    let entries: Vec<String> = listed
        .iter()
        .map(|d| {
            format!(
                r#"{{"mediaType":"{}","digest":"{}","size":{},"artifactType":"{SIGNATURE_MEDIA_TYPE}"}}"#,
                d.media_type, d.digest, d.size
            )
        })
        .chain([entry(0)])
        .collect();
    let index = format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, entries.join(","));
    let server = FaultServer::start(move |request| {
        let found = listed.iter().zip(&contents).find(|(d, _)| request.path.ends_with(d.digest.as_str()));
        match found {
            Some((_, content)) => Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, content.clone()),
            None if request.path.contains("/referrers/") => Reply::content(IMAGE_INDEX_MEDIA_TYPE, index.clone()),
            None => Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST),
        }
    });
    let found = Store::Remote(repository(&server)).signatures(&subject, 10).await.unwrap();
    assert_eq!(found.iter().map(|signature| signature.manifest.is_ok()).collect::<Vec<_>>(), [true, false, false]);
}

#[tokio::test]
async fn never_overwrites_an_unreadable_index() {
    let subject = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, b"subject");
    let manifest = Manifest::signature(subject.clone(), b"envelope", [].into());
    let tag = format!("/{}", Tag::from_subject(&subject.digest));
    for reading in [
        || Reply::status(403),
        || Reply::status(500),
        || Reply::status(400),
        || Reply::content("text/html", "<html>"),
        || Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST),
        || Reply::content(IMAGE_INDEX_MEDIA_TYPE, r#"{"manifests":{}}"#),
        || Reply::Close("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
    ] {
        let index = tag.clone();
        let server = FaultServer::start(move |request| match request.method.as_str() {
            "GET" if request.path.ends_with(&index) => reading(),
            "PUT" => Reply::status(201),
            _ => Reply::status(404),
        });
        repository(&server).push_referrer(&manifest).await.unwrap_err();
        assert!(server.seen().iter().all(|request| request.method != "PUT" || !request.path.ends_with(&tag)));
        // Where the tag gives anything but an index, there are no referrers.
        let is_no_index = match reading() {
            Reply::Answer(400, ..) => true,
            Reply::Answer(200, _, body) => body == MANIFEST.as_bytes() || body == b"<html>",
            _ => false,
        };
        assert_ne!(reading_is_a_list_failure(&server, &subject.digest).await, is_no_index);
    }
}

#[tokio::test]
async fn the_subject_under_the_tag_is_no_index() {
    // GitLab reads the tag as the subject's digest. The subject may be an index, too.
    let image = (IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST.to_owned());
    let index = (IMAGE_INDEX_MEDIA_TYPE, page(0..2));
    for (media_type, content) in [image, index] {
        let subject = Descriptor::from_content(media_type, content.as_bytes());
        let manifest = Manifest::signature(subject.clone(), b"envelope", [].into());
        let tag = format!("/{}", Tag::from_subject(&subject.digest));
        let written = std::sync::Mutex::new(None);
        let server = FaultServer::start(move |request| match (request.method.as_str(), request.path.ends_with(&tag)) {
            ("GET", true) => match &*written.lock().unwrap() {
                Some(index) => Reply::content(IMAGE_INDEX_MEDIA_TYPE, Vec::clone(index)),
                None => Reply::content(media_type, content.clone()),
            },
            ("PUT", true) => {
                *written.lock().unwrap() = Some(request.body.clone());
                Reply::status(201)
            }
            ("PUT", false) => Reply::status(201),
            _ => Reply::status(404),
        });
        let listed = async || repository(&server).referrers(&subject.digest, SIGNATURE_MEDIA_TYPE, 10).await.unwrap();
        assert_eq!(listed().await.len(), 0);
        repository(&server).push_referrer(&manifest).await.unwrap();
        assert_eq!(listed().await.len(), 1);
        let seen = server.seen();
        let put = seen.iter().rev().find(|request| request.method == "PUT").unwrap();
        let index: serde_json::Value = serde_json::from_slice(&put.body).unwrap();
        assert_eq!(index["manifests"].as_array().unwrap().len(), 1, "{index}");
    }
}

/// A registry without Referrers API that answers in this way when it is asked for referrers. It has one signature in
/// the index under the tag, or none.
fn without_api(answer: impl Fn() -> Reply + Send + Sync + 'static, has_index: bool) -> FaultServer {
    FaultServer::start(move |request| match request.path.as_str() {
        path if path.contains("/referrers/") => answer(),
        path if path.contains("/manifests/sha256-") && has_index => Reply::content(IMAGE_INDEX_MEDIA_TYPE, page(0..1)),
        _ => Reply::Answer(404, vec![("Content-Type", "text/html".to_owned())], "<html>".into()),
    })
}

fn json(status: u16, body: &'static str) -> Reply {
    Reply::Answer(status, vec![("Content-Type", "application/json".to_owned())], body.into())
}

fn moved(status: u16, to: &str) -> Reply {
    Reply::Answer(status, vec![("Location", to.to_owned())], Vec::new())
}

#[tokio::test]
async fn whatever_is_no_list_of_referrers_means_that_the_tag_counts() {
    type Answering = fn() -> Reply;
    let answers: [Answering; 20] = [
        || Reply::status(400),
        || Reply::status(404),
        || Reply::status(405),
        || Reply::status(406),
        || Reply::status(410),
        || Reply::status(415),
        || Reply::status(422),
        || Reply::status(501),
        || Reply::status(204),
        || Reply::status(200),
        || Reply::content("text/html; charset=utf-8", "<html>"),
        || Reply::content("text/plain", "{}"),
        || json(200, "{}"),
        || json(200, "[]"),
        || json(200, r#"{"errors":[{"code":"UNSUPPORTED"}]}"#),
        || json(200, r#"{"manifests":{}}"#),
        || moved(303, "/elsewhere/page"),
        || moved(302, "/v2/a/referrers/x"),
        || moved(307, "http://169.254.169.254/"),
        || moved(301, "ftp://x"),
    ];
    for (i, answer) in answers.into_iter().enumerate() {
        assert_eq!(referrers(&without_api(answer, true), 10).await.unwrap().len(), 1, "answer {i}");
        assert_eq!(referrers(&without_api(answer, false), 10).await.unwrap().len(), 0, "answer {i}");
    }
}

#[tokio::test]
async fn a_damaged_list_of_referrers_is_not_an_empty_one() {
    type Answering = fn() -> Reply;
    let answers: [Answering; 4] =
        [|| json(200, "{\"manifests\":["), || json(200, "\u{fffd}\u{1}"), || json(200, ""), || json(200, "{}{}")];
    for (i, answer) in answers.into_iter().enumerate() {
        assert_eq!(referrers(&without_api(answer, true), 10).await.unwrap().len(), 1, "answer {i}");
        assert!(referrers(&without_api(answer, false), 10).await.is_err(), "answer {i}");
    }
}

#[tokio::test]
async fn where_the_tag_is_no_index_there_are_no_referrers_and_none_is_written() {
    type Answering = fn() -> Reply;
    let answers: [(Answering, bool); 24] = [
        (|| Reply::content("text/html", "<html>"), true),
        (|| Reply::content("text/html", ""), true),
        (|| Reply::status(200), true),
        (|| Reply::content(IMAGE_INDEX_MEDIA_TYPE, ""), true),
        (|| json(200, "{}"), true),
        (|| json(200, "[]"), true),
        (|| json(200, r#"{"errors":[{"code":"UNSUPPORTED"}]}"#), true),
        (|| json(200, r#"{"schemaVersion":2,"config":{},"layers":[]}"#), true),
        (|| Reply::content("application/vnd.docker.distribution.manifest.v2+json", MANIFEST), true),
        (|| Reply::content("application/vnd.example.manifest.v1+json", MANIFEST), true),
        (|| json(400, r#"{"errors":[{"code":"TAG_INVALID"}]}"#), true),
        (|| Reply::status(405), true),
        (|| Reply::status(406), true),
        (|| Reply::status(410), true),
        (|| Reply::status(415), true),
        (|| Reply::status(422), true),
        (|| Reply::status(401), false),
        (|| Reply::status(403), false),
        (|| Reply::status(429), false),
        (|| Reply::status(500), false),
        (|| Reply::status(503), false),
        (|| Reply::content(IMAGE_INDEX_MEDIA_TYPE, "{"), false),
        // Without its media type, it could be an index.
        (|| json(200, r#"{"schemaVersion":2,"manifests":[]}"#), false),
        (|| Reply::Close("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"), false),
    ];
    let subject = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, b"subject");
    let manifest = Manifest::signature(subject.clone(), b"envelope", [].into());
    for (i, (answer, is_no_index)) in answers.into_iter().enumerate() {
        // Some servers answer both requests in this way.
        for both in [false, true] {
            let server = FaultServer::start(move |request| match request.method.as_str() {
                "GET" if both || !request.path.contains("/referrers/") => answer(),
                "PUT" => Reply::status(201),
                _ => Reply::status(404),
            });
            let found = repository(&server).referrers(&subject.digest, SIGNATURE_MEDIA_TYPE, 10).await;
            // As the answer of the Referrers API, an index without referrers is a list.
            let is_list = both && i == 22;
            // The registry says that it has the API.
            let is_no_index = is_no_index && !(both && i == 3);
            assert_eq!(found.is_ok_and(|found| found.is_empty()), is_no_index || is_list, "answer {i}, both: {both}");
            repository(&server).push_referrer(&manifest).await.unwrap_err();
            let is_index = |request: &Request| request.method == "PUT" && request.path.contains("/manifests/sha256-");
            assert!(!server.seen().iter().any(is_index), "answer {i}");
        }
    }
}

#[tokio::test]
async fn a_failure_to_list_referrers_is_not_an_empty_list() {
    type Answering = fn() -> Reply;
    let answers: [(Answering, bool); 6] = [
        // Without permission, what the tag has counts, but nothing there does not mean that there are none.
        (|| Reply::status(403), true),
        (|| Reply::content(IMAGE_INDEX_MEDIA_TYPE, "{"), true),
        (|| Reply::content(IMAGE_INDEX_MEDIA_TYPE, "{}"), true),
        (|| Reply::status(429), false),
        (|| Reply::status(500), false),
        (|| Reply::status(503), false),
    ];
    for (i, (answer, tag_counts)) in answers.into_iter().enumerate() {
        let found = referrers(&without_api(answer, true), 10).await;
        assert_eq!(found.is_ok_and(|found| found.len() == 1), tag_counts, "answer {i}");
        let error = referrers(&without_api(answer, false), 10).await.unwrap_err();
        assert_ne!(error.disposition(), notary::Disposition::Refused, "answer {i}: {error}");
    }
}

/// Whether listing the referrers fails; an unreadable index must not be treated as an empty list.
async fn reading_is_a_list_failure(server: &FaultServer, subject: &Digest) -> bool {
    repository(server).referrers(subject, SIGNATURE_MEDIA_TYPE, 10).await.is_err()
}

#[tokio::test]
async fn writes_the_index_with_if_match() {
    let subject = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, b"subject");
    let manifest = Manifest::signature(subject.clone(), b"envelope", [].into());
    let tag = format!("/{}", Tag::from_subject(&subject.digest));
    let index = std::sync::Mutex::new(page(0..1));
    let puts = AtomicUsize::new(0);
    let server = FaultServer::start(move |request| match (request.method.as_str(), request.path.ends_with(&tag)) {
        ("GET", true) => {
            let headers = vec![("Content-Type", IMAGE_INDEX_MEDIA_TYPE.to_owned()), ("ETag", "\"e\"".to_owned())];
            Reply::Answer(200, headers, index.lock().unwrap().clone().into())
        }
        ("PUT", true) if puts.fetch_add(1, Ordering::Relaxed) == 0 => Reply::status(412),
        ("PUT", true) => {
            *index.lock().unwrap() = String::from_utf8(request.body.clone()).unwrap();
            Reply::status(201)
        }
        ("PUT", false) => Reply::status(201),
        _ => Reply::status(404),
    });
    repository(&server).push_referrer(&manifest).await.unwrap();
    assert_eq!(referrers(&server, 10).await.unwrap_or_default().len(), 0, "another subject has referrers");
    assert_eq!(repository(&server).referrers(&subject.digest, SIGNATURE_MEDIA_TYPE, 10).await.unwrap().len(), 2);
    let seen = server.seen();
    let writes: Vec<_> = seen.iter().filter(|r| r.method == "PUT" && r.path.contains("/sha256-")).collect();
    assert_eq!(writes.len(), 2);
    assert!(writes.iter().all(|request| request.header("If-Match") == Some("\"e\"")));
}

#[tokio::test]
async fn a_wrong_size_or_type_in_the_list_invalidates_the_signature() {
    let subject = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, b"subject");
    let content = Manifest::signature(subject.clone(), b"envelope", [].into()).to_bytes();
    let honest = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, &content);
    for (listed, said) in [
        (Descriptor { size: honest.size - 1, ..honest.clone() }, "expected "),
        (Descriptor { size: honest.size + 1, ..honest.clone() }, "expected "),
        (Descriptor { size: 4 * 1024 * 1024 + 1, ..honest.clone() }, "more than 4194304 bytes"),
        (Descriptor { size: u64::MAX, ..honest.clone() }, "more than 4194304 bytes"),
        (Descriptor { media_type: IMAGE_INDEX_MEDIA_TYPE.to_owned(), ..honest.clone() }, "expected "),
    ] {
        let mut entry = serde_json::json!(listed);
        entry["artifactType"] = SIGNATURE_MEDIA_TYPE.into();
        let index = serde_json::json!({"schemaVersion": 2, "manifests": [entry]}).to_string();
        let content = content.clone();
        let server = FaultServer::start(move |request| match request.path.contains("/referrers/") {
            true => Reply::content(IMAGE_INDEX_MEDIA_TYPE, index.clone()),
            false => Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, content.clone()),
        });
        let mut found = Store::Remote(repository(&server)).signatures(&subject, 10).await.unwrap();
        let error = found.remove(0).manifest.unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[tokio::test]
async fn does_not_read_envelopes_over_10_mib() {
    const LIMIT: u64 = notary::envelope::MAX_ENVELOPE_SIZE as u64;
    let server = FaultServer::start(|_| Reply::Flood(1 << 30));
    let store = Store::Remote(repository(&server));
    let listed = |size| Descriptor { size, ..Descriptor::from_content("application/jose+json", b"envelope") };
    let error = store.blob(&listed(LIMIT + 1), LIMIT).await.unwrap_err();
    assert!(error.to_string().contains("more than 10485760 bytes"), "{error}");
    assert!(server.seen().is_empty());
    let error = store.blob(&listed(LIMIT), LIMIT).await.unwrap_err();
    assert!(error.to_string().contains("expected 10485760 bytes, got more"), "{error}");
    assert!(server.written() < 64 << 20, "{}", server.written());
}

#[tokio::test]
async fn distinguishes_too_many_signatures_from_an_unreadable_list() {
    let subject = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, b"subject");
    let many = FaultServer::start(|_| Reply::content(IMAGE_INDEX_MEDIA_TYPE, page(0..10_000)));
    let broken = FaultServer::start(|_| Reply::content(IMAGE_INDEX_MEDIA_TYPE, "{"));
    for (server, is_too_many) in [(many, true), (broken, false)] {
        let error = Store::Remote(repository(&server)).signatures(&subject, 100).await.unwrap_err();
        assert_eq!(error.is_too_many(), is_too_many, "{error}");
    }
}
