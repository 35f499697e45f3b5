//! Names in place of the ARN of a signing profile.

use std::fs;

use registry::{Layout, Store};

use crate::support::cli::Cli;
use crate::support::images::{block_on, push_image};
use crate::support::local_signer::LocalSigner;
use crate::support::process::{Finished, run};

/// The tool with an image in the layout `image`.
fn cli(signer: &LocalSigner) -> Cli {
    let cli = Cli::for_signer(signer);
    let layout = Store::Layout(Layout::create(cli.home().join("image")).unwrap());
    block_on(push_image(&layout, "named", Some("v1")));
    cli
}

/// `sign` of the image with this `--profile`, this shared configuration and these variables.
fn sign(cli: &Cli, profile: &str, config: &str, variables: &[(&str, &str)]) -> Finished {
    let file = cli.home().join("aws-config");
    fs::write(&file, config).unwrap();
    let mut command = cli.command(&["sign", "oci:image:v1", "--profile", profile]);
    command.env("AWS_CONFIG_FILE", file).envs(variables.iter().copied());
    run(&mut command, std::time::Duration::from_secs(60))
}

#[test]
fn a_name_is_completed_and_printed_before_it_is_used() {
    let signer = LocalSigner::start();
    let arn = signer.put_profile("release").arn;
    let cli = cli(&signer);
    let config = "[default]\nregion = us-west-2\naws_account_id = 111122223333\n";
    let signed = sign(&cli, "release", config, &[]).succeeded();
    assert!(signed.stderr.contains(&format!("release is {arn}")), "{signed}");
    assert!(signed.stdout.contains("signed"), "{signed}");
    // A wrong account is printed, too: AWS Signer has no such profile.
    let other = config.replace("111122223333", "444455556666");
    let refused = sign(&cli, "release", &other, &[]);
    refused.failed().says("arn:aws:signer:us-west-2:444455556666:/signing-profiles/release");
}

#[test]
fn a_name_that_cannot_be_completed_gets_the_form_of_the_arn() {
    let signer = LocalSigner::start();
    signer.put_profile("release");
    let cli = cli(&signer);
    let said = |profile: &str, config: &str| sign(&cli, profile, config, &[]).exits_with(2);
    said("release", "").says("region").says("arn:aws:signer:REGION:ACCOUNT:/signing-profiles/release");
    said("release", "[default]\nregion = us-west-2\n").says("account").says("get-caller-identity");
    said("release", "[profile release]\nregion = us-west-2\n").says("--aws-profile release");
    for credentials in ["dev-admin", "my.sso", "ci@corp"] {
        said(credentials, "").says(&format!("--aws-profile {credentials}"));
    }
    let verify = cli.run(&["verify", "oci:image:v1", "--trusted-profile", "dev-admin"]).exits_with(2);
    verify.says("--aws-profile dev-admin");
}

#[test]
fn commands_and_options_of_other_tools_are_answered() {
    let cli = Cli::for_signer(&LocalSigner::start());
    for (line, tip) in [
        ("login", "docker login"),
        ("login registry.example.com -u me -p secret", "docker login"),
        ("cert list", "trust list"),
        ("cert add --type ca --store a b.pem", "trust add"),
        ("plugin install --file x.zip", "'setup' installs it"),
        ("plugin list", "'setup' installs it"),
        ("key add", "there are no keys"),
        ("tree registry.example.com/a:v1", "list REF"),
        ("policy import policy.json", "policy check FILE"),
        ("sign registry.example.com/a:v1 --insecure", "--plain-http"),
        ("list registry.example.com/a:v1 --insecure", "--plain-http"),
        ("inspect registry.example.com/a:v1 --format json", "--output json"),
        ("verify registry.example.com/a:v1 --key cosign.pub", "--trusted-profile ARN"),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let said = cli.run(&words).exits_with(2).says(tip);
        assert!(!said.stderr.contains("similar"), "{said}");
        let error = cli.json("error", &words, 2);
        assert!(error["error"]["advice"].as_str().unwrap().contains(tip), "{error:#}");
    }
}
