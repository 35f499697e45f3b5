//! A client that signs with AWS's implementation of Signature Version 4.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;
use local_signer::credentials::Credentials;
use serde_json::Value;
use tokio::task::spawn_blocking;

/// Sends requests with the credentials of one principal.
#[derive(Clone)]
pub struct Client {
    address: SocketAddr,
    credentials: aws_credential_types::Credentials,
    region: &'static str,
}

/// Names and values of headers or of query parameters.
type Pairs = Vec<(String, String)>;

/// An answer of the service.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub error_type: Option<String>,
    pub body: Value,
}

impl Answer {
    /// The body of a success.
    #[track_caller]
    pub fn done(&self) -> &Value {
        assert_eq!(self.status, 200, "{self:?}");
        &self.body
    }

    /// The error of a failure: status, type and message. The message of a refusal of IAM is in `Message`.
    #[track_caller]
    pub fn error(&self) -> (u16, &str, &str) {
        let message = self.body["Message"].as_str().or_else(|| self.body["message"].as_str());
        (self.status, self.error_type.as_deref().expect("an error"), message.expect("a message"))
    }

    /// Asserts that IAM refused the request for this reason.
    #[track_caller]
    pub fn is_denied(&self, reason: &str) {
        assert_eq!((self.status, self.error_type.as_deref()), (403, Some("AccessDeniedException")), "{self:?}");
        let message = self.body["Message"].as_str().unwrap_or_else(|| panic!("{self:?}"));
        assert!(message.ends_with(reason), "{message}");
    }
}

impl Client {
    pub fn new(address: SocketAddr, credentials: &Credentials) -> Self {
        let (id, secret) = (credentials.access_key_id(), credentials.secret_access_key());
        let token = credentials.session_token().map(str::to_owned);
        let credentials = aws_credential_types::Credentials::new(id, secret, token, None, "test");
        Self { address, credentials, region: "us-west-2" }
    }

    pub fn in_region(self, region: &'static str) -> Self {
        Self { region, ..self }
    }

    /// Signs a request in its header, and sends it.
    pub async fn call(&self, method: &str, target: &str, body: Option<Value>) -> Answer {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let (headers, _) = self.signed(method, target, &body, SigningSettings::default());
        self.send(method, target, &headers, &body).await
    }

    /// Presigns a request that is valid for a minute, and sends it without a further header.
    pub async fn call_presigned(&self, method: &str, target: &str) -> Answer {
        let target = self.presigned(method, target);
        self.send(method, &target, &[("host".to_owned(), self.address.to_string())], "").await
    }

    /// The path and query of a request that is valid for a minute.
    pub fn presigned(&self, method: &str, target: &str) -> String {
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(60));
        let (_, parameters) = self.signed(method, target, "", settings);
        let encode =
            |value: &str| percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string();
        let query: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let separator = if target.contains('?') { '&' } else { '?' };
        format!("{target}{separator}{}", query.join("&"))
    }

    /// The headers and the query parameters of a signed request.
    fn signed(&self, method: &str, target: &str, body: &str, settings: SigningSettings) -> (Pairs, Pairs) {
        let identity = self.credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name("signer")
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let mut headers = vec![("host".to_owned(), self.address.to_string())];
        if !body.is_empty() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let url = format!("http://{}{target}", self.address);
        let signed = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let request = SignableRequest::new(method, url, signed, SignableBody::Bytes(body.as_bytes())).unwrap();
        let (instructions, _) = sign(request, &parameters).unwrap().into_parts();
        headers.extend(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())));
        let query = instructions.params().iter().map(|(name, value)| (name.to_string(), value.to_string()));
        (headers, query.collect())
    }

    /// Sends a request as it is.
    pub async fn send(&self, method: &str, target: &str, headers: &[(String, String)], body: &str) -> Answer {
        let mut text = format!("{method} {target} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        let (address, request) = (self.address, format!("{text}\r\n{body}"));
        // The service runs in the thread of the test.
        let exchange = spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let mut received = String::new();
            stream.read_to_string(&mut received).unwrap();
            received
        });
        let received = exchange.await.unwrap();
        let (head, body) = received.split_once("\r\n\r\n").unwrap();
        let header = |name: &str| {
            let named = head.lines().filter_map(|line| line.split_once(": ")).find(|(found, _)| *found == name);
            named.map(|(_, value)| value.to_owned())
        };
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            error_type: header("x-amzn-errortype"),
            body: if body.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap() },
        }
    }
}
