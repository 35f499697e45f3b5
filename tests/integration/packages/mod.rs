//! What `scripts/package` makes: installed, run, read and compared.

mod debian;
mod image;
mod install_page;
mod materials;
mod release;
mod rpm;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::local_signer::LocalSigner;
use crate::support::notation::{Notation, PLUGIN};
use crate::support::process::{Finished, command, run};
use crate::support::programs::source_tree;

const TOOL: &str = "notation-aws-signer";
const LIMIT: Duration = Duration::from_secs(300);

/// The folder that `scripts/package` wrote.
fn dist() -> PathBuf {
    std::env::var_os("NOTATION_AWS_SIGNER_DIST").map_or_else(|| source_tree().join("dist"), PathBuf::from)
}

/// The file of this version in the folder, with this ending.
#[track_caller]
fn file_in(folder: &Path, ending: &str) -> PathBuf {
    let files = std::fs::read_dir(folder).into_iter().flatten().map(|file| file.unwrap().path());
    let is_it = |file: &PathBuf| {
        let name = file.file_name().unwrap().to_str().unwrap();
        name.starts_with(TOOL) && name.contains(env!("CARGO_PKG_VERSION")) && name.ends_with(ending)
    };
    let mut found: Vec<PathBuf> = files.filter(is_it).collect();
    assert_eq!(found.len(), 1, "one {TOOL}*{ending} in {}: run scripts/build && scripts/package", folder.display());
    found.remove(0)
}

/// The plugin's program in the folder of an installed package or image.
fn plugin_in(root: &Path) -> PathBuf {
    root.join("usr/libexec/notation/plugins").join(PLUGIN).join(format!("notation-{PLUGIN}"))
}

fn tool_in(root: &Path) -> PathBuf {
    root.join("usr/bin").join(TOOL)
}

/// A command that runs as root: by sudo without a password, if the test does not.
fn as_root(program: &str, home: &Path) -> Command {
    if rustix::process::geteuid().is_root() {
        return command(program, home);
    }
    let mut sudo = command("sudo", home);
    sudo.args(["--non-interactive", "--preserve-env", program]);
    sudo
}

/// Asserts that the installed programs run, and that `setup` of the installed tool gives the installed plugin to the
/// real notation, which verifies with it what the installed tool signed.
#[track_caller]
fn installed_programs_work(root: &Path) {
    let home = tempfile::tempdir().unwrap();
    let of = |program: &Path, arguments: &[&str]| run(command(program, home.path()).args(arguments), LIMIT).succeeded();
    let version = of(&tool_in(root), &["--version"]).stdout;
    assert_eq!(version.trim(), format!("{TOOL} {}", env!("CARGO_PKG_VERSION")));
    let metadata = run(
        command("sh", home.path()).args(["-c", r#"echo '{}' | "$0" get-plugin-metadata"#]).arg(plugin_in(root)),
        LIMIT,
    );
    let metadata: Value = serde_json::from_str(&metadata.succeeded().stdout).unwrap();
    assert_eq!(metadata["version"], env!("CARGO_PKG_VERSION"));

    let signer = LocalSigner::start();
    let profile = signer.put_profile("installed");
    let notation = Notation::new(&crate::support::peers(), &signer.credentials_file());
    let config = notation.config_folder();
    let tool = |arguments: &[&str]| {
        let mut tool = command(tool_in(root), home.path());
        tool.env("XDG_CONFIG_HOME", config.parent().unwrap()).env("AWS_ENDPOINT_URL_SIGNER", &signer.endpoint);
        tool.env("AWS_SHARED_CREDENTIALS_FILE", signer.credentials_file()).args(arguments);
        run(&mut tool, LIMIT).succeeded()
    };
    let certificate = signer.root_certificate();
    let certificate = certificate.to_str().unwrap();
    tool(&["setup", "--profile", &profile.arn, "--root", certificate]);
    let layout = home.path().join("image");
    let image = layout_with_image(&layout);
    tool(&["sign", &format!("oci:{}@{image}", layout.display()), "--profile", &profile.arn]);
    let endpoint = format!("aws-signer-endpoint-url={}", signer.endpoint);
    let image = format!("{}@{image}", layout.display());
    let verify = ["verify", "--oci-layout", "--scope", "local/installed", "--plugin-config", &endpoint, &image];
    notation.run(&verify).succeeded();
}

/// Creates a layout with one image, and returns the image's digest.
fn layout_with_image(folder: &Path) -> String {
    use registry::{Layout, Store};
    let store = Store::Layout(Layout::create(folder).unwrap());
    let image = crate::support::images::push_image(&store, "to be signed", Some("v1"));
    crate::support::images::block_on(image).digest.to_string()
}

/// A script of the source tree with the release programs, a fixed time, and the caller's toolchain.
fn script(name: &str, arguments: &[&str]) -> Command {
    let programs = std::env::var_os("NOTATION_AWS_SIGNER_PLUGIN").map(PathBuf::from);
    let release =
        programs.map_or_else(|| source_tree().join("target/release"), |plugin| plugin.parent().unwrap().into());
    let mut script = Command::new(source_tree().join("scripts").join(name));
    script.args(arguments).env("CARGO_TARGET_DIR", release.parent().unwrap()).env("SOURCE_DATE_EPOCH", "1700000000");
    script
}

fn run_script(name: &str, arguments: &[&str]) -> Finished {
    run(&mut script(name, arguments), LIMIT)
}

fn json(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}
