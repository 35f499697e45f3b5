//! Reading the command line, and what is said to users of notation who type its options.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error, FromArgMatches as _};

use super::help;
use crate::commands::Cli;

/// Options of notation's that have another name here, or none: which, the option here where there is one, and the tip.
const OF_NOTATION: &[(&[&str], Option<&str>, &str)] = &[
    (&["--id", "--key", "-k"], Some("profile"), "the signing profile is named with '--profile ARN'"),
    (&["--plugin"], Some("profile"), "no plugin takes part; the signing profile is named with '--profile ARN'"),
    (&["--plugin-config"], Some("aws-region"), "its settings are options here, such as '--aws-region REGION'"),
    (&["-u"], Some("username"), "give the user name with '--username NAME --password-stdin'"),
    (
        &["-p", "--password"],
        Some("password-stdin"),
        "the password comes from standard input: '--username NAME --password-stdin'",
    ),
    (&["--insecure-registry"], Some("plain-http"), "use '--plain-http'"),
    (&["--signature-format"], None, "signatures are JWS envelopes, which need no option"),
    (&["--expiry", "-e"], None, "the signing profile says how long its signatures are valid"),
    (&["--timestamp-url", "--timestamp-root-cert"], None, "AWS Signer's signatures need no timestamp"),
    (&["--oci-layout"], None, "write an image in an OCI image layout as 'oci:FOLDER:TAG'"),
    (&["--debug", "-d"], Some("verbose"), "use '-vv'"),
];

/// Reads the command line of this process.
///
/// # Errors
/// Help, the version and what is wrong with the command line, as clap prints them.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, Error> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let mut command = help::command();
    let matches = command.try_get_matches_from_mut(&arguments).map_err(|why| with_tip(why, &command, &arguments))?;
    Cli::from_arg_matches(&matches).map_err(|why| why.format(&mut command))
}

/// Replaces clap's tips where the unknown option is one of notation's.
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
    fn options_of_notation_lead_to_ours() {
        for (line, expected) in [
            ("sign a.example/b:c --id arn", "tip: the signing profile is named with '--profile ARN'"),
            ("sign a.example/b:c --key=arn", "tip: the signing profile is named with '--profile ARN'"),
            ("sign a.example/b:c --plugin com.amazonaws.signer.notation.plugin", "tip: no plugin takes part"),
            ("sign a.example/b:c --plugin-config aws-region=us-west-2", "'--aws-region REGION'"),
            ("sign a.example/b:c --signature-format jws", "tip: signatures are JWS envelopes"),
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
    fn none_of_something_that_must_be_there_is_said_in_words() {
        for option in ["--require 0", "--jobs 0", "--max-signatures -1", "--jobs many"] {
            let said = said(&format!("notation-aws-signer verify a.example/b:c {}", option.replace(' ', "=")));
            assert!(said.contains("expected a number of 1 or more"), "{option}: {said}");
        }
    }

    #[test]
    fn an_option_that_a_command_has_not_is_not_advised() {
        let said = said("notation-aws-signer setup --insecure-registry");
        assert!(said.contains("unexpected argument") && !said.contains("--plain-http"), "{said}");
    }
}
