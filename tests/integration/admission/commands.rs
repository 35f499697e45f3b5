//! `admission serve`, `check-config`, `test` and `schema` as their users run them.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Admission, PLAIN, REVOCATION, Site};
use crate::support::http;

/// Waits until the condition holds; fails the test after 20 seconds.
#[track_caller]
pub(super) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < end, "{what}: not within 20 s");
        sleep(Duration::from_millis(50));
    }
}

/// The outcome and the code of an image.
pub(super) fn outcome(answer: &Value, place: usize) -> String {
    let image = &answer["images"][place];
    let code = image["code"].as_str().map_or_else(String::new, |code| format!(": {code}"));
    format!("{}{code}", image["outcome"].as_str().unwrap())
}

#[test]
#[ignore = "needs olareg: scripts/test"]
fn the_service_says_which_images_may_run_and_why_others_may_not() {
    let site = Site::start();
    let signed = site.push_signed("signed");
    let unsigned = site.push("unsigned");
    let other = site.push("other");
    site.sign(&other, &site.other);
    let revoked = site.push("revoked");
    let job = site.sign(&revoked, &site.release);
    let missing = format!("{}/team/app:missing", site.registry.address());
    let config = site.config("  - {name: system, namespaces: [kube-system], action: exempt}\n", PLAIN);
    let service = Admission::start(&site, &config, &[]);
    assert_eq!(service.page("/readyz").0, 200);

    let images = [&*signed, &*unsigned, &*other, &*revoked, &*missing, "localhost:1/app:1", "a/B"];
    let answer = service.verify(&images, Some("default"));
    let outcomes: Vec<_> = (0..images.len()).map(|place| outcome(&answer, place)).collect();
    let expected = [
        "verified",
        "refused: unsigned",
        "refused: untrusted",
        "verified",
        "undetermined: not_found",
        "undetermined: unreachable",
        "refused: invalid_reference",
    ];
    assert_eq!(outcomes, expected, "{answer}");
    assert_eq!(answer["allowed"], false);
    assert_eq!(answer["images"][0]["signer"], site.release.arn);
    let exempt = service.verify(&[&unsigned, "a/B"], Some("kube-system"));
    assert_eq!((&exempt["allowed"], outcome(&exempt, 0)), (&json!(true), "exempt".to_owned()), "{exempt}");

    // A revocation reaches after the time for which answers are used, and a signature that comes late counts.
    site.signer.revoke_signature(&job);
    site.sign(&unsigned, &site.release);
    eventually("the revocation and the late signature count", || {
        let answer = service.verify(&[&revoked, &unsigned], None);
        outcome(&answer, 0) == "refused: revoked" && outcome(&answer, 1) == "verified"
    });

    let (status, metrics) = service.page("/metrics");
    assert_eq!(status, 200);
    for line in [
        "notation_admission_images_total{outcome=\"refused\",reason=\"revoked\",rule=\"rest\"}",
        "notation_admission_requests_total{adapter=\"verify\",decision=\"allowed\"}",
        "notation_admission_config_reloads_total{result=\"success\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
    let log = service.log();
    let line = log.lines().find(|line| line.contains("\"adapter\":\"verify\"")).unwrap_or_else(|| panic!("{log}"));
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!((&line["decision"], &line["namespace"]), (&json!("refused"), &json!("default")), "{line}");
    assert_eq!(line["images"][0]["signer"], site.release.arn);
}

#[test]
#[ignore = "needs olareg: scripts/test"]
fn a_changed_configuration_counts_as_a_whole_or_not_at_all() {
    let site = Site::start();
    let other = site.push("other");
    site.sign(&other, &site.other);
    let first = site.config("", PLAIN);
    let service = Admission::start(&site, &first, &[]);
    assert_eq!(outcome(&service.verify(&[&other], None), 0), "refused: untrusted");

    site.write_config(&first.replace("version: 1", "version: 1\nunknown: 1"));
    eventually("the log reports the invalid file", || {
        service.log().contains("the configuration before stays in force")
    });
    assert!(service.log().contains("admission.yaml:2:1: "), "{}", service.log());
    assert!(service.page("/metrics").1.contains("config_reloads_total{result=\"failure\"} 1"));
    assert_eq!(service.page("/readyz").0, 200);
    assert_eq!(outcome(&service.verify(&[&other], None), 0), "refused: untrusted");

    site.write_config(&first.replace(&site.release.arn, &site.other.arn));
    eventually("the other profile is trusted", || outcome(&service.verify(&[&other], None), 0) == "verified");
}

#[test]
#[ignore = "needs olareg: scripts/test"]
fn a_revocation_that_cannot_be_checked_refuses_unless_the_configuration_says_otherwise() {
    for (more, expected) in
        [("", "undetermined: unreachable"), (", whenUnavailable: allow-stale, staleFor: 1h", "verified: unreachable")]
    {
        let mut site = Site::start();
        let signed = site.push_signed("signed");
        let fresh = site.push_signed("fresh");
        let config = site.config("", PLAIN).replace("rate: 1000", &format!("rate: 1000{more}"));
        let service = Admission::start(&site, &config, &[]);
        assert_eq!(outcome(&service.verify(&[&signed], None), 0), "verified");
        site.signer.stop();
        // Not verified before: never allowed.
        assert_eq!(outcome(&service.verify(&[&fresh], None), 0), "undetermined: unreachable");
        sleep(REVOCATION + Duration::from_millis(300));
        assert_eq!(outcome(&service.verify(&[&signed], None), 0), expected, "{more}");
        let stale = service.page("/metrics").1.contains("stale_verdicts_total 0");
        assert_eq!(stale, more.is_empty());
    }
}

#[test]
#[ignore = "needs olareg: scripts/test"]
fn manifests_are_judged_as_by_the_service() {
    let site = Site::start();
    let signed = site.push_signed("signed");
    let unsigned = site.push("unsigned");
    let config = site.config("", PLAIN);
    let config = site.write_config(&config);
    let config = config.to_str().unwrap();
    let manifest = |image: &str| {
        let file = site.cli.home().join("pod.yaml");
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: \"{image}\"}}]}}\n"
        );
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let test = |image: &str, code: i32| {
        site.cli.json("admission-test", &["admission", "test", "--config", config, &manifest(image)], code)
    };
    assert_eq!(test(&signed, 0)["objects"][0]["images"][0]["outcome"], "verified");
    assert_eq!(test(&unsigned, 1)["objects"][0]["images"][0]["code"], "unsigned");
    assert_eq!(test("localhost:1/a:1", 3)["objects"][0]["images"][0]["code"], "unreachable");
    let text = site.cli.run(&["admission", "test", "--config", config, &manifest(&unsigned)]).exits_with(1);
    text.says("Pod a: refused").says("the image has no signature");
    site.cli.run(&["admission", "check-config", config]).succeeded().says("admission.yaml is valid");
    std::fs::write(site.cli.home().join("bad.yaml"), "version: 2\n").unwrap();
    site.cli.run(&["admission", "check-config", "bad.yaml"]).exits_with(2).says("bad.yaml:1:10: ");
    let missing = "version: 1\npolicies:\n  a:\n    trustPolicy: none.json\nrules: [{policy: a, action: enforce}]\n";
    std::fs::write(site.cli.home().join("bad.yaml"), missing).unwrap();
    let checked = site.cli.run(&["admission", "check-config", "bad.yaml"]).exits_with(2);
    checked.says("bad.yaml:4:18: policies.a.trustPolicy: ").says("none.json");
    let schema: Value = serde_json::from_str(&site.cli.run(&["admission", "schema"]).succeeded().stdout).unwrap();
    assert_eq!(schema["type"], "object");
}

#[test]
#[ignore = "needs olareg: scripts/test"]
fn a_stopped_service_finishes_what_runs() {
    let site = Site::start();
    let signed = site.push_signed("signed");
    let mut service = Admission::start(&site, &site.config("", PLAIN), &[]);
    let address = super::address(&service.url);
    let process = rustix::process::Pid::from_raw(service.process.id() as i32).unwrap();
    // It hangs until it is told to go on: a registry that does not answer.
    let hanging = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let image = format!("{}/app:1", hanging.local_addr().unwrap());
    let asking = std::thread::spawn(move || {
        let body = json!({ "images": [image, signed] }).to_string();
        http::send(address, "POST", "/v1/verify", "application/json", body.as_bytes())
    });
    let _connection = hanging.accept().unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    let answer = asking.join().unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(outcome(&answer, 1), "verified", "{answer}");
    assert_eq!(answer["images"][0]["outcome"], "undetermined");
    service.process.wait(Instant::now() + Duration::from_secs(25)).succeeded();
}
