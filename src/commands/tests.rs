//! Tests of all commands.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::ffi::OsString;

use clap::builder::ValueParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory as _, Error, FromArgMatches as _, Id};

use crate::arguments::usage;
use crate::commands::Cli;

/// Every command without subcommands, with its full name.
fn commands() -> Vec<(String, Command)> {
    fn walk(name: &str, command: &Command, all: &mut Vec<(String, Command)>) {
        let parts: Vec<&Command> = command.get_subcommands().filter(|part| part.get_name() != "help").collect();
        if parts.is_empty() {
            all.push((name.to_owned(), command.clone()));
        }
        parts.iter().for_each(|part| walk(&format!("{name} {}", part.get_name()), part, all));
    }
    let mut all = Vec::new();
    walk("notation-aws-signer", &Cli::command(), &mut all);
    all
}

#[test]
fn has_a_valid_clap_definition() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_examples() {
    for (name, mut command) in commands() {
        let help = command.render_long_help().to_string();
        let (_, examples) = help.split_once("Examples:").unwrap_or_else(|| panic!("{name} has no examples"));
        assert!(examples.contains(&name), "no example uses {name}: {examples}");
    }
}

#[test]
fn examples_are_never_wrapped() {
    fn part<'a>(command: &'a mut Command, name: &str) -> &'a mut Command {
        name.split(' ').skip(1).fold(command, |command, part| command.find_subcommand_mut(part).unwrap())
    }
    for (name, raw) in commands() {
        let after = crate::arguments::help::AfterHelp::from_command(&raw).unwrap();
        let mut narrow = crate::arguments::help::laid_out(Cli::command()).term_width(50);
        narrow.build();
        let help = part(&mut narrow, &name).render_help().to_string();
        assert!(help.contains(&after.examples), "{name}: {help}");
        let one_option = |line: &str| line.split(' ').filter(|word| !word.is_empty() && *word != "\\").count() <= 2;
        assert!(after.examples.lines().all(|line| line.len() <= 80 || one_option(line)), "{name}: {}", after.examples);
        if let Some(codes) = after.exit_codes {
            assert!(!codes.contains('\n') && help.contains("\n\nExit codes: 0 "), "{name}: {codes}");
        }
    }
}

#[test]
fn every_shell_completes_every_command() {
    for shell in super::completions::SHELLS {
        let script = String::from_utf8(super::completions::script(*shell)).unwrap();
        for (name, _) in commands() {
            let last = name.rsplit(' ').next().unwrap();
            assert!(script.contains(last), "{shell}: {name}");
        }
    }
}

#[test]
fn bash_completes_subcommands_options_and_values() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("completions.bash");
    std::fs::write(&script, super::completions::script(clap_complete::Shell::Bash)).unwrap();
    let complete = |words: &[&str]| {
        // As bash calls it: the program, the word to complete and the word before it.
        let program = "source \"$1\"; shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); function=$(complete -p \"$1\"); \
                       function=${function#*-F }; ${function%% *} \"$1\" \"${!#}\" \"${@:$#-1:1}\"; echo \"${COMPREPLY[@]}\"";
        let mut bash = std::process::Command::new("bash");
        bash.args(["--norc", "-c", program, "bash"]).arg(&script).arg("notation-aws-signer").args(words);
        let output = bash.current_dir(folder.path()).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    for (words, expected) in [
        (&["veri"][..], "verify\n"),
        (&["vers"], "version\n"),
        (&["trust", "re"], "remove\n"),
        (&["local-signer", "se"], "serve\n"),
        (&["admission", "ch"], "check-config\n"),
        (&["verify", "--tru"], "--trusted-profile\n"),
        (&["trust", "list", "--ty"], "--type\n"),
        (&["verify", "--output", "j"], "json\n"),
        (&["trust", "list", "--type", "sig"], "signingAuthority\n"),
        (&["completions", "z"], "zsh\n"),
    ] {
        assert_eq!(complete(words), expected, "{words:?}");
    }
}

#[test]
fn every_command_has_a_man_page() {
    let folder = tempfile::tempdir().unwrap();
    let written = super::man::write_all(folder.path()).unwrap();
    for (name, command) in commands() {
        let page = folder.path().join(format!("{}.1", name.replace(' ', "-")));
        assert!(written.contains(&page), "{name}");
        let text = std::fs::read_to_string(&page).unwrap();
        let about = command.get_about().unwrap().to_string().replace('-', "\\-");
        let example = format!("\n.nf\n{}", name.replace('-', "\\-"));
        assert!(text.contains(&about) && text.contains(".SH EXAMPLES") && text.contains(&example), "{name}: {text}");
        assert_eq!(text.contains("EXIT STATUS"), command.get_after_help().unwrap().to_string().contains("Exit codes"));
    }
}

