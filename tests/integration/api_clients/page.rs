//! The snippets of `docs/local-signer.md`, run as they stand there.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::python;
use crate::support::local_signer::LocalSigner;
use crate::support::process::{Finished, command, run};
use crate::support::programs;

/// The page, a local signer, and a folder in which programs run.
struct Page {
    signer: LocalSigner,
    home: TempDir,
    clients: PathBuf,
}

/// The code of the section with this heading.
fn snippet(heading: &str, language: &str) -> String {
    let page = std::fs::read_to_string(programs::source_tree().join("docs/local-signer.md")).unwrap();
    let section = page.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let code = section.split(&format!("\n```{language}\n")).nth(1).unwrap();
    code.split_inclusive('\n').take_while(|line| *line != "```\n").collect()
}

impl Page {
    fn new() -> Page {
        Page { signer: LocalSigner::start(), home: tempfile::tempdir().unwrap(), clients: programs::clients() }
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.home.path().join(name), content).unwrap();
    }

    /// Runs a program with the variables of the page's first section.
    #[track_caller]
    fn run(&self, command: &mut Command) -> Finished {
        command.env("AWS_ENDPOINT_URL_SIGNER", &self.signer.endpoint);
        command.env("AWS_ENDPOINT_URL_SIGNER_DATA", &self.signer.endpoint);
        command.env("AWS_SHARED_CREDENTIALS_FILE", self.signer.credentials_file());
        command.env("AWS_REGION", "us-west-2").env("AWS_DEFAULT_REGION", "us-west-2");
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        run(command, Duration::from_secs(300))
    }

    fn javascript(&self, code: &str) -> Finished {
        let modules = self.home.path().join("node_modules");
        if !modules.exists() {
            symlink(self.clients.join("javascript/node_modules"), &modules).unwrap();
        }
        self.write("main.mjs", code);
        self.run(command("node", self.home.path()).arg("main.mjs"))
    }

    fn java(&self, code: &str) -> Finished {
        self.write("Main.java", code);
        let classes = format!("{}/*", self.clients.join("java").display());
        self.run(command("java", self.home.path()).args(["-cp", &classes, "Main.java"]))
    }

    fn go(&self, code: &str) -> Finished {
        // Go ignores a go.mod in the folder for temporary files, which the home is.
        let folder = self.home.path().join("program");
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["go.mod", "go.sum"] {
            std::fs::copy(programs::source_tree().join("tests/clients/go").join(name), folder.join(name)).unwrap();
        }
        self.write("program/main.go", code);
        let mut go = command("go", self.home.path());
        // The modules that scripts/clients downloaded, and what Go has built of them before.
        for name in ["GOMODCACHE", "GOCACHE"] {
            let found = Command::new("go").args(["env", name]).output().unwrap();
            go.env(name, String::from_utf8(found.stdout).unwrap().trim());
        }
        go.env("GOFLAGS", "-mod=readonly -buildvcs=false").env("GOPROXY", "off").env("CGO_ENABLED", "0");
        self.run(go.args(["-C", "program", "run", "."]))
    }

    fn python(&self, code: &str) -> Finished {
        self.write("main.py", code);
        self.run(python(&self.clients, self.home.path()).arg("main.py"))
    }
}

/// What all snippets print.
#[track_caller]
fn signs_and_revokes(finished: Finished) {
    let finished = finished.succeeded();
    let lines: Vec<&str> = finished.stdout.lines().collect();
    let [job, before, after] = lines[..] else { panic!("{finished}") };
    assert_eq!(job.strip_prefix("signed by job ").map(str::len), Some(36), "{finished}");
    assert_eq!((before, after), ("revoked: 0", "revoked: 1"), "{finished}");
}

/// Without the setting that the table of the page names, the host has a prefix, and the client says that it does not
/// resolve.
#[track_caller]
fn needs(setting: &str, replacement: &str, code: &str, run: impl Fn(&str) -> Finished) {
    assert!(code.contains(setting), "{code}");
    let failed = run(&code.replacen(setting, replacement, 1));
    let said = format!("{}{}", failed.stdout, failed.stderr);
    assert!(["data-127.0.0.1", "verification.127.0.0.1"].iter().any(|host| said.contains(host)), "{said}");
}

#[test]
#[ignore = "needs the clients of AWS Signer: scripts/test"]
fn the_boto3_snippet_runs() {
    let page = Page::new();
    let code = snippet("boto3", "python");
    signs_and_revokes(page.python(&code));
    needs("config=Config(inject_host_prefix=False)", "", &code, |code| page.python(code));
}

