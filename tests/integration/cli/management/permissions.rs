//! Permissions: the revision is read first, and again if another change came between.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::scripted::{OTHER_ACCOUNT, Scripted, answer, error, not_found, profile};
use crate::support::fault::Request;

const PATH: &str = "/signing-profiles/pipeline/permissions";

fn permission(id: &str, action: &str) -> Value {
    json!({ "statementId": id, "action": action, "principal": OTHER_ACCOUNT })
}

/// A service whose first `conflicts` changes come too late. The revisions count the reads.
fn service(conflicts: u32) -> Scripted {
    let (reads, changes) = (AtomicU32::new(0), AtomicU32::new(0));
    Scripted::new(move |request: &Request| match request.method.as_str() {
        "GET" if request.path == PATH => answer(&json!({
            "permissions": [permission("read", "signer:GetSigningProfile"), permission("sign", "signer:SignPayload")],
            "policySizeBytes": 420,
            "revisionId": format!("revision-{}", reads.fetch_add(1, Ordering::Relaxed) + 1),
        })),
        "GET" => answer(&profile("pipeline", "Active")),
        _ if changes.fetch_add(1, Ordering::Relaxed) < conflicts => {
            error(409, "ConflictException", "The revision ID provided does not match the current one.")
        }
        _ => answer(&json!({ "revisionId": "revision-new" })),
    })
}

fn add<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let add = ["profile", "permission", "add", "pipeline", "--principal", OTHER_ACCOUNT, "--action", "RevokeSignature"];
    [&add[..], more].concat()
}

#[test]
fn a_permission_is_added_to_the_current_revision() {
    let service = service(0);
    let added = service.cli.json("profile-permission-add", &add(&["--profile-version", "Ab12Cd34Ef"]), 0);
    let permission = &added["permissions"][0];
    let id = permission["statementId"].as_str().unwrap();
    assert_eq!((&permission["outcome"], id.starts_with("RevokeSignature-")), (&json!("added"), true));
    assert_eq!(added["revisionId"], "revision-new");
    assert_eq!(
        service.bodies("POST"),
        [json!({
            "action": "signer:RevokeSignature",
            "principal": OTHER_ACCOUNT,
            "profileVersion": "Ab12Cd34Ef",
            "revisionId": "revision-1",
            "statementId": id,
        })]
    );
}

#[test]
fn a_change_that_came_between_is_tolerated_once() {
    let once = service(1);
    once.cli.json("profile-permission-add", &add(&[]), 0);
    let revisions: Vec<_> = once.bodies("POST").iter().map(|body| body["revisionId"].clone()).collect();
    assert_eq!(revisions, ["revision-1", "revision-2"]);

    let always = service(9);
    let failed = always.cli.json("error", &add(&[]), 3);
    assert_eq!((&failed["error"]["code"], always.bodies("POST").len()), (&json!("contention"), 2));
    assert!(failed["error"]["message"].as_str().unwrap().contains("does not match the current one."), "{failed}");

    let given = service(1);
    let failed = given.cli.json("error", &add(&["--revision-id", "mine"]), 3);
    assert_eq!(given.calls(), [format!("POST {PATH}")]);
    assert_eq!(given.bodies("POST")[0]["revisionId"], "mine");
    assert!(failed["error"]["advice"].as_str().unwrap().contains("--revision-id"), "{failed}");
}

#[test]
fn the_same_permission_is_not_added_twice() {
    let service = service(0);
    let add = ["profile", "permission", "add", "pipeline", "--principal", OTHER_ACCOUNT, "--action"];
    let actions = ["signer:SignPayload", "--action", "GetSigningProfile", "--action", "RevokeSignature"];
    let added = service.cli.json("profile-permission-add", &[&add[..], &actions].concat(), 0);
    let outcomes: Vec<_> = added["permissions"].as_array().unwrap().iter().map(|added| &added["outcome"]).collect();
    assert_eq!(outcomes, ["already-present", "already-present", "added"]);
    assert_eq!(added["permissions"][0]["statementId"], "sign");
    assert_eq!(service.bodies("POST").len(), 1);
    let taken = [&add[..], &["RevokeSignature", "--statement-id", "sign"]].concat();
    let failed = service.cli.json("error", &taken, 2);
    assert_eq!(failed["error"]["code"], "exists");
    service.cli.run(&[&add[..], &actions, &["--statement-id", "a"]].concat()).exits_with(2).says("for one --action");
}

#[test]
fn the_first_permission_has_no_revision() {
    let service = Scripted::new(|request| match (request.method.as_str(), request.path.as_str()) {
        // As AWS Signer answers for a profile without permissions.
        ("GET", PATH) => not_found(),
        ("GET", _) => answer(&profile("pipeline", "Active")),
        _ => answer(&json!({ "revisionId": "first" })),
    });
    service.cli.json("profile-permission-add", &add(&[]), 0);
    assert_eq!(service.bodies("POST")[0].get("revisionId"), None);
    let listed = service.cli.json("profile-permission-list", &["profile", "permission", "list", "pipeline"], 0);
    assert_eq!(listed["permissions"], json!([]));
    service
        .cli
        .run(&["profile", "permission", "list", "pipeline"])
        .exits_with(0)
        .says("only its own account may use it");
}

#[test]
fn lists_and_removes_statements() {
    let service = service(1);
    let shown = service.cli.run(&["profile", "permission", "list", "pipeline", "-v"]).succeeded();
    assert!(shown.stdout.contains("sign       signer:SignPayload        444455556666\n"), "{shown}");
    assert!(shown.stdout.contains("revision    revision-1\n  policy size 420 bytes"), "{shown}");
    let remove = ["profile", "permission", "remove", "pipeline", "--statement-id", "sign", "--statement-id", "read"];
    let removed = service.cli.json("profile-permission-remove", &remove, 0);
    let outcomes: Vec<_> = removed["permissions"].as_array().unwrap().iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["removed", "removed"]);
    let removals: Vec<String> = service.server.seen().into_iter().map(|request| request.path).collect();
    let removals: Vec<&String> = removals.iter().filter(|path| path.contains("revisionId=")).collect();
    assert_eq!(removals.len(), 3);
    for (path, (id, revision)) in
        removals.iter().zip([("sign", "revision-2"), ("sign", "revision-3"), ("read", "revision-new")])
    {
        assert_eq!(**path, format!("{PATH}/{id}?revisionId={revision}"));
    }
    let unknown = ["profile", "permission", "remove", "pipeline", "--statement-id", "sign", "--statement-id", "raed"];
    let before = service.calls().len();
    let failed = service.cli.json("error", &unknown, 2);
    assert!(failed["error"]["advice"].as_str().unwrap().contains("Did you mean read?"), "{failed}");
    assert_eq!(service.calls().len(), before + 1);
}

#[test]
fn a_service_that_refuses_is_quoted() {
    let service = Scripted::new(|request| match request.method.as_str() {
        "GET" => answer(&json!({ "permissions": [], "policySizeBytes": 0, "revisionId": "" })),
        _ => error(400, "ValidationException", "signer:RevokeSignature is not supported"),
    });
    let failed = service.cli.json("error", &add(&[]), 2);
    assert!(failed["error"]["message"].as_str().unwrap().contains("is not supported"), "{failed}");
    let limit = Scripted::new(|request| match request.method.as_str() {
        "GET" => answer(&json!({ "revisionId": "r" })),
        _ => error(402, "ServiceLimitExceededException", "The policy is too large."),
    });
    assert_eq!(limit.cli.json("error", &add(&[]), 2)["error"]["code"], "too_many");
}
