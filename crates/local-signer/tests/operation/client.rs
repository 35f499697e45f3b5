//! A local signer in a temporary directory, and signed requests to it.

use std::path::PathBuf;
use std::time::SystemTime;

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use local_signer::credentials::Credentials;
use local_signer::{LocalSigner, Options};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A running local signer and what it was started with.
pub struct Signer {
    pub signer: LocalSigner,
    pub directory: TempDir,
    pub http: reqwest::Client,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub error: Option<String>,
    pub request_id: String,
    pub body: Value,
}

impl Answer {
    /// The status and the error code.
    pub fn failure(&self) -> (u16, &str) {
        (self.status, self.error.as_deref().unwrap_or("ok"))
    }
}

impl Signer {
    /// Starts with this text as `config.yaml`.
    pub async fn start(config: &str) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), config).await
    }

    pub async fn start_in(directory: TempDir, config: &str) -> Self {
        std::fs::write(directory.path().join("config.yaml"), config).unwrap();
        let signer = LocalSigner::start(Options::new(directory.path())).await.unwrap();
        Self { signer, directory, http: client(|builder| builder) }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn configure(&self, config: &str) {
        std::fs::write(self.path("config.yaml"), config).unwrap();
    }

    /// Sends a request that the root signed. An error means that the connection was closed.
    pub async fn send(&self, method: Method, path: &str, body: Value) -> reqwest::Result<Answer> {
        let credentials = self.signer.credentials().clone();
        self.send_as(&credentials, method, path, body).await
    }

    /// Sends a request that is signed with these credentials.
    pub async fn send_as(
        &self,
        credentials: &Credentials,
        method: Method,
        path: &str,
        body: Value,
    ) -> reqwest::Result<Answer> {
        let response = self.http.execute(self.signed(credentials, method, path, &body)).await?;
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (status, error) = (response.status().as_u16(), header("x-amzn-errortype"));
        let request_id = header("x-amzn-requestid").unwrap();
        let body = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
        Ok(Answer { status, error, request_id, body })
    }

    /// A request that is signed with these credentials.
    pub fn signed(&self, credentials: &Credentials, method: Method, path: &str, body: &Value) -> reqwest::Request {
        let url = format!("{}{path}", self.signer.endpoint_url());
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let (id, secret) = (credentials.access_key_id(), credentials.secret_access_key());
        let token = credentials.session_token().map(str::to_owned);
        let identity = aws_credential_types::Credentials::new(id, secret, token, None, "test").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-west-2")
            .name("signer")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let signable = SignableRequest::new(method.as_str(), &url, [].into_iter(), SignableBody::Bytes(&body)).unwrap();
        let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
        let mut request = self.http.request(method, &url).body(body).header("user-agent", "test/1");
        for (name, value) in instructions.headers() {
            request = request.header(name, value);
        }
        request.build().unwrap()
    }

    pub async fn put(&self, name: &str) -> Answer {
        let body = json!({ "platformId": "Notation-OCI-SHA384-ECDSA" });
        self.send(Method::PUT, &format!("/signing-profiles/{name}"), body).await.unwrap()
    }

    pub async fn get(&self, name: &str) -> reqwest::Result<Answer> {
        self.send(Method::GET, &format!("/signing-profiles/{name}"), Value::Null).await
    }

    pub async fn sign(&self, name: &str) -> reqwest::Result<Answer> {
        let body = json!({
            "profileName": name,
            "payload": "e30=",
            "payloadFormat": "application/vnd.cncf.notary.payload.v1+json",
        });
        self.send(Method::POST, "/signing-jobs/with-payload", body).await
    }

    /// Sends a request without a signature; returns the status and the body.
    pub async fn unsigned(&self, path: &str) -> (u16, String) {
        let response = self.http.get(format!("{}{path}", self.signer.endpoint_url())).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

/// The lines of a file, as JSON.
pub fn lines(path: &std::path::Path) -> Vec<Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A client that uses each connection for one request, so that a connection that is cut is not noticed later.
pub fn client(change: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> reqwest::Client {
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let tls = tls.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    let builder = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().pool_max_idle_per_host(0);
    change(builder.retry(reqwest::retry::never())).build().unwrap()
}
