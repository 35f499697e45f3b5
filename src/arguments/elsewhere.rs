//! What other tools call things: commands and options of notation, cosign, crane, oras, skopeo and the aws CLI that do
//! not exist here, and what to use instead.

/// A command of another tool: its names, and what to use here.
const COMMANDS: &[(&[&str], &str)] = &[
    (
        &["login", "logout"],
        "there is nothing to log in to: the tool uses the logins of `docker login` and `podman login` and their credential \
         helpers, and requests tokens for Amazon ECR itself; in a pipeline pass '--username NAME --password-stdin'",
    ),
    (&["cert", "certs", "certificate", "truststore"], "use 'trust list', 'trust add' and 'trust remove'"),
    (
        &["key", "keys", "generate-key-pair", "import-key-pair", "public-key", "piv-tool", "pkcs11-tool"],
        "there are no keys: AWS Signer keeps them. Use 'sign REF --profile ARN' and 'verify REF --trusted-profile ARN'",
    ),
    (
        &["plugin", "plugins"],
        "this tool needs no plugin for AWS Signer; 'setup' installs it for notation, and 'setup --check' shows which is \
         installed",
    ),
    (
        &["tree", "triangulate", "discover", "referrers"],
        "use 'list REF' for the signatures of an artifact, and 'inspect REF' for what is in them",
    ),
    (&["cp", "clone", "mirror", "sync", "replicate"], "use 'copy SOURCE TARGET', which copies the signatures, too"),
    (&["save", "pull", "export"], "use 'copy REF oci:FOLDER', which copies the signatures, too"),
    (&["load", "push"], "use 'copy oci:FOLDER REF', which copies the signatures, too"),
    (&["sign-blob"], "use 'blob sign FILE --profile ARN'"),
    (&["verify-blob"], "use 'blob verify FILE'"),
    (&["import"], "use 'attach REF --signature FILE'"),
    (&["attest", "attestation", "verify-attestation", "verify-blob-attestation"], "attestations are not supported"),
    (&["initialize", "init"], "use 'setup --profile ARN'; AWS's root certificates are built in"),
    (&["download"], "use 'inspect REF', or 'copy REF oci:FOLDER'"),
    (&["config", "configure", "doctor"], "use 'setup', and 'setup --check' to show what is missing or wrong"),
    (&["digest", "manifest", "resolve"], "'list REF' and 'inspect REF' print the digest of an artifact"),
    (&["completion"], "use 'completions SHELL'"),
    (&["show"], "use 'inspect REF' for what is in the signatures of an artifact, and 'list REF' for a table of them"),
    (
        &["clean", "delete", "rm", "remove"],
        "the tool deletes nothing in registries: 'revoke signature REF' makes signatures invalid, also all copies of them",
    ),
];

/// Subcommands of other tools: the command, their names, and what to use here.
const SUBCOMMANDS: &[(&str, &[&str], &str)] = &[
    (
        "policy",
        &["import", "add", "set"],
        "use 'policy check FILE', and copy the file to the path that 'policy show' prints",
    ),
    ("policy", &["export", "list", "ls"], "use 'policy show'"),
    ("policy", &["create"], "use 'policy init --profile ARN', or 'setup --profile ARN'"),
    ("trust", &["ls", "show"], "use 'trust list'"),
    ("trust", &["delete", "rm"], "use 'trust remove'"),
    (
        "profile",
        &["create", "add", "new", "put-signing-profile"],
        "use 'profile put NAME', which creates a signing profile",
    ),
    (
        "profile",
        &["delete", "rm", "remove"],
        "use 'profile cancel NAME': it can no longer sign, and its signatures stay valid",
    ),
    ("profile", &["show", "describe", "inspect"], "use 'profile get NAME'"),
    ("profile", &["revoke"], "use 'revoke profile ARN'"),
    ("profile", &["tag"], "use 'tag add', 'tag list' and 'tag remove'"),
    ("profile", &["share", "permissions"], "use 'profile permission add', 'list' and 'remove'"),
    ("job", &["show", "describe", "inspect"], "use 'job get ID'"),
    ("job", &["create", "put", "run"], "use 'job start'"),
    ("job", &["revoke"], "use 'revoke signature --job-id ID'"),
    (
        "job",
        &["cancel", "stop", "delete", "rm"],
        "a signing job cannot be canceled; 'revoke signature --job-id ID' revokes its signature",
    ),
    ("platform", &["show", "describe", "inspect"], "use 'platform get ID'"),
    ("tag", &["put", "set"], "use 'tag add NAME KEY=VALUE'"),
    ("tag", &["delete", "rm", "unset"], "use 'tag remove NAME KEY'"),
    ("blob", &["policy"], "use 'policy show --blob' and 'policy init --blob'"),
];

