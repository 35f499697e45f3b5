//! The credentials endpoint of a container: AWS SDKs and Tools Reference Guide, "Container credential provider".
//!
//! The SDK's provider reads the token from the environment itself, and refuses one that was made with `echo`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::time::{Duration, SystemTime};

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::Credentials;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::client::interceptors::context::Error as AnyError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError, SensitiveOutput};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use notary::CredentialsSource;
use notary::text::printable;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::{Host, Position, Url};

use super::error::{CredentialsFailure, Refusal};
use super::keys::{Names, trimmed, usable};
use super::sts::read_text;
use super::{Found, Inner};
use crate::environment::Environment;
use crate::failure::error_chain;

const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
/// The endpoint of Amazon ECS.
const ECS: Ipv4Addr = Ipv4Addr::new(169, 254, 170, 2);
/// The endpoint of Amazon EKS.
const EKS: Ipv4Addr = Ipv4Addr::new(169, 254, 170, 23);
const EKS_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x23);
/// The time limits of the SDK's provider.
const CONNECT: Duration = Duration::from_secs(2);
const READ: Duration = Duration::from_secs(5);

/// Whether the environment names the credentials endpoint of a container.
pub(super) fn is_named(environment: &Environment) -> bool {
    environment.first(&[RELATIVE, FULL]).is_some()
}

/// Why an answer has no credentials.
#[derive(Debug, thiserror::Error)]
enum NoCredentials {
    #[error("HTTP status {0}")]
    Refused(u16, Option<String>, Option<String>),
    #[error("{0}")]
    Unreadable(String),
}

impl Inner {
    pub(super) async fn container(&self) -> Result<Found, CredentialsFailure> {
        let source = CredentialsSource::Container;
        self.journal.asking(&source);
        let environment = self.settings.environment();
        // Read each time: the file's token is replaced before it expires.
        let token = token(environment, &source)?;
        let url = endpoint(environment).await?;
        let answer = self.operation(&url, token).invoke(()).await;
        let credentials = answer.map_err(|error| self.container_failed(&source, error))?;
        Ok((usable(&credentials, &Names::within(&source))?, source))
    }

    fn operation(&self, url: &Url, token: Option<String>) -> Operation<(), Credentials, NoCredentials> {
        let path = url[Position::BeforePath..Position::AfterQuery].to_owned();
        let mut layer = Layer::new("container credentials");
        layer.store_put(SensitiveOutput);
        Operation::builder()
            .service_name("container credentials")
            .operation_name("get")
            .behavior_version(BehaviorVersion::latest())
            .http_client(self.http.clone())
            .endpoint_url(&url[..Position::BeforePath])
            .no_auth()
            .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(READ).build())
            .standard_retry(&RetryConfig::standard())
            .retry_classifier(TransientErrorClassifier::<AnyError>::new())
            .retry_classifier(HttpStatusCodeClassifier::default())
            .sleep_impl(TokioSleep::new())
            .with_connection_poisoning()
            .runtime_plugin(StaticRuntimePlugin::new().with_config(layer.freeze()))
            .serializer(move |()| {
                let mut request = HttpRequest::new(SdkBody::empty());
                request.set_uri(path.as_str())?;
                request.headers_mut().try_insert("accept", "application/json")?;
                if let Some(token) = &token {
                    request.headers_mut().try_insert("authorization", token.clone())?;
                }
                Ok(request)
            })
            .deserializer(|response| read(response).map_err(OrchestratorError::operation))
            .build()
    }

    fn container_failed(
        &self,
        asked: &CredentialsSource,
        error: SdkError<NoCredentials, HttpResponse>,
    ) -> CredentialsFailure {
        let (asked, host) = (asked.clone(), self.journal.source_host());
        match error {
            SdkError::ServiceError(error) => match error.into_err() {
                NoCredentials::Refused(status, code, message) => {
                    let code = code.unwrap_or_else(|| format!("HTTP status {status}"));
                    CredentialsFailure::Refused(Box::new(Refusal { asked, host, status, code, message }))
                }
                NoCredentials::Unreadable(why) => CredentialsFailure::Answer { asked, host, why },
            },
            SdkError::ResponseError(error) => CredentialsFailure::Answer {
                asked,
                host,
                why: error_chain(&SdkError::ResponseError::<NoCredentials, _>(error)),
            },
            error => CredentialsFailure::Unreachable { asked, host, why: error_chain(&error) },
        }
    }
}

