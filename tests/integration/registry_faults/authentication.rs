//! Registries that require credentials, and how these are used.

use super::*;

#[tokio::test]
async fn stops_after_repeated_401s() {
    let basic =
        FaultServer::start(|_| Reply::Answer(401, vec![("WWW-Authenticate", "Basic realm=x".to_owned())], Vec::new()));
    let repository = repository_as(&basic, user());
    says(&repository.fetch_manifest(&tag()).await.unwrap_err(), &["rejected the credentials"]);
    assert_eq!(basic.seen().len(), 2);
    let bare = FaultServer::start(|_| Reply::status(401));
    says(&fetch(&bare).await.unwrap_err(), &["neither Basic nor Bearer"]);
    let bearer = FaultServer::start(|request| match request.path.starts_with("/token") {
        true => Reply::content("application/json", r#"{"token":"hunter2-token"}"#),
        false => {
            let realm = format!("Bearer realm=\"http://{}/token\",service=s", request.header("Host").unwrap());
            Reply::Answer(401, vec![("WWW-Authenticate", realm)], Vec::new())
        }
    });
    says(&fetch(&bearer).await.unwrap_err(), &["rejected the credentials"]);
    assert_eq!(bearer.seen().len(), 3);
}

#[tokio::test]
async fn fetches_a_token_once_and_sends_it_only_to_the_registry() {
    let elsewhere = FaultServer::start(|_| Reply::content("application/octet-stream", "blob"));
    let to = format!("http://{}/bucket?signature=hunter2", elsewhere.address);
    let server = FaultServer::start(move |request| {
        let host = request.header("Host").unwrap();
        match request.header("Authorization") {
            _ if request.path.starts_with("/token") => {
                Reply::content("application/json", r#"{"access_token":"t","expires_in":300}"#)
            }
            Some("Bearer t") if request.path.contains("/blobs/") => {
                Reply::Answer(307, vec![("Location", to.clone())], Vec::new())
            }
            Some("Bearer t") => Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST),
            _ => {
                let challenge =
                    format!("Bearer realm=\"http://{host}/token\",service=\"s\",scope=\"repository:a:pull\"");
                Reply::Answer(401, vec![("WWW-Authenticate", challenge)], Vec::new())
            }
        }
    });
    let repository = repository_as(&server, user());
    repository.fetch_manifest(&tag()).await.unwrap();
    assert_eq!(repository.blob(&Descriptor::from_content("a/b", b"blob"), 100).await.unwrap(), b"blob");
    let seen = server.seen();
    let tokens: Vec<_> = seen.iter().filter(|request| request.path.starts_with("/token")).collect();
    assert_eq!(tokens.len(), 1);
    assert_eq!(tokens[0].path, "/token?service=s&scope=repository%3Aa%3Apull");
    assert!(tokens[0].header("Authorization").unwrap().starts_with("Basic "));
    assert!(elsewhere.seen().iter().all(|request| request.header("Authorization").is_none()));
    assert_eq!(elsewhere.seen().len(), 1);
    // The content from the other host is verified, and its signed URL is not shown.
    let error = repository.blob(&Descriptor::from_content("a/b", b"other"), 100).await.unwrap_err();
    says(&error, &["/bucket?signature=…"]);
}

#[tokio::test]
async fn exchanges_an_identity_token_without_putting_it_in_a_url() {
    let server = FaultServer::start(|request| match request.header("Authorization") {
        Some("Bearer t") => Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST),
        _ if request.path == "/token" => Reply::content("application/json", r#"{"access_token":"t"}"#),
        _ => {
            let challenge = format!("Bearer realm=\"http://{}/token\",service=s", request.header("Host").unwrap());
            Reply::Answer(401, vec![("WWW-Authenticate", challenge)], Vec::new())
        }
    });
    let repository = repository_as(&server, Credentials::given(Credential::IdentityToken(Secret::new("hunter2"))));
    repository.fetch_manifest(&tag()).await.unwrap();
    let seen = server.seen();
    assert!(seen.iter().all(|request| !request.path.contains("hunter2")));
    let form = String::from_utf8(seen[1].body.clone()).unwrap();
    assert!(
        seen[1].method == "POST"
            && form.contains("refresh_token=hunter2")
            && form.contains("scope=repository%3Aa%3Apull")
    );
}

/// A registry that requires a token of its own service.
fn with_token_service(token: impl Fn() -> Reply + Send + Sync + 'static) -> FaultServer {
    FaultServer::start(move |request| match request.header("Authorization") {
        _ if request.path.starts_with("/token") => token(),
        Some("Bearer t") => Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST),
        _ => {
            let realm = format!("Bearer realm=\"http://{}/token\",service=s", request.header("Host").unwrap());
            Reply::Answer(401, vec![("WWW-Authenticate", realm)], Vec::new())
        }
    })
}

fn token() -> Reply {
    Reply::content("application/json", r#"{"token":"t"}"#)
}

#[tokio::test]
async fn a_hanging_token_service_does_not_delay_other_registries() {
    let hanging = with_token_service(|| Reply::Hang(""));
    let working = with_token_service(token);
    let client = RegistryClient::new(options(), Credentials::none());
    let of = |server: &FaultServer| client.repository(&format!("{}/a", server.address).parse().unwrap()).unwrap();
    let waiting = of(&hanging);
    let waiting = tokio::spawn(async move { waiting.fetch_manifest(&tag()).await });
    while !hanging.seen().iter().any(|request| request.path.starts_with("/token")) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    of(&working).fetch_manifest(&tag()).await.unwrap();
    assert!(!waiting.is_finished());
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.disposition(), notary::Disposition::Undetermined, "{error}");
}

#[tokio::test]
async fn concurrent_requests_for_one_repository_share_a_token() {
    let server = with_token_service(token);
    let repository = repository(&server);
    let requests = (0..20).map(|_| {
        let repository = repository.clone();
        async move { repository.fetch_manifest(&tag()).await.map(|_| ()) }
    });
    for result in requests.collect::<tokio::task::JoinSet<_>>().join_all().await {
        result.unwrap();
    }
    assert_eq!(server.seen().iter().filter(|request| request.path.starts_with("/token")).count(), 1);
}
