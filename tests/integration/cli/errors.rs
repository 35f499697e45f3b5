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
    let cases: [(&[&str], i32, &str, &str); 8] = [
        (&["list", &missing], 2, "usage", "404"),
        (&["inspect", &missing], 2, "usage", "404"),
        (&["copy", &missing, "oci:copied:v1"], 2, "usage", "404"),
        (&["list", &down, "--registry-timeout", "1"], 3, "undetermined", "no connection"),
        (&["attach", &image, "--signature", "other.sig"], 1, "refused", ""),
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
            "usage",
            "--yes",
        ),
        (&["trust", "add", "--type", "ca", "--store", "acme", "missing.pem"], 2, "usage", "missing.pem"),
        (&["sign", &image, "--profile", arn, "--detach", "other.sig"], 2, "usage", "--force"),
    ];
    for (command, code, status, words) in cases {
        let results = cli.json("error", command, code);
        assert_eq!(results["status"], status, "{results:#}");
        assert!(results["error"]["message"].as_str().unwrap().contains(words), "{results:#}");
    }
    // Unparsable command lines are reported as text only.
    assert_eq!(cli.run(&["list", "--nonsense", "--output", "json"]).exits_with(2).stdout, "");
}
