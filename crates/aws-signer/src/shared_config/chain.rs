//! Following a profile to its credentials: where the first ones come from, and which roles are assumed with them. AWS
//! SDKs and Tools Reference Guide, "Standardized credential providers".

use super::error::{NamedProfile, SharedConfigError};
use super::plan::{Base, NamedSource, Plan, Role, SsoLogin};
use super::{Profile, SharedConfig};

/// The properties that say where credentials come from. With one of them, a profile must provide credentials.
/// `role_session_name` and `duration_seconds` are not among them: the web identity of the environment has them, too.
const ABOUT_CREDENTIALS: [&str; 17] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_security_token",
    "role_arn",
    "source_profile",
    "credential_source",
    "web_identity_token_file",
    "credential_process",
    "login_session",
    "sso_session",
    "sso_account_id",
    "sso_role_name",
    "sso_start_url",
    "sso_region",
    "external_id",
    "mfa_serial",
];

/// The maximum number of profiles in a chain of `source_profile`.
const MAX_CHAIN: usize = 16;

impl SharedConfig {
    /// Returns how a profile provides credentials, or `None` if it says nothing about credentials. The profile
    /// `default` need not be defined.
    ///
    /// # Errors
    /// Returns [`SharedConfigError`] if the profile is named but not defined, or if it, or a profile that it refers to,
    /// is incomplete or has a line that cannot be read.
    pub fn plan(&self, profile: &NamedProfile) -> Result<Option<Plan>, SharedConfigError> {
        if profile.named_by.is_none() && self.profile(&profile.name).is_none() {
            return Ok(None);
        }
        let mut resolver = Resolver { shared: self, visited: Vec::new(), roles: Vec::new() };
        let base = resolver.resolve(profile)?;
        resolver.roles.reverse();
        Ok(base.map(|base| Plan { profile: profile.clone(), base, roles: resolver.roles }))
    }

    /// As [`Self::plan`], for a profile that must provide credentials.
    ///
    /// # Errors
    /// Returns [`SharedConfigError`] as [`Self::plan`] does, and if the profile says nothing about credentials.
    pub fn plan_of(&self, profile: &NamedProfile) -> Result<Plan, SharedConfigError> {
        match self.plan(profile)? {
            Some(plan) => Ok(plan),
            None => {
                let place = self.defined(profile)?.place("").clone();
                Err(SharedConfigError::NoCredentials { profile: profile.clone(), place })
            }
        }
    }
}

struct Resolver<'a> {
    shared: &'a SharedConfig,
    visited: Vec<String>,
    /// From the outermost to the innermost.
    roles: Vec<Role>,
}