#[test]
fn a_part_of_the_definition_gives_the_same_result_as_the_whole() {
    let reference = "registry.example.com/app:v1";
    let profile = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/pipeline";
    for line in [
        format!("sign {reference} --profile {profile}"),
        format!("sign {reference} --profile {profile} --recursive -qo json --user-metadata a=b --plain-http"),
        format!("verify {reference}"),
        format!("verify {reference} oci:./image --jobs 3 -vv --trusted-profile {profile} --root root.pem"),
        format!("verify -o json --policy policy.json -- {reference}"),
        "verify".to_owned(),
    ] {
        let arguments: Vec<_> = format!("notation-aws-signer {line}").split(' ').map(OsString::from).collect();
        let meaning = |definition: Command| {
            let matches = definition.try_get_matches_from(&arguments).unwrap();
            format!("{:?}", Cli::from_arg_matches(&matches).unwrap())
        };
        assert_eq!(meaning(Cli::command_of(&arguments).unwrap()), meaning(Cli::command()), "{line}");
    }
}

#[test]
fn a_part_of_the_definition_accepts_nothing_that_the_whole_does_not() {
    for line in ["verify --help", "verify help", "sign -V", "sign --nosuch", "verify x sign", "verify --jobs 0", "sign"]
    {
        let arguments: Vec<_> = format!("notation-aws-signer {line}").split(' ').map(OsString::from).collect();
        let part = Cli::command_of(&arguments).unwrap().try_get_matches_from(&arguments);
        let whole = Cli::command().try_get_matches_from(&arguments);
        assert_eq!(part.is_ok(), whole.is_ok(), "{line}: {whole:?}");
    }
    for line in ["", "list", "-v verify", "help verify", "VERIFY", "veri"] {
        let arguments: Vec<_> = format!("notation-aws-signer {line}").trim().split(' ').map(OsString::from).collect();
        assert!(Cli::command_of(&arguments).is_none(), "{line}");
    }
}

/// The command with nothing required in any case, and with any text as a value.
fn relaxed(command: &Command) -> Command {
    let groups: Vec<Id> = command.get_groups().map(|group| group.get_id().clone()).collect();
    let command = command.clone().mut_args(|arg| match arg.get_action().takes_values() {
        true => arg.required(false).value_parser(ValueParser::os_string()),
        false => arg.required(false),
    });
    let mut command =
        groups.into_iter().fold(command, |command, group| command.mut_group(group, |group| group.required(false)));
    // Arguments have names then.
    command.build();
    command
}

/// clap's error for these arguments, each with a value if it takes one.
fn refusal(command: &Command, arguments: &[&Arg]) -> Option<Error> {
    let (positional, options): (Vec<&&Arg>, Vec<_>) = arguments.iter().partition(|arg| arg.is_positional());
    let option = |arg: &&&Arg| {
        let name = arg.get_long().map(|name| format!("--{name}")).unwrap();
        if arg.get_action().takes_values() { format!("{name}=x") } else { name }
    };
    let words = positional.iter().map(|_| "x".to_owned()).chain(options.iter().map(option));
    command.clone().try_get_matches_from(std::iter::once("tool".to_owned()).chain(words)).err()
}

/// The arguments that must be given together with these.
fn missing<'a>(command: &'a Command, arguments: &[&Arg]) -> Vec<&'a Arg> {
    let Some(why) = refusal(command, arguments).filter(|why| why.kind() == ErrorKind::MissingRequiredArgument) else {
        return Vec::new();
    };
    let Some(ContextValue::Strings(names)) = why.get(ContextKind::InvalidArg) else { panic!("{why}") };
    let plain = |text: &str| text.replace(['<', '>', '[', ']', '.'], "");
    let named = |name: &String| command.get_arguments().find(|arg| plain(&arg.to_string()) == plain(name));
    names.iter().map(|name| named(name).unwrap_or_else(|| panic!("{name} is no argument: {why}"))).collect()
}

/// The arguments that cannot be given together with this one.
fn excluded<'a>(command: &'a Command, arg: &Arg) -> Vec<&'a Arg> {
    let excludes = |one: &Arg, other: &Arg| {
        let is_other = |id: &Id| id == other.get_id();
        let groups = command.get_groups().filter(|group| !(*group).clone().is_multiple());
        let in_group = |ids: Vec<&Id>| ids.contains(&one.get_id()) && ids.into_iter().any(is_other);
        command.get_arg_conflicts_with(one).iter().any(|found| is_other(found.get_id()))
            || groups.into_iter().any(|group| in_group(group.get_args().collect()))
    };
    let all = command.get_arguments().filter(|other| other.get_id() != arg.get_id());
    all.filter(|other| excludes(arg, other) || excludes(other, arg)).collect()
}