/// An option of another tool: its names, the option that the tip needs the command to have, and the tip.
const OPTIONS: &[(&[&str], Option<&str>, &str)] = &[
    (&["--id", "--key", "-k"], Some("profile"), "use '--profile ARN' to select the signing profile"),
    (
        &["--key", "-k", "--certificate", "--cert"],
        Some("trusted-profile"),
        "use '--trusted-profile ARN' to name the signer",
    ),
    (
        &["--certificate-identity", "--certificate-identity-regexp", "--certificate-oidc-issuer"],
        Some("trusted-profile"),
        "use '--trusted-profile ARN' to name the signer; whole ARNs are compared",
    ),
    (&["--profile-name"], Some("profile"), "use '--profile NAME'"),
    (&["--platform-id"], Some("platform"), "use '--platform ID'"),
    (&["--signature-validity-period"], Some("validity"), "use '--validity', for example '--validity \"135 months\"'"),
    (&["--max-items", "--max-results", "--page-size"], Some("limit"), "use '--limit N'; all pages are read"),
    (&["--plugin"], Some("profile"), "no plugin is needed; use '--profile ARN' to select the signing profile"),
    (&["--plugin-config"], Some("aws-region"), "use the options under AWS instead, such as '--aws-region REGION'"),
    (&["--region"], Some("aws-region"), "use '--aws-region REGION'"),
    (
        &["--aws-profile"],
        Some("plain-http"),
        "set the variable AWS_PROFILE: this command uses AWS credentials for Amazon ECR only",
    ),
    (
        &["--aws-region", "--region"],
        Some("plain-http"),
        "remove this option: the region of an Amazon ECR registry is in its name",
    ),
    (&["-u"], Some("username"), "use '--username NAME --password-stdin'"),
    (
        &["-p", "--password", "--creds"],
        Some("password-stdin"),
        "use '--username NAME --password-stdin', and pipe the password to standard input",
    ),
    (&["--insecure-registry", "--allow-http-registry", "--no-tls"], Some("plain-http"), "use '--plain-http'"),
    (
        &[
            "--insecure",
            "-k",
            "--tls-verify",
            "--insecure-skip-tls-verify",
            "--allow-insecure-registry",
            "--insecure-policy",
        ],
        Some("plain-http"),
        "use '--plain-http' for a registry without TLS, and '--ca-file FILE' for one with a certificate authority of its own; \
         certificates are always checked",
    ),
    (&["--signature-format"], None, "remove this option: AWS Signer always signs in the JWS format"),
    (&["--expiry", "-e"], None, "set the validity of signatures in the signing profile"),
    (
        &["--timestamp-root-cert", "--timestamp-server-url"],
        Some("timestamp-url"),
        "use '--timestamp-url URL' and '--timestamp-root FILE'",
    ),
    (
        &["--timestamp-url", "--timestamp-root-cert", "--timestamp-server-url"],
        None,
        "AWS Signer's signatures need no timestamp; 'timestamp REF' adds timestamps to other signatures",
    ),
    (
        &["--tlog-upload", "--rekor-url", "--fulcio-url", "--oidc-issuer"],
        None,
        "remove this option: AWS Signer signs without a log",
    ),
    (&["--annotations", "-a"], Some("user-metadata"), "use '--user-metadata KEY=VALUE'"),
    (&["--oci-layout", "--local-image"], None, "name an image in an OCI image layout as 'oci:FOLDER:TAG'"),
    (&["--format", "--json"], Some("output"), "use '--output json'; 'jq' selects members"),
    (&["--debug", "-d"], Some("verbose"), "use '-vv'"),
    (&["-r", "-R"], Some("recursive"), "use '--recursive'"),
    (
        &["-r", "-R", "--recursive", "--all", "-a"],
        Some("max-size"),
        "remove this option: 'copy' always copies all images of an index and all signatures",
    ),
    (&["--all", "-a"], Some("recursive"), "use '--recursive' for an index and all its images"),
    (
        &["--platform", "--arch", "--os"],
        Some("plain-http"),
        "name the image of a platform by its digest: REGISTRY/REPOSITORY@DIGEST",
    ),
    (&["--yes", "-y"], Some("plain-http"), "remove this option: the command asks nothing"),
    (
        &["--scheme", "--signature-manifest", "--allow-referrers-api", "--force-referrers-tag"],
        None,
        "remove this option: the registry decides how signatures are stored",
    ),
];

/// What to use instead of a command. `parent` is the command that it was given to, if not the tool itself.
#[must_use]
pub fn for_command(parent: Option<&str>, name: &str) -> Option<&'static str> {
    match parent {
        Some("revoke") if name.contains(":/signing-jobs/") => Some("use 'revoke signature --job-id ARN'"),
        Some("revoke") if name.starts_with("arn:") => Some("use 'revoke profile ARN'"),
        Some("revoke") if name.contains(['/', ':', '@']) => Some("use 'revoke signature REF'"),
        Some("tag") if name.contains(['/', ':', '@']) => Some(
            "the tool sets tags of copies only: 'copy SOURCE REGISTRY/REPOSITORY:TAG'; 'tag' is for signing profiles",
        ),
        None => COMMANDS.iter().find(|(names, _)| names.contains(&name)).map(|(_, tip)| *tip),
        Some(parent) => {
            let found = SUBCOMMANDS.iter().find(|(command, names, _)| *command == parent && names.contains(&name));
            found.map(|(_, _, tip)| *tip)
        }
    }
}

/// What to use instead of an option of a command that has the options for which `has` is true.
#[must_use]
pub fn for_option(command: &str, name: &str, has: impl Fn(&str) -> bool) -> Option<&'static str> {
    if command == "version" && matches!(name, "--short" | "--client" | "-s") {
        return Some("remove this option; '--output json' has the version as a member");
    }
    let found = OPTIONS.iter().find(|(names, here, _)| names.contains(&name) && here.is_none_or(&has));
    found.map(|(_, _, tip)| *tip)
}

#[cfg(test)]
mod tests {
    use super::for_command;

    #[test]
    fn commands_for_signing_profiles_are_told_from_those_for_images() {
        for (parent, name, tip) in [
            ("tag", "a.example/b:c", "copy SOURCE"),
            ("tag", "set", "tag add"),
            ("profile", "create", "profile put"),
            ("profile", "revoke", "revoke profile"),
            ("job", "cancel", "revoke signature"),
            ("platform", "show", "platform get"),
        ] {
            let said = for_command(Some(parent), name);
            assert!(said.is_some_and(|said| said.contains(tip)), "{parent} {name}: {said:?}");
        }
        assert_eq!(for_command(Some("tag"), "pipeline"), None);
    }
}