/// Returns the token without spaces and line ends around it, if there is one.
fn token(environment: &Environment, source: &CredentialsSource) -> Result<Option<String>, CredentialsFailure> {
    if let Some(file) = environment.get(TOKEN_FILE) {
        let path = Path::new(file);
        let text = read_text(path, source)?;
        return match checked(&text) {
            Ok(token) => Ok(Some(token)),
            Err(why) => {
                let why = why.to_owned();
                Err(CredentialsFailure::Token { source_name: source.clone(), path: path.to_owned(), why })
            }
        };
    }
    let token = environment.get(TOKEN).map(checked).transpose();
    token.map_err(|why| CredentialsFailure::Value { name: TOKEN.to_owned(), why: why.to_owned() })
}

fn checked(token: &str) -> Result<String, &'static str> {
    let token = trimmed(token);
    if token.is_empty() {
        return Err("is empty");
    }
    if token.contains(char::is_control) {
        return Err("contains a line feed or another control character");
    }
    match token.is_ascii() {
        true => Ok(token.to_owned()),
        false => Err("contains a character that is not allowed in a request"),
    }
}

/// Returns the URL of the endpoint. Without TLS, the token is sent only to this machine and to AWS's own addresses.
async fn endpoint(environment: &Environment) -> Result<Url, CredentialsFailure> {
    let wrong = |name: &str, why: String| CredentialsFailure::Value { name: name.to_owned(), why };
    if let Some(path) = environment.get(RELATIVE) {
        // Otherwise the path could name another host.
        if !path.starts_with('/') {
            return Err(wrong(RELATIVE, "must begin with /".to_owned()));
        }
        let url = Url::parse(&format!("http://{ECS}{path}"));
        return url.map_err(|why| wrong(RELATIVE, format!("is not a path: {why}")));
    }
    let text = environment.get(FULL).unwrap_or_default();
    let url = Url::parse(text).map_err(|why| wrong(FULL, format!("is not a URL: {why}")))?;
    let is_allowed = match (url.scheme(), url.host()) {
        _ if !url.username().is_empty() || url.password().is_some() => false,
        ("https", Some(_)) => true,
        ("http", Some(Host::Ipv4(ip))) => is_own(ip.into()),
        ("http", Some(Host::Ipv6(ip))) => is_own(ip.into()),
        ("http", Some(Host::Domain(name))) => {
            let found = tokio::net::lookup_host((name, url.port_or_known_default().unwrap_or(80))).await;
            let found =
                found.map_err(|why| wrong(FULL, format!("names the host {name:?}, which is unknown: {why}")))?;
            let found: Vec<_> = found.collect();
            !found.is_empty() && found.iter().all(|address| is_own(address.ip()))
        }
        _ => false,
    };
    match is_allowed {
        true => Ok(url),
        false => {
            let why = "must be an https URL, or an http URL of this machine or of the endpoint of ECS or EKS";
            Err(wrong(FULL, why.to_owned()))
        }
    }
}

fn is_own(ip: IpAddr) -> bool {
    ip.is_loopback() || ip == ECS || ip == EKS || ip == EKS_V6
}

