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
    assert!(matches!(error, RegistryError::Connection { .. }));
    let error = client(vec![folder.path().join("none.pem")]).fetch_manifest(&tag()).await.unwrap_err();
    says(&error, &["none.pem", "PEM"]);
}

#[tokio::test]
async fn uses_plain_http_only_for_localhost() {
    let (tls, _) = FaultServer::start_tls(|_| Reply::status(200));
    let plain = repository(&tls).fetch_manifest(&tag()).await.unwrap_err();
    says(&plain, &["GET http://127.0.0.1:"]);
    let client = RegistryClient::new(options(), Credentials::none());
    let elsewhere = client.repository(&"registry.invalid/a".parse().unwrap()).unwrap();
    says(
        &elsewhere.fetch_manifest(&tag()).await.unwrap_err(),
        &["GET https://registry.invalid/v2/a/manifests/v1", "no connection"],
    );
}
