//! Arguments with escape sequences, which could hide or change what a terminal shows.

use std::time::Duration;

use registry::Layout;

use crate::support::process::{command, run};

/// Erases the screen, sets the title, colours, reverses the order of the text.
const HOSTILE: &str = "a\u{1b}[2J\u{1b}]0;owned\u{7}\u{1b}[35m\u{9b}1A\u{202e}b";
/// What must not reach the terminal.
const SEQUENCES: [&str; 6] = ["\u{1b}[2J", "\u{1b}]", "\u{7}", "\u{1b}[35m", "\u{9b}", "\u{202e}"];

#[test]
fn escape_sequences_of_arguments_never_reach_the_terminal() {
    let home = tempfile::tempdir().unwrap();
    let layout = format!("oci:{HOSTILE}");
    Layout::create(home.path().join(HOSTILE)).unwrap();
    std::fs::write(home.path().join(format!("{HOSTILE}.txt")), "text").unwrap();
    let file = format!("{HOSTILE}.txt");
    let tagged = format!("{layout}:v1");
    let reference = format!("r.example/{HOSTILE}");
    let option = format!("--{HOSTILE}");
    let profile = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/a";
    let cases: &[&[&str]] = &[
        &[HOSTILE],
        &[&option],
        &["list", &option],
        &["list", &reference],
        &["list", &layout],
        &["list", &tagged],
        &["list", &layout, "--output", HOSTILE],
        &["list", "r.invalid/a:b", "--ca-file", HOSTILE],
        &["list", "r.invalid/a:b", "--registry-timeout", HOSTILE],
        &["inspect", &tagged],
        &["verify", &tagged, "--trusted-profile", profile],
        &["verify", &tagged, "--trusted-profile", HOSTILE],
        &["verify", &tagged, "--policy", &file],
        &["verify", &tagged, "--trusted-profile", profile, "--root", &file],
        &["sign", &tagged, "--profile", profile],
        &["sign", &tagged, "--profile", HOSTILE],
        &["sign", &tagged, "--profile", profile, "--user-metadata", HOSTILE],
        &["sign", &tagged, "--profile", profile, "--aws-region", HOSTILE],
        &["sign", &tagged, "--profile", profile, "--aws-signer-endpoint-url", HOSTILE],
        &["attach", &tagged, "--signature", &file],
        &["copy", &tagged, &layout],
        &["blob", "sign", &file, "--profile", profile],
        &["blob", "verify", &file, "--trusted-profile", profile],
        &["policy", "check", &file],
        &["policy", "show", &file],
        &["trust", "add", "--type", "ca", "--store", HOSTILE, &file],
        &["trust", "add", "--type", "ca", "--store", "acme", &file],
        &["trust", "remove", HOSTILE],
        &["revoke", "signature", &tagged, "--reason", HOSTILE],
        &["setup", "--profile", HOSTILE],
        &["local-signer", "serve", "--dir", &file],
        &["demo", "--dir", &file],
        &["man", "--dir", &file],
        &["completions", HOSTILE],
    ];
    for arguments in cases {
        for forced in ["0", "1"] {
            let mut tool = command(env!("CARGO_BIN_EXE_notation-aws-signer"), home.path());
            // As on a terminal, where styles are kept.
            tool.env("CLICOLOR_FORCE", forced).env("AWS_EC2_METADATA_DISABLED", "true").args(*arguments);
            let ended = run(&mut tool, Duration::from_secs(60)).failed();
            let shown = format!("{}{}", ended.stdout, ended.stderr);
            for sequence in SEQUENCES {
                assert!(!shown.contains(sequence), "{sequence:?} of {arguments:?} is shown: {shown:?}");
            }
        }
    }
}
