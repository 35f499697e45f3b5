//! The settings with which containerd pulls images unverified.
//!
//! The Kubernetes plugin (CRI) asks verifiers only if it pulls through the transfer service. Seven of its settings make
//! it pull by itself, as containerd's `CheckLocalImagePullConfigs` has it: it warns in its log and goes on.

use super::super::report::{Item, Part};
use super::effective::Effective;
use super::install::{LINK, VERIFIER};
use crate::output::exit::CliError;

/// The Kubernetes plugin's images, and what pulls them.
const CRI: &str = "io.containerd.cri.v1.images";
const TRANSFER: &str = "io.containerd.transfer.v1.local";
/// The shortest time in which a verifier always has an answer.
const SHORTEST: f64 = 9.0;

/// All that keeps containerd from verifying, or that all is well.
pub fn findings(effective: &Effective) -> Vec<Item> {
    let mut items = verifier(effective);
    items.extend(pulls(effective));
    if items.is_empty() {
        items.push(Item::ok(Part::Pulls, "containerd asks image verifiers before it pulls"));
    }
    items
}

fn failed(part: Part, name: &str, why: impl std::fmt::Display, advice: &str) -> Item {
    Item::failed(part, CliError::configuration(why).with_advice(advice)).about(name)
}

/// The settings of the verifiers.
fn verifier(effective: &Effective) -> Vec<Item> {
    let mut items = Vec::new();
    for id in [VERIFIER, TRANSFER] {
        if effective.is_disabled(id) {
            let why = "the plugin is switched off, so images are pulled unverified";
            items.push(failed(
                Part::Pulls,
                "disabled_plugins",
                format!("{id}: {why}"),
                &format!("Remove {id} from disabled_plugins."),
            ));
        }
    }
    let Some(plugin) = effective.plugin(VERIFIER) else {
        let why = "containerd has no image verifiers, so images are pulled unverified";
        items.push(failed(Part::Pulls, VERIFIER, why, "Update containerd to 2.1 or newer."));
        return items;
    };
    if plugin.get("bin_dir").and_then(toml::Value::as_str).is_none_or(str::is_empty) {
        let why = "it is empty, so images are pulled unverified";
        items.push(failed(Part::Pulls, "bin_dir", why, "Remove bin_dir, or set it to a folder of your own."));
    }
    if let Some(most) = plugin.get("max_verifiers").and_then(toml::Value::as_integer).filter(|most| *most >= 0)
        && !is_among_first(effective, most)
    {
        let why = format!("only the first {most} programs of bin_dir are asked, and {LINK} is not one of them");
        items.push(failed(Part::Pulls, "max_verifiers", why, "Raise max_verifiers, or set it to -1 for all."));
    }
    let timeout = plugin.get("per_verifier_timeout").and_then(toml::Value::as_str).and_then(seconds);
    if timeout.is_some_and(|timeout| timeout < SHORTEST) {
        let why = "it is shorter than 9 s: a verifier that waits for a registry is killed, and the image blocked without a reason";
        let why = CliError::configuration(why).with_advice("Set per_verifier_timeout to \"10s\".");
        items.push(Item::warning(Part::Pulls, why).about("per_verifier_timeout"));
    }
    items
}

/// Whether the link is among the first entries of the folder, which containerd sorts by name.
fn is_among_first(effective: &Effective, most: i64) -> bool {
    let folder = super::install::bin_dir(effective);
    let Ok(entries) = std::fs::read_dir(folder) else { return most > 0 };
    let before = entries.flatten().filter(|entry| entry.file_name().as_encoded_bytes() < LINK.as_bytes()).count();
    i64::try_from(before).is_ok_and(|before| before < most)
}

/// A duration as Go writes it, in seconds.
fn seconds(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut sum = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        let after = &rest[end..];
        let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        sum += number
            * match &after[..end] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 0.001,
                "us" | "µs" => 0.000_001,
                "ns" => 0.000_000_001,
                _ => return None,
            };
        rest = &after[end..];
    }
    Some(sum)
}

/// The settings of the Kubernetes plugin.
fn pulls(effective: &Effective) -> Vec<Item> {
    const UNVERIFIED: &str = "the Kubernetes plugin (CRI) then pulls images itself, unverified";
    let mut items = Vec::new();
    if effective.is_disabled(CRI) || effective.texts("disabled_plugins").contains(&"cri") {
        return items;
    }
    // The version says what is wrong with one that has no such plugin.
    let Some(plugin) = effective.plugin(CRI) else { return items };
    let is_on = |name: &str| plugin.get(name).and_then(toml::Value::as_bool);
    let mut add = |name: &str, why: String, advice: &str| {
        items.push(failed(Part::Pulls, name, format!("{why}: {UNVERIFIED}"), advice));
    };
    if is_on("use_local_image_pull") == Some(true) {
        add("use_local_image_pull", "it is true".to_owned(), "Remove use_local_image_pull, or set it to false.");
    }
    if is_on("disable_snapshot_annotations") == Some(false) {
        let advice = "Remove it, or set it to true. Snapshotters that need annotations, such as stargz, cannot be combined with image verifiers.";
        add("disable_snapshot_annotations", "it is false".to_owned(), advice);
    }
    for name in ["discard_unpacked_layers", "image_pull_with_sync_fs"] {
        if is_on(name) == Some(true) {
            // An advice that was given before is not repeated, so each names its setting.
            add(name, "it is true".to_owned(), &format!("Remove {name}, or set it to false."));
        }
    }
    let downloads = plugin.get("max_concurrent_downloads").and_then(toml::Value::as_integer);
    if let Some(downloads) = downloads.filter(|downloads| *downloads != 3) {
        let advice = "Remove it, and set max_concurrent_downloads of the plugin io.containerd.transfer.v1.local.";
        add("max_concurrent_downloads", format!("it is {downloads}, and not 3"), advice);
    }
    let registry = plugin.get("registry").and_then(toml::Value::as_table);
    for name in ["mirrors", "configs", "auths"] {
        let entries = registry.and_then(|registry| registry.get(name)?.as_table());
        if entries.is_some_and(|entries| !entries.is_empty()) {
            let advice =
                format!("Remove registry.{name}, and set registry.config_path to a folder with hosts.toml files.");
            add(&format!("registry.{name}"), "it has entries".to_owned(), &advice);
        }
    }
    items
}
