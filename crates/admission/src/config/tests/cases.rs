//! Values that the JSON Schema and the reader both accept, or both refuse.

use serde_json::{Value, json};

use super::MINIMAL;
use super::schema::{read, set, to_json, validator};

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
        concat!(
            r#"["arn:aws-cn:signer:cn-north-1:111122223333:/signing-profiles/team_a/abcdefghij"], "#,
            r#"["arn:aws:signer:us-west-2:111122223333:/aliases/a"]"#,
        ),
        true,
    ),
    (
        "/policies/default/trustedProfiles",
        concat!(
            r#"[], ["a"], ["arn:aws:signer:us-west-2:1111:/signing-profiles/a"], "#,
            r#"["arn:aws:kms:us-west-2:111122223333:key/a"], "#,
            r#"["arn:aws:signer:us-west-2:111122223333:/signing-jobs/a"]"#,
        ),
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
        concat!(
            r#"{}, {"matchLabels": {}}, {"matchLabels": {"a": "b c"}}, {"matchLabels": {"/a": "b"}}, "#,
            r#"{"matchLabels": {"a": true}}, {"matchExpressions": []}"#,
        ),
        false,
    ),
    (
        "/rules/0/images",
        concat!(
            r#"["**"], ["**/nginx"], ["*/a/b"], ["docker.io/library/nginx"], ["localhost:5000/a/*"], "#,
            r#"["*.dkr.ecr.*.amazonaws.com/x-*/**"], ["[::1]:5000/a"], ["localhost/a"]"#,
        ),
        true,
    ),
    (
        "/rules/0/images",
        concat!(
            r#"[], ["nginx"], ["library/nginx"], ["vendor/**"], ["a.example"], ["a.example/B"], ["a.example/b:v1"], "#,
            r#"["a.example/b@sha256:00"], ["https://a.example/b"], ["a.example/b/"], ["a.example//b"], "#,
            r#"["a.example/b c"], ["*"], [""]"#,
        ),
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
        concat!(
            r#""ecr", {}, {"file": "f", "secret": {"namespace": "n", "name": "s"}}, {"secret": {"name": "s"}}, "#,
            r#"{"secret": {"namespace": "n.m", "name": "s"}}, {"secret": {"namespace": "n", "name": "../s"}}, "#,
            r#"{"password": "p"}"#,
        ),
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
        concat!(
            r#"[{"group": "argoproj.io", "kind": "rollout", "podTemplate": "/spec"}], "#,
            r#"[{"group": "argoproj.io", "kind": "Rollout", "podTemplate": "spec.template"}], "#,
            r#"[{"group": "argoproj.io", "kind": "Rollout", "podTemplate": "/a~2"}], "#,
            r#"[{"group": "", "kind": "Rollout", "podTemplate": "/a"}], [{"kind": "Rollout", "podTemplate": "/a"}]"#,
        ),
        false,
    ),
    (
        "/aws/partitions",
        r#"{}, {"aws": {"region": "us-west-2"}}, {"aws-cn": {"roleArn": "arn:aws-cn:iam::444455556666:role/a"}}"#,
        true,
    ),
    (
        "/aws/partitions",
        concat!(
            r#"{"aws": {}}, {"aws-cn": {"region": "us-west-2"}}, {"aws": {"region": "cn-north-1"}}, "#,
            r#"{"aws": {"region": "US-WEST-2"}}, {"aws": {"roleArn": "arn:aws-cn:iam::444455556666:role/a"}}, "#,
            r#"{"govcloud": {"region": "us-gov-west-1"}}"#,
        ),
        false,
    ),
    (
        "/aws/revocation",
        concat!(
            r#"{"whenUnavailable": "refuse", "staleFor": "0s"}, {"whenUnavailable": "allow-stale", "staleFor": "1h"}, "#,
            r#"{"staleFor": "0ms"}"#,
        ),
        true,
    ),
    (
        "/aws/revocation",
        concat!(
            r#"{"whenUnavailable": "allow-stale"}, {"whenUnavailable": "allow-stale", "staleFor": "0s"}, "#,
            r#"{"staleFor": "1h"}, {"whenUnavailable": "refuse", "staleFor": "1h"}"#,
        ),
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
        concat!(
            r#"{"url": "redis://r"}, {"keyFiles": ["k"]}, {"url": "redis://r", "keyFiles": []}, "#,
            r#"{"url": "redis://u:p@r", "keyFiles": ["k"]}, {"url": "http://r", "keyFiles": ["k"]}, "#,
            r#"{"url": "redis://r", "keyFiles": ["k"], "ca": "c"}, {"url": "redis://r", "keyFiles": ["k"], "#,
            r#""usernameFile": "u"}, {"url": "redis://r?a=b", "keyFiles": ["k"]}"#,
        ),
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
        concat!(
            r#"{}, {"endpoint": "collector:4317"}, {"endpoint": "grpc://c:1"}, {"endpoint": "http://u:p@c:1"}, "#,
            r#"{"endpoint": "http://c:1/v1/traces"}, {"endpoint": "http://c:1//"}, "#,
            r#"{"endpoint": "http://c:1", "ca": "ca.pem"}"#,
        ),
        false,
    ),
];
