//! The JSON output of commands that fail as a whole.

use crate::support::World;
use crate::support::cli::Cli;
use crate::support::process::free_port;

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn writes_whole_command_failures_as_json() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    let image = world.push("an image");
    let other = world.push("another");
    let arn = world.profile.arn.as_str();
    let missing = format!("{}/team/app:nowhere", world.registry.address());
    let down = format!("127.0.0.1:{}/team/app:v1", free_port());
    cli.run(&["sign", &other, "--profile", arn, "--detach", "other.sig"]).succeeded();
    let cases: [(&[&str], i32, &str, &str, &str); 8] = [
        (&["list", &missing], 2, "misconfigured", "not_found", "404"),
        (&["inspect", &missing], 2, "misconfigured", "not_found", "404"),
        (&["copy", &missing, "oci:copied:v1"], 2, "misconfigured", "not_found", "404"),
        (&["list", &down, "--registry-timeout", "1"], 3, "undetermined", "unreachable", "no connection"),
        (&["attach", &image, "--signature", "other.sig"], 1, "refused", "other_artifact", ""),
        (
            &[
                "revoke",
                "profile",
                arn,
                "--version",
                "abcdefghij",
                "--effective-time",
                "2026-01-01T00:00:00Z",
                "--reason",
                "x",
            ],
            2,
            "misconfigured",
            "configuration",
            "--yes",
        ),
        (
            &["trust", "add", "--type", "ca", "--store", "acme", "missing.pem"],
            2,
            "misconfigured",
            "file",
            "missing.pem",
        ),
        (&["sign", &image, "--profile", arn, "--detach", "other.sig"], 2, "misconfigured", "exists", "--force"),
    ];
    for (command, exit, status, code, words) in cases {
        let results = cli.json("error", command, exit);
        let error = &results["error"];
        assert_eq!((&results["status"], &error["status"]), (&status.into(), &status.into()), "{results:#}");
        assert_eq!(error["code"], code, "{results:#}");
        let said = format!("{} {}", error["message"], error["advice"]);
        assert!(said.contains(words), "{results:#}");
    }
}

#[test]
fn writes_invalid_command_lines_as_json() {
    let world = World::start();
    let cli = Cli::for_signer(&world.signer);
    for (command, words) in [
        (&["list", "--nonsense", "a.example/b:c"][..], "--nonsense"),
        (&["list"], "<REF>"),
        (&["list", "UPPER CASE"], "UPPER CASE"),
        (&["nonsense"], "nonsense"),
        (&["verify"], "no artifact is given"),
        (&["man"], "man does not support JSON output"),
        (&["sign", "a.example/b:c", "--key", "arn"], "--key"),
        (&["verify", "a.example/b:c", "--trusted-profile", "arn:aws:s3:::bucket"], "arn:aws:s3:::bucket"),
    ] {
        let results = cli.json("error", command, 2);
        assert_eq!((&results["status"], &results["error"]["code"]), (&"misconfigured".into(), &"configuration".into()));
        assert!(results["error"]["message"].as_str().unwrap().contains(words), "{results:#}");
    }
    let tip = cli.json("error", &["sign", "a.example/b:c", "--key", "arn"], 2);
    assert!(tip["error"]["advice"].as_str().unwrap().contains("--profile ARN"), "{tip:#}");
    // Without the option there is only text, and help is not a failure.
    assert_eq!(cli.run(&["list", "--nonsense"]).exits_with(2).stdout, "");
    assert!(cli.run(&["list", "--help", "-o", "json"]).succeeded().stdout.contains("Usage:"));
}
