//! Lists: pages, limits, filters, and services that answer wrongly.

use serde_json::json;

use super::scripted::{Scripted, answer, error, job, profile};

/// Three pages: two profiles, none, one.
fn paged() -> Scripted {
    Scripted::new(|request| {
        let page = request.path.split("nextToken=").nth(1).map_or("", |rest| rest.split('&').next().unwrap());
        answer(&match page {
            "" => json!({ "profiles": [profile("one", "Active"), profile("two", "Active")], "nextToken": "t/1" }),
            "t%2F1" => json!({ "profiles": [], "nextToken": "t2" }),
            "t2" => json!({ "profiles": [profile("three", "Canceled")] }),
            other => panic!("the token {other:?}"),
        })
    })
}

#[test]
fn a_list_has_the_items_of_all_pages() {
    let service = paged();
    let listed = service.cli.json("profile-list", &["profile", "list"], 0);
    let names: Vec<_> = listed["profiles"].as_array().unwrap().iter().map(|profile| &profile["profileName"]).collect();
    assert_eq!(names, ["one", "two", "three"]);
    assert_eq!(listed["more"], false);
    let seen = service.server.seen();
    assert!(seen.iter().all(|request| request.path.contains("maxResults=25")), "{seen:?}");
    let shown = paged().cli.run(&["profile", "list"]).succeeded();
    assert!(shown.stdout.contains("three  Canceled  Notation-OCI-SHA384-ECDSA  135 months\n"), "{shown}");
    let details = paged().cli.run(&["profile", "list", "-v"]).succeeded();
    assert!(
        details.stdout.contains("three  Canceled  Notation-OCI-SHA384-ECDSA  135 months  Ab12Cd34Ef\n"),
        "{details}"
    );
}

#[test]
fn a_limit_ends_the_list_and_is_told() {
    let service = paged();
    let listed = service.cli.json("profile-list", &["profile", "list", "--limit", "1"], 0);
    assert_eq!((listed["profiles"].as_array().unwrap().len(), &listed["more"]), (1, &json!(true)));
    assert_eq!(service.calls().len(), 1);
    assert!(service.server.seen()[0].path.contains("maxResults=1"));
}

#[test]
fn every_filter_of_the_api_is_sent() {
    let service = Scripted::new(|request| {
        answer(&match request.path.split('?').next().unwrap() {
            "/signing-jobs" => json!({ "jobs": [] }),
            "/signing-profiles" => json!({ "profiles": [] }),
            _ => json!({ "platforms": [] }),
        })
    });
    service.cli.json(
        "job-list",
        &[
            "job",
            "list",
            "--status",
            "failed",
            "--platform",
            "AWSLambda-SHA384-ECDSA",
            "--requested-by",
            "arn:aws:iam::111122223333:user/a",
            "--job-invoker",
            "111122223333",
            "--revoked=false",
            "--expires-before",
            "2027-01-01T00:00:00Z",
            "--expires-after",
            "2026-01-01T00:00:00Z",
        ],
        0,
    );
    service.cli.json("job-list", &["job", "list", "--revoked"], 0);
    service.cli.json("profile-list", &["profile", "list", "--status", "Canceled", "--status", "Revoked"], 0);
    service.cli.json("profile-list", &["profile", "list", "--include-canceled", "--platform", "P"], 0);
    service.cli.json(
        "platform-list",
        &["platform", "list", "--category", "AWSIoT", "--partner", "AmazonFreeRTOS", "--target", "T"],
        0,
    );
    let paths: Vec<String> = service.server.seen().into_iter().map(|request| request.path).collect();
    for (path, parameters) in [
        (
            0,
            &[
                "status=Failed",
                "platformId=AWSLambda-SHA384-ECDSA",
                "requestedBy=arn%3Aaws%3Aiam%3A%3A111122223333%3Auser%2Fa",
                "jobInvoker=111122223333",
                "isRevoked=false",
                "signatureExpiresBefore=2027-01-01T00%3A00%3A00Z",
                "signatureExpiresAfter=2026-01-01T00%3A00%3A00Z",
            ][..],
        ),
        (1, &["isRevoked=true"]),
        (2, &["includeCanceled=true", "statuses=Canceled", "statuses=Revoked"]),
        (3, &["includeCanceled=true", "platformId=P"]),
        (4, &["category=AWSIoT", "partner=AmazonFreeRTOS", "target=T"]),
    ] {
        for parameter in parameters {
            assert!(paths[path].contains(parameter), "{parameter}: {}", paths[path]);
        }
    }
    assert!(!paths[1].contains("status=") && !paths[1].contains("signatureExpires"), "{}", paths[1]);
}

