//! What to do about a failure, in the tool's terms: with its options and commands.

use notary::Advice;

/// The advice as a sentence that names options and commands of this tool where there are any.
#[must_use]
pub fn in_terms_of_the_tool(advice: &Advice) -> String {
    match advice {
        Advice::Sign => {
            "Sign the artifact with `notation-aws-signer sign`, or copy it with its signatures (`notation-aws-signer copy`).".to_owned()
        }
        Advice::TrustRoot { subject, store_type: "tsa" } => format!(
            "To trust timestamps under {subject}, add that root to a trust store: `notation-aws-signer trust add --type tsa`."
        ),
        Advice::TrustRoot { subject, store_type } => format!(
            "To trust signatures under {subject}, pass that root with --root (with --trusted-profile), or add it to a trust store: \
             `notation-aws-signer trust add --type {store_type}`."
        ),
        // Also of a verification without a trust policy.
        Advice::AddTrustStore { store_type: "ca" } => {
            "Add a trust store of type ca to the trust policy. --trusted-profile trusts signatures of AWS Signer only."
                .to_owned()
        }
        Advice::TrustProfile { profile } => format!(
            "To trust this signing profile, pass --trusted-profile {profile}, or add it to trustedIdentities of the trust policy."
        ),
        Advice::RepairTrustStore => {
            "Repair the trust store (`notation-aws-signer trust list` shows what is wrong). Until then its certificates are not trusted."
                .to_owned()
        }
        Advice::ProvideAwsCredentials { action, profile: None } => format!(
            "Provide AWS credentials that permit {action}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and \
             AWS_SESSION_TOKEN for temporary keys), or name a profile of the AWS configuration with --aws-profile."
        ),
        Advice::ProvideAwsCredentials { action, profile: Some(profile) } => format!(
            "Provide AWS credentials that permit {action}: correct the AWS profile {profile}, or name another with --aws-profile."
        ),
        Advice::CorrectAwsProfile { profile } => {
            format!("Correct the AWS profile {profile:?}, or name another with --aws-profile or AWS_PROFILE.")
        }
        Advice::CorrectSigningProfile => {
            "Correct the name or the region of the signing profile (`notation-aws-signer profile list` lists them), or create \
             it: `notation-aws-signer profile put NAME`."
                .to_owned()
        }
        Advice::CorrectSigningJob => {
            "Correct the id or the region of the signing job; `notation-aws-signer job list` lists them.".to_owned()
        }
        Advice::CorrectSigningPlatform => {
            "Correct the id of the signing platform; `notation-aws-signer platform list` lists them.".to_owned()
        }
        Advice::LogInToRegistry => {
            "Log in to the registry (docker login, podman login), or pass --username NAME --password-stdin.".to_owned()
        }
        Advice::AllowPlainHttp => "Check host and port, or pass --plain-http if the registry has no TLS.".to_owned(),
        Advice::UseTls => {
            "Connect with TLS: omit --plain-http, and remove the registry from insecureRegistries in notation's config.json."
                .to_owned()
        }
        Advice::TrustRegistryAuthority => {
            "If you trust the authority that issued the registry's certificate, such as your company's, pass a file with its \
             certificate: --ca-file FILE."
                .to_owned()
        }
        Advice::AllowMoreTime => "Try again, or allow more time with --aws-signer-timeout.".to_owned(),
        Advice::AllowRegistryMoreTime => "Try again, or allow more time with --registry-timeout.".to_owned(),
        Advice::AllowTimestampMoreTime => "Try again, or allow more time with --timestamp-timeout.".to_owned(),
        Advice::RaiseLimit { what: "signatures" } => "Raise the limit with --max-signatures.".to_owned(),
        Advice::RaiseLimit { what: "bytes" } => "Raise the limit with --max-size.".to_owned(),
        Advice::SendFewerRequests => "Try again later, or send fewer requests at a time with --jobs or --rate.".to_owned(),
        Advice::AddTimestamp => "Add a timestamp while the certificates are valid: notation-aws-signer timestamp \
                                 --timestamp-url URL --timestamp-root FILE REF"
            .to_owned(),
        Advice::SignAgainWithTimestamp => "Sign the artifact again if it is still in use, with a timestamp: pass \
                                           --timestamp-url URL --timestamp-root FILE when signing."
            .to_owned(),
        Advice::UseAnotherAuthority => {
            "Use another timestamping authority: --timestamp-url URL --timestamp-root FILE.".to_owned()
        }
        // Nothing to name: a variant of this tool is the same sentence.
        other => other.to_string(),
    }
}

/// The advice about the signature of a file, if it is another than about that of an artifact: a file has one signature,
/// which cannot be changed.
#[must_use]
pub fn about_a_file(advice: &Advice) -> Option<String> {
    match advice {
        Advice::AddTimestamp => Some(
            "Sign the file again, with a timestamp: notation-aws-signer blob sign FILE --force \
             --timestamp-url URL --timestamp-root FILE"
                .to_owned(),
        ),
        Advice::SignAgain => Some("Sign the file again if it is still in use.".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_signed_again() {
        let said = about_a_file(&Advice::AddTimestamp).unwrap_or_default();
        assert!(said.contains("blob sign FILE") && said.contains("--timestamp-url"), "{said}");
        assert_eq!(about_a_file(&Advice::AllowMoreTime), None);
    }

    #[test]
    fn names_options_of_the_tool() {
        let profile = || "arn:aws:signer:us-west-2:111122223333:/signing-profiles/a".to_owned();
        for (advice, option) in [
            (Advice::TrustProfile { profile: profile() }, "--trusted-profile arn:aws"),
            (Advice::TrustRoot { subject: "CN=a".to_owned(), store_type: "ca" }, "trust add --type ca"),
            (Advice::TrustRoot { subject: "CN=a".to_owned(), store_type: "tsa" }, "trust add --type tsa"),
            (Advice::AddTrustStore { store_type: "ca" }, "--trusted-profile trusts"),
            (Advice::AllowPlainHttp, "--plain-http"),
            (Advice::UseTls, "omit --plain-http"),
            (Advice::AllowRegistryMoreTime, "with --registry-timeout."),
            (Advice::AllowMoreTime, "with --aws-signer-timeout."),
            (Advice::AllowTimestampMoreTime, "with --timestamp-timeout."),
            (Advice::TrustServerAuthority, "SSL_CERT_FILE"),
            (Advice::TrustRegistryAuthority, "--ca-file"),
            (Advice::LogInToRegistry, "--password-stdin"),
            (Advice::CorrectSigningProfile, "profile put NAME"),
            (Advice::CorrectSigningJob, "job list"),
            (Advice::CorrectSigningPlatform, "platform list"),
            (Advice::RaiseLimit { what: "signatures" }, "--max-signatures"),
            (Advice::RaiseLimit { what: "bytes" }, "--max-size"),
            (Advice::ProvideAwsCredentials { action: "signer:SignPayload".to_owned(), profile: None }, "--aws-profile"),
            (Advice::AddTimestamp, "--timestamp-url"),
            (Advice::SignAgainWithTimestamp, "--timestamp-url URL"),
            (Advice::UseAnotherAuthority, "--timestamp-url URL"),
            (Advice::SignAgain, "Sign the artifact again"),
        ] {
            let said = in_terms_of_the_tool(&advice);
            assert!(said.contains(option), "{said}");
        }
    }
}
