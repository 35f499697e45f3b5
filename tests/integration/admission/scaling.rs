//! The simulation of docs/scaling.md against real services: the same Pods in the same order, for three processes, with
//! times that are a hundred times shorter than usual ones.

#[allow(dead_code, reason = "the simulation uses the rest")]
#[path = "../../../crates/admission/examples/simulate/model.rs"]
mod model;
#[allow(dead_code, reason = "the simulation uses the rest")]
#[path = "../../../crates/admission/examples/simulate/workload.rs"]
mod workload;

use std::path::Path;
use std::time::{Duration, Instant};

use admission::config::Config;
use serde_json::{Value, json};

use self::model::{Counts, Redis, Replica, Settings, sum};
use self::workload::{Image, Pod, Workload};
use super::commands::eventually;
use super::{Admission, PLAIN, Site, address};
use crate::support::http;
use crate::support::redis_server::RedisServer;

const REPLICAS: u32 = 3;
const TIME: Duration = Duration::from_secs(60);
/// Between `/mutate` and `/validate`.
const LATER: Duration = Duration::from_millis(20);
/// How far the prediction may be from what is measured.
const TOLERANCE: f64 = 0.2;

const WORKLOAD: Workload = Workload {
    nodes: 500,
    pods: 144.0,
    images: 50,
    zipf: 1.0,
    containers: 2,
    // The images of the test have one version.
    releases: 0.0,
    api_servers: 3,
    replicas: REPLICAS,
    connection: Duration::from_secs(6),
    time: TIME,
    sidecars: 1,
};

#[test]
#[ignore = "needs olareg: scripts/test"]
fn the_simulation_predicts_the_calls_and_hits_of_three_replicas() {
    compare("", false);
}

#[test]
#[ignore = "needs olareg and redis-server: scripts/test"]
fn the_simulation_predicts_what_three_replicas_share() {
    let server = RedisServer::start();
    let file = |name: &str| server.file(name).display().to_string();
    let cache = format!(
        ", redis: {{url: \"{}\", usernameFile: \"{}\", passwordFile: \"{}\", keyFiles: [\"{}\"], timeout: 500ms}}",
        server.url(),
        file("user"),
        file("password"),
        file("key")
    );
    compare(&cache, true);
}

