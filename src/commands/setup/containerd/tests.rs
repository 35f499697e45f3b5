#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use super::effective::{Effective, version};
use super::findings::findings;

fn effective(config: &str) -> Effective {
    Effective { version: (2, 1), version_text: "v2.1.4".to_owned(), config: config.parse().unwrap() }
}

/// The settings that are found, and the outcomes.
fn found(config: &str) -> Vec<String> {
    let items = serde_json::to_value(findings(&effective(config))).unwrap();
    let items = items.as_array().unwrap().iter();
    items
        .map(|item| format!("{} {}", item["outcome"].as_str().unwrap(), item["name"].as_str().unwrap_or("-")))
        .collect()
}

const VERIFIER: &str = "[plugins.\"io.containerd.image-verifier.v1.bindir\"]\nbin_dir = \"/nonexistent\"\n";

#[test]
fn each_setting_is_found_and_defaults_are_not() {
    let images = "[plugins.\"io.containerd.cri.v1.images\"]\n";
    let with = |more: &str| found(&format!("{VERIFIER}{more}"));
    let defaults = format!(
        "{images}disable_snapshot_annotations = true\nmax_concurrent_downloads = 3\nregistry = {{mirrors = {{}}}}"
    );
    assert_eq!(with(&defaults), ["ok -"]);
    assert_eq!(with(""), ["ok -"]);
    let all = format!(
        "{images}disable_snapshot_annotations = false\ndiscard_unpacked_layers = true\nimage_pull_with_sync_fs = true\n\
         max_concurrent_downloads = 0\nuse_local_image_pull = true\n\
         registry = {{mirrors = {{a = {{}}}}, configs = {{a = {{}}}}, auths = {{a = {{}}}}}}"
    );
    let expected = [
        "use_local_image_pull",
        "disable_snapshot_annotations",
        "discard_unpacked_layers",
        "image_pull_with_sync_fs",
        "max_concurrent_downloads",
        "registry.mirrors",
        "registry.configs",
        "registry.auths",
    ];
    assert_eq!(with(&all), expected.map(|name| format!("failed {name}")));
    // An advice that two items share is shown with the first alone.
    let items = serde_json::to_value(findings(&effective(&format!("{VERIFIER}{all}")))).unwrap();
    let advice: BTreeSet<_> =
        items.as_array().unwrap().iter().filter_map(|item| item["error"]["advice"].as_str()).collect();
    assert_eq!(advice.len(), expected.len(), "{items}");
    // Without the Kubernetes plugin, its settings do not matter.
    assert_eq!(found(&format!("disabled_plugins = [\"io.containerd.cri.v1.images\"]\n{VERIFIER}{all}")), ["ok -"]);
}

#[test]
fn verifiers_must_be_switched_on_and_asked() {
    assert_eq!(found("version = 3"), ["failed io.containerd.image-verifier.v1.bindir"]);
    assert_eq!(found(&VERIFIER.replace("/nonexistent", "")), ["failed bin_dir"]);
    assert_eq!(found(&format!("{VERIFIER}max_verifiers = 0")), ["failed max_verifiers"]);
    assert_eq!(found(&format!("{VERIFIER}max_verifiers = -1\nper_verifier_timeout = \"10s\"")), ["ok -"]);
    for timeout in ["5s", "8999ms", "0s"] {
        assert_eq!(found(&format!("{VERIFIER}per_verifier_timeout = {timeout:?}")), ["warning per_verifier_timeout"]);
    }
    assert_eq!(found(&format!("{VERIFIER}per_verifier_timeout = \"1m0s\"")), ["ok -"]);
    for disabled in
        ["io.containerd.image-verifier.v1", "io.containerd.image-verifier.v1.bindir", "io.containerd.transfer.v1.local"]
    {
        assert_eq!(found(&format!("disabled_plugins = [{disabled:?}]\n{VERIFIER}")), ["failed disabled_plugins"]);
    }
}

#[test]
fn versions_are_read_as_containerd_says_them() {
    for (text, expected) in [
        ("v2.1.4", Some((2, 1))),
        ("1.7.27", Some((1, 7))),
        ("v2.0.0-rc.1", Some((2, 0))),
        ("containerd", None),
        ("2", None),
    ] {
        assert_eq!(version(text), expected, "{text}");
    }
    let item = |version| serde_json::to_value(Effective { version, ..effective("") }.version_item()).unwrap();
    assert_eq!((item((2, 0))["outcome"].as_str(), item((2, 1))["outcome"].as_str()), (Some("failed"), Some("ok")));
}
