//! Signing profiles: creating, reading, canceling, tags, and names that do not exist.

use serde_json::{Value, json};

use super::scripted::{ACCOUNT, OTHER_ACCOUNT, Scripted, answer, not_found, profile, profile_arn};
use crate::support::fault::{Reply, Request};
use crate::support::terminal::Terminal;

/// The service with the profiles `pipeline` and `old`, which is canceled.
fn script(request: &Request) -> Reply {
    let path = request.path.split('?').next().unwrap();
    let all = || json!({ "profiles": [profile("pipeline", "Active"), profile("old", "Canceled")] });
    match (request.method.as_str(), path) {
        ("GET", "/signing-profiles") => answer(&all()),
        ("GET", "/signing-profiles/pipeline") if request.path.contains(&format!("profileOwner={OTHER_ACCOUNT}")) => {
            not_found()
        }
        ("GET", "/signing-profiles/pipeline") => answer(&profile("pipeline", "Active")),
        ("GET", "/signing-profiles/old") => answer(&profile("old", "Canceled")),
        ("DELETE", "/signing-profiles/pipeline") => Reply::status(200),
        ("PUT", path) => {
            let arn = profile_arn(ACCOUNT, path.rsplit('/').next().unwrap());
            let version = format!("{arn}/Ab12Cd34Ef");
            answer(&json!({ "arn": arn, "profileVersion": "Ab12Cd34Ef", "profileVersionArn": version }))
        }
        (method, path) if path.starts_with("/tags/") => match method {
            "GET" => answer(&json!({ "tags": { "team": "release", "a": "" } })),
            _ => answer(&json!({})),
        },
        _ => not_found(),
    }
}

#[test]
fn a_name_alone_makes_a_profile_for_container_images() {
    let service = Scripted::new(script);
    let put = service.cli.json("profile-put", &["profile", "put", "pipeline"], 0);
    assert_eq!((&put["outcome"], &put["profile"]), (&json!("created"), &json!(profile_arn(ACCOUNT, "pipeline"))));
    assert_eq!(service.bodies("PUT"), [json!({ "platformId": "Notation-OCI-SHA384-ECDSA" })]);
    let shown = service.cli.run(&["profile", "put", "pipeline"]).succeeded();
    assert!(shown.stdout.contains("created arn:aws:signer") && shown.stdout.contains("version  Ab12Cd34Ef"), "{shown}");
    assert!(shown.stderr.contains("sign REF --profile arn:aws:signer"), "{shown}");
}

#[test]
fn every_option_of_a_new_profile_is_sent() {
    let service = Scripted::new(script);
    let put = [
        "profile",
        "put",
        "devices",
        "--platform",
        "AWSIoTDeviceManagement-SHA256-ECDSA",
        "--validity",
        "1 day",
        "--signing-material",
        "arn:aws:acm:us-west-2:111122223333:certificate/1",
        "--signing-parameter",
        "certname=a=b",
        "--tag",
        "team=release",
        "--tag",
        "empty=",
        "--image-format",
        "JSONDetached",
        "--encryption-algorithm",
        "ECDSA",
        "--hash-algorithm",
        "SHA256",
    ];
    service.cli.json("profile-put", &put, 0);
    assert_eq!(
        service.bodies("PUT"),
        [json!({
            "platformId": "AWSIoTDeviceManagement-SHA256-ECDSA",
            "signatureValidityPeriod": { "type": "DAYS", "value": 1 },
            "signingMaterial": { "certificateArn": "arn:aws:acm:us-west-2:111122223333:certificate/1" },
            "signingParameters": { "certname": "a=b" },
            "tags": { "team": "release", "empty": "" },
            "overrides": {
                "signingConfiguration": { "encryptionAlgorithm": "ECDSA", "hashAlgorithm": "SHA256" },
                "signingImageFormat": "JSONDetached",
            },
        })]
    );
    service.cli.run(&["profile", "put", "a1", "--tag", "a=1", "--tag", "a=2"]).exits_with(2).says("given twice");
    service.cli.run(&["profile", "put", "a1", "--validity", "0 days"]).exits_with(2).says("135 months");
}

#[test]
fn profiles_are_named_by_name_or_arn() {
    let service = Scripted::new(script);
    let by_name = service.cli.json("profile-get", &["profile", "get", "pipeline"], 0);
    let by_arn = service.cli.json("profile-get", &["profile", "get", &profile_arn(ACCOUNT, "pipeline")], 0);
    assert_eq!(by_name, by_arn);
    assert_eq!(by_name["validity"], json!({ "value": 135, "unit": "months" }));
    let owners: Vec<bool> = service.server.seen().iter().map(|call| call.path.contains("profileOwner")).collect();
    assert_eq!(owners, [false, true]);
    let other_region = profile_arn(ACCOUNT, "pipeline").replace("us-west-2", "eu-west-1");
    let get = ["profile", "get", &other_region, "--aws-region", "us-west-2"];
    service.cli.run(&get).exits_with(2).says("eu-west-1");
    // The ARN precedes the region of the AWS profile.
    service.cli.run(&["profile", "get", &other_region]).exits_with(0);
    assert!(service.server.seen().last().unwrap().header("authorization").unwrap().contains("/eu-west-1/signer/"));
}