impl Resolver<'_> {
    /// Returns the first credentials, or `None` if the first profile has nothing about credentials.
    fn resolve(&mut self, named: &NamedProfile) -> Result<Option<Base>, SharedConfigError> {
        let profile = self.shared.defined(named)?;
        let this = Read { named, profile: &profile, shared: self.shared };
        if self.visited.contains(&named.name) {
            return Err(this.unusable("source_profile", format!("it is its own source: {}", self.visited.join(", "))));
        }
        if self.visited.len() >= MAX_CHAIN {
            return Err(this.unusable("source_profile", format!("more than {MAX_CHAIN} profiles follow each other")));
        }
        self.visited.push(named.name.clone());
        let is_source = self.visited.len() > 1;
        let keys = this.keys()?;
        // In a source, keys precede a role, so that a profile can be the source of itself and of others.
        if is_source && let Some(keys) = keys {
            return Ok(Some(keys));
        }
        let has = |key| profile.get(key).is_some();
        // The SDK for Go assumes the role with the keys even if there is a token.
        let by_keys = keys.is_some() && !has("source_profile") && !has("credential_source");
        if has("role_arn") && (by_keys || !has("web_identity_token_file")) {
            self.roles.push(this.role()?);
            return self.source_of(&this).map(Some);
        }
        match this.base()? {
            Some(base) => Ok(Some(base)),
            None => match this.half_filled() {
                Some(why) => Err(why),
                None if is_source => Err(this.unusable("", "it is a source_profile and has no credentials".to_owned())),
                None => Ok(None),
            },
        }
    }

    /// Returns the credentials with which the role of a profile is assumed.
    fn source_of(&mut self, this: &Read<'_>) -> Result<Base, SharedConfigError> {
        let source = this.profile.get("source_profile");
        match (source, this.profile.get("credential_source")) {
            (Some(_), Some(_)) => {
                Err(this.unusable("source_profile", "it has both source_profile and credential_source".to_owned()))
            }
            (None, Some(_)) => match this.keys()? {
                Some(keys) => Ok(keys),
                None => this.named_source(),
            },
            (Some(source), None) if source == this.named.name => {
                let missing = || this.unusable("source_profile", "it is its own source and has no keys".to_owned());
                this.base()?.ok_or_else(missing)
            }
            (Some(source), None) => {
                let named_by = Some(format!("source_profile in {}", this.profile.place("source_profile")));
                let source = NamedProfile { name: source.to_owned(), named_by };
                let missing = || this.unusable("source_profile", "its source has no credentials".to_owned());
                self.resolve(&source)?.ok_or_else(missing)
            }
            (None, None) => this.base()?.ok_or_else(|| {
                let why = "it has role_arn, but neither source_profile nor credential_source nor \
                           web_identity_token_file";
                this.unusable("role_arn", why.to_owned())
            }),
        }
    }
}

/// A profile that is read.
struct Read<'a> {
    named: &'a NamedProfile,
    profile: &'a Profile,
    shared: &'a SharedConfig,
}

