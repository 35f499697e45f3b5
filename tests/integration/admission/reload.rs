//! Files that change while the service runs.

use std::fs;

use serde_json::json;

use super::commands::{eventually, outcome};
use super::webhooks::plain;
use super::{Admission, Site};
use crate::support::local_signer::LocalSigner;

#[test]
#[ignore = "needs olareg: scripts/test"]
fn a_trust_store_of_notation_counts_as_it_is_now() {
    let site = Site::start();
    let image = site.push_signed("signed");
    let folder = site.cli.home().join("config");
    let store = folder.join("notation/truststore/x509/signingAuthority/own");
    fs::create_dir_all(&store).unwrap();
    let another = LocalSigner::start();
    fs::copy(another.root_certificate(), store.join("another.pem")).unwrap();
    let policy = json!({ "version": "1.0", "trustPolicies": [{
        "name": "all", "registryScopes": ["*"], "signatureVerification": { "level": "strict" },
        "trustStores": ["signingAuthority:own"], "trustedIdentities": [site.release.arn],
    }]});
    fs::write(site.cli.home().join("trustpolicy.json"), policy.to_string()).unwrap();
    let config = format!(
        "version: 1\npolicies: {{default: {{trustPolicy: trustpolicy.json}}}}\n\
         rules: [{{name: rest, policy: default, action: enforce}}]\n{}",
        plain("verify")
    );
    let service = Admission::start(&site, &config, &[("XDG_CONFIG_HOME", folder.to_str().unwrap())]);
    let now = || outcome(&service.verify(&[&image], None), 0);
    assert_eq!(now(), "refused: untrusted", "{}", service.log());

    fs::copy(site.signer.root_certificate(), store.join("root.pem")).unwrap();
    eventually("the added root is trusted", || now() == "verified");
    // A store that cannot be used changes nothing, and the log says why.
    fs::write(store.join("garbage.pem"), "no certificate").unwrap();
    eventually("the reason is logged", || {
        let log = service.log();
        log.contains("the configuration before stays in force") && log.contains("garbage.pem")
    });
    assert_eq!(now(), "verified");
    fs::remove_file(store.join("garbage.pem")).unwrap();
    fs::remove_file(store.join("root.pem")).unwrap();
    eventually("the removed root is not trusted", || now() == "refused: untrusted");
}
