//! Many concurrent signers of one artifact, on a registry that does not serialize them: docker-registry has neither the
//! Referrers API nor compare-and-swap.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use registry::Credentials;

use crate::support::cli::Cli;
use crate::support::docker_registry::DockerRegistry;
use crate::support::images::{block_on, push_image, repository};
use crate::support::local_signer::LocalSigner;
use crate::support::process::Running;

const SIGNERS: usize = 32;

#[test]
#[ignore = "needs docker-registry: scripts/test"]
fn thirty_two_concurrent_signers_leave_thirty_two_signatures() {
    let registry = DockerRegistry::start();
    let signer = LocalSigner::start();
    let profile = signer.put_profile("crowd");
    let cli = Cli::for_signer(&signer);
    let name = format!("{}/team/app", registry.address);
    let store = repository(&name, Credentials::none());
    let image = block_on(push_image(&store, "signed by a crowd", Some("v1")));

    let sign = ["sign", &format!("{name}:v1"), "--profile", &profile.arn, "--output", "json"];
    let mut signers: Vec<Running> = (0..SIGNERS).map(|_| Running::start(&mut cli.command(&sign))).collect();
    let deadline = Instant::now() + Duration::from_secs(180);
    let pushed: BTreeSet<String> = signers
        .iter_mut()
        .map(|signer| {
            let finished = signer.wait(deadline).succeeded();
            let results: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
            results["artifacts"][0]["signature"]["digest"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(pushed.len(), SIGNERS);
    let listed = block_on(store.signatures(&image, 100)).unwrap();
    let listed: BTreeSet<String> = listed.iter().map(|signature| signature.descriptor.digest.to_string()).collect();
    assert_eq!(listed, pushed);
}