#[test]
#[ignore = "needs the clients of AWS Signer: scripts/test"]
fn the_aws_cli_snippet_runs() {
    let page = Page::new();
    let folder = page.home.path().join("bin");
    std::fs::create_dir(&folder).unwrap();
    let aws = folder.join("aws");
    let script =
        format!("#!/bin/sh\nPYTHONPATH='{}' exec python3 -m awscli \"$@\"\n", page.clients.join("python").display());
    std::fs::write(&aws, script).unwrap();
    std::fs::set_permissions(&aws, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let code = snippet("aws CLI", "sh");
    let run = |code: &str| {
        page.write("main.sh", code);
        page.run(command("sh", page.home.path()).args(["-eu", "main.sh"]).env("PATH", &path))
    };
    signs_and_revokes(run(&code));
    needs("aws signer-data get", "aws signer get", &code, run);
}

#[test]
#[ignore = "needs the clients of AWS Signer: scripts/test"]
fn the_javascript_snippet_runs() {
    let page = Page::new();
    let code = snippet("JavaScript", "js");
    signs_and_revokes(page.javascript(&code));
    needs("disableHostPrefix: true", "", &code, |code| page.javascript(code));
    // The client of the data plane needs no setting.
    let data = "import { SignerDataClient, GetRevocationStatusCommand as Ask } from \"@aws-sdk/client-signer-data\";\n";
    let code = code.replace(
        "await signer.send(\n    new GetRevocationStatusCommand",
        "await new SignerDataClient().send(\n    new Ask",
    );
    signs_and_revokes(page.javascript(&format!("{data}{}", code.replace("disableHostPrefix: true", ""))));
}

#[test]
#[ignore = "needs the clients of AWS Signer: scripts/test"]
fn the_java_snippet_runs() {
    let page = Page::new();
    let code = snippet("Java\n", "java");
    signs_and_revokes(page.java(&code));
    needs("DISABLE_HOST_PREFIX_INJECTION, true", "DISABLE_HOST_PREFIX_INJECTION, false", &code, |code| page.java(code));
}

#[test]
#[ignore = "needs the clients of AWS Signer: scripts/test"]
fn the_go_snippet_runs() {
    let page = Page::new();
    let code = snippet("Go\n", "go");
    signs_and_revokes(page.go(&code));
    needs(", signer.WithAPIOptions(withoutHostPrefix)", "", &code, |code| page.go(code));
}

#[test]
fn the_rust_snippet_runs() {
    let example = std::fs::read_to_string(programs::source_tree().join("examples/local-signer-client.rs")).unwrap();
    let (_, code) = example.split_once("// snippet\n").unwrap();
    assert_eq!(snippet("Rust", "rust"), code, "docs/local-signer.md and examples/local-signer-client.rs differ");
    let (signer, home) = (LocalSigner::start(), tempfile::tempdir().unwrap());
    let mut example = command(programs::example("local-signer-client"), home.path());
    example.env("AWS_ENDPOINT_URL_SIGNER", &signer.endpoint).env("AWS_REGION", "us-west-2");
    example.env("AWS_SHARED_CREDENTIALS_FILE", signer.credentials_file());
    signs_and_revokes(run(&mut example, Duration::from_secs(60)));
}

#[test]
fn the_terraform_snippet_is_formatted() {
    let installed = |folder: PathBuf| folder.join("terraform").is_file();
    if !std::env::split_paths(&std::env::var_os("PATH").unwrap()).any(installed) {
        println!("skipped: terraform is not installed; the suite test_terraform.py makes the provider's calls");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("main.tf"), snippet("Terraform", "hcl")).unwrap();
    let mut format = command("terraform", home.path());
    // It reads the syntax, and needs no provider.
    run(format.args(["fmt", "-check", "-diff", "main.tf"]).stdin(Stdio::null()), Duration::from_secs(60)).succeeded();
}

#[test]
fn the_page_names_what_serve_prints() {
    let signer = LocalSigner::start();
    assert!(signer.credentials_file().ends_with("signer/credentials"));
    assert!(signer.root_certificate().ends_with("signer/ca/root.pem"));
    let page = std::fs::read_to_string(programs::source_tree().join("docs/local-signer.md")).unwrap();
    for text in ["export AWS_ENDPOINT_URL_SIGNER=", "signer/credentials", "signer/ca/root.pem"] {
        assert!(page.contains(text), "{text}");
    }
}
