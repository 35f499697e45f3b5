//! Redirects: followed without credentials to other hosts, a bounded number of times, and never to where a registry
//! must not send a client.

use super::*;

fn to(location: String) -> Reply {
    Reply::Answer(307, vec![("Location", location)], Vec::new())
}

fn demand_password() -> Reply {
    Reply::Answer(401, vec![("WWW-Authenticate", "Basic realm=x".to_owned())], Vec::new())
}

#[tokio::test]
async fn follows_at_most_five_redirects_of_every_read() {
    let server = FaultServer::start(|request| Reply::Answer(302, vec![("Location", request.path.clone())], Vec::new()));
    let error = repository(&server).blob(&Descriptor::from_content("a/b", b"x"), 10).await.unwrap_err();
    says(&error, &["more than 5 redirects"]);
    assert_eq!(server.seen().len(), 6);
    says(&fetch(&server).await.unwrap_err(), &["more than 5 redirects"]);
    assert_eq!(server.seen().len(), 12);
}

#[tokio::test]
async fn sends_no_credentials_to_another_host_port_or_scheme() {
    let back = FaultServer::start(|request| match request.method.as_str() {
        "GET" => Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST),
        _ => Reply::status(201),
    });
    let at = format!("http://{}", back.address);
    let front = FaultServer::start(move |request| match request.header("Authorization") {
        Some(_) => to(format!("{at}{}", request.path)),
        None => demand_password(),
    });
    let repository = repository_as(&front, user());
    repository.fetch_manifest(&tag()).await.unwrap();
    let manifest = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST.as_bytes());
    repository.manifest(&manifest).await.unwrap();
    repository.push_manifest(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST.as_bytes(), None).await.unwrap();
    let seen = back.seen();
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert!(seen.iter().all(|request| request.header("Authorization").is_none()), "{seen:?}");
    // The write keeps its method and its body.
    assert_eq!((seen[2].method.as_str(), seen[2].body.as_slice()), ("PUT", MANIFEST.as_bytes()));
}

#[tokio::test]
async fn uploads_to_where_the_registry_redirects() {
    let back = FaultServer::start(|request| match request.method.as_str() {
        "POST" => Reply::Answer(202, vec![("Location", "/v2/a/blobs/uploads/1".to_owned())], Vec::new()),
        "PUT" => Reply::status(201),
        _ => Reply::status(404),
    });
    let at = format!("http://{}", back.address);
    let front = FaultServer::start(move |request| to(format!("{at}{}", request.path)));
    repository(&front).push_blob("a/b", b"content").await.unwrap();
    let seen = back.seen();
    let put = seen.iter().find(|request| request.method == "PUT").unwrap();
    assert_eq!(put.body, b"content");
    assert!(put.path.contains("digest=sha256%3A"), "{}", put.path);
}

#[tokio::test]
async fn does_not_follow_a_redirect_to_the_metadata_service_or_to_another_scheme() {
    for location in [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "http://2852039166/latest/meta-data/",
        "http://0.0.0.0:1/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "http://",
    ] {
        let server = FaultServer::start(move |_| to(location.to_owned()));
        let began = Instant::now();
        for error in [
            fetch(&server).await.unwrap_err(),
            repository(&server).blob(&Descriptor::from_content("a/b", b"x"), 10).await.unwrap_err(),
        ] {
            assert!(matches!(error, RegistryError::Redirect { .. }), "{location}: {error:?}");
        }
        // An upload URL, and a token service.
        let upload = FaultServer::start(move |request| match request.method.as_str() {
            "HEAD" => Reply::status(404),
            _ => Reply::Answer(202, vec![("Location", location.to_owned())], Vec::new()),
        });
        let error = repository(&upload).push_blob("a/b", b"x").await.unwrap_err();
        assert!(matches!(error, RegistryError::Redirect { .. } | RegistryError::Malformed { .. }), "{error:?}");
        let realm = format!("Bearer realm=\"{location}\",service=s");
        let tokens =
            FaultServer::start(move |_| Reply::Answer(401, vec![("WWW-Authenticate", realm.clone())], Vec::new()));
        let error = repository_as(&tokens, user()).fetch_manifest(&tag()).await.unwrap_err();
        assert!(matches!(error, RegistryError::Malformed { .. }), "{location}: {error:?}");
        assert!(began.elapsed() < SOON);
    }
}

#[tokio::test]
async fn follows_the_redirect_of_a_token_service_without_credentials_to_another_host() {
    let other = FaultServer::start(|_| Reply::content("application/json", r#"{"token":"t"}"#));
    let elsewhere = format!("http://{}/token", other.address);
    for (moved, is_other) in [("/token/moved".to_owned(), false), (elsewhere, true)] {
        let server = FaultServer::start(move |request| match request.header("Authorization") {
            _ if request.path.starts_with("/token/moved") => Reply::content("application/json", r#"{"token":"t"}"#),
            _ if request.path.starts_with("/token") => {
                Reply::Answer(301, vec![("Location", moved.clone())], Vec::new())
            }
            Some("Bearer t") => Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST),
            _ => {
                let realm = format!("Bearer realm=\"http://{}/token\",service=s", request.header("Host").unwrap());
                Reply::Answer(401, vec![("WWW-Authenticate", realm)], Vec::new())
            }
        });
        repository_as(&server, user()).fetch_manifest(&tag()).await.unwrap();
        let identity = Credentials::given(Credential::IdentityToken(Secret::new("hunter2")));
        let exchanged = repository_as(&server, identity).fetch_manifest(&tag()).await;
        match is_other {
            false => drop(exchanged.unwrap()),
            // The identity token is in the body.
            true => says(&exchanged.unwrap_err(), &["credentials to another host"]),
        }
    }
    assert!(other.seen().iter().all(|request| request.header("Authorization").is_none() && request.body.is_empty()));
    assert_eq!(other.seen().len(), 1);
}