/// Compares the model with services that have this in the section `cache` of their configuration.
fn compare(cache: &str, is_shared: bool) {
    let site = Site::start();
    let images = images(&site);
    let text = site
        .config("", PLAIN)
        .replace("ttl: 1s", "ttl: 6s")
        .replace("{tag: 1s, signatures: 1s, unsigned: 1s}", &format!("{{tag: 500ms, signatures: 4s{cache}}}"));
    let config = Config::parse(text.as_bytes(), Path::new("/")).unwrap();
    let services: Vec<Admission> = (0..REPLICAS).map(|_| Admission::start(&site, &text, &[])).collect();
    for service in services.iter().filter(|_| is_shared) {
        eventually("the shared cache is connected", || service.page("/metrics").1.contains("redis_up 1"));
    }
    let pods = WORKLOAD.pods(7);
    let began = Instant::now();
    let sent: Vec<Sent> = std::thread::scope(|scope| {
        let servers: Vec<_> = (0..WORKLOAD.api_servers)
            .map(|server| {
                let (services, images) = (&services, &images);
                let pods = pods.iter().filter(move |pod| pod.server == server);
                scope.spawn(move || pods.flat_map(|pod| play(pod, services, images, began)).collect::<Vec<_>>())
            })
            .collect();
        servers.into_iter().flat_map(|server| server.join().unwrap()).collect()
    });
    // At the times at which they were sent: a machine that is slow at the moment changes the question, and not the
    // answer.
    let late = sent.iter().map(|sent| sent.at.saturating_sub(sent.pod.at)).max().unwrap();
    println!("{} requests, at most {late:?} late", sent.len());
    let predicted = predicted(sent, Settings::of(&config, REPLICAS, is_shared));
    let measured: Vec<Vec<(String, f64)>> = services.iter().map(metrics).collect();
    let count = |name: &str| {
        let one = |samples: &Vec<(String, f64)>| {
            samples.iter().find(|(sample, _)| sample == name).map_or(0.0, |(_, count)| *count)
        };
        measured.iter().map(one).sum::<f64>()
    };
    let calls = |upstream: &str, operation: &str| {
        count(&format!(r#"upstream_requests_total{{upstream="{upstream}",operation="{operation}",code="200"}}"#))
    };
    let hits = |cache: &str| {
        ["hit", "shared"]
            .map(|result| count(&format!(r#"cache_requests_total{{cache="{cache}",result="{result}"}}"#)))
            .iter()
            .sum::<f64>()
    };
    let mut wrong = Vec::new();
    for (name, predicted, measured) in [
        ("resolve", predicted.resolve, calls("registry", "resolve")),
        ("referrers", predicted.referrers, calls("registry", "referrers")),
        ("fetch", predicted.fetch, calls("registry", "fetch")),
        ("revocation", predicted.revocation, calls("signer", "revocation")),
        ("hits of tags", predicted.tag.hits, hits("tag")),
        ("hits of signatures", predicted.signatures.hits, hits("signatures")),
        ("hits of verdicts", predicted.verdict.hits, hits("verdict")),
        ("hits of revocation", predicted.revocations.hits, hits("revocation")),
    ] {
        let predicted = f64::from(u32::try_from(predicted).unwrap());
        let off = (predicted - measured) / measured.max(1.0);
        println!("{name}: predicted {predicted}, measured {measured} ({:+.1} %)", off * 100.0);
        if off.abs() > TOLERANCE || measured < 30.0 {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Pushes and signs the images. Returns their names with tags.
fn images(site: &Site) -> Vec<String> {
    let number = WORKLOAD.images + WORKLOAD.sidecars;
    let images: Vec<String> = (0..number).map(|number| site.push(&format!("v{number}"))).collect();
    let mut arguments = vec!["sign"];
    arguments.extend(images.iter().map(String::as_str));
    arguments.extend(["--profile", &site.release.arn]);
    site.cli.run(&arguments).succeeded();
    images
}

/// A request that was sent.
struct Sent<'a> {
    /// Since the begin.
    at: Duration,
    is_by_digest: bool,
    pod: &'a Pod,
}

fn predicted(mut sent: Vec<Sent<'_>>, settings: Settings) -> Counts {
    let start = Instant::now();
    let mut redis = Redis::new(settings, start);
    let mut replicas: Vec<Replica> = (0..REPLICAS).map(|_| Replica::new(settings, start)).collect();
    sent.sort_by_key(|sent| sent.at);
    for Sent { at, is_by_digest, pod } in sent {
        replicas[pod.replica as usize].request(pod, is_by_digest, start + at, &mut redis);
    }
    sum(&replicas)
}

/// Sends the two requests of a Pod when it is time.
fn play<'a>(pod: &'a Pod, services: &[Admission], images: &[String], began: Instant) -> [Sent<'a>; 2] {
    let service = &services[pod.replica as usize];
    let names: Vec<&str> = pod.images.iter().map(|Image { number, .. }| images[*number as usize].as_str()).collect();
    std::thread::sleep(pod.at.saturating_sub(began.elapsed()));
    let first = Sent { at: began.elapsed(), is_by_digest: false, pod };
    let verified = service.verify(&names, Some("default"));
    let pinned: Vec<Value> =
        verified["images"].as_array().unwrap().iter().map(|image| image["pinned"].clone()).collect();
    let body = json!({"images": pinned, "namespace": "default"}).to_string();
    std::thread::sleep((pod.at + LATER).saturating_sub(began.elapsed()));
    let second = Sent { at: began.elapsed(), is_by_digest: true, pod };
    let answer = http::send(address(&service.url), "POST", "/v1/verify", "application/json", body.as_bytes());
    assert!(answer.status == 200 && answer.body.contains("\"allowed\":true"), "{answer:?}");
    [first, second]
}

/// The samples of a service by their names, without the prefix.
fn metrics(service: &Admission) -> Vec<(String, f64)> {
    let (_, text) = service.page("/metrics");
    let lines = text.lines().filter_map(|line| line.strip_prefix("notation_admission_")?.rsplit_once(' '));
    lines.map(|(name, count)| (name.to_owned(), count.parse().unwrap())).collect()
}
