//! Parses the command line, and gives tips to users of other tools.

use std::ffi::OsString;

use aws_names::ProfileName;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Command, Error};
use notary::text::is_unprintable;

use super::{elsewhere, help};
use crate::output::exit::CliError;

/// Parses the command line: with the definition `part` if that accepts it, otherwise with the `whole` one.
///
/// # Errors
/// Returns clap's error for an invalid command line, and for `--help` and `--version`.
pub fn parse(
    part: Option<Command>,
    whole: impl FnOnce() -> Command,
    arguments: &[OsString],
) -> Result<ArgMatches, Error> {
    if let Some(Ok(matches)) = part.map(|part| part.try_get_matches_from(arguments)) {
        return Ok(matches);
    }
    let mut command = help::laid_out(whole());
    command.try_get_matches_from_mut(arguments).map_err(|why| with_tip(why, &command, arguments))
}

/// Whether `--output json` is among the arguments, for command lines that cannot be parsed.
#[must_use]
pub fn asks_for_json(arguments: &[OsString]) -> bool {
    let texts: Vec<&str> = arguments.iter().skip(1).map(|argument| argument.to_str().unwrap_or_default()).collect();
    let options = texts.split(|text| *text == "--").next().unwrap_or_default();
    let is_output = |text: &str| {
        // Flags without a value may stand before the short option: -qo json.
        text == "--output"
            || (text.starts_with('-') && text.ends_with('o') && text[1..text.len() - 1].chars().all(is_flag))
    };
    let is_pair = |pair: &[&str]| is_output(pair[0]) && pair[1] == "json";
    let is_whole = |text: &&str| {
        text.strip_suffix("=json").or_else(|| text.strip_suffix("json")).is_some_and(is_output)
            && **text != *"--outputjson"
    };
    options.windows(2).any(is_pair) || options.iter().any(is_whole)
}

fn is_flag(c: char) -> bool {
    matches!(c, 'q' | 'v' | 'y')
}

/// The same error for the results in JSON: without the usage, and with its tip as the advice.
#[must_use]
pub fn to_cli_error(why: &Error) -> CliError {
    let text = why.render().to_string();
    let mut message = Vec::new();
    let mut tips = Vec::new();
    for line in text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:")) {
        match line.strip_prefix("tip: ") {
            Some(tip) => tips.push(tip),
            None if line.is_empty() || line.starts_with("For more information") => {}
            None => message.push(line.strip_prefix("error: ").unwrap_or(line)),
        }
    }
    let error = CliError::configuration(message.join(" "));
    if tips.is_empty() { error } else { error.with_advice(tips.join("; ")) }
}

/// Whether an invalid command line is quoted in its error with characters that could control the terminal. clap prints
/// arguments unchanged.
#[must_use]
pub fn has_control_characters(why: &Error) -> bool {
    let is_control = |text: &str| text.chars().any(|c| c != '\n' && is_unprintable(c));
    let quoted = why.context().any(|(_, value)| match value {
        ContextValue::String(text) => is_control(text),
        ContextValue::Strings(texts) => texts.iter().any(|text| is_control(text)),
        _ => false,
    });
    quoted || std::error::Error::source(why).is_some_and(|source| is_control(&source.to_string()))
}

/// Replaces clap's tip if the unknown command or option is one of another tool, or if the value names AWS credentials.
fn with_tip(mut why: Error, command: &Command, arguments: &[OsString]) -> Error {
    let words = || arguments.iter().skip(1).filter_map(|argument| argument.to_str());
    let used = words().fold(command, |command, word| command.find_subcommand(word).unwrap_or(command));
    let has = |option: &str| used.get_arguments().any(|argument| argument.get_long() == Some(option));
    let text = |kind| match why.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let tip = match why.kind() {
        ErrorKind::InvalidSubcommand => text(ContextKind::InvalidSubcommand).and_then(|name| {
            // Words after the unknown one may be the names of commands, too: cert list.
            let known = words().take_while(|word| *word != name).filter_map(|word| command.find_subcommand(word));
            elsewhere::for_command(known.map(Command::get_name).next(), &name).map(ToOwned::to_owned)
        }),
        ErrorKind::UnknownArgument => text(ContextKind::InvalidArg).and_then(|unknown| {
            let name = unknown.split('=').next().unwrap_or_default();
            let tip = elsewhere::for_option(used.get_name(), name, has)?;
            let is_before = words().take_while(|word| !word.starts_with(name)).all(|word| word.starts_with('-'));
            let place = if is_before { "write options after the command, and " } else { "" };
            Some(format!("{place}{tip}"))
        }),
        ErrorKind::ValueValidation => {
            let option = text(ContextKind::InvalidArg).filter(|option| option.contains("ARN"));
            let value = text(ContextKind::InvalidValue).filter(|value| may_be_credentials(value));
            option.zip(value).and_then(|(option, value)| arn_tip(&option, &value, has("aws-profile")))
        }
        _ => None,
    };
    if let Some(tip) = tip {
        for kind in [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue] {
            why.remove(kind);
        }
        // The usage that clap derives from the options on the command line says nothing about the tip.
        why.remove(ContextKind::Usage);
        why.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
    }
    why
}

