//! What to do about a failure, as data: the library names the advice, and each caller words it in its own terms. The
//! command line tool names options, the plugin names configuration keys; [`Display`](fmt::Display) here names neither.

use std::fmt;
use std::path::PathBuf;

use super::credentials_source::{CredentialsSource, shell_word};

/// What to do about a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advice {
    /// Something was revoked: find out why, and use a replacement.
    InvestigateRevocation,
    /// Sign the artifact.
    Sign,
    /// Sign the artifact again.
    SignAgain,
    /// Sign the artifact again with a timestamp: the certificates are not valid any more, and a timestamp from now
    /// would prove nothing.
    SignAgainWithTimestamp,
    /// Add a timestamp to the signature, while its certificates are valid.
    AddTimestamp,
    /// Use another timestamping authority.
    UseAnotherAuthority,
    /// Use another timestamping authority, or correct its clock or that of this machine.
    CorrectAuthorityTime,
    /// Complete the chain of the certificates to sign with, and put it in order.
    CompleteChain,
    /// Sign the artifact again with this user metadata, or require the metadata that was signed.
    SignWithMetadata {
        /// The key.
        key: String,
    },
    /// Add a root certificate to a trust store of this type.
    TrustRoot {
        /// The subject of the root.
        subject: String,
        /// The type of the trust store.
        store_type: &'static str,
    },
    /// Add a trust store of this type to the trust policy.
    AddTrustStore {
        /// The type of the trust store.
        store_type: &'static str,
    },
    /// Repair the trust store that cannot be read.
    RepairTrustStore,
    /// Add a signing profile to the trusted identities.
    TrustProfile {
        /// The ARN of the profile.
        profile: String,
    },
    /// Add an `x509.subject` to the trusted identities.
    TrustSubject {
        /// The subject of the signing certificate.
        subject: String,
    },
    /// Install a verification plugin.
    InstallPlugin {
        /// The name of the plugin.
        name: String,
        /// The path of its program.
        path: String,
    },
    /// Install a newer version of a verification plugin.
    UpdatePlugin {
        /// The name of the plugin.
        name: String,
    },
    /// Provide AWS credentials.
    ProvideAwsCredentials {
        /// The IAM action that they must permit, such as `signer:SignPayload`.
        action: String,
        /// The profile of the shared AWS configuration that has none.
        profile: Option<String>,
    },
    /// Renew expired AWS credentials.
    RenewAwsCredentials {
        /// Where they come from.
        source: CredentialsSource,
        /// Whether they come with a session token.
        temporary: bool,
    },
    /// Check the AWS credentials and the clock of this machine.
    CheckAwsCredentials {
        /// Where they come from.
        source: CredentialsSource,
        /// Whether they come with a session token.
        temporary: bool,
    },
    /// Correct a profile of the shared AWS configuration, or name another.
    CorrectAwsProfile {
        /// The profile.
        profile: String,
    },
    /// Use the login of a profile of `aws login` by way of `credential_process`.
    ExportLoginCredentials {
        /// The profile.
        profile: String,
    },
    /// Log in to IAM Identity Center.
    LogInToSso {
        /// The profile.
        profile: String,
    },
    /// Run `credential_process` by hand to see why it fails.
    RunCredentialProcess {
        /// The profile.
        profile: String,
    },
    /// Provide the token file of a web identity.
    ProvideTokenFile {
        /// The file.
        path: PathBuf,
    },
    /// Allow the caller to get the credentials of a role.
    AllowRole {
        /// The IAM action.
        action: String,
    },
    /// Raise the hop limit of the instance metadata, or check that the instance has a role.
    RaiseHopLimit,
    /// Correct the ARN of the signing profile, or create the profile.
    CorrectSigningProfile,
    /// Correct the id or the region of the signing job.
    CorrectSigningJob,
    /// Correct the id of the signing platform.
    CorrectSigningPlatform,
    /// Permit an IAM action.
    GrantPermission {
        /// The IAM action.
        action: String,
    },
    /// Check that the endpoint of AWS Signer is right and that the service is running.
    CheckEndpoint {
        /// The URL of the endpoint.
        url: String,
    },
    /// Check the network connection and the proxy.
    CheckNetwork,
    /// Check that the credentials endpoint of the container is running.
    CheckContainerEndpoint,
    /// Correct or remove a setting. The error names it and says what is wrong, so programs for people add nothing.
    CorrectSetting,
    /// Check the name of the artifact, and the permissions.
    CheckName,
    /// Log in to the registry.
    LogInToRegistry,
    /// Allow HTTP without TLS for the registry.
    AllowPlainHttp,
    /// Connect to the registry with TLS.
    UseTls,
    /// Trust the certificate authority of the registry.
    TrustRegistryAuthority,
    /// Trust the certificate authority of the AWS endpoint, or of a proxy that inspects TLS.
    TrustAwsAuthority,
    /// Trust the certificate authority of a server for which no setting names authorities.
    TrustServerAuthority,
    /// Allow more time for the calls of AWS Signer.
    AllowMoreTime,
    /// Allow more time for the requests to the registry.
    AllowRegistryMoreTime,
    /// Allow more time for the timestamp.
    AllowTimestampMoreTime,
    /// Try again when the process that holds a lock has ended.
    WaitForProcess,
    /// Raise a limit.
    RaiseLimit {
        /// The limited items, such as `signatures`.
        what: &'static str,
    },
    /// Try again later, or send fewer requests at a time.
    SendFewerRequests,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let credentials = |profile: &Option<String>| match profile {
            Some(profile) => format!("the AWS profile {profile}"),
            None => "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for temporary keys)".to_owned(),
        };
        match self {
            Self::InvestigateRevocation => {
                f.write_str("Do not deploy the artifact. Find out why it was revoked and what replaces it.")
            }
            Self::Sign => f.write_str("Sign the artifact, or copy it with its signatures."),
            Self::SignAgain => f.write_str("Sign the artifact again if it is still in use."),
            Self::SignAgainWithTimestamp => {
                f.write_str("Sign the artifact again if it is still in use, with a timestamp.")
            }
            Self::UseAnotherAuthority => f.write_str("Use another timestamping authority."),
            Self::CorrectAuthorityTime => f.write_str(
                "Use another timestamping authority, or correct its clock. Check the clock of this machine, too.",
            ),
            Self::AddTimestamp => f.write_str("Sign the artifact again with a timestamp, or add one to the signature."),
            Self::CompleteChain => f.write_str(
                "Give the signing certificate first, then the certificate of each issuer, up to the self-signed root.",
            ),
            Self::SignWithMetadata { key } => {
                write!(
                    f,
                    "Sign the artifact again with the user metadata {key:?}, or require the value that was signed."
                )
            }
            Self::TrustRoot { subject, store_type } => {
                write!(f, "To trust signatures under {subject}, add that root to a trust store of type {store_type}.")
            }
            Self::AddTrustStore { store_type } => {
                write!(f, "Add a trust store of type {store_type} to the trust policy.")
            }
            Self::RepairTrustStore => f.write_str("Repair the trust store; until then nothing is trusted."),
            Self::TrustProfile { profile } => {
                write!(f, "To trust this signing profile, add {profile} to trustedIdentities of the trust policy.")
            }
            Self::TrustSubject { subject } => write!(
                f,
                "To trust this signer, add an x509.subject with attributes of {subject} to trustedIdentities of the trust policy."
            ),
            Self::InstallPlugin { name, path } => {
                write!(f, "If you trust its publisher, install the plugin {name} as {path}.")
            }
            Self::UpdatePlugin { name } => write!(f, "Install a newer version of the verification plugin {name}."),
            Self::ProvideAwsCredentials { action, profile } => {
                write!(f, "Provide AWS credentials that permit {action}: set {}.", credentials(profile))
            }
            Self::RenewAwsCredentials { source, temporary } => {
                write!(f, "The AWS credentials have expired. Renew {}.", source.what_to_renew(*temporary))
            }
            Self::CheckAwsCredentials { source, temporary } => write!(
                f,
                "AWS rejects the credentials. Check {} and the clock of this machine.",
                source.what_to_renew(*temporary)
            ),
            Self::CorrectAwsProfile { profile } => {
                write!(f, "Correct the AWS profile {profile:?}, or name another.")
            }
            Self::ExportLoginCredentials { profile } => write!(
                f,
                "Add a profile with `credential_process = aws configure export-credentials --profile {} --format process`, \
                 and name that one. If the login has ended, run `aws login --profile {0}` first.",
                shell_word(profile)
            ),
            Self::LogInToSso { profile } => write!(f, "Run `aws sso login --profile {}`.", shell_word(profile)),
            Self::RunCredentialProcess { profile } => {
                write!(f, "Run the command of credential_process of the AWS profile {profile:?} to see why it fails.")
            }
            Self::ProvideTokenFile { path } => {
                write!(f, "Check that {} is mounted and readable for this user.", path.display())
            }
            Self::AllowRole { action } => {
                write!(f, "Permit {action}: in the trust policy of the role, and for the caller.")
            }
            Self::RaiseHopLimit => f.write_str(
                "In a container, the hop limit of the instance metadata must be 2: \
                 aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2.",
            ),
            Self::CorrectSigningProfile => {
                f.write_str("Correct the name or the region in the ARN of the signing profile, or create the profile.")
            }
            Self::CorrectSigningJob => f.write_str("Correct the id or the region of the signing job."),
            Self::CorrectSigningPlatform => f.write_str("Correct the id of the signing platform."),
            Self::GrantPermission { action } => {
                write!(f, "Permit {action} for these AWS credentials with an IAM policy, or use other credentials.")
            }
            Self::CheckEndpoint { url } => write!(f, "Check that {url} is the right endpoint and that it is running."),
            Self::CheckContainerEndpoint => f.write_str(
                "Check that the service that AWS_CONTAINER_CREDENTIALS_FULL_URI or \
                 AWS_CONTAINER_CREDENTIALS_RELATIVE_URI names is running.",
            ),
            Self::CheckNetwork => f.write_str("Check the network and the proxy."),
            Self::CorrectSetting => f.write_str("Correct or remove the setting."),
            Self::CheckName => {
                f.write_str("Check the name and your permissions: many registries answer 404 for private repositories.")
            }
            Self::LogInToRegistry => f.write_str("Log in to the registry (docker login, podman login)."),
            Self::AllowPlainHttp => f.write_str("Check host and port, or allow plain HTTP if the registry has no TLS."),
            Self::UseTls => f.write_str("Connect to the registry with TLS, not with plain HTTP."),
            Self::TrustRegistryAuthority => {
                f.write_str("If you trust the authority that issued the registry's certificate, add its certificate.")
            }
            Self::TrustAwsAuthority => f.write_str(
                "If you trust the authority that issued the certificate, such as your company's, set AWS_CA_BUNDLE to a \
                 file with its certificate.",
            ),
            Self::TrustServerAuthority => f.write_str(
                "If you trust the authority that issued the certificate, such as your company's, add its certificate to \
                 those of the system, or set SSL_CERT_FILE to a file with all certificates to trust in place of the \
                 system's.",
            ),
            Self::AllowMoreTime | Self::AllowRegistryMoreTime | Self::AllowTimestampMoreTime => {
                f.write_str("Try again, or allow more time.")
            }
            Self::WaitForProcess => f.write_str("Try again when the other process has ended."),
            Self::RaiseLimit { what } => write!(f, "Raise the limit of {what}."),
            Self::SendFewerRequests => f.write_str("Try again later, or send fewer requests at a time."),
        }
    }
}
