//! Where the credentials of a client come from: AWS SDKs and Tools Reference Guide, "Standardized credential
//! providers".
//!
//! The SDK has such a chain. It goes on to the next source if a named profile cannot be used, so that the machine's
//! role signs in the place of that profile, and its errors do not say which source, file or host failed. It also
//! prepares all sources up front, which takes a tenth of the run time of a plugin command.

mod container;
mod error;
mod keys;
mod metadata;
mod process;
mod sso;
mod sts;

use std::sync::Arc;

use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::sso::SsoTokenProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_names::{Region, RoleArn};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use notary::CredentialsSource;
use tokio::sync::{Mutex, OnceCell};

pub use self::error::{CredentialsFailure, Refusal};
use self::keys::Names;
use super::http::{Answers, BoundedHttpClient};
use super::journal::{Journal, Peer, UsedCredentials};
use super::settings::AwsSettings;
use super::shared_config::{Base, NamedSource, Plan, Role, SharedConfigError};
use super::watched::watched;

/// Start of the ids of temporary access keys: IAM User Guide, "IAM identifiers".
const TEMPORARY: &str = "ASIA";

/// The sources of credentials, in the order in which AWS's tools ask them.
#[derive(Debug, Clone)]
pub struct CredentialsSources(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: AwsSettings,
    /// The region of the service.
    region: Region,
    given: Option<Credentials>,
    /// The role that is assumed with the credentials found.
    role: Option<RoleArn>,
    http: SharedHttpClient,
    journal: Journal,
    /// What the sources answered before it was needed.
    prepared: Mutex<Option<Result<Credentials, CredentialsFailure>>>,
    /// Sources that keep something between two calls.
    sso_tokens: OnceCell<SsoTokenProvider>,
    instance: OnceCell<ImdsCredentialsProvider>,
}

/// Credentials, and where they come from.
type Found = (Credentials, CredentialsSource);

impl CredentialsSources {
    /// Creates the sources for clients in a region. If credentials are given, no source is asked. If there is a role,
    /// it is assumed with what was found, and its credentials are used.
    #[must_use]
    pub fn new(
        settings: AwsSettings,
        region: Region,
        http: &BoundedHttpClient,
        journal: Journal,
        given: Option<Credentials>,
        role: Option<RoleArn>,
    ) -> Self {
        let http = watched(http.answering(Answers::Any), &journal, Peer::Source);
        let (prepared, sso_tokens, instance) = Default::default();
        Self(Arc::new(Inner { settings, region, given, role, http, journal, prepared, sso_tokens, instance }))
    }

    /// Asks the sources now, and keeps what they answer, also a failure, for the next call of [`Self::credentials`].
    /// Such a call waits meanwhile.
    pub(super) async fn prepare(&self) {
        let mut prepared = self.0.prepared.lock().await;
        *prepared = Some(self.ask().await);
    }

    /// Returns the credentials, or why there are none.
    ///
    /// # Errors
    /// Returns [`CredentialsFailure`] if no source has credentials, or if the one that is configured fails.
    pub async fn credentials(&self) -> Result<Credentials, CredentialsFailure> {
        let prepared = self.0.prepared.lock().await.take();
        match prepared {
            Some(prepared) => prepared,
            None => self.ask().await,
        }
    }

    async fn ask(&self) -> Result<Credentials, CredentialsFailure> {
        let found = self.0.find().await;
        let used = found.as_ref().ok().map(|(credentials, source)| UsedCredentials {
            source: source.clone(),
            temporary: credentials.session_token().is_some() || credentials.access_key_id().starts_with(TEMPORARY),
        });
        match &found {
            Ok((_, source)) => tracing::debug!(%source, "using credentials"),
            Err(why) => tracing::debug!(%why, "there are no credentials"),
        }
        self.0.journal.asked(used);
        found.map(|(credentials, _)| credentials)
    }
}

impl ProvideCredentials for CredentialsSources {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async { self.credentials().await.map_err(CredentialsError::provider_error) })
    }
}

impl Inner {
    async fn find(&self) -> Result<Found, CredentialsFailure> {
        let Some(role) = &self.role else { return self.base().await };
        if *role.partition() != self.region.partition() {
            let (own, other, region) = (role.partition(), self.region.partition(), &self.region);
            let why = format!("belongs to the partition {own}, and cannot be used in {region}, which is in {other}");
            return Err(CredentialsFailure::Value { name: format!("the role {role}"), why });
        }
        match self.base().await? {
            (credentials, CredentialsSource::WebIdentity { role: assumed, token_file })
                if assumed == role.to_string() =>
            {
                Ok((credentials, CredentialsSource::WebIdentity { role: assumed, token_file }))
            }
            (credentials, _) => self.assume(credentials, &Role::named(role, self.settings.environment())).await,
        }
    }

