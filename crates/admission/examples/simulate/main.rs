//! Simulates what the admission service asks registries, AWS Signer and Redis for, in clusters of 10 to 10,000 nodes,
//! and prints the tables of docs/scaling.md. `scripts/simulate-admission` runs it.
//!
//! ```text
//! simulate [--seed N] [--replicas N] [--pods N] [--containers N] [--releases N] [--zipf N] [--nodes N,N...] [--set 'YAML']
//! ```
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures that are rounded to two digits"
)]
#![allow(missing_docs, reason = "a program")]

mod model;
mod report;
mod workload;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use admission::config::Config;

use self::model::Settings;
use self::report::{play, table};
use self::workload::Workload;

/// The caches fill for so long before anything is counted.
const WARM: Duration = Duration::from_secs(30 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);
/// All Pods of a cluster start within this time, and all caches are empty.
const RESTART: Duration = Duration::from_secs(10 * 60);
/// The Pods of a node in such a restart.
const PODS_OF_NODE: f64 = 15.0;

pub struct Options {
    seed: u64,
    replicas: u32,
    pods: f64,
    containers: u32,
    releases: f64,
    zipf: f64,
    nodes: Vec<u32>,
    config: Config,
}

fn main() -> ExitCode {
    match options(std::env::args().skip(1)) {
        Ok(options) => {
            print!("{}", tables(&options));
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

pub fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let (mut seed, mut replicas, mut pods, mut containers, mut releases, mut zipf) = (1, 3, 10.0, 2, 0.02, 1.0);
    let (mut nodes, mut members) = (vec![10, 100, 1000, 10_000], String::new());
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or(format!("{name} needs a value"))?;
        let bad = |why: &dyn std::fmt::Display| format!("{name} {value}: {why}");
        match name.as_str() {
            "--seed" => seed = value.parse().map_err(|why| bad(&why))?,
            "--replicas" => replicas = value.parse().map_err(|why| bad(&why))?,
            "--pods" => pods = value.parse().map_err(|why| bad(&why))?,
            "--containers" => containers = value.parse().map_err(|why| bad(&why))?,
            "--releases" => releases = value.parse().map_err(|why| bad(&why))?,
            "--zipf" => zipf = value.parse().map_err(|why| bad(&why))?,
            "--nodes" => {
                let all = value.split(',').map(str::parse).collect::<Result<_, _>>();
                nodes = all.map_err(|why| bad(&why))?;
            }
            "--set" => members = value,
            _ => return Err(format!("{name} is not an option")),
        }
    }
    if replicas == 0 || containers == 0 {
        return Err("there is at least one replica, and one container".to_owned());
    }
    let minimal = "version: 1\npolicies: {default: {trustedProfiles: \
                   [\"arn:aws:signer:us-west-2:111122223333:/signing-profiles/release\"]}}\n\
                   rules: [{policy: default, action: enforce}]\n";
    let config =
        Config::parse(format!("{minimal}{members}\n").as_bytes(), Path::new("/")).map_err(|why| why.to_string())?;
    Ok(Options { seed, replicas, pods, containers, releases, zipf, nodes, config })
}

/// Larger clusters run more different images, though not as many more.
fn images(nodes: u32) -> u32 {
    (20.0 * f64::from(nodes).powf(0.65)).round() as u32
}

pub fn tables(options: &Options) -> String {
    let workload = |nodes: u32, pods: f64, time: Duration| Workload {
        nodes,
        pods,
        images: images(nodes),
        zipf: options.zipf,
        containers: options.containers,
        releases: options.releases,
        api_servers: 3,
        replicas: options.replicas,
        connection: options.config.server.limits.connection_age,
        time,
        sidecars: options.containers - 1,
    };
    let mut text = String::new();
    for redis in [false, true] {
        let settings = Settings::of(&options.config, options.replicas, redis);
        let run = |workload: Workload, warm: Duration| {
            // The times of refreshes are random, too.
            fastrand::seed(options.seed);
            let pods = workload.pods(options.seed);
            (workload, play(&pods, settings, options.replicas, warm, workload.time))
        };
        let with = if redis { "with a shared cache" } else { "each replica for itself" };
        let steady: Vec<_> =
            options.nodes.iter().map(|nodes| run(workload(*nodes, options.pods, WARM + HOUR), WARM)).collect();
        text += &format!("### A usual hour, {with}\n\n{}\n", table(&steady));
        let pods = PODS_OF_NODE * HOUR.as_secs_f64() / RESTART.as_secs_f64();
        let restart: Vec<_> =
            options.nodes.iter().map(|nodes| run(workload(*nodes, pods, RESTART), Duration::ZERO)).collect();
        text += &format!("### All Pods restart within 10 minutes, {with}\n\n{}\n", table(&restart));
    }
    text
}
