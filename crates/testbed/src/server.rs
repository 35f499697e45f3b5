//! A local signer as a separate process, and clients for it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aws_sdk_signer::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::endpoint::EndpointPrefix;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_types::config_bag::ConfigBag;

use crate::programs;

/// A server process; killed when dropped.
pub struct Server {
    pub process: Child,
    pub endpoint: String,
}

impl Server {
    pub fn command(dir: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(programs::tool());
        command.args(["local-signer", "serve", "--listen", "127.0.0.1:0", "--dir"]).arg(dir).args(arguments);
        command.env_remove("NOTATION_AWS_SIGNER_LOCAL_SECRET").stderr(Stdio::null());
        command
    }

    pub fn start(dir: &Path, arguments: &[&str]) -> Self {
        Self::spawn(Self::command(dir, arguments))
    }

    pub fn spawn(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let lines: Vec<String> = lines.take_while(|line| !line.contains("for example")).collect();
        let endpoint = lines.iter().find_map(|line| line.trim().strip_prefix("export AWS_ENDPOINT_URL_SIGNER="));
        Self { endpoint: endpoint.unwrap_or_else(|| panic!("{lines:?}")).to_owned(), process }
    }

    pub fn kill(mut self) {
        // SIGKILL: the process cannot finish anything.
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.endpoint.strip_prefix("http://").unwrap()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    /// Sends these bytes and returns the answer.
    pub fn raw(&self, request: &[u8]) -> String {
        let mut stream = self.connect();
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        // A server that rejects a request without reading all of it may reset the connection after its answer.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub fn client(&self, dir: &Path) -> aws_sdk_signer::Client {
        let (id, secret) = credentials(dir);
        self.client_as(&id, &secret, |config| config)
    }

    pub fn client_as(
        &self,
        id: &str,
        secret: &str,
        change: impl FnOnce(aws_sdk_signer::config::Builder) -> aws_sdk_signer::config::Builder,
    ) -> aws_sdk_signer::Client {
        let http =
            Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc)).build_https();
        let config = aws_sdk_signer::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http)
            .region(Region::new("us-west-2"))
            .credentials_provider(Credentials::new(id, secret, None, None, "test"))
            .endpoint_url(&self.endpoint)
            .retry_config(aws_sdk_signer::config::retry::RetryConfig::disabled())
            .interceptor(NoHostPrefix);
        aws_sdk_signer::Client::from_conf(change(config).build())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Removes the SDK's host prefix for `GetRevocationStatus`: `data-127.0.0.1` does not resolve.
#[derive(Debug)]
struct NoHostPrefix;

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for NoHostPrefix {
    fn name(&self) -> &'static str {
        "NoHostPrefix"
    }

    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &aws_smithy_runtime_api::client::runtime_components::RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        config.interceptor_state().unset::<EndpointPrefix>();
        Ok(())
    }
}

/// The access key id and the secret in a server's credentials file.
pub fn credentials(dir: &Path) -> (String, String) {
    let file = std::fs::read_to_string(dir.join("credentials")).unwrap();
    let value = |key: &str| {
        let line = file.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_once('=').unwrap().1.trim().to_owned()
    };
    (value("aws_access_key_id"), value("aws_secret_access_key"))
}
