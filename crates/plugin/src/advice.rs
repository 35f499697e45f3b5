//! What to do about a failure, in the plugin's terms: with the keys of its configuration.

use std::fmt::Display;

use notary::Advice;

/// Returns what happened and what to do about it.
pub(super) fn append(what: impl Display, advice: Option<&Advice>) -> String {
    match advice {
        // The error itself names the setting.
        None | Some(Advice::CorrectSetting) => what.to_string(),
        Some(advice) => format!("{what}. {}", in_terms_of_the_plugin(advice)),
    }
}

fn in_terms_of_the_plugin(advice: &Advice) -> String {
    match advice {
        Advice::ProvideAwsCredentials { profile: None, .. } => {
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for temporary keys), or name a \
             profile with the plugin configuration aws-profile."
                .to_owned()
        }
        // With a named profile, the credentials in the environment are not used.
        Advice::ProvideAwsCredentials { profile: Some(_), .. } => {
            "Check that profile in ~/.aws/config, or name another with aws-profile.".to_owned()
        }
        Advice::CorrectAwsProfile { profile } => {
            format!("Correct the AWS profile {profile:?}, or name another with aws-profile or AWS_PROFILE.")
        }
        Advice::AllowMoreTime => "Try again, or allow more time with aws-signer-timeout.".to_owned(),
        Advice::CheckEndpoint { url } => format!(
            "Check that {url} is the right endpoint (aws-signer-endpoint-url, AWS_ENDPOINT_URL_SIGNER, AWS_ENDPOINT_URL) and \
             that it is running."
        ),
        other => other.to_string(),
    }
}