    /// Finds the credentials with which a role is assumed, if there is one to assume.
    async fn base(&self) -> Result<Found, CredentialsFailure> {
        if let Some(given) = &self.given {
            let names = Names::within("the caller");
            return Ok((keys::usable(given, &names)?, CredentialsSource::Given));
        }
        let settings = &self.settings;
        let shared = settings.shared();
        let selected = settings.selected();
        if settings.is_given() {
            return self.follow(&shared.plan_of(selected)?).await;
        }
        if selected.named_by.is_some() {
            shared.must_define(selected)?;
        }
        if let Some(credentials) = keys::from_environment(settings.environment())? {
            return Ok((credentials, CredentialsSource::Environment));
        }
        if let Some(plan) = shared.plan(selected)? {
            return self.follow(&plan).await;
        }
        if let Some((role, token_file)) = sts::web_identity_of_environment(settings.environment(), self.role.as_ref())?
        {
            return self.web_identity(&role, &token_file).await;
        }
        if let Some(error) = shared.unusable_file() {
            return Err(match error {
                SharedConfigError::Missing { .. } => CredentialsFailure::None(error.to_string()),
                error => error.clone().into(),
            });
        }
        // What cannot be read may be the profile: another identity must not sign in its place.
        if let Some(error) = shared.stray_line() {
            return Err(error.into());
        }
        if container::is_named(settings.environment()) {
            return self.container().await;
        }
        let instance = self.instance().await?;
        instance.map_err(|why| CredentialsFailure::None(self.looked_at(&why)))
    }

    /// Says which sources have no credentials.
    fn looked_at(&self, instance: &str) -> String {
        let selected = self.settings.selected();
        let profile = match self.settings.shared().profile(&selected.name) {
            Some(profile) => format!("{selected} in {} has none", profile.place("")),
            None => format!("the AWS profile {:?} is not defined", selected.name),
        };
        let identity = match self.settings.environment().get("AWS_ROLE_ARN") {
            Some(_) => "AWS_ROLE_ARN is set without AWS_WEB_IDENTITY_TOKEN_FILE, there is",
            None => "there is no web identity and",
        };
        format!("AWS_ACCESS_KEY_ID is not set, {profile}, {identity} no container role, and {instance}")
    }

    async fn follow(&self, plan: &Plan) -> Result<Found, CredentialsFailure> {
        let mut found = match &plan.base {
            Base::Keys { profile, place, id, secret, token } => {
                let keys = Credentials::new(id, secret, token.clone(), None, "profile");
                let source = CredentialsSource::Profile { profile: profile.clone() };
                (keys::usable(&keys, &Names::within(place))?, source)
            }
            Base::Process { profile, command } => self.process(profile, command).await?,
            Base::Sso(login) => self.sso(login).await?,
            Base::WebIdentity { role, token_file } => self.web_identity(role, token_file).await?,
            Base::Named(source) => self.named(*source, plan).await?,
        };
        for role in &plan.roles {
            found = self.assume(found.0, role).await?;
        }
        Ok(found)
    }

    async fn named(&self, source: NamedSource, plan: &Plan) -> Result<Found, CredentialsFailure> {
        match source {
            NamedSource::Environment => match keys::from_environment(self.settings.environment())? {
                Some(credentials) => Ok((credentials, CredentialsSource::Environment)),
                None => Err(CredentialsFailure::Value {
                    name: "AWS_ACCESS_KEY_ID".to_owned(),
                    why: format!("is not set, but {} has credential_source = Environment", plan.profile),
                }),
            },
            NamedSource::EcsContainer => self.container().await,
            NamedSource::Ec2InstanceMetadata => {
                self.instance().await?.map_err(|why| CredentialsFailure::NoRole { profile: plan.profile.clone(), why })
            }
        }
    }

    async fn process(&self, profile: &str, command: &str) -> Result<Found, CredentialsFailure> {
        let source = CredentialsSource::Process { profile: profile.to_owned() };
        self.journal.asking(&source);
        let credentials = process::run(profile, command).await?;
        Ok((keys::usable(&credentials, &Names::within(&source))?, source))
    }

    async fn assume(&self, credentials: Credentials, role: &Role) -> Result<Found, CredentialsFailure> {
        let source = CredentialsSource::AssumeRole { role: role.arn.clone(), profile: role.profile.clone() };
        self.journal.asking(&source);
        let assumed = self.sts_assume(credentials, role, &source).await?;
        Ok((keys::usable(&assumed, &Names::within(&source))?, source))
    }
}

#[cfg(test)]
mod tests;
