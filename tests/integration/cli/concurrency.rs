//! Many concurrent signers of one artifact, on registries that do not serialize them: docker-registry and distribution
//! have neither the Referrers API nor compare-and-swap.
//!
//! `NOTATION_AWS_SIGNER_ROUNDS` repeats this, each time in a fresh repository: `scripts/stress-signers` sets it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use registry::Credentials;

use crate::support::cli::Cli;
use crate::support::docker_registry::DockerRegistry;
use crate::support::images::{block_on, push_image, repository};
use crate::support::local_signer::LocalSigner;
use crate::support::process::Running;
use crate::support::programs;

const SIGNERS: usize = 32;

#[test]
#[ignore = "needs docker-registry: scripts/test"]
fn thirty_two_concurrent_signers_leave_thirty_two_signatures() {
    sign_concurrently("docker-registry", &DockerRegistry::start());
}

#[test]
#[ignore = "needs distribution: scripts/test"]
fn thirty_two_concurrent_signers_leave_thirty_two_signatures_on_distribution() {
    sign_concurrently("distribution", &DockerRegistry::start_distribution(&programs::peers()));
}

fn rounds() -> usize {
    std::env::var("NOTATION_AWS_SIGNER_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap())
}

#[track_caller]
fn sign_concurrently(registry_name: &str, registry: &DockerRegistry) {
    let signer = LocalSigner::start();
    let profile = signer.put_profile("crowd");
    let cli = Cli::for_signer(&signer);
    let rounds = rounds();
    let mut incomplete = Vec::new();
    for round in 1..=rounds {
        let name = format!("{}/team/app-{round}", registry.address);
        let found = one_round(&cli, &name, &profile.arn);
        if rounds > 1 {
            println!("{registry_name}, round {round}: {found} of {SIGNERS}");
        }
        if found != SIGNERS {
            incomplete.push((round, found));
        }
    }
    assert!(incomplete.is_empty(), "{registry_name}: incomplete rounds of {rounds}: {incomplete:?}");
}

/// The number of signatures that are both reported and listed.
fn one_round(cli: &Cli, name: &str, profile: &str) -> usize {
    let store = repository(name, Credentials::none());
    let image = block_on(push_image(&store, "signed by a crowd", Some("v1")));
    let sign = ["sign", &format!("{name}:v1"), "--profile", profile, "--output", "json"];
    let mut signers: Vec<Running> = (0..SIGNERS).map(|_| Running::start(&mut cli.command(&sign))).collect();
    let deadline = Instant::now() + Duration::from_secs(180);
    let mut pushed = BTreeSet::new();
    for signer in &mut signers {
        let finished = signer.wait(deadline);
        let results: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap_or_default();
        match results["artifacts"][0]["signature"]["digest"].as_str() {
            Some(digest) => _ = pushed.insert(digest.to_owned()),
            None => println!("{finished}"),
        }
    }
    let listed = block_on(store.signatures(&image, 100)).unwrap();
    let listed: BTreeSet<String> = listed.iter().map(|signature| signature.descriptor.digest.to_string()).collect();
    pushed.intersection(&listed).count()
}
