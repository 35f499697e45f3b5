//! The JSON Schema and the reader agree. Members and words are compared with what the reader says in its errors, so
//! that neither can have one more than the other.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::*;

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

pub fn validator() -> jsonschema::Validator {
    jsonschema::draft202012::options().offline().build(&schema()).unwrap()
}

/// A YAML document as JSON.
pub fn to_json(text: &str) -> Value {
    fn value(field: &yaml::Field<'_>) -> Value {
        if let Ok(members) = field.members() {
            return members
                .rest()
                .map(|(key, field)| (key.text.to_owned(), value(&field)))
                .collect::<Map<_, _>>()
                .into();
        }
        if let Ok(items) = field.items() {
            return items.iter().map(value).collect();
        }
        match (field.integer(0..=u64::MAX), field.boolean()) {
            (Ok(number), _) => number.into(),
            (_, Ok(value)) => value.into(),
            _ => field.text_or_empty().unwrap().into(),
        }
    }
    value(&yaml::parse(text.as_bytes()).unwrap().root())
}

/// JSON is YAML.
pub fn read(document: &Value) -> Result<Config, yaml::Error> {
    Config::parse(document.to_string().as_bytes(), Path::new("/srv"))
}

fn keys_of(pointer: &str) -> impl Iterator<Item = String> {
    pointer.split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~"))
}

/// Sets a value, and the objects and arrays around it. `null` removes it.
pub fn set(document: &mut Value, pointer: &str, new: &Value) {
    let keys: Vec<_> = keys_of(pointer).collect();
    let (last, parents) = keys.split_last().unwrap();
    let mut at = document;
    for key in parents {
        at = match at {
            Value::Array(items) => &mut items[key.parse::<usize>().unwrap()],
            Value::Object(members) => members.entry(key).or_insert_with(|| json!({})),
            other => panic!("{pointer}: {other}"),
        };
    }
    match (at, new) {
        (Value::Object(members), Value::Null) => drop(members.remove(last)),
        (Value::Object(members), new) => drop(members.insert(last.clone(), new.clone())),
        (Value::Array(items), new) => items[last.parse::<usize>().unwrap()] = new.clone(),
        (other, _) => panic!("{pointer}: {other}"),
    }
}

