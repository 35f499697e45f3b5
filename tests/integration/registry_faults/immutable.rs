//! Registries whose tags cannot be written again, and ETags that never match.

use notary::ReasonCode;

use super::*;

fn signature() -> (Descriptor, Manifest) {
    let subject = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, b"subject");
    let manifest = Manifest::signature(subject.clone(), b"envelope", [].into());
    (subject, manifest)
}

const INDEX: &str = r#"{"schemaVersion":2,"manifests":[]}"#;

#[tokio::test]
async fn an_index_that_cannot_be_replaced_ends_at_once_with_the_registrys_words() {
    for status in [400, 409, 412, 422] {
        let server = FaultServer::start(move |request| match request.method.as_str() {
            "GET" if request.path.contains("/manifests/sha256-") => Reply::content(IMAGE_INDEX_MEDIA_TYPE, INDEX),
            "PUT" if request.path.contains("/manifests/sha256-") => {
                let body = r#"{"errors":[{"code":"TAG_INVALID","message":"the tag is immutable"}]}"#;
                Reply::Answer(status, Vec::new(), body.into())
            }
            "PUT" => Reply::status(201),
            _ => Reply::status(404),
        });
        let error = repository(&server).push_referrer(&signature().1).await.unwrap_err();
        assert!(matches!(error, RegistryError::IndexRefused { .. }), "{error:?}");
        assert_eq!((error.code(), error.disposition()), (ReasonCode::Exists, notary::Disposition::Misconfigured));
        says(&error, &["the tag is immutable", "sha256-*"]);
        let seen = server.seen();
        let writes = seen.iter().filter(|r| r.method == "PUT" && r.path.contains("/manifests/sha256-")).count();
        assert!(writes <= 2, "{writes}");
    }
}

#[tokio::test]
async fn a_weak_etag_is_not_sent_because_it_never_matches() {
    let index = std::sync::Mutex::new(INDEX.to_owned());
    let server = FaultServer::start(move |request| match request.method.as_str() {
        "GET" if request.path.contains("/manifests/sha256-") => {
            let headers = vec![("Content-Type", IMAGE_INDEX_MEDIA_TYPE.to_owned()), ("ETag", "W/\"e\"".to_owned())];
            Reply::Answer(200, headers, index.lock().unwrap().clone().into())
        }
        "PUT" if request.header("If-Match").is_some() => Reply::status(412),
        "PUT" if request.path.contains("/manifests/sha256-") => {
            *index.lock().unwrap() = String::from_utf8(request.body.clone()).unwrap();
            Reply::status(201)
        }
        "PUT" => Reply::status(201),
        _ => Reply::status(404),
    });
    repository(&server).push_referrer(&signature().1).await.unwrap();
}

#[tokio::test]
async fn an_index_that_is_not_found_for_a_moment_is_not_replaced() {
    let (subject, manifest) = signature();
    let other = Descriptor {
        artifact_type: Some(SIGNATURE_MEDIA_TYPE.to_owned()),
        ..Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, b"other")
    };
    let first = serde_json::json!({"schemaVersion": 2, "mediaType": IMAGE_INDEX_MEDIA_TYPE, "manifests": [other]});
    let index = std::sync::Mutex::new(first.to_string());
    let reads = AtomicUsize::new(0);
    let server = FaultServer::start(move |request| match request.method.as_str() {
        "GET" if request.path.contains("/manifests/sha256-") && reads.fetch_add(1, Ordering::Relaxed) == 0 => {
            Reply::status(404)
        }
        "GET" if request.path.contains("/manifests/sha256-") => {
            Reply::content(IMAGE_INDEX_MEDIA_TYPE, index.lock().unwrap().clone())
        }
        "PUT" if request.path.contains("/manifests/sha256-") => {
            *index.lock().unwrap() = String::from_utf8(request.body.clone()).unwrap();
            Reply::status(201)
        }
        "PUT" => Reply::status(201),
        _ => Reply::status(404),
    });
    repository(&server).push_referrer(&manifest).await.unwrap();
    let listed = repository(&server).referrers(&subject.digest, SIGNATURE_MEDIA_TYPE, 10).await.unwrap();
    assert_eq!(listed.len(), 2);
}