fn read(response: &HttpResponse) -> Result<Credentials, NoCredentials> {
    let (status, body) = (response.status(), response.body().bytes().unwrap_or_default());
    // The parser's message could quote the secret.
    let object = serde_json::from_slice::<Value>(body).ok();
    let object = object.as_ref().and_then(Value::as_object);
    // Endpoints differ in the case of the names.
    let text = |names: &[&str]| {
        let mut members = object.into_iter().flatten();
        let found = members.find(|(name, _)| names.iter().any(|known| name.eq_ignore_ascii_case(known)));
        found.and_then(|(_, value)| value.as_str())
    };
    let shown = |name| text(&[name]).map(printable);
    if !status.is_success() {
        return Err(NoCredentials::Refused(status.as_u16(), shown("code"), shown("message")));
    }
    if object.is_none() {
        return Err(NoCredentials::Unreadable("it is not a JSON object".to_owned()));
    }
    if let Some(code) = shown("code").filter(|code| code != "Success") {
        return Err(NoCredentials::Refused(status.as_u16(), Some(code), shown("message")));
    }
    let required = |name: &str| text(&[name]).ok_or_else(|| NoCredentials::Unreadable(format!("it has no {name}")));
    let expiry = match text(&["Expiration", "ExpiresAt"]) {
        None => None,
        Some(time) => {
            let invalid = |_| NoCredentials::Unreadable(format!("its Expiration is invalid: {:?}", printable(time)));
            Some(SystemTime::from(OffsetDateTime::parse(time, &Rfc3339).map_err(invalid)?))
        }
    };
    let token = text(&["Token", "SessionToken"]).map(str::to_owned);
    Ok(Credentials::new(required("AccessKeyId")?, required("SecretAccessKey")?, token, expiry, "container"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_token_is_trimmed_and_has_no_control_characters_inside() {
        for (text, token) in [("abc\n", "abc"), ("\tabc\r\n", "abc"), ("Basic a:b", "Basic a:b")] {
            assert_eq!(checked(text).as_deref(), Ok(token));
        }
        for text in ["", "\n", "a\nb", "a\u{7}b", "ä"] {
            checked(text).unwrap_err();
        }
    }

    #[tokio::test]
    async fn without_tls_the_token_goes_to_this_machine_and_to_aws_only() {
        let named = |name, value| {
            let environment: Environment = [(name, value)].into_iter().collect();
            async move { endpoint(&environment).await.map(String::from) }
        };
        assert_eq!(named(RELATIVE, "/v2/x?a=b\n").await.unwrap(), "http://169.254.170.2/v2/x?a=b");
        for url in [
            "https://example.com/x",
            "http://127.0.0.1:1/x",
            "http://[::1]/x",
            "http://localhost:1/x",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
        ] {
            assert_eq!(named(FULL, url).await.unwrap(), url);
        }
        for url in ["http://192.0.2.1/x", "http://169.254.169.254/x", "http://a@127.0.0.1/", "ftp://127.0.0.1/", "x"] {
            named(FULL, url).await.unwrap_err();
        }
        for path in ["@192.0.2.1/x", ".example.com/x", ":80/x"] {
            named(RELATIVE, path).await.unwrap_err();
        }
    }

    #[test]
    fn an_answer_is_read_whatever_the_case_of_its_names() {
        let answer =
            |status: u16, body: &'static str| read(&HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body)));
        let body =
            r#"{"accessKeyId":"A","SECRETACCESSKEY":"s","SessionToken":"t","Expiration":"2099-01-01T00:00:00Z"}"#;
        let found = answer(200, body).unwrap();
        assert_eq!((found.access_key_id(), found.session_token()), ("A", Some("t")));
        assert!(found.expiry().is_some());
        for (status, body) in [(403, ""), (200, r#"{"Code":"Failed","Message":"m"}"#)] {
            assert!(matches!(answer(status, body), Err(NoCredentials::Refused(..))), "{body}");
        }
        for body in ["", "[]", r#"{"AccessKeyId":"A"}"#, &body.replace("2099", "soon")] {
            assert!(matches!(
                read(&HttpResponse::new(200.try_into().unwrap(), SdkBody::from(body))),
                Err(NoCredentials::Unreadable(_))
            ));
        }
    }
}