#[test]
fn an_empty_list_is_no_failure_and_says_where_nothing_is() {
    let service = Scripted::new(|_| answer(&json!({})));
    service.cli.run(&["job", "list"]).exits_with(0).says("no signing jobs found in us-west-2");
    service.cli.run(&["profile", "list"]).exits_with(0).says("no active signing profiles found in us-west-2");
    service.cli.run(&["platform", "list"]).exits_with(0).says("no signing platforms found in us-west-2");
}

#[test]
fn pages_that_never_end_are_an_invalid_answer() {
    let service = Scripted::new(|_| answer(&json!({ "jobs": [job("a", "Succeeded", "")], "nextToken": "again" })));
    let failed = service.cli.json("error", &["job", "list"], 3);
    assert_eq!(failed["error"]["code"], "protocol");
    assert!(failed["error"]["message"].as_str().unwrap().contains("same page"), "{failed}");
    assert_eq!(service.calls().len(), 2);
}

#[test]
fn answers_without_what_every_item_has_are_invalid() {
    for (arguments, body) in [
        (["job", "list"], json!({ "jobs": [{ "status": "Succeeded" }] })),
        (["profile", "list"], json!({ "profiles": [{ "profileName": "a", "status": "Active", "platformId": "p" }] })),
        (["platform", "list"], json!({ "platforms": [{ "displayName": "a" }] })),
    ] {
        let service = Scripted::new(move |_| answer(&body));
        let failed = service.cli.json("error", &arguments, 3);
        assert_eq!(failed["error"]["code"], "protocol", "{failed}");
    }
}

#[test]
fn names_from_the_service_do_not_control_the_terminal() {
    let service = Scripted::new(|_| {
        answer(&json!({ "platforms": [{
            "platformId": "a\u{1b}[2Jb", "displayName": "c\u{202e}d", "maxSizeInMB": 16, "revocationSupported": true,
        }] }))
    });
    let shown = service.cli.run(&["platform", "list"]).succeeded();
    assert!(shown.stdout.contains("a [2Jb") && !shown.stdout.contains(['\u{1b}', '\u{202e}']), "{shown}");
    assert!(!service.cli.run(&["platform", "list", "-o", "json"]).succeeded().stdout.contains('\u{202e}'));
}

#[test]
fn errors_show_the_message_of_aws_and_what_to_permit() {
    const MESSAGE: &str = "User: arn:aws:iam::111122223333:user/dev is not authorized to perform: signer:ListSigningJobs \
                           on resource: arn:aws:signer:us-west-2:111122223333:/signing-jobs because no identity-based \
                           policy allows the signer:ListSigningJobs action";
    let service = Scripted::new(|_| error(403, "AccessDeniedException", MESSAGE));
    let failed = service.cli.json("error", &["job", "list"], 2);
    assert_eq!(failed["error"]["code"], "denied");
    assert!(failed["error"]["message"].as_str().unwrap().contains(MESSAGE), "{failed}");
    assert!(failed["error"]["advice"].as_str().unwrap().contains("signer:ListSigningJobs"), "{failed}");
    // Throttling is retried first.
    let throttled = std::sync::atomic::AtomicU32::new(0);
    let service = Scripted::new(move |_| match throttled.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
        0 => error(429, "TooManyRequestsException", "Rate exceeded"),
        _ => answer(&json!({ "jobs": [] })),
    });
    service.cli.run(&["job", "list"]).exits_with(0);
    assert_eq!(service.calls().len(), 2);
}
