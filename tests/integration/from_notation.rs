//! docs/from-notation.md: every command of this tool in it runs, and notation knows every command of notation in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use registry::{Layout, Store};

use crate::support::images::{block_on, push_image};
use crate::support::local_signer::LocalSigner;
use crate::support::notation::Notation;
use crate::support::process::{Finished, command, run};
use crate::support::registry::Registry;
use crate::support::{peers, programs};

const PAGE: &str = "docs/from-notation.md";
const TOOL: &str = "notation-aws-signer ";

/// The lines of the page, with the heading of the table that they are in, or `sh` for a line of a code block.
fn lines() -> Vec<(String, String)> {
    let text = fs::read_to_string(programs::source_tree().join(PAGE)).unwrap();
    let mut lines = Vec::new();
    let mut context = String::new();
    for line in text.lines() {
        match line {
            "```sh" => "sh".clone_into(&mut context),
            "```" | "" => context.clear(),
            row if row.starts_with('|') && context.is_empty() => row.clone_into(&mut context),
            _ if context.is_empty() => {}
            _ => lines.push((context.clone(), line.to_owned())),
        }
    }
    lines
}

/// The texts between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The commands of this tool in the order of the page.
fn commands() -> Vec<String> {
    let mut all = Vec::new();
    for (context, line) in lines() {
        match context.as_str() {
            "sh" if line.starts_with(TOOL) => all.push(line.split('#').next().unwrap().trim().to_owned()),
            "sh" => {}
            _ => all.extend(quoted(&line).into_iter().filter(|text| text.starts_with(TOOL)).map(str::to_owned)),
        }
    }
    all
}

/// A user with a registry, an image, and what the page takes for granted.
struct User {
    _registry: Registry,
    signer: LocalSigner,
    notation: Notation,
    home: tempfile::TempDir,
    profile: String,
    image: String,
    target: String,
}

impl User {
    fn new() -> User {
        let peers = peers();
        let registry = Registry::start(&peers);
        let signer = LocalSigner::start();
        let profile = signer.put_profile("NotationProd").arn;
        let notation = Notation::new(&peers, &signer.credentials_file());
        let home = tempfile::tempdir().unwrap();
        let image = registry.push_image("team/app", "app");
        let target = format!("{}/mirror/app:v1", registry.address());
        let user = User { _registry: registry, signer, notation, home, profile, image, target };
        user.prepare();
        user
    }

    fn prepare(&self) {
        let file = |name: &str| self.home.path().join(name);
        fs::write(file("app.tar.gz"), "an archive").unwrap();
        fs::copy(self.signer.root_certificate(), file("acme-root.pem")).unwrap();
        let layout = Store::Layout(Layout::create(file("image")).unwrap());
        block_on(push_image(&layout, "in a folder", Some("v1")));
        let policy = serde_json::json!({ "version": "1.0", "trustPolicies": [{
            "name": "images", "registryScopes": ["*"], "signatureVerification": { "level": "strict" },
            "trustStores": ["signingAuthority:local-signer"], "trustedIdentities": [self.profile],
        }]});
        fs::write(file("policy.json"), policy.to_string()).unwrap();
        let credentials = fs::read_to_string(self.signer.credentials_file()).unwrap();
        let ci = credentials.replacen("[default]", "[ci]", 1);
        fs::write(file("credentials"), format!("{credentials}\n{ci}")).unwrap();
    }

    /// Runs a command of the page, with the root certificate of the local signer where AWS's would be used.
    #[track_caller]
    fn run(&self, line: &str) -> Finished {
        let needs_root = ["--trusted-profile", "--if-unsigned", "setup --profile", "revoke signature"];
        let root = if needs_root.iter().any(|part| line.contains(part)) { " --root \"$ROOT\"" } else { "" };
        let mut bash = command("bash", self.home.path());
        bash.args(["-eu", "-c", &format!("notation-aws-signer() {{ \"$TOOL\" \"$@\"; }}\n{line}{root}")]);
        bash.current_dir(self.home.path()).env("TOOL", programs::tool()).env("ROOT", self.signer.root_certificate());
        bash.env("PROFILE", &self.profile).env("IMAGE", &self.image).env("TARGET", &self.target);
        bash.env("AWS_SHARED_CREDENTIALS_FILE", self.home.path().join("credentials"));
        bash.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_ENDPOINT_URL_SIGNER", &self.signer.endpoint);
        bash.env("XDG_CONFIG_HOME", self.config());
        run(&mut bash, Duration::from_secs(120))
    }

    fn config(&self) -> PathBuf {
        self.notation.config_folder().parent().map(Path::to_owned).unwrap()
    }
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn every_command_of_the_page_runs() {
    let user = User::new();
    let commands = commands();
    assert!(commands.len() > 40, "{commands:#?}");
    for line in commands {
        let ended = user.run(&line);
        // A check says with 2 that something is missing.
        if line.contains("--check") && !ended.is_success() {
            ended.exits_with(2);
        } else {
            ended.succeeded();
        }
    }
}

#[test]
#[ignore = "needs notation: scripts/test"]
fn notation_has_every_command_and_option_that_the_page_names() {
    let signer = LocalSigner::start();
    let notation = Notation::new(&peers(), &signer.credentials_file());
    let mut checked = 0;
    for (context, line) in lines().into_iter().filter(|(context, _)| !context.contains("2.0")) {
        for text in quoted(&line).into_iter().filter(|text| text.starts_with("notation ")) {
            let words: Vec<&str> = text.split(' ').skip(1).collect();
            let depth = if matches!(words[0], "plugin" | "cert" | "policy" | "key") { 2 } else { 1 };
            let help = notation.run(&[&words[..depth], &["--help"]].concat()).succeeded();
            assert!(
                help.stdout.contains(&format!("notation {}", words[..depth].join(" "))),
                "{context}: {text}: {help}"
            );
            for option in words.iter().filter(|word| word.starts_with("--")) {
                assert!(help.stdout.contains(option), "{text}: {option}: {help}");
            }
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked}");
}
