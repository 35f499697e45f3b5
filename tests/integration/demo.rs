//! `notation-aws-signer demo`, and the real notation on the files that it leaves behind.

use std::path::Path;
use std::time::Duration;

use crate::support::local_signer::LocalSigner;
use crate::support::notation::Notation;
use crate::support::process::{Finished, command, run};
use crate::support::schemas::Schema;

fn demo(home: &Path, dir: &str) -> Finished {
    let mut demo = command(env!("CARGO_BIN_EXE_notation-aws-signer"), home);
    run(demo.args(["demo", "--keep", "--dir", dir]), Duration::from_secs(60))
}

#[test]
fn demo_ends_with_a_revoked_and_refused_image() {
    let home = tempfile::tempdir().unwrap();
    let shown = demo(home.path(), "demo").succeeded();
    let lines: Vec<&str> = shown.stdout.lines().map(str::trim).collect();
    let position_of = |start: &str| {
        lines.iter().position(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no line {start:?}: {shown}"))
    };
    let positions =
        ["[5/7]", "The image is accepted.", "[6/7]", "failed  revocation", "The image is refused"].map(position_of);
    assert!(positions.is_sorted(), "{shown}");
    let job = lines[position_of("job")].rsplit(' ').next().unwrap();
    assert!(lines[position_of("failed  revocation")].contains(job), "{shown}");
    assert!(!shown.stdout.contains('\x1b'), "not a terminal: {shown}");
}

#[test]
fn demo_removes_what_it_wrote_in_a_given_folder_unless_it_is_to_be_kept() {
    let home = tempfile::tempdir().unwrap();
    let demo = |dir: &str, keep: &[&str]| {
        let mut demo = command(env!("CARGO_BIN_EXE_notation-aws-signer"), home.path());
        run(demo.args(["demo", "--dir", dir]).args(keep), Duration::from_secs(60)).succeeded()
    };
    let at = |path: &str| home.path().join(path);
    std::fs::create_dir(at("empty")).unwrap();
    demo("empty", &[]);
    assert_eq!(std::fs::read_dir(at("empty")).unwrap().count(), 0, "the folder itself was there before");
    demo("new/demo", &[]);
    assert!(!at("new").exists());
    demo("new/demo", &["--keep"]);
    assert!(at("new/demo/layout/index.json").exists() && at("new/demo/signer").exists());
}

#[test]
fn demo_refuses_a_folder_with_files() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("mine")).unwrap();
    std::fs::write(home.path().join("mine/file"), "keep").unwrap();
    demo(home.path(), "mine").exits_with(2).says("mine is not empty");
    assert_eq!(std::fs::read_dir(home.path().join("mine")).unwrap().count(), 1);
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn notation_finds_and_refuses_the_demos_signature() {
    let peers = crate::support::peers();
    let home = tempfile::tempdir().unwrap();
    demo(home.path(), "demo").succeeded();
    let layout = home.path().join("demo/layout").to_str().unwrap().to_owned();
    let signer = LocalSigner::serve(home, "demo/signer");

    let notation = Notation::new(&peers, &signer.credentials_file());
    notation.install_plugin("tar.gz");
    notation.add_trust_root(&signer.root_certificate());
    notation.import_policy("strict", "arn:aws:signer:us-west-2:111122223333:/signing-profiles/demo");
    let image = format!("{layout}:v1");
    notation.run(&["list", "--oci-layout", &image]).succeeded().says("application/vnd.cncf.notary.signature");
    let endpoint = format!("aws-signer-endpoint-url={}", signer.endpoint);
    let verify = ["verify", "--verbose", "--oci-layout", "--scope", "local/demo", "--plugin-config", &endpoint, &image];
    notation.run(&verify).failed().says("Revoked according to AWS Signer");
}

#[test]
fn demo_supports_quiet_and_closed_pipes_but_not_json() {
    let home = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_notation-aws-signer");
    let ended = |command: &mut std::process::Command| run(command, Duration::from_secs(60));
    let quiet = ended(command(program, home.path()).args(["demo", "--quiet", "--dir", "quiet"])).succeeded();
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""), "{quiet}");
    for arguments in [&["demo"][..], &["man"], &["completions", "bash"], &["local-signer", "serve", "--dir", "signer"]]
    {
        let refused = ended(command(program, home.path()).args(arguments).args(["--output", "json"])).exits_with(2);
        let error: serde_json::Value = serde_json::from_str(&refused.stdout).unwrap();
        Schema::from_command("error").accepts(&error);
    }
    let script = "(\"$0\" demo --dir piped; echo \"code $?\" >&2) | head -n 3";
    let piped = ended(command("sh", home.path()).args(["-c", script, program])).succeeded();
    assert_eq!(piped.stderr, "code 0\n", "{piped}");
}
