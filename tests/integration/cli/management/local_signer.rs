//! The commands against the local signer.

use std::thread::scope;

use registry::{Layout, Store};
use serde_json::{Value, json};

use super::scripted::{ACCOUNT, OTHER_ACCOUNT, profile_arn};
use crate::support::cli::Cli;
use crate::support::images::{block_on, push_image};
use crate::support::local_signer::{LocalSigner, REGION};

fn names(list: &Value, member: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| item[member].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_profile_lives_from_put_to_cancel() {
    let signer = LocalSigner::start();
    let cli = Cli::for_signer(&signer).in_region(REGION);
    let arn = profile_arn(ACCOUNT, "pipeline");
    let put = ["profile", "put", "pipeline", "--validity", "1 month", "--tag", "team=release"];
    let put = cli.json("profile-put", &put, 0);
    let got = cli.json("profile-get", &["profile", "get", "pipeline"], 0);
    assert_eq!((&put["profile"], &got["profileVersion"]), (&json!(arn), &put["profileVersion"]));
    assert_eq!((&got["validity"], &got["tags"]["team"]), (&json!({ "value": 1, "unit": "months" }), &json!("release")));
    cli.run(&["profile", "put", "pipeline"]).exits_with(2).says("already exists");

    cli.json("tag-add", &["tag", "add", "pipeline", "team=build", "stage=test"], 0);
    cli.json("tag-remove", &["tag", "remove", &arn, "stage"], 0);
    assert_eq!(cli.json("tag-list", &["tag", "list", "pipeline"], 0)["tags"], json!({ "team": "build" }));
    cli.run(&["tag", "add", "pipeline", "aws:a=b"]).exits_with(2).says("BadRequestException");

    cli.run(&["profile", "cancel", "pipeline"]).exits_with(2).says("nothing was done");
    let canceled = cli.json("profile-cancel", &["profile", "cancel", &arn, "--yes"], 0);
    assert_eq!(canceled["outcome"], "canceled");
    let again = cli.json("profile-cancel", &["profile", "cancel", "pipeline", "--yes"], 0);
    assert_eq!(again["outcome"], "already-canceled");
    assert_eq!(cli.json("profile-list", &["profile", "list"], 0)["profiles"], json!([]));
    let canceled = cli.json("profile-list", &["profile", "list", "--status", "canceled"], 0);
    assert_eq!(names(&canceled["profiles"], "profileName"), ["pipeline"]);
    cli.run(&["tag", "list", "pipeline"]).exits_with(2).says("BadRequestException");
    cli.run(&["profile", "put", "pipeline"]).exits_with(2).says("already exists");
}

#[test]
fn permissions_are_added_listed_and_removed() {
    let signer = LocalSigner::start();
    let cli = Cli::for_signer(&signer).in_region(REGION);
    signer.put_profile("shared");
    let list = ["profile", "permission", "list", "shared"];
    assert_eq!(cli.json("profile-permission-list", &list, 0)["permissions"], json!([]));
    let add = ["profile", "permission", "add", "shared", "--principal", OTHER_ACCOUNT, "--action"];
    let both = [&add[..], &["SignPayload", "--action", "signer:GetSigningProfile"]].concat();
    let added = cli.json("profile-permission-add", &both, 0);
    let again = cli.json("profile-permission-add", &both, 0);
    assert_eq!(names(&again["permissions"], "outcome"), ["already-present"; 2]);
    let ids = names(&added["permissions"], "statementId");
    assert_eq!(names(&again["permissions"], "statementId"), ids);
    // A profile for container images refuses it.
    cli.run(&[&add[..], &["StartSigningJob"]].concat()).exits_with(2).says("ValidationException");
    let stale = [&add[..], &["RevokeSignature", "--revision-id", "stale"]].concat();
    assert_eq!(cli.json("error", &stale, 3)["error"]["code"], "contention");

    // Of two changes at the same time, one comes too late, and is made again.
    scope(|scope| {
        for account in ["555566667777", "666677778888"] {
            let add = ["profile", "permission", "add", "shared", "--action", "SignPayload", "--principal", account];
            let cli = &cli;
            scope.spawn(move || cli.json("profile-permission-add", &add, 0));
        }
    });
    let listed = cli.json("profile-permission-list", &list, 0);
    assert_eq!(listed["permissions"].as_array().unwrap().len(), 4);
    let remove = ["profile", "permission", "remove", "shared", "--statement-id", &ids[0], "--statement-id", &ids[1]];
    cli.json("profile-permission-remove", &remove, 0);
    let left = cli.json("profile-permission-list", &list, 0);
    let mut left = names(&left["permissions"], "principal");
    left.sort();
    assert_eq!(left, ["555566667777", "666677778888"]);
    cli.run(&remove).exits_with(2).says("has no permission with the statement id");
}

#[test]
fn the_jobs_of_signatures_are_listed_and_shown() {
    let signer = LocalSigner::start();
    let cli = Cli::for_signer(&signer).in_region(REGION);
    let profile = signer.put_profile("release");
    let layout = Store::Layout(Layout::create(cli.home().join("image")).unwrap());
    block_on(push_image(&layout, "signed", Some("v1")));
    let sign = ["sign", "oci:image:v1", "--profile", &profile.arn];
    let mut jobs = Vec::new();
    for _ in 0..2 {
        let signed = cli.json("sign", &sign, 0);
        jobs.push(signed["artifacts"][0]["signature"]["job"].as_str().unwrap().to_owned());
    }
    let listed = cli.json("job-list", &["job", "list"], 0);
    let mut found = names(&listed["jobs"], "job");
    found.sort();
    jobs.sort();
    assert_eq!(found, jobs);
    let id = jobs[0].rsplit('/').next().unwrap();
    let by_id = cli.json("job-get", &["job", "get", id], 0);
    assert_eq!(by_id, cli.json("job-get", &["job", "get", &jobs[0]], 0));
    assert_eq!((&by_id["profileName"], &by_id["revoked"]), (&json!("release"), &json!(false)));
    assert_eq!(cli.json("job-wait", &["job", "wait", id], 0)["jobStatus"], "Succeeded");

    cli.run(&["revoke", "signature", "--job-id", &jobs[0], "--reason", "leaked", "--yes"]).succeeded();
    let revoked = |flag: &str| names(&cli.json("job-list", &["job", "list", flag], 0)["jobs"], "job");
    assert_eq!((revoked("--revoked"), revoked("--revoked=false")), (vec![jobs[0].clone()], vec![jobs[1].clone()]));
    let shown = cli.json("job-get", &["job", "get", id], 0);
    assert_eq!((&shown["revoked"], &shown["revocation"]["reason"]), (&json!(true), &json!("leaked")));
    let failed = cli.json("job-list", &["job", "list", "--status", "Failed"], 0);
    assert_eq!(failed["jobs"], json!([]));
    let missing = cli.json("error", &["job", "get", "00000000-0000-0000-0000-000000000000"], 2);
    assert_eq!(missing["error"]["code"], "not_found");
}

#[test]
fn platforms_are_listed_and_shown() {
    let signer = LocalSigner::start();
    let cli = Cli::for_signer(&signer).in_region(REGION);
    let listed = cli.json("platform-list", &["platform", "list"], 0);
    let ids = names(&listed["platforms"], "platform");
    for id in ["Notation-OCI-SHA384-ECDSA", "AWSLambda-SHA384-ECDSA", "AmazonFreeRTOS-Default"] {
        assert!(ids.iter().any(|found| found == id), "{ids:?}");
        let mut shown = cli.json("platform-get", &["platform", "get", id], 0);
        let members = shown.as_object_mut().unwrap();
        members.retain(|member, _| member != "schemaVersion" && member != "status");
        assert!(listed["platforms"].as_array().unwrap().contains(&shown), "{shown}");
    }
    cli.run(&["platform", "get", "Notation-OCI-SHA384-ECDS"]).exits_with(2).says("mean Notation-OCI-SHA384-ECDSA?");
}

#[test]
fn more_profiles_than_a_page_are_listed() {
    let signer = LocalSigner::start();
    let cli = Cli::for_signer(&signer).in_region(REGION);
    for number in 0..27 {
        signer.put_profile(&format!("profile_{number:02}"));
    }
    let listed = cli.json("profile-list", &["profile", "list"], 0);
    assert_eq!((listed["profiles"].as_array().unwrap().len(), &listed["more"]), (27, &json!(false)));
    let limited = cli.json("profile-list", &["profile", "list", "--limit", "26"], 0);
    assert_eq!((limited["profiles"].as_array().unwrap().len(), &limited["more"]), (26, &json!(true)));
    let few = cli.json("profile-list", &["profile", "list", "--limit", "2"], 0);
    assert_eq!(few["profiles"][1], listed["profiles"][1]);
    cli.run(&["profile", "get", "profile_99"]).exits_with(2).says("Did you mean profile_");
}
