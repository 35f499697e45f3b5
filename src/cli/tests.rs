//! What holds for every command.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use clap::{Command, CommandFactory as _};

use super::Cli;

/// Every command that does something, with its name from the first word on.
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
fn the_command_line_contradicts_itself_nowhere() {
    Cli::command().debug_assert();
}

#[test]
fn the_help_of_every_command_has_examples_of_it() {
    for (name, mut command) in commands() {
        let help = command.render_long_help().to_string();
        let (_, examples) = help.split_once("Examples:").unwrap_or_else(|| panic!("{name} has no examples"));
        assert!(examples.contains(&name), "the examples of {name} show something else: {examples}");
    }
}

#[test]
fn every_command_is_completed_in_every_shell() {
    for shell in super::completions::SHELLS {
        let script = String::from_utf8(super::completions::script(*shell)).unwrap();
        for (name, _) in commands() {
            let last = name.rsplit(' ').next().unwrap();
            assert!(script.contains(last), "{shell}: {name}");
        }
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
        assert!(text.contains(&about) && text.contains("Examples"), "{name}: {text}");
    }
}
