//! Files that another user may change, or has placed where the programs read and write: trust policies, root
//! certificates, plugins, the state of the local signer, output files and logs. Only root can give files to another
//! user; without root these tests say so and end early.

use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, lchown, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::cli::Cli;
use crate::support::local_signer::LocalSigner;
use crate::support::process::run;
use crate::support::server::Server;

const STRANGER: u32 = 47_110;
/// How long a command may take on a busy machine.
const SOON: Duration = Duration::from_secs(60);
const PROFILE: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Prod";
const IMAGE: &str = "registry.example.com/team/app:v1";

/// Gives files, folders and links to another user; false without root.
fn give_away(paths: &[&Path]) -> bool {
    let given = paths.iter().all(|path| lchown(path, Some(STRANGER), Some(STRANGER)).is_ok());
    if !given {
        eprintln!("the rest of this test needs root, to give files to another user");
    }
    given
}

fn folder(path: PathBuf, mode: u32) -> PathBuf {
    fs::create_dir_all(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    path
}

/// A trust policy in a file with mode 0600.
fn policy_in(folder: &Path) -> PathBuf {
    let path = folder.join("trustpolicy.json");
    let policy = serde_json::json!({"version": "1.0", "trustPolicies": [{
        "name": "all", "registryScopes": ["*"], "signatureVerification": {"level": "strict"},
        "trustStores": ["signingAuthority:aws-signer-ts"], "trustedIdentities": [PROFILE],
    }]});
    fs::write(&path, policy.to_string()).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    path
}

#[test]
fn a_policy_below_a_folder_that_another_user_may_write_to_is_not_used() {
    let signer = LocalSigner::start();
    let cli = Cli::for_signer(&signer);
    let shared = folder(cli.home().join("shared"), 0o777);
    let file = policy_in(&folder(shared.join("notation"), 0o755));
    let by_option = ["verify", "--policy", file.to_str().unwrap(), IMAGE];
    let in_folder = |arguments: &[&str]| {
        let mut command = cli.command(arguments);
        command.env("XDG_CONFIG_HOME", &shared);
        run(&mut command, SOON)
    };
    cli.run(&by_option).exits_with(2).says("other users may write to").says("shared");
    in_folder(&["verify", IMAGE]).exits_with(2).says("other users may write to");
    fs::set_permissions(&shared, Permissions::from_mode(0o755)).unwrap();
    cli.run(&["policy", "check", file.to_str().unwrap()]).says("trustpolicy.json");
    if give_away(&[&shared]) {
        cli.run(&by_option).exits_with(2).says("belongs to another user");
        in_folder(&["verify", IMAGE]).exits_with(2).says("belongs to another user");
    }
}

#[test]
fn root_certificates_of_another_user_are_not_trusted() {
    let signer = LocalSigner::start();
    let cli = Cli::for_signer(&signer);
    let root = cli.home().join("root.pem");
    fs::copy(signer.root_certificate(), &root).unwrap();
    let shared = folder(cli.home().join("shared"), 0o777);
    let copied = shared.join("root.pem");
    fs::copy(&root, &copied).unwrap();
    let verify = |root: &Path| {
        let root = root.to_str().unwrap();
        cli.run(&["verify", IMAGE, "--trusted-profile", PROFILE, "--root", root])
    };
    verify(&copied).exits_with(2).says("other users may write to");
    cli.run(&["trust", "add", copied.to_str().unwrap(), "--store", "acme"]).exits_with(2);
    if give_away(&[&root]) {
        verify(&root).exits_with(2).says("belongs to another user");
        let link = shared.join("link.pem");
        symlink(signer.root_certificate(), &link).unwrap();
        fs::set_permissions(&shared, Permissions::from_mode(0o1777)).unwrap();
        assert!(give_away(&[&link]));
        verify(&link).exits_with(2).says("symbolic link of another user");
    }
}

#[test]
fn the_local_signer_writes_through_no_link_and_below_no_shared_folder() {
    let home = tempfile::tempdir().unwrap();
    let victim = home.path().join("victim");
    let serve = |dir: &Path| run(&mut Server::command(dir, &[]), SOON).exits_with(2);
    for name in ["lock", "credentials", "signer.db", "ca", "ca.new", "signer.db-wal"] {
        fs::write(&victim, "precious").unwrap();
        let dir = folder(home.path().join(name), 0o700);
        // A database makes it a directory of a local signer.
        fs::write(dir.join("signer.db"), "").unwrap();
        let _ = fs::remove_file(dir.join(name));
        symlink(&victim, dir.join(name)).unwrap();
        serve(&dir);
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious", "{name}");
    }
    let shared = folder(home.path().join("shared"), 0o777);
    serve(&shared.join("signer")).says("other users may write to");
    let own = folder(home.path().join("own"), 0o700);
    if give_away(&[&own]) {
        serve(&own).says("belongs to another user");
        fs::set_permissions(&shared, Permissions::from_mode(0o755)).unwrap();
        assert!(give_away(&[&shared]));
        serve(&shared.join("signer")).says("belongs to another user");
    }
}

#[test]
fn a_link_that_leads_nowhere_and_a_pipe_are_not_overwritten_without_force() {
    let signer = LocalSigner::start();
    let cli = Cli::for_signer(&signer);
    let (link, pipe) = (cli.home().join("link.json"), cli.home().join("pipe.json"));
    symlink("nowhere.json", &link).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    for path in [&link, &pipe] {
        let init = ["policy", "init", path.to_str().unwrap(), "--profile", PROFILE];
        cli.run(&init).exits_with(2).says("already exists").says("--force");
    }
    assert!(!cli.home().join("nowhere.json").exists());
    let init = ["policy", "init", link.to_str().unwrap(), "--profile", PROFILE, "--force"];
    cli.run(&init).succeeded();
    assert!(cli.home().join("nowhere.json").exists() && link.is_symlink());

    let shared = folder(cli.home().join("shared"), 0o1777);
    let (victim, planted) = (cli.home().join("victim.json"), shared.join("out.json"));
    fs::write(&victim, "precious").unwrap();
    symlink(&victim, &planted).unwrap();
    if give_away(&[&planted]) {
        let init = ["policy", "init", planted.to_str().unwrap(), "--profile", PROFILE, "--force"];
        cli.run(&init).exits_with(2).says("symbolic link of another user");
        fs::set_permissions(&shared, Permissions::from_mode(0o755)).unwrap();
        assert!(give_away(&[&shared]));
        cli.run(&init).exits_with(2).says("symbolic link of another user");
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    }
}

#[test]
fn a_log_is_not_written_where_another_user_leads_it() {
    let signer = LocalSigner::start();
    let cli = Cli::for_signer(&signer);
    let shared = folder(cli.home().join("shared"), 0o1777);
    let victim = cli.home().join("victim");
    fs::write(&victim, "precious").unwrap();
    let log = |path: &Path| {
        let mut command = cli.command(&["list", "oci:nowhere"]);
        command.env("NOTATION_AWS_SIGNER_LOG", "trace").env("NOTATION_AWS_SIGNER_LOG_FILE", path);
        run(&mut command, SOON)
    };
    let pipe = shared.join("pipe.log");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::from_raw_mode(0o666)).unwrap();
    // Opening a pipe waits for its reader: here the command ends.
    log(&pipe).failed();
    symlink("nowhere.log", shared.join("dangling.log")).unwrap();
    log(&shared.join("dangling.log")).failed();
    assert!(!shared.join("nowhere.log").exists());
    let link = shared.join("link.log");
    symlink(&victim, &link).unwrap();
    if give_away(&[&link]) {
        log(&link).failed();
        let theirs = folder(cli.home().join("theirs"), 0o755);
        let link = theirs.join("link.log");
        symlink(&victim, &link).unwrap();
        assert!(give_away(&[&link, &theirs]));
        log(&link).failed();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    }
    log(&shared.join("own.log")).failed();
    assert!(shared.join("own.log").exists());
}

/// `setup --plugin` runs the program that it installs.
#[test]
fn a_plugin_of_another_user_is_not_run() {
    let signer = LocalSigner::start();
    let cli = Cli::for_signer(&signer);
    let marker = cli.home().join("ran");
    let shared = folder(cli.home().join("shared"), 0o777);
    let program = shared.join("plugin");
    fs::write(&program, format!("#!/bin/sh\ntouch {}\n", marker.display())).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let setup = ["setup", "--offline", "--plugin", program.to_str().unwrap()];
    cli.run(&setup).failed().says("other users may write to");
    fs::set_permissions(&shared, Permissions::from_mode(0o755)).unwrap();
    if give_away(&[&program]) {
        cli.run(&setup).failed().says("belongs to another user");
    }
    assert!(!marker.exists());
}
