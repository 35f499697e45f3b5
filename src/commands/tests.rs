//! Tests of all commands.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::OsString;

use clap::{Command, CommandFactory as _, FromArgMatches as _};

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