/// What to write instead of a name where an ARN is expected.
fn arn_tip(option: &str, value: &str, has_aws_profile: bool) -> Option<String> {
    let name = value.parse::<ProfileName>().ok();
    let arn = name.map(|name| format!("write the ARN: arn:aws:signer:REGION:ACCOUNT:/signing-profiles/{name}"));
    let is_of_profile = option.contains("profile") && has_aws_profile;
    let credentials =
        is_of_profile.then(|| format!("for the credentials of the AWS profile '{value}', use '--aws-profile {value}'"));
    let tips: Vec<String> = arn.into_iter().chain(credentials).collect();
    (!tips.is_empty()).then(|| tips.join("; "))
}

/// Whether a text could be the name of a profile in the AWS configuration, and no artifact or file.
#[must_use]
pub fn may_be_credentials(text: &str) -> bool {
    let is_usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '+');
    (1..=64).contains(&text.len()) && text.chars().all(is_usual)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use clap::{Arg, ArgAction};

    use super::*;
    use crate::arguments::number::count;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    /// clap's error for a command line of a small command.
    fn refusal(line: &str) -> Option<Error> {
        let options = ["recursive", "aws-profile", "aws-region", "username", "password-stdin", "plain-http", "output"];
        let sign = options.iter().fold(Command::new("sign"), |sign, name| sign.arg(Arg::new(*name).long(*name)));
        let profile = |text: &str| text.parse::<aws_names::ProfileArn>();
        let sign = sign.arg(Arg::new("profile").long("profile").value_name("ARN").value_parser(profile));
        let count = Arg::new("jobs").long("jobs").value_parser(count);
        let verbose = Arg::new("verbose").long("verbose").global(true).action(ArgAction::Count);
        let sign = sign.arg(count).arg(Arg::new("reference"));
        let trust = Command::new("trust").subcommand_required(true).subcommand(Command::new("list"));
        let command = Command::new("tool").subcommand(sign).subcommand(Command::new("setup")).subcommand(trust);
        let list = Command::new("list").arg(Arg::new("plain-http").long("plain-http")).arg(Arg::new("reference"));
        let arn = Arg::new("profile").value_name("ARN").value_parser(profile);
        let revoke = Command::new("revoke").subcommand_required(true);
        let revoke = revoke.subcommand(Command::new("profile").arg(arn)).subcommand(Command::new("signature"));
        let command = command.subcommand(list).subcommand(revoke).subcommand(Command::new("version"));
        let command = command.subcommand_required(true).arg(verbose);
        parse(None, || command, &words(line)).err()
    }

    fn said(line: &str) -> String {
        refusal(line).map(|why| why.to_string()).unwrap_or_default()
    }

    #[test]
    fn gives_tips_for_options_of_notation() {
        for (line, expected) in [
            ("sign a.example/b:c --id arn", "tip: use '--profile ARN'"),
            ("sign a.example/b:c --key=arn", "tip: use '--profile ARN'"),
            ("sign a.example/b:c --plugin com.amazonaws.signer.notation.plugin", "tip: no plugin is needed"),
            ("sign a.example/b:c --plugin-config aws-region=us-west-2", "'--aws-region REGION'"),
            ("sign a.example/b:c --signature-format jws", "tip: remove this option"),
            ("sign a.example/b:c -u me", "'--username NAME --password-stdin'"),
            ("sign a.example/b:c -p secret", "'--username NAME --password-stdin'"),
            ("sign a.example/b:c --insecure-registry", "tip: use '--plain-http'"),
            ("sign a.example/b:c --insecure-registry", "tip: use '--plain-http'"),
            ("sign a.example/b:c --debug", "tip: use '-vv'"),
            ("sign a.example/b:c --insecure", "'--plain-http' for a registry without TLS"),
            ("sign a.example/b:c --tls-verify=false", "'--ca-file FILE'"),
            ("sign a.example/b:c --region eu-west-1", "'--aws-region REGION'"),
            ("sign a.example/b:c --format json", "tip: use '--output json'"),
            ("sign a.example/b:c --profile=dev", "use '--aws-profile dev'"),
            ("sign a.example/b:c --yes", "asks nothing"),
            ("sign a.example/b:c -r", "use '--recursive'"),
            ("sign a.example/b:c --platform linux/amd64", "by its digest"),
            ("list a.example/b:c --aws-profile dev", "AWS_PROFILE"),
            ("version --short", "remove this option"),
            ("--insecure sign a.example/b:c", "after the command, and use '--plain-http'"),
            ("revoke profile demo", "arn:aws:signer:REGION:ACCOUNT:/signing-profiles/demo"),
            ("sign a.example/b:c --profile my-sso.admin", "use '--aws-profile my-sso.admin'"),
        ] {
            let said = said(&format!("tool {line}"));
            assert!(said.contains(expected) && !said.contains("'-- -") && !said.contains("secret"), "{line}: {said}");
            assert!(!said.contains("Usage:") && !said.contains("similar"), "{line}: {said}");
        }
    }

    #[test]
    fn gives_tips_for_commands_of_other_tools() {
        for (line, expected) in [
            ("login", "docker login"),
            ("login registry.example.com --username me", "docker login"),
            ("logout", "nothing to log in to"),
            ("cert list", "'trust list'"),
            ("key list", "there are no keys"),
            ("plugin ls", "'setup' installs it"),
            ("tree a.example/b:c", "'list REF'"),
            ("triangulate a.example/b:c", "'list REF'"),
            ("sign-blob file", "'blob sign FILE"),
            ("--verbose key ls --output json", "there are no keys"),
            ("trust ls", "use 'trust list'"),
            ("clean a.example/b:c", "'revoke signature REF'"),
            ("rm a.example/b:c", "'revoke signature REF'"),
            ("delete a.example/b:c", "'revoke signature REF'"),
            ("show a.example/b:c", "'inspect REF'"),
            ("revoke a.example/b:c", "use 'revoke signature REF'"),
            ("revoke arn:aws:signer:us-west-2:111122223333:/signing-jobs/x", "--job-id ARN"),
            ("setup import x", "unexpected argument"),
        ] {
            let said = said(&format!("tool {line}"));
            assert!(said.contains(expected) && !said.contains("similar"), "{line}: {said}");
        }
        assert!(said("tool --help").is_empty() || said("tool sing").contains("similar subcommand"));
    }

    #[test]
    fn a_malformed_arn_is_not_taken_for_credentials() {
        let said = said("tool sign a.example/b:c --profile arn:aws:signer:us-west-2:1:/signing-profiles/x");
        assert!(said.contains("12 digits") && !said.contains("--aws-profile"), "{said}");
    }

    #[test]
    fn rejects_zero_negative_and_non_numeric_counts() {
        for count in ["0", "-1", "many"] {
            let said = said(&format!("tool sign a.example/b:c --jobs={count}"));
            assert!(said.contains("expected a number of 1 or more"), "{count}: {said}");
        }
    }

    #[test]
    fn suggests_only_options_of_the_command() {
        let said = said("tool setup --insecure-registry");
        assert!(said.contains("unexpected argument") && !said.contains("--plain-http"), "{said}");
    }

    #[test]
    fn finds_the_request_for_json_in_invalid_command_lines() {
        for line in [
            "tool x -o json",
            "tool --output json x",
            "tool x --output=json",
            "tool -ojson",
            "tool -o=json",
            "tool -qo json",
        ] {
            assert!(asks_for_json(&words(line)), "{line}");
        }
        for line in [
            "tool x",
            "json",
            "tool --output text json",
            "tool --json",
            "tool -- -o json",
            "tool --foo json",
            "tool -o",
        ] {
            assert!(!asks_for_json(&words(line)), "{line}");
        }
    }

    #[test]
    fn notices_control_characters_in_quoted_arguments() {
        for (argument, expected) in [
            ("--no\u{1b}[2Jsuch", true),
            ("--jobs=\u{1b}]0;x\u{7}", true),
            ("--jobs=\u{202e}", true),
            ("--jobs=many", false),
            ("--nosuch", false),
        ] {
            let why = refusal(&format!("tool sign a.example/b:c {argument}")).unwrap();
            assert_eq!(has_control_characters(&why), expected, "{argument:?}");
        }
    }

    #[test]
    fn turns_usage_errors_into_message_and_advice() {
        let error = to_cli_error(&refusal("tool sign a.example/b:c --key=arn").unwrap());
        assert_eq!(error.message, "unexpected argument '--key' found");
        assert_eq!(error.advice.as_deref(), Some("use '--profile ARN' to select the signing profile"));
        let error = to_cli_error(&refusal("tool sign --jobs=0").unwrap());
        assert!(error.message.ends_with("expected a number of 1 or more") && error.advice.is_none(), "{error:?}");
    }
}
