//! Three replicas of the service as processes, which share a redis-server.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::commands::{eventually, outcome};
use super::{Admission, PLAIN, Site};
use crate::support::redis_server::{PASSWORD, RedisServer};

/// The value of a metric of a service; 0 if it has no such line.
fn value(service: &Admission, name: &str) -> u64 {
    let page = service.page("/metrics").1;
    let line = page.lines().find_map(|line| line.strip_prefix(&format!("notation_admission_{name} ")));
    line.map_or(0, |value| value.parse::<f64>().unwrap() as u64)
}

fn calls(replicas: &[Admission]) -> u64 {
    let name = "upstream_requests_total{upstream=\"signer\",operation=\"revocation\",code=\"200\"}";
    replicas.iter().map(|replica| value(replica, name)).sum()
}

fn config(site: &Site, server: &RedisServer, keys: &[&Path], ttl: &str) -> String {
    let keys: Vec<_> = keys.iter().map(|key| format!("\"{}\"", key.display())).collect();
    let redis = format!(
        "unsigned: 1s, redis: {{url: \"{}\", usernameFile: \"{}\", passwordFile: \"{}\", keyFiles: [{}], timeout: 500ms}}}}",
        server.url(),
        server.file("user").display(),
        server.file("password").display(),
        keys.join(", ")
    );
    site.config("", PLAIN).replace("unsigned: 1s}", &redis).replace("ttl: 1s", &format!("ttl: {ttl}"))
}

/// Asks all replicas at the same time.
fn ask(replicas: &[Admission], images: &[&str]) -> Vec<Value> {
    thread::scope(|scope| {
        let asking: Vec<_> = replicas.iter().map(|replica| scope.spawn(|| replica.verify(images, None))).collect();
        asking.into_iter().map(|asked| asked.join().unwrap()).collect()
    })
}

#[test]
#[ignore = "needs olareg and redis-server: scripts/test"]
fn three_replicas_call_aws_signer_once_for_each_job_and_go_on_without_redis() {
    let (site, mut server) = (Site::start(), RedisServer::start());
    let signed: Vec<_> = (0..6).map(|number| site.push_signed(&format!("signed{number}"))).collect();
    let unsigned = site.push("unsigned");
    let revoked = site.push("revoked");
    site.signer.revoke_signature(&site.sign(&revoked, &site.release));
    let key = server.file("key");
    let text = config(&site, &server, &[&key], "60s");
    let replicas: Vec<_> = (0..3).map(|_| Admission::start(&site, &text, &[])).collect();
    for replica in &replicas {
        eventually("the shared cache is connected", || value(replica, "redis_up") == 1);
    }
    let images: Vec<&str> = signed.iter().chain([&unsigned, &revoked]).map(String::as_str).collect();
    let check = |answers: &[Value]| {
        for answer in answers {
            let outcomes: Vec<_> = (0..images.len()).map(|place| outcome(answer, place)).collect();
            assert!(outcomes[..6].iter().all(|outcome| outcome == "verified"), "{answer}");
            assert_eq!(outcomes[6..], ["refused: unsigned", "refused: revoked"], "{answer}");
        }
    };
    check(&ask(&replicas, &images));
    assert_eq!(calls(&replicas), 7);
    // One that comes later calls for nothing, and reads no signature.
    let late = [Admission::start(&site, &text, &[])];
    check(&ask(&late, &images));
    let fetched = "upstream_requests_total{upstream=\"registry\",operation=\"fetch\",code=\"200\"}";
    assert_eq!((calls(&late), value(&late[0], fetched)), (0, 0));
    drop(late);

    server.kill();
    thread::sleep(Duration::from_millis(1200));
    let late = site.push_signed("late");
    for answer in ask(&replicas, &[&late]) {
        assert_eq!(outcome(&answer, 0), "verified", "{answer}");
    }
    check(&ask(&replicas, &images));
    assert_eq!(replicas.iter().map(|replica| value(replica, "redis_up")).sum::<u64>(), 0);
    assert!(replicas[0].log().contains("the shared cache is not used"));
    let began = Instant::now();
    server.restart();
    for replica in &replicas {
        eventually("the shared cache is connected again", || value(replica, "redis_up") == 1);
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    for replica in &replicas {
        let told = format!("{}{}", replica.log(), replica.page("/metrics").1);
        assert!(![PASSWORD, "of the replicas"].iter().any(|secret| told.contains(secret)), "{told}");
        assert_eq!(replica.page("/readyz").0, 200);
    }
}

#[test]
#[ignore = "needs olareg and redis-server: scripts/test"]
fn keys_and_passwords_are_replaced_while_the_service_runs() {
    let (site, server) = (Site::start(), RedisServer::start());
    let image = site.push_signed("signed");
    let (new, old) = (server.file("key"), server.file("old-key"));
    let service = Admission::start(&site, &config(&site, &server, &[&old], "1s"), &[]);
    eventually("it is connected", || value(&service, "redis_up") == 1);
    assert_eq!(outcome(&service.verify(&[&image], None), 0), "verified");
    // The configuration names other keys.
    site.write_config(&config(&site, &server, &[&new, &old], "1s"));
    let loaded = |times: usize| {
        eventually("the configuration is loaded again", || {
            service.log().matches("the configuration was loaded again").count() == times
        });
    };
    loaded(1);
    eventually("it is connected with the other keys", || value(&service, "redis_up") == 1);
    assert_eq!(outcome(&service.verify(&[&image], None), 0), "verified");
    // The content of a file changes: a password that is wrong costs calls, and no verdict.
    std::fs::write(server.file("password"), "wrong").unwrap();
    loaded(2);
    eventually("the password is wrong", || value(&service, "redis_up") == 0);
    assert_eq!(outcome(&service.verify(&[&image], None), 0), "verified");
    std::fs::write(server.file("password"), PASSWORD).unwrap();
    loaded(3);
    eventually("the password is right", || value(&service, "redis_up") == 1);
    // A key that is too short is refused as a whole: what was in force stays.
    std::fs::write(&new, "short").unwrap();
    eventually("the key is refused", || service.log().contains("the configuration before stays in force"));
    assert_eq!((value(&service, "redis_up"), service.page("/readyz").0), (1, 200));
    assert!(service.log().contains("the key has 5 bytes"), "{}", service.log());
}
