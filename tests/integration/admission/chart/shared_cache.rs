//! What replicas share: the chart's `redis` reaches the service.

use serde_json::json;

use super::{Helm, configuration, value_file};
use crate::admission::examples::{of_kind, parse};

#[test]
#[ignore = "needs helm: scripts/test"]
fn the_shared_cache_has_its_settings_its_files_and_its_way_through_the_network() {
    let helm = Helm::new();
    let manifests = helm.render(&value_file("files-values.yaml"), &["--set", "redis.usernameKey=username"]);
    let config = &parse(configuration(&manifests))[0];
    let expected = json!({
        "url": "rediss://redis.example.com:6380/0",
        "usernameFile": "/redis/username",
        "passwordFile": "/redis/password",
        "ca": "/redis/ca.crt",
        "keyFiles": ["/redis/new", "/redis/old"],
        "timeout": "50ms",
    });
    assert_eq!(config["cache"]["redis"], expected);
    let pod = &of_kind(&manifests, "Deployment")["spec"]["template"]["spec"];
    let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap();
    assert!(mounts.contains(&json!({ "name": "redis", "mountPath": "/redis", "readOnly": true })), "{mounts:?}");
    let volumes = pod["volumes"].as_array().unwrap();
    let volume = volumes.iter().find(|volume| volume["name"] == "redis").unwrap();
    assert_eq!(volume["secret"]["secretName"], "admission-redis");
    let egress = of_kind(&manifests, "NetworkPolicy")["spec"]["egress"].as_array().unwrap();
    assert!(egress.contains(&json!({ "ports": [{ "port": 6380, "protocol": "TCP" }] })), "{egress:?}");

    // Without a URL, none of it is there.
    let manifests = helm.render(&value_file("files-values.yaml"), &["--set", "redis.url="]);
    assert!(!serde_json::to_string(&manifests).unwrap().contains("/redis"), "{manifests:?}");
    // What the user writes beside it in `config.cache` stays.
    let manifests = helm.render(&value_file("files-values.yaml"), &["--set", "config.cache.tag=2s"]);
    let cache = &parse(configuration(&manifests))[0]["cache"];
    assert_eq!((&cache["tag"], &cache["redis"]["url"]), (&json!("2s"), &expected["url"]));
}