#[test]
fn the_schema_is_valid_and_accepts_the_examples() {
    jsonschema::meta::validate(&schema()).unwrap();
    let validator = validator();
    for example in [MINIMAL, FULL] {
        let errors: Vec<_> = validator.iter_errors(&to_json(example)).map(|why| why.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

/// Documents that together have every member.
fn complete() -> Vec<Value> {
    let mut full = to_json(FULL);
    set(&mut full, "/kubernetes/pinAs", &json!("digest"));
    set(&mut full, "/server/plain", &json!(false));
    set(&mut full, "/rules/3/images", &json!(["**"]));
    set(&mut full, "/rules/3/namespaces", &json!(["*"]));
    set(&mut full, "/registries/0/plainHttp", &json!(false));
    let mut other = full.clone();
    let secret = json!({"secret": {"namespace": "n", "name": "s"}});
    set(&mut other, "/registries/2/credentials", &secret);
    let own = json!({"selfManaged": {"secret": "s", "service": "a.n.svc", "webhooks": ["w"]}});
    set(&mut other, "/server/tls", &own);
    vec![full, other]
}

/// A value of a document, with where the schema describes it.
struct Place {
    /// Where the value is.
    pointer: String,
    /// Where its schema is.
    schema: String,
    value: Value,
}

/// All values of a document. Of alternatives, those are followed that have the member.
fn places(root: &Value, document: &Value) -> Vec<Place> {
    let mut places = Vec::new();
    let mut todo = vec![(String::new(), String::new(), document.clone())];
    while let Some((pointer, schema, value)) = todo.pop() {
        let described = root.pointer(&schema).unwrap_or_else(|| panic!("{pointer}: {schema}"));
        if let Some(target) = described["$ref"].as_str() {
            todo.push((pointer, target.trim_start_matches('#').to_owned(), value));
            continue;
        }
        let children: Vec<(String, Value)> = match &value {
            Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
            Value::Array(items) => items.iter().enumerate().map(|(n, value)| (n.to_string(), value.clone())).collect(),
            _ => Vec::new(),
        };
        for (key, child) in children {
            let options = described["oneOf"].as_array().map_or(0, Vec::len);
            let options = (0..options).map(|n| format!("{schema}/oneOf/{n}/properties/{key}"));
            let mut options = std::iter::once(format!("{schema}/properties/{key}")).chain(options);
            let found = match child {
                _ if value.is_array() => Some(format!("{schema}/items")),
                _ => options.find(|option| root.pointer(option).is_some_and(Value::is_object)),
            };
            let found = found.unwrap_or_else(|| format!("{schema}/additionalProperties"));
            todo.push((format!("{pointer}/{}", key.replace('/', "~1")), found, child));
        }
        places.push(Place { pointer, schema, value });
    }
    places
}

/// The pointers of all parts of the schema that `wanted` picks.
fn parts(schema: &Value, wanted: impl Fn(&Value) -> bool + Copy) -> BTreeSet<String> {
    fn walk(value: &Value, at: &str, wanted: &dyn Fn(&Value) -> bool, found: &mut BTreeSet<String>) {
        if wanted(value) {
            found.insert(at.to_owned());
        }
        if let Value::Object(members) = value {
            members.iter().for_each(|(key, value)| walk(value, &format!("{at}/{key}"), wanted, found));
        }
        if let Value::Array(items) = value {
            items.iter().enumerate().for_each(|(n, value)| walk(value, &format!("{at}/{n}"), wanted, found));
        }
    }
    let mut found = BTreeSet::new();
    walk(schema, "", &wanted, &mut found);
    found
}

/// The values of a list in an error.
fn words(list: &str) -> BTreeSet<String> {
    list.split(", ").map(str::to_owned).collect()
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default()
}

#[test]
fn the_schema_has_exactly_the_members_that_are_read() {
    let root = schema();
    let closed = |value: &Value| value["additionalProperties"] == Value::Bool(false);
    let mut seen = BTreeSet::new();
    for document in complete() {
        read(&document).unwrap();
        for place in places(&root, &document).iter().filter(|place| place.value.is_object()) {
            let described = root.pointer(&place.schema).unwrap();
            let alternatives = described["oneOf"].as_array().into_iter().flatten();
            let mut members = keys(&described["properties"]);
            let mut is_closed = closed(described);
            seen.insert(place.schema.clone());
            for (n, alternative) in alternatives.enumerate() {
                members.extend(keys(&alternative["properties"]));
                is_closed |= closed(alternative);
                seen.insert(format!("{}/oneOf/{n}", place.schema));
            }
            // Partitions have a fixed list of names, which the reader has from elsewhere.
            if !is_closed || place.pointer == "/aws/partitions" {
                continue;
            }
            let mut changed = document.clone();
            set(&mut changed, &format!("{}/zzz", place.pointer), &json!(1));
            let problem = read(&changed).unwrap_err().problem().to_owned();
            let list = problem.strip_prefix("unknown member \"zzz\"; the members here are ");
            assert_eq!(list.map(words), Some(members), "{}: {problem}", place.pointer);
        }
    }
    let unseen: Vec<_> = parts(&root, closed).into_iter().filter(|part| !seen.contains(part)).collect();
    assert!(unseen.is_empty(), "{unseen:#?}");
}

#[test]
fn the_schema_has_exactly_the_words_that_are_read() {
    let root = schema();
    let mut seen = BTreeSet::new();
    for document in complete() {
        for place in places(&root, &document) {
            let Some(enumerated) = root.pointer(&place.schema).unwrap()["enum"].as_array() else { continue };
            seen.insert(place.schema.clone());
            let mut changed = document.clone();
            set(&mut changed, &place.pointer, &json!("zzz"));
            let problem = read(&changed).unwrap_err().problem().to_owned();
            let list = problem.trim_start_matches("expected ").trim_start_matches("one of ");
            let expected = enumerated.iter().map(|word| word.as_str().unwrap().to_owned()).collect::<BTreeSet<_>>();
            assert_eq!(words(list.trim_end_matches(", found \"zzz\"")), expected, "{}: {problem}", place.pointer);
        }
    }
    assert_eq!(seen, parts(&root, |value| value["enum"].is_array()));
}

#[test]
fn the_defaults_of_the_schema_are_those_that_apply() {
    let root = schema();
    let mut seen = BTreeSet::new();
    for document in complete() {
        for place in places(&root, &document) {
            let Some(default) = root.pointer(&place.schema).unwrap().get("default") else { continue };
            seen.insert(place.schema.clone());
            let (mut absent, mut written) = (document.clone(), document.clone());
            set(&mut absent, &place.pointer, &Value::Null);
            set(&mut written, &place.pointer, default);
            assert_eq!(read(&absent).unwrap(), read(&written).unwrap(), "{}", place.pointer);
        }
    }
    assert_eq!(seen, parts(&root, |value| value.get("default").is_some()));
}

#[test]
fn the_schema_describes_every_member_and_says_what_applies_without_it() {
    let root = schema();
    let resolved = |value: &Value| match value["$ref"].as_str() {
        Some(target) if value["description"].is_null() => root.pointer(target.trim_start_matches('#')).unwrap().clone(),
        _ => value.clone(),
    };
    for part in parts(&root, |value| value["additionalProperties"] == Value::Bool(false)) {
        let object = root.pointer(&part).unwrap();
        let alternatives = object["oneOf"].as_array().into_iter().flatten();
        let required = std::iter::once(object).chain(alternatives).filter_map(|part| part["required"].as_array());
        let required: Vec<_> = required.flatten().collect();
        for (name, member) in object["properties"].as_object().unwrap() {
            let member = resolved(member);
            let description = member["description"].as_str().unwrap_or_else(|| panic!("{part}: {name}"));
            let is_section = member["type"] == "object" && member["additionalProperties"] == Value::Bool(false);
            let says_default = !member["default"].is_null()
                || ["Absent: ", "Excludes ", "Not with "].iter().any(|words| description.contains(words));
            assert!(required.contains(&&json!(name)) || is_section || says_default, "{part}: {name}: {description}");
        }
    }
}

#[test]
fn the_schema_lists_the_partitions_that_are_read() {
    let partitions = schema()["properties"]["aws"]["properties"]["partitions"]["properties"].clone();
    let validator = validator();
    for (name, region) in [
        ("aws", "us-west-2"),
        ("aws-cn", "cn-north-1"),
        ("aws-us-gov", "us-gov-west-1"),
        ("aws-eusc", "eusc-de-east-1"),
        ("aws-iso", "us-iso-east-1"),
        ("aws-iso-b", "us-isob-east-1"),
        ("aws-iso-e", "eu-isoe-west-1"),
        ("aws-iso-f", "us-isof-south-1"),
        ("aws-moon", "moon-1"),
    ] {
        let mut document = to_json(MINIMAL);
        set(&mut document, &format!("/aws/partitions/{name}"), &json!({ "region": region }));
        assert_eq!(read(&document).is_ok(), keys(&partitions).contains(name), "{name}");
        assert_eq!(validator.is_valid(&document), keys(&partitions).contains(name), "{name}");
    }
}
