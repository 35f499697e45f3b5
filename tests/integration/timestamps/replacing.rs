//! `timestamp --replace` on registries that delete nothing.

use serde_json::Value;

use super::*;
use crate::support::docker_registry::DockerRegistry;
use crate::support::peers;
use crate::support::registry::Registry;

/// Copies an image with a signature without timestamp to the reference, and returns the command that replaces it.
fn replacing(scene: &Scene, reference: &str) -> Vec<String> {
    let image = scene.image("image");
    scene.signed(&image, false);
    scene.cli.run(&["copy", &image, reference, "--plain-http"]).succeeded();
    let start = ["timestamp", reference, "--plain-http", "--replace"].map(str::to_owned);
    start.into_iter().chain(scene.stamp_options()).collect()
}

fn outcomes(results: &Value) -> Vec<&str> {
    results["signatures"].as_array().unwrap().iter().map(|one| one["outcome"].as_str().unwrap()).collect()
}

#[test]
#[ignore = "needs olareg: scripts/test"]
fn a_signature_that_stays_listed_is_not_replaced() {
    let scene = Scene::new(Kind::P256, Duration::days(2));
    let registry = Registry::start(&peers());
    let reference = format!("{}/own/app:v1", registry.address());
    let replace = replacing(&scene, &reference);
    let stays = scene.cli.run(&words(&replace)).exits_with(2).says("the signature without timestamp stays: ");
    assert!(!stays.stdout.contains("replaced"), "{stays}");
    let listed = scene.cli.json("list", &["list", &reference, "--plain-http"], 0);
    assert_eq!(listed["signatures"].as_array().unwrap().len(), 2, "{listed:#}");
}

#[test]
#[ignore = "needs the registry distribution: scripts/test"]
fn a_signature_that_is_no_longer_listed_is_replaced() {
    let scene = Scene::new(Kind::P256, Duration::days(2));
    let registry = DockerRegistry::start_distribution(&peers());
    let reference = format!("{}/own/app:v1", registry.address);
    let replace = replacing(&scene, &reference);
    let results = scene.cli.json("timestamp", &words(&replace), 0);
    assert_eq!(outcomes(&results), ["replaced"], "{results:#}");
    let kept = results["signatures"][0]["kept"]["message"].as_str().unwrap();
    assert!(
        kept.starts_with("no longer listed, but the registry keeps its manifest: ") && kept.contains("405"),
        "{kept}"
    );
    let listed = scene.cli.json("list", &["list", &reference, "--plain-http"], 0);
    let digests: Vec<&Value> = listed["signatures"].as_array().unwrap().iter().map(|one| &one["digest"]).collect();
    assert_eq!(digests, [&results["signatures"][0]["timestampedDigest"]], "{listed:#}");
    // Another try finds nothing to do.
    let again = scene.cli.json("timestamp", &words(&replace), 0);
    assert_eq!(outcomes(&again), ["already-timestamped"], "{again:#}");
}
