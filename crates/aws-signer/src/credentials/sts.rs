//! Roles, from AWS STS: `AssumeRole` and `AssumeRoleWithWebIdentity`, AWS Security Token Service API Reference.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_names::RoleArn;
use aws_sdk_sts::Client;
use aws_sdk_sts::types::Credentials as StsCredentials;
use aws_types::sdk_config::Builder;
use notary::CredentialsSource;

use super::error::CredentialsFailure;
use super::keys::{Names, trimmed, usable};
use super::{Found, Inner};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::shared_config::Role;

/// The maximum size of a token in bytes: the API accepts 20,000 characters.
const MAX_TOKEN: u64 = 64 * 1024;

/// Returns the token file that the environment names, and the role that it is exchanged for: that of the environment,
/// or the `wanted` one where the other cannot lead to it. Credentials are valid in one partition only, but a web
/// identity is accepted in each that has its provider.
///
/// # Errors
/// Returns [`CredentialsFailure::Value`] if it names a file and no role, and none is wanted.
pub(super) fn web_identity_of_environment(
    environment: &Environment,
    wanted: Option<&RoleArn>,
) -> Result<Option<(Role, PathBuf)>, CredentialsFailure> {
    let Some(file) = environment.get("AWS_WEB_IDENTITY_TOKEN_FILE") else { return Ok(None) };
    let arn = match (environment.get("AWS_ROLE_ARN"), wanted) {
        (Some(own), Some(wanted)) if partition_of(own) != wanted.partition().as_str() => wanted.to_string(),
        (Some(own), _) => own.to_owned(),
        (None, Some(wanted)) => wanted.to_string(),
        (None, None) => {
            let why = "is not set, but AWS_WEB_IDENTITY_TOKEN_FILE is".to_owned();
            return Err(CredentialsFailure::Value { name: "AWS_ROLE_ARN".to_owned(), why });
        }
    };
    Ok(Some((Role::named(arn, environment), file.into())))
}

/// The partition in the ARN of a role. STS judges whether the rest is valid.
fn partition_of(arn: &str) -> &str {
    arn.split(':').nth(1).unwrap_or_default()
}

impl Role {
    /// The role, with the name of the session that the environment gives.
    pub(super) fn named(arn: impl ToString, environment: &Environment) -> Self {
        let session_name = environment.get("AWS_ROLE_SESSION_NAME").map(str::to_owned);
        Self { arn: arn.to_string(), session_name, external_id: None, duration: None, profile: None }
    }
}

/// Returns the name of the session, which CloudTrail shows.
fn session_name(role: &Role) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    role.session_name.clone().unwrap_or_else(|| format!("notation-aws-signer-{}", now.as_millis()))
}

impl Inner {
    fn sts(&self) -> Result<Builder, CredentialsFailure> {
        let region = self.settings.sts_region(&self.region);
        Ok(self.settings.client("sts", region.as_str(), self.http.clone())?.into_builder())
    }

    pub(super) async fn sts_assume(
        &self,
        credentials: Credentials,
        role: &Role,
        source: &CredentialsSource,
    ) -> Result<Credentials, CredentialsFailure> {
        let config = self.sts()?.credentials_provider(SharedCredentialsProvider::new(credentials)).build();
        let request = Client::new(&config)
            .assume_role()
            .role_arn(&role.arn)
            .role_session_name(session_name(role))
            .set_external_id(role.external_id.clone())
            .set_duration_seconds(role.duration);
        match request.send().await {
            Ok(answer) => self.of_sts(answer.credentials, source),
            Err(error) => Err(self.call_failed(source, Failure::from_sdk(error))),
        }
    }

    pub(super) async fn web_identity(&self, role: &Role, token_file: &Path) -> Result<Found, CredentialsFailure> {
        let source = CredentialsSource::WebIdentity { role: role.arn.clone(), token_file: token_file.to_owned() };
        self.journal.asking(&source);
        let token = read_token(token_file, &source)?;
        let request = Client::new(&self.sts()?.build())
            .assume_role_with_web_identity()
            .role_arn(&role.arn)
            .role_session_name(session_name(role))
            .set_duration_seconds(role.duration)
            .web_identity_token(token);
        let credentials = match request.send().await {
            Ok(answer) => self.of_sts(answer.credentials, &source)?,
            Err(error) => return Err(self.call_failed(&source, Failure::from_sdk(error))),
        };
        Ok((usable(&credentials, &Names::within(&source))?, source))
    }

    pub(super) fn call_failed(&self, source: &CredentialsSource, failure: Failure) -> CredentialsFailure {
        CredentialsFailure::of_call(source, self.journal.source_host(), failure)
    }

    fn of_sts(
        &self,
        credentials: Option<StsCredentials>,
        source: &CredentialsSource,
    ) -> Result<Credentials, CredentialsFailure> {
        let Some(found) = credentials else {
            return Err(self.call_failed(source, Failure::Answer("it has no credentials".to_owned())));
        };
        let expiry = SystemTime::try_from(*found.expiration()).ok();
        Ok(Credentials::new(
            found.access_key_id(),
            found.secret_access_key(),
            Some(found.session_token().to_owned()),
            expiry,
            "STS",
        ))
    }
}

/// Reads a token, without the line feed that editors and `echo` add.
fn read_token(path: &Path, source: &CredentialsSource) -> Result<String, CredentialsFailure> {
    let text = read_text(path, source)?;
    let failed = |why: &str| {
        Err(CredentialsFailure::Token { source_name: source.clone(), path: path.to_owned(), why: why.to_owned() })
    };
    match trimmed(&text) {
        "" => failed("is empty"),
        token if token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(token.to_owned()),
        _ => failed("contains a character that a token cannot have"),
    }
}

/// Reads a file with a token.
pub(super) fn read_text(path: &Path, source: &CredentialsSource) -> Result<String, CredentialsFailure> {
    let failed =
        |why: String| CredentialsFailure::TokenFile { source_name: source.clone(), path: path.to_owned(), why };
    let bytes = files::read_up_to(path, MAX_TOKEN).map_err(|why| failed(why.to_string()))?;
    if bytes.len() as u64 > MAX_TOKEN {
        return Err(failed(format!("it has more than {MAX_TOKEN} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| failed("it is not text".to_owned()))
}
