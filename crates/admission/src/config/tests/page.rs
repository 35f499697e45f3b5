//! The reference page is written from the schema.

use serde_json::Value;

use super::*;

const PAGE: &str = include_str!("../../../../../docs/admission-config.md");

/// To write it again after a change: run this test with `UPDATE_PAGE=1`.
#[test]
fn the_reference_page_is_that_of_the_schema() {
    let page = page(&serde_json::from_str(SCHEMA).unwrap());
    if std::env::var_os("UPDATE_PAGE").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/admission-config.md");
        std::fs::write(path, page).unwrap();
        return;
    }
    assert!(page == PAGE, "docs/admission-config.md differs from the schema: run this test with UPDATE_PAGE=1");
}

fn page(schema: &Value) -> String {
    let mut page = String::from(
        "# Configuration of the admission service\n\n\
         The file that `notation-aws-signer admission serve --config FILE` reads is YAML 1.2. Unknown members are errors.\n\
         Relative paths are relative to the folder of the file. Secrets are read from files only, and `${ENV}` is not \
         expanded.\nOther users must not be able to change the file. `notation-aws-signer admission check-config FILE` \
         checks it, and\n`notation-aws-signer admission schema` prints its JSON Schema\n\
         ([admission-config.schema.json](admission-config.schema.json)) for editors.\n\nThe smallest complete file:\n\n```yaml\n",
    );
    page += MINIMAL;
    page += "```\n\nAll members:\n\n```yaml\n";
    page += FULL;
    page += "```\n\nDurations have the units `ms`, `s`, `m`, `h` and `d`; sizes have the units `KiB`, `MiB` and `GiB`, or \
             are numbers of\nbytes.\n\n\
             Patterns of namespaces have `*` for any characters. `ecs:CLUSTER` is a cluster of Amazon ECS; `*` alone matches \
             none.\n\n\
             Patterns of images are compared with the whole name `REGISTRY/REPOSITORY`, in which `nginx` is\n\
             `docker.io/library/nginx`. `*` stands for characters within one component, and in the registry within one \
             label; alone\nin place of the registry it stands for all. `**` stands for one or more components: \
             `a.example/x/**` matches\n`a.example/x/y`, and neither `a.example/x` nor `a.example/x-evil/y`. A port is part \
             of the registry's name:\n`a.example/**` does not match `a.example:5000/x`.\n";
    let mut sections = vec![(String::new(), schema.clone())];
    while !sections.is_empty() {
        let (name, section) = sections.remove(0);
        let title = if name.is_empty() { "The file" } else { &name };
        page += &format!("\n## {title}\n\n");
        if !name.is_empty() {
            let described = described(&section);
            page += &format!("{}\n\n", described.split(" Absent: ").next().unwrap_or_default());
        }
        page += "| member | default | meaning |\n|---|---|---|\n";
        let mut inner = Vec::new();
        rows(schema, &section, &name, &mut page, &mut inner);
        sections.splice(0..0, inner);
    }
    page
}

/// The rows of an object; the objects in it become sections.
fn rows(root: &Value, object: &Value, name: &str, page: &mut String, inner: &mut Vec<(String, Value)>) {
    let required: Vec<_> = object["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let alternatives = object["oneOf"].as_array().into_iter().flatten();
    let closed = alternatives.filter(|part| part["additionalProperties"] == Value::Bool(false));
    for properties in std::iter::once(object).chain(closed).filter_map(|part| part["properties"].as_object()) {
        // The order of members depends on features of serde_json that other crates set.
        let mut properties: Vec<_> = properties.iter().collect();
        properties.sort_by_key(|(key, _)| key.as_str());
        for (key, member) in properties {
            let (meaning, member) = (described(member), resolved(root, member));
            let meaning = if meaning.is_empty() { described(&member) } else { meaning };
            // "Meaning. Absent: default. Meaning."
            let (before, absent) = meaning.split_once(" Absent: ").unwrap_or((&meaning, ""));
            let (without, after) = absent.split_once('.').unwrap_or((absent, ""));
            let (meaning, without) = (format!("{before}{after}"), without.to_owned());
            let path = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
            let default = match &member["default"] {
                _ if required.contains(&key.as_str()) => "required".to_owned(),
                Value::Null => without.clone(),
                Value::String(text) => format!("`{text}`"),
                other => format!("`{other}`"),
            };
            let words = member["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let words: Vec<_> = words.map(|word| format!("`{word}`")).collect();
            let words = if words.len() > 1 { format!(" One of {}.", words.join(", ")) } else { String::new() };
            *page += &format!("| `{key}` | {default} | {}{words} |\n", meaning.replace('|', "\\|"));
            for (suffix, value) in [("", &member), ("[]", &member["items"]), (".NAME", &member["additionalProperties"])]
            {
                let value = resolved(root, value);
                // Partitions have all the same members.
                let is_partitions = key == "partitions";
                let has_members = value["properties"].is_object() || value["oneOf"].is_array();
                if is_partitions && suffix.is_empty() {
                    inner.push((format!("{path}.PARTITION"), root["$defs"]["partition"].clone()));
                } else if has_members {
                    inner.push((format!("{path}{suffix}"), value));
                }
            }
        }
    }
}

fn described(value: &Value) -> String {
    value["description"].as_str().unwrap_or_default().to_owned()
}

fn resolved(root: &Value, value: &Value) -> Value {
    value["$ref"]
        .as_str()
        .map_or_else(|| value.clone(), |target| root.pointer(target.trim_start_matches('#')).unwrap().clone())
}
