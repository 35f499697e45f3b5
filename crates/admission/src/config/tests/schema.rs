//! The JSON Schema and the reader agree. Members and words are compared with what the reader says in its errors, so
//! that neither can have one more than the other.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::*;

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn validator() -> jsonschema::Validator {
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
            _ => super::super::members::text_or_empty(field).unwrap().into(),
        }
    }
    value(&yaml::parse(text.as_bytes()).unwrap().root())
}

/// JSON is YAML.
fn read(document: &Value) -> Result<Config, yaml::Error> {
    Config::parse(document.to_string().as_bytes(), Path::new("/srv"))
}

fn keys_of(pointer: &str) -> impl Iterator<Item = String> {
    pointer.split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~"))
}

/// Sets a value, and the objects and arrays around it. `null` removes it.
fn set(document: &mut Value, pointer: &str, new: &Value) {
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

#[test]
fn the_schema_and_the_reader_accept_and_refuse_the_same() {
    let validator = validator();
    let mut wrong = Vec::new();
    for (pointer, values, expected) in CASES {
        let values: Vec<Value> =
            serde_json::from_str(&format!("[{values}]")).unwrap_or_else(|why| panic!("{values}: {why}"));
        for value in values {
            let mut document = to_json(MINIMAL);
            set(&mut document, "/registries", &json!([{"host": "a.example"}]));
            set(&mut document, pointer, &value);
            let (by_schema, by_reader) = (validator.is_valid(&document), read(&document));
            if by_schema != *expected || by_reader.is_ok() != *expected {
                wrong.push(format!("{pointer} {value}: schema {by_schema}, reader {:?}", by_reader.err()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where a value is set in the minimal configuration, the values, and whether they are valid.
const CASES: &[(&str, &str, bool)] = &[
    ("/version", r#"2, "1", 1.5, true, null"#, false),
    ("/policies", r#"null, {}, [], "a""#, false),
    ("/rules", r"null, [], {}", false),
    ("/zzz", "1", false),
    (
        "/server",
        r#"{}, {"plain": false}, {"plain": true, "listen": "127.0.0.1:1"}, {"plain": true, "listen": "[::1]:1"}"#,
        true,
    ),
    ("/server", r#"[], {"plain": true}, {"plain": true, "listen": "10.0.0.1:1"}, {"zzz": 1}"#, false),
    ("/server", r#"{"plain": true, "listen": "127.0.0.1:1", "tls": {"certificate": "c", "key": "k"}}"#, false),
    ("/server/listen", r#""0.0.0.0:0", "[::]:8443", "10.1.2.3:65535""#, true),
    ("/server/listen", r#"":8443", "localhost:8443", 8443, "0.0.0.0", "::1:8443", """#, false),
    ("/server/operations", r#""127.0.0.1:8081""#, true),
    ("/server/operations", r#""a:1", 1"#, false),
    ("/server/socket", r#""a.sock""#, true),
    ("/server/socket", r#""", 1"#, false),
    ("/server/tls", r#"{"certificate": "c", "key": "k"}, {"certificate": "c", "key": "k", "clientCA": "a"}"#, true),
    ("/server/tls", r#"{"certificate": "c", "key": "k", "clientCA": "a", "clientNames": ["x"]}"#, true),
    ("/server/tls", r#"{"selfManaged": {"secret": "s", "service": "a.b.svc", "webhooks": ["w"]}}"#, true),
    (
        "/server/tls",
        r#"{}, {"certificate": "c"}, {"key": "k"}, {"certificate": "c", "key": "k", "clientNames": ["x"]}"#,
        false,
    ),
    ("/server/tls", r#"{"certificate": "c", "key": "k", "clientCA": "a", "clientNames": []}"#, false),
    ("/server/tls", r#"{"selfManaged": {"secret": "s", "service": "a.b.svc", "webhooks": []}}"#, false),
    ("/server/tls", r#"{"selfManaged": {"secret": "S", "service": "a.b.svc", "webhooks": ["w"]}}"#, false),
    ("/server/tls", r#"{"selfManaged": {"secret": "../s", "service": "a.b.svc", "webhooks": ["w"]}}"#, false),
    (
        "/server/tls",
        r#"{"certificate": "c", "key": "k", "selfManaged": {"secret": "s", "service": "a.b.svc", "webhooks": ["w"]}}"#,
        false,
    ),
    ("/server/adapters", r#"["kubernetes"], ["verify", "ecs"]"#, true),
    ("/server/adapters", r#"[], ["Kubernetes"], ["ecs", "ecs"], "ecs""#, false),
    ("/server/limits/body", r#""64KiB", "64MiB", 65536, 67108864, "1MiB""#, true),
    (
        "/server/limits/body",
        r#""16MB", "16M", "16Mi", 65535, 67108865, -1, 1.5, "1.5MiB", "MiB", "16 MiB", "+1MiB""#,
        false,
    ),
    ("/server/limits/images", "1, 4096", true),
    ("/server/limits/images", r#"0, 4097, "1", 1.5"#, false),
    ("/server/limits/concurrent", "0, 65537", false),
    ("/server/limits/queue", "0, 65536", true),
    ("/server/limits/queue", "65537, -1", false),
    ("/server/limits/deadline", r#""1s", "29s", "600ms""#, true),
    ("/server/limits/deadline", r#"8, "8", "8 s", "8sec", "1.5s", "-1s", "s""#, false),
    ("/server/limits/margin", r#""0s", "7999ms""#, true),
    ("/server/limits/connectionAge", r#""10s", "24h", "1d""#, true),
    ("/policies/a.B_c-1", r#"{"trustPolicy": "f"}, {"trustPolicy": "f", "roots": ["r"], "require": 2}"#, true),
    ("/policies/a b", r#"{"trustPolicy": "f"}"#, false),
    ("/policies/", r#"{"trustPolicy": "f"}"#, false),
    ("/policies/-a", r#"{"trustPolicy": "f"}"#, false),
    (
        "/policies/default",
        r#"{}, {"trustPolicy": ""}, {"trustPolicy": "f", "roots": []}, {"trustPolicy": "f", "zzz": 1}"#,
        false,
    ),
    ("/policies/default/trustPolicy", r#""f""#, false),
    (
        "/policies/default/trustedProfiles",
        r#"["arn:aws-cn:signer:cn-north-1:111122223333:/signing-profiles/team_a/abcdefghij"], ["arn:aws:signer:us-west-2:111122223333:/aliases/a"]"#,
        true,
    ),
    (
        "/policies/default/trustedProfiles",
        r#"[], ["a"], ["arn:aws:signer:us-west-2:1111:/signing-profiles/a"], ["arn:aws:kms:us-west-2:111122223333:key/a"], ["arn:aws:signer:us-west-2:111122223333:/signing-jobs/a"]"#,
        false,
    ),
    ("/policies/default/require", "1", true),
    ("/policies/default/require", r#"0, 1001, "1""#, false),
    ("/policies/default/maxSignatures", "1, 1000", true),
    ("/policies/default/maxSignatures", "0, 1001", false),
    ("/policies/default/userMetadata", r#"{"a": "b"}, {"a": ""}"#, true),
    (
        "/policies/default/userMetadata",
        r#"{}, {"": "b"}, {"a": 1}, {"a": true}, {"io.cncf.notary.x": "b"}, ["a"]"#,
        false,
    ),
    ("/rules/0/name", r#""system", "ünï cöde""#, true),
    ("/rules/0/name", r#""", 1"#, false),
    ("/rules/0/namespaces", r#"["a", "b-*"], ["*"], ["ecs:Prod_1"]"#, true),
    ("/rules/0/namespaces", r#"[], ["A"], ["a.b"], ["ecs:"], ["a:b"], [""], "a", ["a", "a"]"#, false),
    ("/rules/0/namespaceSelector", r#"{"matchLabels": {"a": "b", "example.com/c.d_e-F": ""}}"#, true),
    (
        "/rules/0/namespaceSelector",
        r#"{}, {"matchLabels": {}}, {"matchLabels": {"a": "b c"}}, {"matchLabels": {"/a": "b"}}, {"matchLabels": {"a": true}}, {"matchExpressions": []}"#,
        false,
    ),
    (
        "/rules/0/images",
        r#"["**"], ["**/nginx"], ["*/a/b"], ["docker.io/library/nginx"], ["localhost:5000/a/*"], ["*.dkr.ecr.*.amazonaws.com/x-*/**"], ["[::1]:5000/a"], ["localhost/a"]"#,
        true,
    ),
    (
        "/rules/0/images",
        r#"[], ["nginx"], ["library/nginx"], ["vendor/**"], ["a.example"], ["a.example/B"], ["a.example/b:v1"], ["a.example/b@sha256:00"], ["https://a.example/b"], ["a.example/b/"], ["a.example//b"], ["a.example/b c"], ["*"], [""]"#,
        false,
    ),
    ("/rules/1/policy", "null", false),
    ("/rules/0/policy", r#""default""#, false),
    ("/rules/1/action", r#""enforce", "warn", "audit""#, true),
    ("/rules/1/action", r#""exempt", "Enforce", "deny", null"#, false),
    ("/registries", "[]", true),
    ("/registries", r#"[{}], {}, [{"host": "a.example", "zzz": 1}]"#, false),
    (
        "/registries/0/host",
        r#""docker.io", "*", "*.dkr.ecr.*.amazonaws.com", "localhost:5000", "localhost:*", "[::1]:5000""#,
        true,
    ),
    (
        "/registries/0/host",
        r#""", "A.example", "a.example/b", "https://a.example", "a.example:0", "a example", "-a*""#,
        false,
    ),
    ("/registries/0/mirror", r#""mirror.example.com", "mirror.example.com:5000/hub/a", "localhost:5000/hub""#, true),
    (
        "/registries/0/mirror",
        r#""https://mirror.example.com", "mirror.example.com/", "mirror.example.com/Hub", "m.example/a:v1", "", 1"#,
        false,
    ),
    ("/registries/0/plainHttp", "true, false", true),
    ("/registries/0/plainHttp", r#""true", 1"#, false),
    (
        "/registries/0",
        r#"{"host": "a.example", "plainHttp": true, "ca": "f"}, {"host": "a.example", "plainHttp": true, "credentials": "aws"}"#,
        false,
    ),
    ("/registries/0/credentials", r#""aws", {"file": "f"}, {"secret": {"namespace": "n", "name": "s.t"}}"#, true),
    (
        "/registries/0/credentials",
        r#""ecr", {}, {"file": "f", "secret": {"namespace": "n", "name": "s"}}, {"secret": {"name": "s"}}, {"secret": {"namespace": "n.m", "name": "s"}}, {"secret": {"namespace": "n", "name": "../s"}}, {"password": "p"}"#,
        false,
    ),
    (
        "/registries/0",
        r#"{"host": "a.example", "credentials": "aws", "roleArn": "arn:aws:iam::444455556666:role/p/ecr-read"}"#,
        true,
    ),
    ("/registries/0/roleArn", r#""arn:aws:iam::444455556666:role/ecr-read""#, false),
    (
        "/registries/0",
        r#"{"host": "a.example", "credentials": "aws", "roleArn": "arn:aws:iam::444455556666:user/a"}"#,
        false,
    ),
    (
        "/registries/0",
        r#"{"host": "a.example", "credentials": {"file": "f"}, "roleArn": "arn:aws:iam::444455556666:role/a"}"#,
        false,
    ),
    ("/kubernetes/pullSecrets", r#""none", "pod", "pod-and-service-account""#, true),
    ("/kubernetes/pullSecrets", r#""off", false, []"#, false),
    (
        "/kubernetes/extraTemplates",
        r#"[], [{"group": "argoproj.io", "kind": "Rollout", "podTemplate": "/spec/te~1mplate"}]"#,
        true,
    ),
    (
        "/kubernetes/extraTemplates",
        r#"[{"group": "argoproj.io", "kind": "rollout", "podTemplate": "/spec"}], [{"group": "argoproj.io", "kind": "Rollout", "podTemplate": "spec.template"}], [{"group": "argoproj.io", "kind": "Rollout", "podTemplate": "/a~2"}], [{"group": "", "kind": "Rollout", "podTemplate": "/a"}], [{"kind": "Rollout", "podTemplate": "/a"}]"#,
        false,
    ),
    (
        "/aws/partitions",
        r#"{}, {"aws": {"region": "us-west-2"}}, {"aws-cn": {"roleArn": "arn:aws-cn:iam::444455556666:role/a"}}"#,
        true,
    ),
    (
        "/aws/partitions",
        r#"{"aws": {}}, {"aws-cn": {"region": "us-west-2"}}, {"aws": {"region": "cn-north-1"}}, {"aws": {"region": "US-WEST-2"}}, {"aws": {"roleArn": "arn:aws-cn:iam::444455556666:role/a"}}, {"govcloud": {"region": "us-gov-west-1"}}"#,
        false,
    ),
    (
        "/aws/revocation",
        r#"{"whenUnavailable": "refuse", "staleFor": "0s"}, {"whenUnavailable": "allow-stale", "staleFor": "1h"}, {"staleFor": "0ms"}"#,
        true,
    ),
    (
        "/aws/revocation",
        r#"{"whenUnavailable": "allow-stale"}, {"whenUnavailable": "allow-stale", "staleFor": "0s"}, {"staleFor": "1h"}, {"whenUnavailable": "refuse", "staleFor": "1h"}"#,
        false,
    ),
    ("/aws/revocation/rate", "1, 10000", true),
    ("/aws/revocation/rate", "0, 10001, 0.5", false),
    ("/aws/revocation/replicas", "0, 1001", false),
    ("/cache/tag", r#""0s", "1h""#, true),
    ("/cache/entries", "99, 10000001", false),
    ("/cache/memory", r#""1MiB", "16GiB", 1048576"#, true),
    ("/cache/memory", r#"1048575, "64MB", "all""#, false),
    (
        "/cache/redis",
        r#"{"url": "redis://r", "keyFiles": ["k"]}, {"url": "rediss://r:6379/0", "keyFiles": ["k"], "ca": "c"}"#,
        true,
    ),
    (
        "/cache/redis",
        r#"{"url": "redis://r"}, {"keyFiles": ["k"]}, {"url": "redis://r", "keyFiles": []}, {"url": "redis://u:p@r", "keyFiles": ["k"]}, {"url": "http://r", "keyFiles": ["k"]}, {"url": "redis://r", "keyFiles": ["k"], "ca": "c"}, {"url": "redis://r", "keyFiles": ["k"], "usernameFile": "u"}, {"url": "redis://r?a=b", "keyFiles": ["k"]}"#,
        false,
    ),
    ("/kyverno", r#"{"tokenReview": false}, {"audiences": [""]}, {"allowedUsers": ["u"]}"#, true),
    (
        "/kyverno",
        r#"{"tokenReview": false, "allowedUsers": ["u"]}, {"audiences": []}, {"allowedUsers": []}, {"allowedUsers": [""]}"#,
        false,
    ),
    ("/scan", r#"{"interval": "1m"}, {"interval": "1h", "reports": true}, {"reports": false}"#, true),
    ("/scan", r#"{"reports": true}, {"interval": 60}"#, false),
    ("/log", r#"{"format": "json", "level": "debug"}"#, true),
    ("/log", r#"{"format": "text"}, {"level": "trace"}, {"level": 1}"#, false),
    ("/otlp", r#"{"endpoint": "http://collector:4317"}, {"endpoint": "https://c/", "ca": "ca.pem"}"#, true),
    (
        "/otlp",
        r#"{}, {"endpoint": "collector:4317"}, {"endpoint": "grpc://c:1"}, {"endpoint": "http://u:p@c:1"}, {"endpoint": "http://c:1/v1/traces"}, {"endpoint": "http://c:1//"}, {"endpoint": "http://c:1", "ca": "ca.pem"}"#,
        false,
    ),
];