impl Read<'_> {
    fn unusable(&self, key: &str, why: String) -> SharedConfigError {
        SharedConfigError::Unusable { profile: self.named.clone(), place: self.profile.place(key).clone(), why }
    }

    fn incomplete(&self, has: &str, lacks: &str) -> SharedConfigError {
        self.unusable(has, format!("it has {has}, but no {lacks}"))
    }

    fn text(&self, key: &str) -> Option<String> {
        self.profile.get(key).map(str::to_owned)
    }

    /// Returns the credentials that the profile has of its own, in the order of the SDK for Go. The `aws` CLI asks a
    /// web identity and SSO before the keys.
    fn base(&self) -> Result<Option<Base>, SharedConfigError> {
        let profile = self.profile;
        if let Some(keys) = self.keys()? {
            return Ok(Some(keys));
        }
        if let Some(file) = profile.get("web_identity_token_file") {
            if profile.get("role_arn").is_none() {
                return Err(self.incomplete("web_identity_token_file", "role_arn"));
            }
            return Ok(Some(Base::WebIdentity { role: self.role()?, token_file: file.into() }));
        }
        if profile.get("sso_account_id").is_some() || profile.get("sso_role_name").is_some() {
            return self.sso().map(|login| Some(Base::Sso(login)));
        }
        // The other tools use the login first, which this program cannot; the command may export its credentials.
        if let Some(command) = self.text("credential_process") {
            return Ok(Some(Base::Process { profile: self.named.name.clone(), command }));
        }
        if profile.get("login_session").is_some() {
            let place = profile.place("login_session").clone();
            return Err(SharedConfigError::LoginSession { profile: self.named.clone(), place });
        }
        match profile.get("credential_source") {
            Some(_) => self.named_source().map(Some),
            None => Ok(None),
        }
    }

    /// Returns the error for a profile that is about credentials and has none.
    fn half_filled(&self) -> Option<SharedConfigError> {
        let key = ABOUT_CREDENTIALS.into_iter().find(|key| self.profile.has(key))?;
        Some(match (self.profile.get(key), key) {
            (None, _) => self.unusable(key, format!("{key} is empty")),
            (_, "source_profile" | "external_id" | "mfa_serial") => self.incomplete(key, "role_arn"),
            (_, "sso_session" | "sso_start_url" | "sso_region") => {
                self.incomplete(key, "sso_account_id and sso_role_name")
            }
            (_, _) => self.incomplete(key, "aws_access_key_id and aws_secret_access_key"),
        })
    }

    /// Returns the keys. Both are in the same file, since each file has a pair.
    fn keys(&self) -> Result<Option<Base>, SharedConfigError> {
        let (id, secret) = ("aws_access_key_id", "aws_secret_access_key");
        match (self.text(id), self.text(secret)) {
            (None, None) => Ok(None),
            (Some(_), None) => Err(self.incomplete(id, secret)),
            (None, Some(_)) => Err(self.incomplete(secret, id)),
            (Some(key), Some(value)) => {
                let (place, other) = (self.profile.place(id), self.profile.place(secret));
                if place.path != other.path {
                    let (id_in, secret_in) = (place.path.display(), other.path.display());
                    return Err(self.unusable(id, format!("{id} is in {id_in}, but {secret} in {secret_in}")));
                }
                Ok(Some(Base::Keys {
                    profile: self.named.name.clone(),
                    place: place.clone(),
                    id: key,
                    secret: value,
                    token: self.text("aws_session_token").or_else(|| self.text("aws_security_token")),
                }))
            }
        }
    }

    fn role(&self) -> Result<Role, SharedConfigError> {
        if self.profile.get("mfa_serial").is_some() {
            let why = "it has mfa_serial, and this program cannot ask for the code of the device".to_owned();
            return Err(self.unusable("mfa_serial", why));
        }
        let duration = match self.profile.get("duration_seconds") {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| {
                self.unusable("duration_seconds", format!("duration_seconds is {text:?}, which is not a number"))
            })?),
        };
        Ok(Role {
            arn: self.text("role_arn").unwrap_or_default(),
            session_name: self.text("role_session_name"),
            external_id: self.text("external_id"),
            duration,
            profile: Some(self.named.name.clone()),
        })
    }

    fn named_source(&self) -> Result<Base, SharedConfigError> {
        const NAMES: [(&str, NamedSource); 3] = [
            ("Environment", NamedSource::Environment),
            ("Ec2InstanceMetadata", NamedSource::Ec2InstanceMetadata),
            ("EcsContainer", NamedSource::EcsContainer),
        ];
        let name = self.profile.get("credential_source").unwrap_or_default();
        let source = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        source.map(|(_, source)| Base::Named(*source)).ok_or_else(|| {
            let why =
                format!("credential_source is {name:?}; it must be Environment, Ec2InstanceMetadata or EcsContainer");
            self.unusable("credential_source", why)
        })
    }

    fn sso(&self) -> Result<SsoLogin, SharedConfigError> {
        let has = if self.profile.get("sso_account_id").is_some() { "sso_account_id" } else { "sso_role_name" };
        let required = |key: &str| self.text(key).ok_or_else(|| self.incomplete(has, key));
        let session = self.text("sso_session");
        let found = match &session {
            None => None,
            Some(name) => {
                let missing = || self.unusable("sso_session", format!("[sso-session {name}] is not defined"));
                Some(self.shared.section("sso-session", name).ok_or_else(missing)?.checked()?)
            }
        };
        let setting = |key: &str| match (&found, self.text(key)) {
            (None, _) => required(key),
            (Some(session), own) => {
                let name = self.profile.get("sso_session").unwrap_or_default();
                let of_session = session.get(key).map(str::to_owned);
                match (of_session, own) {
                    (Some(value), Some(own)) if value != own => Err(self.unusable(
                        key,
                        format!("{key} is {own:?}, but [sso-session {name}] has {value:?}: remove it from the profile"),
                    )),
                    (Some(value), _) => Ok(value),
                    (None, _) => Err(self.unusable("sso_session", format!("[sso-session {name}] has no {key}"))),
                }
            }
        };
        Ok(SsoLogin {
            profile: self.named.name.clone(),
            start_url: setting("sso_start_url")?,
            region: setting("sso_region")?,
            account: required("sso_account_id")?,
            role: required("sso_role_name")?,
            session,
        })
    }
}
