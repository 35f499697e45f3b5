//! Logins to IAM Identity Center: `aws sso login` leaves a token in `~/.aws/sso/cache`, which is exchanged for the
//! credentials of a role. AWS SDKs and Tools Reference Guide, "IAM Identity Center credential provider".

use std::path::PathBuf;
use std::time::SystemTime;

use aws_config::Region;
use aws_config::sso::SsoTokenProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::token::ProvideToken;
use aws_lc_rs::digest;
use aws_sdk_sso::Client;
use notary::CredentialsSource;
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::error::CredentialsFailure;
use super::keys::{Names, trimmed, usable};
use super::{Found, Inner};
use crate::failure::{Failure, error_chain};
use crate::shared_config::SsoLogin;

/// The maximum size of a token file in bytes.
const MAX_TOKEN: u64 = 1024 * 1024;

/// The file of a login. Other members are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    access_token: String,
    expires_at: String,
    refresh_token: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    registration_expires_at: Option<String>,
}

impl Token {
    /// Whether the SDK can exchange it for a new one.
    fn is_refreshable(&self) -> bool {
        let registered = self.registration_expires_at.as_deref().and_then(time_of);
        self.refresh_token.is_some()
            && self.client_id.is_some()
            && self.client_secret.is_some()
            && registered.is_some_and(|until| until > OffsetDateTime::now_utc())
    }
}

/// Parses a time. Older versions of the `aws` CLI write `UTC` in place of `Z`.
fn time_of(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(&text.replace("UTC", "Z"), &Rfc3339).ok()
}

impl Inner {
    pub(super) async fn sso(&self, login: &SsoLogin) -> Result<Found, CredentialsFailure> {
        let source = CredentialsSource::Sso { profile: login.profile.clone() };
        self.journal.asking(&source);
        let token = self.sso_token(login).await?;
        let config = self.settings.client("sso", &login.region, self.http.clone())?.into_builder().build();
        let request = Client::new(&config).get_role_credentials().account_id(&login.account).role_name(&login.role);
        let answer = match request.access_token(token).send().await {
            Ok(answer) => answer,
            Err(error) => {
                let ended = |why: &str| SsoLogin::failed(login, format!("it has ended ({why})"));
                return Err(match Failure::from_sdk(error) {
                    Failure::Refused { status: 401, code, message, .. } => {
                        ended(&message.or(code).unwrap_or_else(|| "HTTP status 401".to_owned()))
                    }
                    failure => self.call_failed(&source, failure),
                });
            }
        };
        let missing = || self.call_failed(&source, Failure::Answer("it has no credentials".to_owned()));
        let found = answer.role_credentials.ok_or_else(missing)?;
        let (Some(id), Some(secret)) = (found.access_key_id, found.secret_access_key) else { return Err(missing()) };
        let expiry = u64::try_from(found.expiration).ok().map(std::time::Duration::from_millis);
        let expiry = expiry.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
        let credentials = Credentials::new(id, secret, found.session_token, expiry, "SSO");
        Ok((usable(&credentials, &Names::within(&source))?, source))
    }

    async fn sso_token(&self, login: &SsoLogin) -> Result<String, CredentialsFailure> {
        let token = self.cached_token(login)?;
        let expires = time_of(&token.expires_at);
        let is_valid = expires.is_some_and(|until| until > OffsetDateTime::now_utc());
        let session = login.session.as_ref().filter(|_| token.is_refreshable());
        match (session, is_valid) {
            (None, true) => match trimmed(&token.access_token) {
                token if !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(token.to_owned()),
                _ => Err(SsoLogin::failed(login, "its token has characters that a token cannot have".to_owned())),
            },
            (None, false) => {
                let why = format!("it expired at {}", notary::text::printable(&token.expires_at));
                Err(SsoLogin::failed(login, why))
            }
            // The SDK renews it shortly before it expires.
            (Some(session), _) => {
                let provider = self.sso_tokens.get_or_try_init(|| async {
                    let settings = self.settings.client("sso oidc", &login.region, self.http.clone())?;
                    let config = settings.into_builder().build();
                    Ok::<_, CredentialsFailure>(
                        SsoTokenProvider::builder()
                            .configure(&config)
                            .region(Region::new(login.region.clone()))
                            .session_name(session)
                            .start_url(&login.start_url)
                            .build()
                            .await,
                    )
                });
                let renewed = provider.await?.provide_token().await;
                let renewed = renewed.map_err(|why| SsoLogin::failed(login, error_chain(&why)))?;
                // If the login cannot be renewed, the SDK returns the old token.
                match renewed.expiration().is_none_or(|until| until > SystemTime::now()) {
                    true => Ok(renewed.token().to_owned()),
                    false => {
                        let expired = notary::text::printable(&token.expires_at);
                        Err(SsoLogin::failed(login, format!("it expired at {expired} and could not be renewed")))
                    }
                }
            }
        }
    }

    fn cached_token(&self, login: &SsoLogin) -> Result<Token, CredentialsFailure> {
        let id = login.session.as_ref().unwrap_or(&login.start_url);
        let name = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, id.as_bytes());
        let name: String = name.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let relative = PathBuf::from(".aws/sso/cache").join(name).with_extension("json");
        let path = self.settings.environment().in_home(&relative.to_string_lossy()).unwrap_or(relative);
        let content = files::read_up_to(&path, MAX_TOKEN).map_err(|why| match why.kind() {
            std::io::ErrorKind::NotFound => SsoLogin::failed(login, "there is no login".to_owned()),
            _ => SsoLogin::failed(login, format!("{} cannot be read: {why}", path.display())),
        })?;
        // The error may quote the token.
        serde_json::from_slice(&content)
            .map_err(|_| SsoLogin::failed(login, format!("{} is not the file of a login", path.display())))
    }
}

impl SsoLogin {
    fn failed(login: &Self, why: String) -> CredentialsFailure {
        CredentialsFailure::SsoLogin { profile: login.profile.clone(), why }
    }
}
