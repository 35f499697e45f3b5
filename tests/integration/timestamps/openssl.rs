//! `openssl ts` as the authority, and as the judge of our timestamps.

use std::fs;

use notary::timestamp::REPLY_MEDIA_TYPE;
use testing::key::Kind;
use testing::pem;
use time::Duration;

use super::{LIMIT, Scene};
use crate::support::fault::Reply;
use crate::support::process::{command, run};
use crate::support::tsa::TsaServer;

/// The replies of `openssl ts`, with this signing certificate.
pub(super) fn openssl_replies(scene: &Scene, tsa: &TsaServer) {
    let home = scene.cli.home().to_owned();
    fs::write(home.join("ts.cnf"), OPENSSL_TS.replace("HOME", home.to_str().unwrap())).unwrap();
    fs::write(home.join("ts-serial"), "01\n").unwrap();
    fs::write(home.join("ts-key.pem"), pem("PRIVATE KEY", &tsa.tsa.key().pkcs8())).unwrap();
    fs::write(home.join("ts.pem"), pem("CERTIFICATE", &tsa.tsa.chain[0])).unwrap();
    let issuers: String = tsa.tsa.chain[1..].iter().map(|der| pem("CERTIFICATE", der)).collect();
    fs::write(home.join("ts-chain.pem"), issuers).unwrap();
    tsa.answer("/tsa", move |request| {
        fs::write(home.join("query.tsq"), &request.body).unwrap();
        let mut openssl = command("openssl", &home);
        openssl.args(["ts", "-reply", "-config", "ts.cnf", "-queryfile", "query.tsq", "-out", "reply.tsr"]);
        run(&mut openssl, LIMIT).succeeded();
        Reply::content(REPLY_MEDIA_TYPE, fs::read(home.join("reply.tsr")).unwrap())
    });
}

const OPENSSL_TS: &str = "\
[tsa]
default_tsa = own
[own]
serial = HOME/ts-serial
crypto_device = builtin
signer_cert = HOME/ts.pem
certs = HOME/ts-chain.pem
signer_key = HOME/ts-key.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1, millisecs:500, microsecs:100
ordering = yes
tsa_name = yes
ess_cert_id_chain = yes
ess_cert_id_alg = sha256
";

#[test]
#[ignore = "needs openssl: scripts/test"]
fn openssl_grants_our_requests_and_verifies_our_timestamps() {
    let scene = Scene::new(Kind::P521, Duration::days(2));
    let image = scene.image("image");
    openssl_replies(&scene, &scene.tsa);
    scene.signed(&image, true);
    let verified = scene.cli.json("verify", &scene.verify(&image), 0);
    let timestamp = &verified["artifacts"][0]["signatures"][0]["timestamp"];
    assert_eq!(timestamp["accuracy"], 1.5001, "{verified:#}");
    // openssl verifies its reply to our request, and the token of the envelope is in it.
    let mut openssl = command("openssl", scene.cli.home());
    openssl.args(["ts", "-verify", "-in", "reply.tsr", "-queryfile", "query.tsq", "-CAfile", "tsa-root.pem"]);
    run(openssl.args(["-untrusted", "ts-chain.pem"]), LIMIT).succeeded().says("Verification: OK");
}