/// The pairs of arguments of which clap ignores the first one without a word: it drops the requirement of an argument
/// if what it requires is excluded by another argument that is given. Also returns how many pairs were tried.
fn ignored(command: &Command) -> (Vec<String>, usize) {
    let (mut found, mut tried) = (Vec::new(), 0);
    let command = relaxed(command);
    let always: BTreeSet<&Id> = missing(&command, &[]).into_iter().map(Arg::get_id).collect();
    for arg in command.get_arguments() {
        let required = missing(&command, &[arg]).into_iter().filter(|other| !always.contains(other.get_id()));
        let excluded = required.flat_map(|required| excluded(&command, required));
        for other in excluded.filter(|other| other.get_id() != arg.get_id()) {
            tried += 1;
            if refusal(&command, &[arg, other]).is_none_or(|why| why.kind() != ErrorKind::ArgumentConflict) {
                found.push(format!("{arg} beside {other}"));
            }
        }
    }
    (found, tried)
}

#[test]
fn no_argument_is_ignored_because_what_it_requires_is_excluded() {
    let mut all = 0;
    for (name, command) in commands() {
        let (found, tried) = ignored(&command);
        assert!(found.is_empty(), "{name}: {found:#?}");
        all += tried;
    }
    assert!(all > 40, "{all}");
    // The trap itself.
    let arg = |name: &'static str| Arg::new(name).long(name);
    let trap = Command::new("tool").arg(arg("a").requires("b")).arg(arg("b")).arg(arg("c").conflicts_with("b"));
    assert_eq!(ignored(&trap).0, ["--a <a> beside --c <c>"]);
}

#[test]
fn names_both_options_that_exclude_each_other() {
    const PROFILE: &str = "--profile arn:aws:signer:us-west-2:111122223333:/signing-profiles/pipeline";
    const REF: &str = "registry.example.com/app:v1";
    const JOB: &str = "--job-id 11111111-2222-3333-4444-555555555555 --reason x --yes";
    let digest = format!("--signature sha256:{}", "0".repeat(64));
    for (line, names) in [
        (format!("revoke signature {JOB} {digest}"), ["--job-id", "--signature"]),
        (format!("revoke signature {JOB} --root r"), ["--job-id", "--root"]),
        (format!("revoke signature {JOB} --max-signatures 5"), ["--job-id", "--max-signatures"]),
        ("verify oci:l:v1 --scope a.example/b --root r".to_owned(), ["--scope", "--root"]),
        ("verify oci:l:v1 --policy p --root r".to_owned(), ["--policy", "--root"]),
        ("blob verify f --policy p --root r".to_owned(), ["--policy", "--root"]),
        ("blob verify f --policy-name p --root r".to_owned(), ["--policy-name", "--root"]),
        ("job verify f --certificate c --policy p".to_owned(), ["--certificate", "--policy"]),
        (format!("sign {REF} --key k --certificate-chain c --if-unsigned"), ["--key", "--if-unsigned"]),
        (format!("sign {REF} --plugin p --id i --if-unsigned"), ["--plugin", "--if-unsigned"]),
        (format!("sign {REF} {PROFILE} --detach f --root r"), ["--detach", "--root"]),
        (format!("sign {REF} {PROFILE} --certificate-chain c"), ["--profile", "--certificate-chain"]),
        (format!("sign {REF} {PROFILE} --id x"), ["--profile", "--id"]),
        (format!("sign {REF} {PROFILE} --plugin-config a=b"), ["--profile", "--plugin-config"]),
        (format!("sign {REF} {PROFILE} --recursive --force"), ["--recursive", "--force"]),
        (format!("sign {REF} {PROFILE} --detach f --manifest-form config"), ["--detach", "--manifest-form"]),
        (format!("blob sign f {PROFILE} --certificate-chain c"), ["--profile", "--certificate-chain"]),
        (format!("blob sign f {PROFILE} --id x"), ["--profile", "--id"]),
        (format!("blob sign f {PROFILE} --plugin-config a=b"), ["--profile", "--plugin-config"]),
    ] {
        let arguments: Vec<_> = format!("notation-aws-signer {line}").split(' ').map(OsString::from).collect();
        let why = usage::parse(None, Cli::command, &arguments).unwrap_err();
        let said = usage::to_cli_error(&why).message;
        assert!(why.kind() == ErrorKind::ArgumentConflict, "{line}: {why}");
        assert!(names.iter().all(|name| said.contains(name)), "{line}: {said}");
    }
}

#[test]
fn a_negative_expiry_is_refused_in_the_words_of_the_option() {
    for expiry in [["--expiry", "-1h"], ["-e", "-1h"]] {
        let sign = ["tool", "sign", "registry.example.com/app:v1", "--key", "k", "--certificate-chain", "c"];
        let arguments: Vec<_> = sign.iter().chain(&expiry).map(OsString::from).collect();
        let why = usage::parse(None, Cli::command, &arguments).unwrap_err().to_string();
        assert!(why.contains("must not be negative"), "{why}");
    }
}
