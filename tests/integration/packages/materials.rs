//! The software bills of materials: CycloneDX 1.6.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::Value;

use super::{TOOL, dist, file_in, json};
use crate::support::notation::PLUGIN;

/// The bill of the file with this ending.
fn bill_of(ending: &str) -> Value {
    json(&file_in(&dist(), &format!("{ending}.cdx.json")))
}

/// The crates of a program in a bill: names and versions.
fn crates<'a>(bill: &'a Value, program: &str) -> BTreeSet<(&'a str, &'a str)> {
    let programs = bill["components"].as_array().unwrap();
    let program = programs.iter().find(|component| component["name"] == program);
    let listed = program.unwrap()["components"].as_array().unwrap();
    listed.iter().map(|part| (part["name"].as_str().unwrap(), part["version"].as_str().unwrap())).collect()
}

/// The crates whose source files a program names, for the messages of panics: `NAME-VERSION` in cargo's registry.
fn crates_in(program: &Path) -> BTreeSet<String> {
    let content = std::fs::read(program).unwrap();
    let text = String::from_utf8_lossy(&content);
    let mut found = BTreeSet::new();
    for after in text.split("registry/src/").skip(1) {
        let mut folders = after.split('/');
        // Cargo names the folder of a registry after its host and a hash. crates/registry has a folder src, too.
        let is_of_cargo = folders
            .next()
            .and_then(|registry| registry.rsplit_once('-'))
            .is_some_and(|(_, hash)| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if let Some(folder) = folders.next().filter(|_| is_of_cargo) {
            found.insert(folder.to_owned());
        }
    }
    found
}

fn release_program(name: &str) -> PathBuf {
    let plugin = std::env::var_os("NOTATION_AWS_SIGNER_PLUGIN").expect("NOTATION_AWS_SIGNER_PLUGIN: run scripts/test");
    PathBuf::from(plugin).with_file_name(name)
}

#[test]
#[ignore = "needs the packages of scripts/package: scripts/test"]
fn each_file_has_a_bill_that_names_its_content() {
    let mut described = 0;
    for bill in std::fs::read_dir(dist()).unwrap().map(|file| file.unwrap().path()) {
        let name = bill.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(artifact) = name.strip_suffix(".cdx.json") else { continue };
        let content = std::fs::read(bill.with_file_name(artifact)).unwrap();
        let bill = json(&bill);
        let component = &bill["metadata"]["component"];
        assert_eq!(component["name"], artifact);
        let hash = if artifact.ends_with(".oci.tar") {
            let index = json(&file_in(&dist(), ".oci").join("index.json"));
            index["manifests"][0]["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap().to_owned()
        } else {
            hex::encode(digest(&SHA256, &content))
        };
        assert_eq!(component["hashes"][0]["content"], hash, "{name}");
        described += 1;
    }
    assert_eq!(described, 6, "two archives of the plugin, one of the tool, the .deb, the .rpm and the image");
}

#[test]
#[ignore = "needs the packages of scripts/package: scripts/test"]
fn a_program_links_no_crate_that_its_bill_does_not_list() {
    let bill = bill_of(".deb");
    for program in [TOOL.to_owned(), format!("notation-{PLUGIN}")] {
        let listed: BTreeSet<_> =
            crates(&bill, &program).iter().map(|(name, version)| format!("{name}-{version}")).collect();
        let linked = crates_in(&release_program(&program));
        assert!(linked.len() > 20, "{program} names its source files: {linked:?}");
        let missing: Vec<_> = linked.difference(&listed).collect();
        assert!(missing.is_empty(), "{program}: {missing:?}");
    }
}

#[test]
#[ignore = "needs the packages of scripts/package: scripts/test"]
fn the_plugins_bill_has_no_crates_of_the_tool_and_none_of_the_build() {
    let bill = bill_of(".tar.gz");
    let plugin: BTreeSet<_> = crates(&bill, &format!("notation-{PLUGIN}")).into_iter().map(|(name, _)| name).collect();
    let tool: BTreeSet<_> = crates(&bill, TOOL).into_iter().map(|(name, _)| name).collect();
    for name in ["clap", "axum", "reqwest", "rusqlite"] {
        assert!(tool.contains(name) && !plugin.contains(name), "{name}");
    }
    for name in ["aws-lc-rs", "aws-sdk-signer", "std"] {
        assert!(tool.contains(name) && plugin.contains(name), "{name}");
    }
    for name in ["cc", "cmake", "serde_derive", "proptest", "jsonschema", "notation-aws-signer-testbed"] {
        assert!(!tool.contains(name) && !plugin.contains(name), "{name}");
    }
}

#[test]
#[ignore = "needs the packages of scripts/package: scripts/test"]
fn the_graph_of_a_bill_reaches_all_its_components_and_no_others() {
    let bill = bill_of(".oci.tar");
    let mut defined = BTreeMap::new();
    let mut open: Vec<&Value> = bill["components"].as_array().unwrap().iter().collect();
    while let Some(component) = open.pop() {
        let reference = component["bom-ref"].as_str().unwrap();
        assert!(defined.insert(reference, component).is_none(), "{reference} is there twice");
        open.extend(component["components"].as_array().into_iter().flatten());
    }
    let below: BTreeMap<&str, Vec<&str>> = bill["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let list = entry["dependsOn"].as_array().unwrap();
            (entry["ref"].as_str().unwrap(), list.iter().map(|name| name.as_str().unwrap()).collect())
        })
        .collect();
    let mut reached = BTreeSet::new();
    let mut open = vec!["artifact"];
    while let Some(reference) = open.pop() {
        if reached.insert(reference) {
            open.extend(&below[reference]);
        }
    }
    reached.remove("artifact");
    assert_eq!(reached, defined.keys().copied().collect());
    // What is not Rust is part of it, too.
    for name in ["AWS-LC", "SQLite", "ca-certificates"] {
        let version = defined.values().find(|component| component["name"] == name).unwrap()["version"].as_str();
        assert!(
            version.is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit())),
            "{name} {version:?}"
        );
    }
}
