//! `notation-aws-signer setup kubernetes` without a cluster: what is wrong on this machine, and what `--print` says.
//! `admission/self_managed.rs` runs it with an API server.

use crate::support::cli::Cli;

const MINIMAL: &str = "version: 1\n\
    policies: {default: {trustedProfiles: [\"arn:aws:signer:us-west-2:111122223333:/signing-profiles/release\"]}}\n\
    rules: [{policy: default, action: enforce}]\n";
const SETUP: [&str; 4] = ["setup", "kubernetes", "--config", "admission.yaml"];
const IMAGE: [&str; 2] = ["--image", "registry.example.com/tool:1"];

/// A tool whose folder has this configuration.
fn tool(more: &str) -> Cli {
    let cli = Cli::at("http://127.0.0.1:1");
    std::fs::write(cli.home().join("admission.yaml"), format!("{MINIMAL}{more}")).unwrap();
    cli
}

#[test]
fn faults_of_this_machine_are_said_before_the_cluster_is_asked() {
    let nowhere = ["--kubeconfig", "nowhere"];
    let arguments = [&SETUP[..], &IMAGE, &nowhere].concat();
    tool("server: {plain: true, listen: \"127.0.0.1:1\"}\n").run(&arguments).exits_with(2).says("server.plain");
    tool("nosuch: 1\n").run(&arguments).exits_with(2).says("nosuch");
    let cli = tool("");
    let webhooks = ["setup", "kubernetes", "--webhooks", "missing.yaml"];
    cli.run(&[&webhooks[..], &nowhere].concat()).exits_with(2).says("missing.yaml does not exist");
    let image = [&SETUP[..], &["--image", "UPPER/x:2"], &nowhere].concat();
    cli.run(&image).exits_with(2).says("--image").says("capital letters in \"UPPER\"");
    // With all that right, the cluster comes.
    cli.run(&arguments).exits_with(2).says("the kubeconfig cannot be used: nowhere: No such file or directory");
}

#[test]
fn another_number_of_replicas_than_that_of_the_configuration_is_a_warning() {
    let arguments = [&SETUP[..], &IMAGE, &["--print"]].concat();
    let says = "warning: aws.revocation.replicas is 5, but 3 replicas are installed";
    let cli = tool("aws: {revocation: {replicas: 5}}\n");
    let printed = cli.run(&arguments).exits_with(0).says(says).says("Pass --replicas 5");
    assert!(printed.stdout.contains("replicas: 3"), "{}", printed.stdout);
    for (cli, more) in [(&cli, &["--replicas", "5"][..]), (&tool(""), &[])] {
        let finished = cli.run(&[&arguments[..], more].concat()).exits_with(0);
        assert!(!finished.stderr.contains("warning"), "{}", finished.stderr);
    }
}
