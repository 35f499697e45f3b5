//! Parses the command line, and gives tips to users of notation's options.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error, FromArgMatches as _};

use super::help;
use crate::commands::Cli;

/// notation's options that do not exist here: their names, the option that the tip needs the command to have, and the tip.
const OF_NOTATION: &[(&[&str], Option<&str>, &str)] = &[
    (&["--id", "--key", "-k"], Some("profile"), "use '--profile ARN' to select the signing profile"),
    (&["--plugin"], Some("profile"), "no plugin is needed; use '--profile ARN' to select the signing profile"),
    (&["--plugin-config"], Some("aws-region"), "use the options under AWS instead, such as '--aws-region REGION'"),
    (&["-u"], Some("username"), "use '--username NAME --password-stdin'"),
    (
        &["-p", "--password"],
        Some("password-stdin"),
        "use '--username NAME --password-stdin', and pipe the password to standard input",
    ),
    (&["--insecure-registry"], Some("plain-http"), "use '--plain-http'"),
    (&["--signature-format"], None, "remove this option: signatures are always in JWS format"),
    (&["--expiry", "-e"], None, "set the validity of signatures in the signing profile"),
    (&["--timestamp-url", "--timestamp-root-cert"], None, "AWS Signer's signatures need no timestamp"),
    (&["--oci-layout"], None, "name an image in an OCI image layout as 'oci:FOLDER:TAG'"),
    (&["--debug", "-d"], Some("verbose"), "use '-vv'"),
];

/// Parses the command line.
///
/// # Errors
/// Returns clap's error for an invalid command line, and for `--help` and `--version`.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, Error> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let mut command = help::command();
    let matches = command.try_get_matches_from_mut(&arguments).map_err(|why| with_tip(why, &command, &arguments))?;
    Cli::from_arg_matches(&matches).map_err(|why| why.format(&mut command))
}

/// Replaces clap's tip if the unknown option is one of notation's.
fn with_tip(mut why: Error, command: &Command, arguments: &[OsString]) -> Error {
    let Some(ContextValue::String(unknown)) = why.get(ContextKind::InvalidArg) else { return why };
    let name = unknown.split('=').next().unwrap_or_default();
    if why.kind() != ErrorKind::UnknownArgument {
        return why;
    }
    let used = arguments
        .iter()
        .filter_map(|argument| argument.to_str())
        .fold(command, |command, word| command.find_subcommand(word).unwrap_or(command));
    let has = |option: &str| used.get_arguments().any(|argument| argument.get_long() == Some(option));
    let tip = OF_NOTATION.iter().find(|(names, here, _)| names.contains(&name) && here.is_none_or(has));
    if let Some((_, _, tip)) = tip {
        why.remove(ContextKind::SuggestedArg);
        why.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(*tip)]));
    }
    why
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> String {
        let parsed = parse(line.split(' ').map(OsString::from));
        parsed.err().map(|why| why.to_string()).unwrap_or_default()
    }

    #[test]
    fn gives_tips_for_options_of_notation() {
        for (line, expected) in [
            ("sign a.example/b:c --id arn", "tip: use '--profile ARN'"),
            ("sign a.example/b:c --key=arn", "tip: use '--profile ARN'"),
            ("sign a.example/b:c --plugin com.amazonaws.signer.notation.plugin", "tip: no plugin is needed"),
            ("sign a.example/b:c --plugin-config aws-region=us-west-2", "'--aws-region REGION'"),
            ("sign a.example/b:c --signature-format jws", "tip: remove this option"),
            ("verify a.example/b:c -u me", "'--username NAME --password-stdin'"),
            ("verify a.example/b:c -p secret", "'--username NAME --password-stdin'"),
            ("verify a.example/b:c --insecure-registry", "tip: use '--plain-http'"),
            ("list a.example/b:c --insecure-registry", "tip: use '--plain-http'"),
            ("verify a.example/b:c --debug", "tip: use '-vv'"),
        ] {
            let said = said(&format!("notation-aws-signer {line}"));
            assert!(said.contains(expected) && !said.contains("'-- -") && !said.contains("secret"), "{line}: {said}");
        }
    }

    #[test]
    fn rejects_zero_negative_and_non_numeric_counts() {
        for option in ["--require 0", "--jobs 0", "--max-signatures -1", "--jobs many"] {
            let said = said(&format!("notation-aws-signer verify a.example/b:c {}", option.replace(' ', "=")));
            assert!(said.contains("expected a number of 1 or more"), "{option}: {said}");
        }
    }

    #[test]
    fn suggests_only_options_of_the_command() {
        let said = said("notation-aws-signer setup --insecure-registry");
        assert!(said.contains("unexpected argument") && !said.contains("--plain-http"), "{said}");
    }
}
