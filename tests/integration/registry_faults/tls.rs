//! TLS: which certificates are accepted, and when plain HTTP is used.

use super::*;

#[tokio::test]
async fn accepts_a_private_authority_only_from_a_ca_file() {
    let (server, authority) = FaultServer::start_tls(|request| match request.path.contains("/blobs/") {
        true => Reply::Answer(302, vec![("Location", "http://127.0.0.1:1/blob".to_owned())], Vec::new()),
        false => Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST),
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, authority).unwrap();
    let client = |ca_files: Vec<std::path::PathBuf>| {
        let mut options = options();
        options.plain_http = PlainHttp::Never;
        options.ca_files = ca_files;
        let name = format!("localhost:{}/a", server.address.port()).parse().unwrap();
        RegistryClient::new(options, Credentials::none()).repository(&name).unwrap()
    };
    let trusting = client(vec![file]);
    trusting.fetch_manifest(&tag()).await.unwrap();
    // A redirect from HTTPS to HTTP is not followed.
    let error = trusting.blob(&Descriptor::from_content("a/b", b"x"), 10).await.unwrap_err();
    says(&error, &["from https to http"]);
    let error = client(Vec::new()).fetch_manifest(&tag()).await.unwrap_err();
    says(&error, &["GET https://localhost:", "certificate"]);
    assert_eq!((error.code(), error.advice()), (ReasonCode::Configuration, Some(Advice::TrustRegistryAuthority)));
    let error = client(vec![folder.path().join("none.pem")]).fetch_manifest(&tag()).await.unwrap_err();
    says(&error, &["none.pem", "No such file"]);
    assert_eq!((error.code(), error.advice()), (ReasonCode::Configuration, Some(Advice::CorrectSetting)));
}

#[tokio::test]
async fn accepts_a_self_signed_certificate_of_an_authority_as_the_servers_own() {
    let (server, certificate) =
        FaultServer::start_tls_as_openssl(|_| Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST));
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        file
    };
    let pem = file("own.pem", certificate.pem().as_bytes());
    let der = file("own.der", certificate.der());
    let client = |ca_files: Vec<std::path::PathBuf>, host: &str| {
        let mut options = options();
        options.plain_http = PlainHttp::Never;
        options.ca_files = ca_files;
        let name = format!("{host}:{}/a", server.address.port()).parse().unwrap();
        RegistryClient::new(options, Credentials::none()).repository(&name).unwrap()
    };
    for file in [&pem, &der] {
        client(vec![file.clone()], "localhost").fetch_manifest(&tag()).await.unwrap();
    }
    let mut other = options();
    other.plain_http = PlainHttp::Never;
    other.ca_files = vec![pem];
    // It vouches for no other server.
    let (elsewhere, _) = FaultServer::start_tls(|_| Reply::status(200));
    let name = format!("localhost:{}/a", elsewhere.address.port()).parse().unwrap();
    let unknown = RegistryClient::new(other, Credentials::none()).repository(&name).unwrap();
    let error = unknown.fetch_manifest(&tag()).await.unwrap_err();
    assert!(matches!(error, RegistryError::Tls { why: TlsFailure::UnknownAuthority, .. }), "{error:?}");
    // Without the file it is unknown, at once.
    let connections = server.connections();
    let error = client(Vec::new(), "localhost").fetch_manifest(&tag()).await.unwrap_err();
    assert!(matches!(error, RegistryError::Tls { why: TlsFailure::UnknownAuthority, .. }), "{error:?}");
    assert_eq!(server.connections() - connections, 1);
}

#[tokio::test]
async fn a_servers_certificate_in_a_ca_file_vouches_for_no_other_server() {
    let (server, named) = FaultServer::start_tls_by_no_authority(|_| Reply::status(200));
    let (own, certificate) =
        FaultServer::start_tls_self_signed(|_| Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("named.pem");
    std::fs::write(&file, format!("{named}{}", certificate.pem())).unwrap();
    let fetch = |port: u16| {
        let mut options = options();
        options.plain_http = PlainHttp::Never;
        options.ca_files = vec![file.clone()];
        let name = format!("localhost:{port}/a").parse().unwrap();
        let repository = RegistryClient::new(options, Credentials::none()).repository(&name).unwrap();
        async move { repository.fetch_manifest(&tag()).await }
    };
    let error = fetch(server.address.port()).await.unwrap_err();
    assert!(matches!(error, RegistryError::Tls { why: TlsFailure::UnknownAuthority, .. }), "{error:?}");
    assert!(server.seen().is_empty());
    fetch(own.address.port()).await.unwrap();
}

#[tokio::test]
async fn tries_tls_on_this_machine_before_it_gives_up() {
    let (tls, _) = FaultServer::start_tls(|_| Reply::status(200));
    let error = repository(&tls).fetch_manifest(&tag()).await.unwrap_err();
    says(&error, &["GET https://127.0.0.1:", "not trusted", "400 Bad Request", "HTTP request to an HTTPS server"]);
    assert_eq!(error.advice(), Some(Advice::TrustRegistryAuthority));
    assert!(tls.seen().is_empty());
    // A registry without TLS stays one, whatever it answers.
    let plain =
        FaultServer::start(|_| Reply::Answer(400, vec![("Content-Type", "text/plain".to_owned())], b"no".to_vec()));
    let error = repository(&plain).fetch_manifest(&tag()).await.unwrap_err();
    says(&error, &["GET http://127.0.0.1:", "400"]);
    assert_eq!(plain.seen().len(), 1);
}

#[tokio::test]
async fn heeds_the_insecure_registries_of_notation() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    std::fs::write(&file, r#"{"insecureRegistries":["insecure.invalid:5000"]}"#).unwrap();
    let fetch = |registry: &'static str, ca_files: Vec<std::path::PathBuf>| {
        let mut options = options();
        options.notation_config = Some(file.clone());
        options.ca_files = ca_files;
        let repository =
            RegistryClient::new(options, Credentials::none()).repository(&format!("{registry}/a").parse().unwrap());
        async move { repository.unwrap().fetch_manifest(&tag()).await.unwrap_err() }
    };
    says(&fetch("insecure.invalid:5000", Vec::new()).await, &["GET http://insecure.invalid:5000/"]);
    says(&fetch("insecure.invalid", Vec::new()).await, &["GET https://insecure.invalid/"]);
    says(&fetch("insecure.invalid:5000", vec!["/nonexistent.pem".into()]).await, &["/nonexistent.pem"]);
    std::fs::write(&file, "\u{feff}{}").unwrap();
    let mut options = options();
    options.notation_config = Some(file.clone());
    let client = RegistryClient::new(options, Credentials::none());
    let error = client.repository(&"registry.invalid/a".parse().unwrap()).unwrap_err();
    says(&error, &["config.json", "byte order mark"]);
}

#[tokio::test]
async fn uses_plain_http_only_for_localhost() {
    let client = RegistryClient::new(options(), Credentials::none());
    let elsewhere = client.repository(&"registry.invalid/a".parse().unwrap()).unwrap();
    says(
        &elsewhere.fetch_manifest(&tag()).await.unwrap_err(),
        &["GET https://registry.invalid/v2/a/manifests/v1", "no connection"],
    );
}