#[test]
fn a_name_that_does_not_exist_is_answered_with_similar_ones() {
    let service = Scripted::new(script);
    for arguments in [
        &["profile", "get", "pipelin"][..],
        &["profile", "cancel", "Pipelines", "--yes"],
        &["tag", "list", "pipleine"],
        &["profile", "permission", "list", "pipelin"],
    ] {
        let failed = service.cli.json("error", arguments, 2);
        assert_eq!(failed["error"]["code"], "not_found");
        let message = failed["error"]["message"].as_str().unwrap();
        assert!(message.contains(arguments.iter().find(|word| word.to_lowercase().starts_with("pip")).unwrap()));
        assert!(message.contains("A specified resource could not be found."), "{message}");
        assert!(failed["error"]["advice"].as_str().unwrap().starts_with("Did you mean pipeline? "), "{failed}");
    }
    // The profiles of the caller's account say nothing about another one.
    let other = service.cli.json("error", &["profile", "get", &profile_arn(OTHER_ACCOUNT, "pipeline")], 2);
    assert!(!other["error"]["advice"].as_str().unwrap().contains("Did you mean"), "{other}");
    let unlike = service.cli.json("error", &["profile", "get", "nightly"], 2);
    assert!(unlike["error"]["advice"].as_str().unwrap().contains("profile put NAME"), "{unlike}");
}

#[test]
fn canceling_asks_first_and_never_touches_a_profile_of_the_same_name() {
    let service = Scripted::new(script);
    let refused = service.cli.run(&["profile", "cancel", "pipeline"]).exits_with(2);
    assert!(
        refused.stderr.contains("cannot be undone") && refused.stderr.contains("Pass --yes to cancel"),
        "{refused}"
    );
    // The caller's account has a profile of that name, too.
    let other = profile_arn(OTHER_ACCOUNT, "pipeline");
    for arguments in [
        &["profile", "cancel", &other, "--yes"][..],
        &["profile", "permission", "add", &other, "--action", "SignPayload", "--principal", ACCOUNT],
        &["profile", "permission", "remove", &other, "--statement-id", "a"],
    ] {
        service.cli.run(arguments).exits_with(2).says("nothing was done").says(OTHER_ACCOUNT);
    }
    assert!(service.calls().iter().all(|call| call.starts_with("GET ")), "{:?}", service.calls());

    let canceled = service.cli.json("profile-cancel", &["profile", "cancel", "pipeline", "--yes"], 0);
    assert_eq!(canceled["outcome"], "canceled");
    assert_eq!(service.calls().last().unwrap(), "DELETE /signing-profiles/pipeline");
    let before = service.calls().len();
    let again = service.cli.json("profile-cancel", &["profile", "cancel", "old"], 0);
    assert_eq!((&again["outcome"], service.calls().len()), (&json!("already-canceled"), before + 1));
}

#[test]
fn canceling_shows_the_profile_at_a_terminal_and_wants_a_yes() {
    let service = Scripted::new(script);
    let shown = Terminal::start(&mut service.cli.command(&["profile", "cancel", "pipeline"]), 80);
    let mut shown = shown;
    shown.wait_for("Do you want to cancel arn:aws:signer:us-west-2:111122223333:/signing-profiles/pipeline? [y/N] ");
    drop(shown);
    assert!(service.calls().iter().all(|call| call.starts_with("GET ")), "{:?}", service.calls());
}

#[test]
fn tags_are_those_of_the_profile_by_name_or_arn() {
    let service = Scripted::new(script);
    let arn = profile_arn(ACCOUNT, "pipeline");
    let resource = format!("/tags/{}", arn.replace(':', "%3A").replace('/', "%2F"));
    let added = service.cli.json("tag-add", &["tag", "add", "pipeline", "team=release", "a="], 0);
    assert_eq!((&added["profile"], &added["tags"]), (&json!(arn), &json!({ "team": "release", "a": "" })));
    assert_eq!(service.calls(), ["GET /signing-profiles/pipeline", &format!("POST {resource}")]);
    assert_eq!(service.bodies("POST"), [json!({ "tags": { "team": "release", "a": "" } })]);
    let listed: Value = service.cli.json("tag-list", &["tag", "list", &arn], 0);
    assert_eq!(listed["tags"]["team"], "release");
    service.cli.json("tag-remove", &["tag", "remove", &arn, "team", "a"], 0);
    let seen = service.server.seen();
    let removed = seen.last().unwrap();
    assert_eq!((removed.method.as_str(), removed.path.contains("tagKeys=team&tagKeys=a")), ("DELETE", true));
    service.cli.run(&["tag", "registry.example.com/app:v1", "v2"]).exits_with(2).says("copy SOURCE");
}
