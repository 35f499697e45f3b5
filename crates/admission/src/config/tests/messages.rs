//! What an operator reads when a file is wrong: the place, the member, what is wrong with it and what to do.

use super::*;

fn problem(text: &str) -> String {
    match Config::parse(text.as_bytes(), Path::new("/srv")) {
        Ok(config) => panic!("{text}\n{config:#?}"),
        Err(why) => {
            let problem = ConfigError::Invalid { path: PathBuf::from("f"), problem: why }.to_string();
            problem.trim_start_matches("f:").to_owned()
        }
    }
}

/// Compares the errors of texts, each put in place of `HERE` in a document, with what is expected.
#[track_caller]
fn check_in(document: &str, cases: &[(&str, &str)]) {
    let wrong: Vec<_> = cases
        .iter()
        .map(|(text, expected)| (text, *expected, problem(&document.replace("HERE", text))))
        .filter(|(_, expected, found)| found != expected)
        .map(|(text, expected, found)| format!("{text}\n    found {found}\n expected {expected}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    check_in("HERE", cases);
}

/// Members of the file, on line 4.
#[track_caller]
fn check_members(cases: &[(&str, &str)]) {
    check_in(&format!("{MINIMAL}HERE"), cases);
}

/// A policy, on line 2 from column 14.
#[track_caller]
fn check_policy(cases: &[(&str, &str)]) {
    check_in("version: 1\npolicies: {p: HERE}\nrules: [{policy: p, action: enforce}]", cases);
}

/// Rules, on line 3 from column 8.
#[track_caller]
fn check_rules(cases: &[(&str, &str)]) {
    check_in("version: 1\npolicies: {p: {trustPolicy: f}}\nrules: HERE", cases);
}

#[test]
fn the_file_as_a_whole() {
    check(&[
        ("", "1:1: the file is empty"),
        ("version: 1\n", r#"1:1: the member "policies" is missing"#),
        ("policies: {}\nrules: []\n", r#"1:1: the member "version" is missing"#),
        (
            "version: 2\nadapters: []\n",
            "1:10: version: expected 1, the only version of this format, found the number 2",
        ),
        (
            "version: 1\npolices: {}\nrules: []\n",
            r#"2:1: unknown member "polices"; the members here are version, server, policies, rules, registries, kubernetes, aws, cache, kyverno, scan, log, otlp"#,
        ),
        ("version: 1\npolicies: [a]\nrules: []\n", "2:11: policies: expected members (`name: value`), found a list"),
        (
            "version: 1\npolicies: {}\nrules: []\n",
            "2:11: policies: no policy is defined: add one, such as `default: {trustedProfiles: [ARN]}`",
        ),
        ("- version: 1\n", "1:1: expected members (`name: value`), found a list"),
        ("version: 1\nversion: 1\n", r#"2:1: the key "version" is already used at line 1, column 1"#),
        ("version: 1\n\tserver: {}\n", "1:10: invalid YAML: while scanning a plain scalar, found a tab"),
        (
            "version: 1\npolicies: {a: {trustPolicy: f}}\nrules: []\n",
            "3:8: rules: the list is empty, and without a rule every image is refused: add one, such as `{policy: NAME, action: enforce}`",
        ),
        ("version: ${VERSION}\n", r#"1:10: version: expected 1, the only version of this format, found "${VERSION}""#),
    ]);
}

#[test]
fn server() {
    check_members(&[
        (
            "server: {listen: ':8443'}",
            r#"4:18: server.listen: expected an IP address and a port, such as 0.0.0.0:8443 or 127.0.0.1:8443, found ":8443""#,
        ),
        (
            "server: {listen: 'localhost:8443'}",
            r#"4:18: server.listen: expected an IP address and a port, such as 0.0.0.0:8443 or 127.0.0.1:8443, found "localhost:8443""#,
        ),
        (
            "server: {listen: 8443}",
            "4:18: server.listen: expected an IP address and a port, such as 0.0.0.0:8443 or 127.0.0.1:8443, found the number 8443",
        ),
        (
            "server: {listen: 0.0.0.0:8080}",
            "4:18: server.listen: listen (0.0.0.0:8080) and operations (0.0.0.0:8080) need different ports",
        ),
        (
            "server: {listen: '127.0.0.1:8443', operations: '0.0.0.0:8443'}",
            "4:48: server.operations: listen (127.0.0.1:8443) and operations (0.0.0.0:8443) need different ports",
        ),
        (
            "server: {plain: true}",
            "4:17: server.plain: without TLS, only programs on the same machine are served: set listen to an address such as 127.0.0.1:8443, or remove plain",
        ),
        (
            "server: {plain: true, listen: 10.0.0.1:8443}",
            "4:31: server.listen: without TLS, only programs on the same machine are served: set listen to an address such as 127.0.0.1:8443, or remove plain",
        ),
        (
            "server:\n  listen: 127.0.0.1:8443\n  plain: true\n  tls: {certificate: c, key: k}",
            "6:10: server.plain: plain and tls exclude each other",
        ),
        ("server: {plain: yes}", r#"4:17: server.plain: expected true or false, found "yes""#),
        ("server: {tls: {certificate: c}}", r#"4:15: server.tls: the member "key" is missing"#),
        (
            "server: {tls: {certificate: c, key: k, clientNames: [a]}}",
            "4:53: server.tls.clientNames: client certificates are asked for only with clientCA: set it, too",
        ),
        (
            "server: {tls: {certificate: c, key: k, clientCA: a, clientNames: []}}",
            "4:66: server.tls.clientNames: the list is empty: name at least one client, or leave the member out to allow all",
        ),
        (
            "server: {tls: {key: k, selfManaged: {secret: s, service: a.b.svc, webhooks: [w]}}}",
            "4:21: server.tls.key: key and selfManaged exclude each other",
        ),
        (
            "server: {tls: {selfManaged: {secret: Admission_TLS, service: a.b.svc, webhooks: [w]}}}",
            r#"4:38: server.tls.selfManaged.secret: expected the name of a Secret: letters a-z, digits, hyphens and dots, at most 253, found "Admission_TLS""#,
        ),
        (
            "server: {tls: {selfManaged: {secret: s, service: admission, webhooks: [w]}}}",
            r#"4:50: server.tls.selfManaged.service: expected the DNS name of a Service: NAME.NAMESPACE.svc, found "admission""#,
        ),
        (
            "server: {tls: {selfManaged: {secret: s, service: a.b.svc, webhooks: []}}}",
            "4:69: server.tls.selfManaged.webhooks: the list is empty: name the ValidatingWebhookConfiguration and MutatingWebhookConfiguration objects of this service",
        ),
        (
            "server: {adapters: []}",
            "4:20: server.adapters: the list is empty: name at least one adapter, such as kubernetes",
        ),
        (
            "server: {adapters: [ratify]}",
            r#"4:21: server.adapters[0]: expected one of kubernetes, gatekeeper, kyverno, ecs, imagereview, verify, found "ratify""#,
        ),
        ("server: {adapters: [ecs, ecs]}", "4:26: server.adapters[1]: the list has this value twice"),
        (
            "server: {limits: {body: 16MB}}",
            r#"4:25: server.limits.body: expected a size with the unit KiB, MiB or GiB, such as 16MiB, found "16MB""#,
        ),
        (
            "server: {limits: {body: 16Mi}}",
            r#"4:25: server.limits.body: expected a size with the unit KiB, MiB or GiB, such as 16MiB, found "16Mi""#,
        ),
        (
            "server: {limits: {body: 1KiB}}",
            r#"4:25: server.limits.body: expected a size from 64KiB to 64MiB, found "1KiB""#,
        ),
        (
            "server: {limits: {body: all}}",
            r#"4:25: server.limits.body: expected a size such as 64KiB, 16MiB or 1GiB, or a number of bytes, found "all""#,
        ),
        (
            "server: {limits: {images: 0}}",
            "4:27: server.limits.images: expected a whole number from 1 to 4096, found the number 0",
        ),
        (
            "server: {limits: {deadline: 8}}",
            "4:29: server.limits.deadline: expected a duration such as 200ms, 5s, 10m, 2h or 1d, found the number 8",
        ),
        (
            "server: {limits: {deadline: 30s}}",
            "4:29: server.limits.deadline: expected a duration from 100ms to 29s, found 30s",
        ),
        (
            "server: {limits: {deadline: 400ms}}",
            "4:29: server.limits.deadline: no time is left for an answer: margin (500ms) must be shorter than deadline (400ms)",
        ),
        (
            "server: {limits: {margin: 8s}}",
            "4:27: server.limits.margin: no time is left for an answer: margin (8s) must be shorter than deadline (8s)",
        ),
        (
            "server: {limits: {connectionAge: 100ms}}",
            "4:34: server.limits.connectionAge: expected a duration from 1s to 24h, found 100ms",
        ),
        (
            "server: {limits: {timeout: 1s}}",
            r#"4:19: server.limits: unknown member "timeout"; the members here are body, images, concurrent, queue, deadline, margin, connectionAge"#,
        ),
    ]);
}

#[test]
fn policies() {
    check_policy(&[
        (
            "{}",
            "2:15: policies.p: the policy trusts no signer: set trustedProfiles to ARNs of signing profiles, or trustPolicy to the file of a trust policy",
        ),
        (
            "{trustPolicy: f, trustedProfiles: ['arn:aws:signer:us-west-2:111122223333:/signing-profiles/a1']}",
            "2:29: policies.p.trustPolicy: trustPolicy and trustedProfiles exclude each other",
        ),
        (
            "{trustedProfiles: []}",
            "2:33: policies.p.trustedProfiles: the list is empty: name at least one signing profile",
        ),
        (
            "{trustedProfiles: [release]}",
            r#"2:34: policies.p.trustedProfiles[0]: "release" is not an ARN: expected arn:PARTITION:signer:REGION:ACCOUNT:RESOURCE"#,
        ),
        (
            "{trustedProfiles: ['arn:aws:signer:us-west-2:1111-2222-3333:/signing-profiles/a1']}",
            r#"2:34: policies.p.trustedProfiles[0]: "arn:aws:signer:us-west-2:1111-2222-3333:/signing-profiles/a1" is not an ARN of AWS Signer: the account is written without hyphens; did you mean arn:aws:signer:us-west-2:111122223333:/signing-profiles/a1?"#,
        ),
        (
            "{trustedProfiles: ['arn:aws:signer:cn-north-1:111122223333:/signing-profiles/a1']}",
            "2:34: policies.p.trustedProfiles[0]: the region cn-north-1 belongs to the partition aws-cn, not to aws: correct the ARN",
        ),
        (
            "{trustedProfiles: ['arn:aws:signer:us-west-2:111122223333:/signing-profiles/a1'], require: 2}",
            "2:106: policies.p.require: 2 different signers are required, but trustedProfiles has 1: add profiles, or lower require",
        ),
        (
            "{trustPolicy: f, require: 101}",
            "2:41: policies.p.require: 101 signers are required, but only 100 signatures are looked at: set maxSignatures to 101 or more",
        ),
        (
            "{trustPolicy: f, maxSignatures: 5000}",
            "2:47: policies.p.maxSignatures: expected a whole number from 1 to 1000, found the number 5000",
        ),
        (
            "{trustPolicy: f, roots: []}",
            "2:39: policies.p.roots: the list is empty: name at least one file, or leave the member out",
        ),
        (
            "{trustPolicy: f, userMetadata: {}}",
            "2:46: policies.p.userMetadata: no key is named: add a key and its value, or leave userMetadata out",
        ),
        (
            "{trustPolicy: f, userMetadata: {build: 7}}",
            "2:54: policies.p.userMetadata.build: expected text, found the number 7; put it in quotes",
        ),
        (
            "{trustPolicy: f, userMetadata: {io.cncf.notary.x: a}}",
            r#"2:47: policies.p.userMetadata.io.cncf.notary.x: the metadata key "io.cncf.notary.x" is reserved: io.cncf.notary belongs to the Notary Project"#,
        ),
        ("{trustPolicy: f, roots: [a, a]}", "2:43: policies.p.roots[1]: the list has this value twice"),
        (
            "{trustPolicy: f, profiles: [a]}",
            r#"2:32: policies.p: unknown member "profiles"; the members here are trustPolicy, trustedProfiles, roots, maxSignatures, require, userMetadata"#,
        ),
    ]);
}

#[test]
fn rules() {
    check_rules(&[
        ("[{name: a}]", r#"3:9: rules[0]: the member "action" is missing"#),
        ("[{action: enforce}]", r#"3:9: rules[0]: the member "policy" is missing; the policies here are p"#),
        (
            "[{policy: p, action: exempt}]",
            "3:18: rules[0].policy: an exempt image is not verified: remove policy, or set another action",
        ),
        (
            "[{policy: defualt, action: enforce}]",
            r#"3:18: rules[0].policy: the policy "defualt" does not exist; the policies here are p"#,
        ),
        (
            "[{policy: p, action: deny}]",
            r#"3:29: rules[0].action: expected one of enforce, warn, audit, exempt, found "deny""#,
        ),
        (
            "[{name: a, action: exempt}, {name: a, action: exempt}]",
            "3:43: rules[1].name: rules[0] has this name, too: give each rule a name of its own",
        ),
        (
            "[{name: rule 2, action: exempt}, {action: exempt}]",
            r#"3:41: rules[1]: the rule has no name, and rules[0] has its default name "rule 2": set name"#,
        ),
        (
            "[{namespaces: [], action: exempt}]",
            "3:22: rules[0].namespaces: the list is empty: it would match nothing; leave the member out to match all",
        ),
        (
            "[{namespaces: kube-system, action: exempt}]",
            r#"3:22: rules[0].namespaces: expected a list, found "kube-system""#,
        ),
        (
            "[{namespaces: [Kube_System], action: exempt}]",
            r#"3:23: rules[0].namespaces[0]: "Kube_System" matches no namespace: use at most 63 letters a-z, digits, hyphens and *, or ecs:CLUSTER for a cluster of Amazon ECS"#,
        ),
        (
            "[{images: [], action: exempt}]",
            "3:18: rules[0].images: the list is empty: it would match nothing; leave the member out to match all",
        ),
        (
            "[{images: [nginx], action: exempt}]",
            r#"3:19: rules[0].images[0]: "nginx" has no registry: write docker.io/library/nginx, or **/nginx for all registries"#,
        ),
        (
            "[{images: ['vendor/**'], action: exempt}]",
            r#"3:19: rules[0].images[0]: "vendor/**" has no registry: write docker.io/vendor/**, or **/vendor/** for all registries"#,
        ),
        (
            "[{images: ['docker.io/nginx'], action: exempt}]",
            r#"3:19: rules[0].images[0]: "docker.io/nginx" never matches, because repositories of docker.io have two parts: write docker.io/library/nginx for Docker's own images, or docker.io/** for all"#,
        ),
        (
            "[{images: ['a.example/b:v1'], action: exempt}]",
            r#"3:19: rules[0].images[0]: "a.example/b:v1" has a tag, and patterns match all tags: write a.example/b"#,
        ),
        (
            "[{images: [a.example/Team/app], action: exempt}]",
            r#"3:19: rules[0].images[0]: "a.example/Team/app" has capital letters, and names of images have none: write a.example/team/app"#,
        ),
        (
            "[{images: ['a.example/b**'], action: exempt}]",
            r#"3:19: rules[0].images[0]: "a.example/b**" has ** beside other characters: ** is written between slashes and stands for one or more components"#,
        ),
        (
            "[{images: [a.example], action: exempt}]",
            r#"3:19: rules[0].images[0]: "a.example" is a registry without repositories: write a.example/** for all of its repositories"#,
        ),
        (
            "[{namespaceSelector: {team: a}, action: exempt}]",
            r#"3:29: rules[0].namespaceSelector: the member "matchLabels" is missing"#,
        ),
        (
            "[{namespaceSelector: {matchLabels: {}}, action: exempt}]",
            "3:43: rules[0].namespaceSelector.matchLabels: no label is named: leave namespaceSelector out to match all namespaces",
        ),
        (
            "[{namespaceSelector: {matchLabels: {a: true}}, action: exempt}]",
            "3:47: rules[0].namespaceSelector.matchLabels.a: expected text, found true; put it in quotes",
        ),
        (
            "[{namespaceSelector: {matchLabels: {a b: c}}, action: exempt}]",
            "3:44: rules[0].namespaceSelector.matchLabels.a b: invalid key of a label: use letters, digits, hyphens, underscores and dots, at most 63, after an optional prefix such as example.com/",
        ),
        (
            "[{namespaceSelector: {matchExpressions: [{key: a, operator: Exists}]}, action: exempt}]",
            "3:30: rules[0].namespaceSelector.matchExpressions: matchExpressions is not supported: use matchLabels, or several rules",
        ),
        (
            "[{image: ['a.example/**'], action: exempt}]",
            r#"3:10: rules[0]: unknown member "image"; the members here are name, namespaces, namespaceSelector, images, policy, action"#,
        ),
        (
            r#"[{name: "a\nb", action: exempt}]"#,
            r#"3:16: rules[0].name: expected a name of at most 63 printable characters, found "a\nb""#,
        ),
    ]);
}

#[test]
fn registries() {
    check_members(&[
        ("registries: [{mirror: a.example}]", r#"4:14: registries[0]: the member "host" is missing"#),
        (
            "registries: [{host: a.example}, {host: a.example}]",
            "4:33: registries[1]: registries[0] has the same host, and only the first counts",
        ),
        (
            "registries: [{host: a.example/b}]",
            r#"4:21: registries[0].host: "a.example/b" has a path: write only the host, and the port if there is one"#,
        ),
        (
            "registries: [{host: index.docker.io}]",
            r#"4:21: registries[0].host: "index.docker.io" never matches, because images of Docker Hub have the registry docker.io: write docker.io"#,
        ),
        (
            "registries: [{host: 'https://a.example'}]",
            "4:21: registries[0].host: a registry is named without scheme: write a.example",
        ),
        (
            "registries: [{host: a_b}]",
            r#"4:21: registries[0].host: "a_b" is not a registry: write a host and optionally a port, as in localhost:5000, with * for characters of one label, as in *.dkr.ecr.*.amazonaws.com"#,
        ),
        (
            "registries: [{host: a.example, mirror: 'http://user:hunter2@m.example/hub'}]",
            r#"4:40: registries[0].mirror: the mirror is written without scheme, as "m.example/hub"; for a mirror without TLS, set plainHttp: true"#,
        ),
        (
            "registries: [{host: a.example, mirror: m.example/Hub}]",
            r#"4:40: registries[0].mirror: expected a host, optionally with a port and a path, such as mirror.example.com/hub, found "m.example/Hub""#,
        ),
        (
            "registries: [{host: a.example, plainHttp: true, ca: f}]",
            "4:53: registries[0].ca: ca has no use with plainHttp: remove one of them",
        ),
        (
            "registries: [{host: a.example, plainHttp: true, credentials: aws}]",
            "4:62: registries[0].credentials: Amazon ECR is reached with TLS only: remove plainHttp, or use other credentials",
        ),
        (
            "registries: [{host: a.example, credentials: ecr}]",
            "4:45: registries[0].credentials: expected aws, {file: FILE} or {secret: {namespace: NAMESPACE, name: NAME}}",
        ),
        (
            "registries: [{host: a.example, credentials: 'user:hunter2'}]",
            "4:45: registries[0].credentials: expected aws, {file: FILE} or {secret: {namespace: NAMESPACE, name: NAME}}",
        ),
        (
            "registries: [{host: a.example, credentials: {}}]",
            "4:45: registries[0].credentials: expected aws, {file: FILE} or {secret: {namespace: NAMESPACE, name: NAME}}",
        ),
        (
            "registries: [{host: a.example, credentials: {username: u, password: p}}]",
            r#"4:46: registries[0].credentials: unknown member "username"; the members here are file, secret"#,
        ),
        (
            "registries: [{host: a.example, credentials: {file: f, secret: {namespace: n, name: s}}}]",
            "4:52: registries[0].credentials.file: file and secret exclude each other",
        ),
        (
            "registries: [{host: a.example, credentials: {secret: {namespace: n, name: a/b}}}]",
            r#"4:75: registries[0].credentials.secret.name: expected the name of a Secret: letters a-z, digits, hyphens and dots, at most 253, found "a/b""#,
        ),
        (
            "registries: [{host: a.example, roleArn: 'arn:aws:iam::444455556666:role/r'}]",
            "4:41: registries[0].roleArn: roleArn is for Amazon ECR: set credentials: aws, too, or remove it",
        ),
        (
            "registries: [{host: a.example, credentials: aws, roleArn: ecr-read}]",
            r#"4:59: registries[0].roleArn: role "ecr-read" is not valid: the ARN of a role is arn:PARTITION:iam::ACCOUNT:role/NAME"#,
        ),
    ]);
}

#[test]
fn empty_texts() {
    check_members(&[
        ("registries: [{host: ''}]", "4:21: registries[0].host: it must not be empty"),
        (
            "kubernetes: {extraTemplates: [{group: '', kind: A, podTemplate: /a}]}",
            "4:39: kubernetes.extraTemplates[0].group: it must not be empty",
        ),
        ("server: {socket: ''}", "4:18: server.socket: it must not be empty"),
        ("server: {tls: {certificate: '', key: k}}", "4:29: server.tls.certificate: it must not be empty"),
    ]);
    check_rules(&[
        ("[{name: '', policy: p, action: enforce}]", "3:16: rules[0].name: it must not be empty"),
        ("[{images: [''], policy: p, action: enforce}]", "3:19: rules[0].images[0]: it must not be empty"),
        ("[{namespaces: [''], policy: p, action: enforce}]", "3:23: rules[0].namespaces[0]: it must not be empty"),
    ]);
}

/// Also where members are missing or contradict each other.
#[test]
fn unknown_members_are_named_first() {
    check_policy(&[(
        "{<<: x}",
        r#"2:16: policies.p: unknown member "<<"; the members here are trustPolicy, trustedProfiles, roots, maxSignatures, require, userMetadata"#,
    )]);
    check_members(&[
        (
            "kubernetes: {extraTemplates: [{kindd: A}]}",
            r#"4:32: kubernetes.extraTemplates[0]: unknown member "kindd"; the members here are group, kind, podTemplate"#,
        ),
        (
            "registries: [{hosts: a}]",
            r#"4:15: registries[0]: unknown member "hosts"; the members here are host, mirror, plainHttp, ca, credentials, roleArn"#,
        ),
        (
            "server: {tls: {cert: a}}",
            r#"4:16: server.tls: unknown member "cert"; the members here are selfManaged, certificate, key, clientCA, clientNames"#,
        ),
        (
            "cache: {redis: {urls: a}}",
            r#"4:17: cache.redis: unknown member "urls"; the members here are url, usernameFile, passwordFile, ca, keyFiles, timeout"#,
        ),
        ("otlp: {endpoints: a}", r#"4:8: otlp: unknown member "endpoints"; the members here are endpoint, ca"#),
    ]);
}

#[test]
fn sockets_have_short_paths() {
    let socket = |length: usize| format!("server: {{socket: /{}}}", "s".repeat(length - 1));
    assert!(with(&socket(99)).server.socket.is_some());
    check_members(&[(
        &socket(150),
        "4:18: server.socket: the longest path of a Unix socket here is 99 bytes, and this one has 150: use a shorter path, such as under /run",
    )]);
}

#[test]
fn other_sections() {
    check_members(&[
        (
            "kubernetes: {pullSecrets: off}",
            r#"4:27: kubernetes.pullSecrets: expected one of none, pod, pod-and-service-account, found "off""#,
        ),
        ("kubernetes: {pin: true}", "4:19: kubernetes.pin: expected one of pods, all, none, found true"),
        (
            "kubernetes: {extraTemplates: [{group: argoproj.io, kind: rollouts, podTemplate: /spec}]}",
            r#"4:58: kubernetes.extraTemplates[0].kind: expected a kind such as Rollout, in the singular and with a capital, found "rollouts""#,
        ),
        (
            "kubernetes: {extraTemplates: [{group: argoproj.io, kind: Rollout, podTemplate: spec.template}]}",
            r#"4:80: kubernetes.extraTemplates[0].podTemplate: expected a JSON pointer such as /spec/template, found "spec.template""#,
        ),
        (
            "aws: {partitions: {govcloud: {region: us-gov-west-1}}}",
            "4:20: aws.partitions.govcloud: unknown partition: use a partition of AWS such as aws, aws-cn or aws-us-gov",
        ),
        ("aws: {partitions: {aws-us-gov: {}}}", "4:32: aws.partitions.aws-us-gov: expected roleArn, region or both"),
        (
            "aws: {partitions: {aws-us-gov: {region: us-west-2}}}",
            "4:41: aws.partitions.aws-us-gov.region: the region us-west-2 belongs to the partition aws, not to aws-us-gov",
        ),
        (
            "aws: {partitions: {aws-us-gov: {roleArn: 'arn:aws:iam::444455556666:role/r'}}}",
            "4:42: aws.partitions.aws-us-gov.roleArn: the role belongs to the partition aws, not to aws-us-gov",
        ),
        (
            "aws: {revocation: {whenUnavailable: allow-stale}}",
            "4:37: aws.revocation.whenUnavailable: allow-stale needs a time: set staleFor to how long a verified image stays so while revocation cannot be checked, such as 1h",
        ),
        (
            "aws: {revocation: {whenUnavailable: allow-stale, staleFor: 0s}}",
            "4:60: aws.revocation.staleFor: allow-stale needs a time: set staleFor to how long a verified image stays so while revocation cannot be checked, such as 1h",
        ),
        (
            "aws: {revocation: {staleFor: 1h}}",
            "4:30: aws.revocation.staleFor: applies only with whenUnavailable: allow-stale; set that, or remove staleFor",
        ),
        (
            "aws: {revocation: {whenUnavailable: refuse, staleFor: 1h}}",
            "4:55: aws.revocation.staleFor: applies only with whenUnavailable: allow-stale; set that, or remove staleFor",
        ),
        (
            "aws: {revocation: {staleFor: 48h, whenUnavailable: allow-stale}}",
            "4:30: aws.revocation.staleFor: expected a duration from 0s to 24h, found 48h",
        ),
        ("aws: {revocation: {ttl: 0s}}", "4:25: aws.revocation.ttl: expected a duration from 1s to 24h, found 0s"),
        (
            "aws: {revocation: {rate: 0.5}}",
            "4:26: aws.revocation.rate: expected a whole number from 1 to 10000, found the number 0.5",
        ),
        ("cache: {tag: 2h}", "4:14: cache.tag: expected a duration from 0s to 1h, found 2h"),
        (
            "cache: {memory: 1GB}",
            r#"4:17: cache.memory: expected a size with the unit KiB, MiB or GiB, such as 1GiB, found "1GB""#,
        ),
        ("cache: {memory: 512}", "4:17: cache.memory: expected a size from 1MiB to 16GiB, found the number 512"),
        (
            "cache: {entries: 1}",
            "4:18: cache.entries: expected a whole number from 100 to 10000000, found the number 1",
        ),
        ("cache: {redis: {url: 'redis://r'}}", r#"4:16: cache.redis: the member "keyFiles" is missing"#),
        (
            "cache: {redis: {url: 'redis://user:hunter2@r', keyFiles: [k]}}",
            "4:22: cache.redis.url: the URL contains a user name or password: secrets are read from files only",
        ),
        (
            "cache: {redis: {url: 'hunter2', keyFiles: [k]}}",
            "4:22: cache.redis.url: expected a URL with redis or rediss, such as rediss://redis:6379/0",
        ),
        (
            "cache: {redis: {url: 'redis://h/x', keyFiles: [k]}}",
            "4:22: cache.redis.url: expected the number of a database after the host, such as rediss://redis:6379/0",
        ),
        (
            "cache: {redis: {url: 'redis://h/65536', keyFiles: [k]}}",
            "4:22: cache.redis.url: expected the number of a database after the host, such as rediss://redis:6379/0",
        ),
        (
            "cache: {redis: {url: 'rediss://a_b%20c', keyFiles: [k]}}",
            "4:22: cache.redis.url: expected a host with a name that a certificate can have, such as redis.example.com",
        ),
        (
            "cache: {redis: {url: 'redis://r', keyFiles: []}}",
            "4:45: cache.redis.keyFiles: the list is empty: name at least one file with a key, which authenticates what the replicas write",
        ),
        (
            "cache: {redis: {url: 'redis://r', keyFiles: [k], timeout: 2s}}",
            "4:59: cache.redis.timeout: expected a duration from 1ms to 1s, found 2s",
        ),
        (
            "cache: {redis: {url: 'redis://r', keyFiles: [k], ca: c}}",
            "4:54: cache.redis.ca: ca has no use without TLS: write the URL with rediss, or remove ca",
        ),
        (
            "cache: {redis: {url: 'rediss://r', keyFiles: [k], usernameFile: u}}",
            "4:65: cache.redis.usernameFile: a user name needs a password: set passwordFile, too",
        ),
        (
            "kyverno: {tokenReview: false, allowedUsers: [u]}",
            "4:45: kyverno.allowedUsers: allowedUsers needs tokenReview: true; without it, callers are not known",
        ),
        (
            "kyverno: {audiences: []}",
            r#"4:22: kyverno.audiences: the list is empty: name at least one audience; "" is the API server's own"#,
        ),
        (
            "scan: {reports: true}",
            "4:17: scan.reports: reports are written by scans, and no scan is configured: set scan.interval",
        ),
        ("scan: {interval: 1s}", "4:18: scan.interval: expected a duration from 1m to 24h, found 1s"),
        ("log: {level: trace}", r#"4:14: log.level: expected one of error, warn, info, debug, found "trace""#),
        ("log: {format: text}", r#"4:15: log.format: expected json, found "text""#),
        (
            "otlp: {endpoint: 'collector:4317'}",
            "4:18: otlp.endpoint: expected a URL with http or https, such as http://collector:4317",
        ),
        (
            "otlp: {endpoint: 'http://collector:4318/v1/traces'}",
            "4:18: otlp.endpoint: expected an address without a path, such as http://collector:4317: traces are sent by gRPC, usually to port 4317, not by HTTP to port 4318",
        ),
        (
            "otlp: {endpoint: 'http://collector:4317', ca: ca.pem}",
            "4:47: otlp.ca: ca has no use with an http URL: use https, or remove ca",
        ),
        (
            "otlp: {endpoint: 'http://user:hunter2@c:1'}",
            "4:18: otlp.endpoint: the URL contains a user name or password: secrets are read from files only",
        ),
    ]);
}
