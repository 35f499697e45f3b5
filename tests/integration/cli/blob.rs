//! `notation-aws-signer blob`, with notation-go as the second verifier.

use notary::DigestAlgorithm;
use notary::envelope::SigningScheme;
use notary::envelope::header::VERIFICATION_PLUGIN;
use notation::blob::describe;
use serde_json::{Value, json};

use super::image_stores::ImageStores;
use crate::support::World;
use crate::support::cli::Cli;
use crate::support::own_key::{OwnKey, add_critical};
use crate::support::process::Finished;

const TYPE: &str = "application/gzip";

/// The tool with the file `app.tar.gz` in its working directory and the notation configuration of `world`.
struct Blobs {
    world: World,
    cli: Cli,
}

impl Blobs {
    fn start() -> Blobs {
        let world = World::start();
        let cli = Cli::for_signer(&world.signer).with_config_of(&world.notation);
        let blobs = Blobs { world, cli };
        blobs.write("app.tar.gz", b"a release archive");
        blobs
    }

    fn write(&self, name: &str, content: &[u8]) {
        std::fs::write(self.cli.home().join(name), content).unwrap();
    }

    /// The absolute path of a file in the working directory.
    fn path(&self, name: &str) -> String {
        self.cli.home().join(name).to_str().unwrap().to_owned()
    }

    #[track_caller]
    fn sign(&self, file: &str, more: &[&str]) -> Value {
        let sign = ["blob", "sign", file, "--profile", &self.world.profile.arn, "--media-type", TYPE];
        self.cli.json("blob-sign", &[&sign[..], more].concat(), 0)
    }

    /// Runs `blob verify` with only the profile of `world` trusted.
    #[track_caller]
    fn verify(&self, file: &str, more: &[&str]) -> Finished {
        let root = self.world.signer.root_certificate();
        let trust = ["--root", root.to_str().unwrap(), "--trusted-profile", &self.world.profile.arn];
        self.cli.run(&[&["blob", "verify", file], more, &trust].concat())
    }

    /// Runs `blob verify` under notation's blob policy.
    #[track_caller]
    fn verify_by_policy(&self, more: &[&str], code: i32) -> Value {
        self.cli.json("blob-verify", &[&["blob", "verify", "app.tar.gz"], more].concat(), code)
    }

    fn put_policy(&self, statements: &[Value]) {
        let document = json!({ "version": "1.0", "trustPolicies": statements });
        std::fs::write(self.world.notation.config_folder().join("trustpolicy.blob.json"), document.to_string())
            .unwrap();
    }

    /// Whether notation-go accepts a signature.
    fn notation_accepts(&self, file: &str, signature: &str) -> bool {
        let endpoint = format!("aws-signer-endpoint-url={}", self.world.signer.endpoint);
        let file = self.path(file);
        let signature = self.path(signature);
        let files = ["verify", "--blob", &file, "--signature", &signature];
        let more = ["--media-type", TYPE, "--plugin-config", &endpoint];
        self.world.notation.run_blob_driver(&[&files[..], &more].concat()).is_success()
    }
}

fn statement(name: &str, store: &str, identity: &str) -> Value {
    json!({
        "name": name, "signatureVerification": { "level": "strict" },
        "trustStores": [store], "trustedIdentities": [identity],
    })
}

fn global(mut statement: Value) -> Value {
    statement["globalPolicy"] = true.into();
    statement
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn blob_verify_and_notation_go_accept_a_signed_blob() {
    let blobs = Blobs::start();
    let signed = blobs.sign("app.tar.gz", &["-m", "build=7"]);
    assert_eq!(signed["signature"]["file"], "app.tar.gz.jws.sig");
    assert!(blobs.notation_accepts("app.tar.gz", "app.tar.gz.jws.sig"));
    let shown = blobs.verify("app.tar.gz", &["--media-type", TYPE, "-m", "build=7"]).succeeded();
    assert_eq!((shown.stdout.as_str(), shown.stderr.as_str()), ("app.tar.gz verified\n", ""));
    let shown = blobs.verify("app.tar.gz", &["--media-type", TYPE, "-m", "build=7", "-v"]).succeeded();
    assert!(
        shown.stdout.starts_with(
            "app.tar.gz verified\n  signed as application/gzip\n  signature app.tar.gz.jws.sig verified\n"
        ),
        "{shown}"
    );
    for name in ["integrity", "authenticity", "expiry", "authenticTimestamp", "revocation"] {
        assert!(shown.stdout.contains(&format!("    ok      {name} ")), "{name}: {shown}");
    }
    shown.says(signed["signature"]["job"].as_str().unwrap()).says("build=7");
    // The file may follow the ARNs, and the signature may have another path.
    std::fs::rename(blobs.path("app.tar.gz.jws.sig"), blobs.path("sig")).unwrap();
    let root = blobs.world.signer.root_certificate();
    let verify = ["blob", "verify", "--trusted-profile", &blobs.world.profile.arn, "app.tar.gz", "--signature", "sig"];
    let results = blobs.cli.json("blob-verify", &[&verify[..], &["--root", root.to_str().unwrap()]].concat(), 0);
    assert_eq!((&results["outcome"], &results["signature"]["file"]), (&json!("verified"), &json!("sig")));
    for member in ["file", "digest", "mediaType", "size"] {
        assert_eq!(results[member], signed[member], "{member}");
    }
    assert_eq!(results["signature"]["digest"], signed["signature"]["digest"]);
    assert_eq!(results["signature"]["profileVersion"], signed["signature"]["profileVersion"]);
    // By default only AWS's roots are trusted.
    blobs.cli.run(&verify).exits_with(1).says("failed  authenticity");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn refuses_altered_blobs_metadata_and_signatures() {
    let blobs = Blobs::start();
    blobs.sign("app.tar.gz", &["-m", "build=7"]);
    let refused =
        |more: &[&str], check: &str| blobs.verify("app.tar.gz", more).exits_with(1).says(&format!("failed  {check}"));
    refused(&["--media-type", "text/plain"], "integrity").says("\"text/plain\" is required");
    refused(&["-m", "build=8"], "userMetadata").says("\"8\" is required");
    refused(&["-m", "commit=1"], "userMetadata").says("was not signed");
    blobs.write("other.tar.gz", b"another release");
    blobs.sign("other.tar.gz", &[]);
    refused(&["--signature", "other.tar.gz.jws.sig"], "integrity").says("but the content is sha384:");
    assert!(!blobs.notation_accepts("app.tar.gz", "other.tar.gz.jws.sig"));
    blobs.write("no.sig", b"\x1b[2J no envelope");
    let shown = refused(&["--signature", "no.sig"], "integrity");
    assert!(!shown.stdout.contains('\x1b') && !shown.stderr.contains('\x1b'), "{shown}");
    blobs.write("app.tar.gz", b"a replaced release archive");
    refused(&[], "integrity").says("but the content is sha384:");
    assert!(!blobs.notation_accepts("app.tar.gz", "app.tar.gz.jws.sig"));
    std::fs::File::create(blobs.path("huge.sig")).unwrap().set_len(11 << 20).unwrap();
    blobs.verify("app.tar.gz", &["--signature", "huge.sig"]).exits_with(1).says("is not a signature envelope");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn reports_the_job_of_a_revoked_signature_and_undetermined_without_an_answer() {
    let blobs = Blobs::start();
    let job = blobs.sign("app.tar.gz", &[])["signature"]["job"].as_str().unwrap().to_owned();
    blobs.put_policy(&[global(statement("all", "signingAuthority:local", &blobs.world.profile.arn))]);
    blobs.world.signer.revoke_signature(&job);
    let results = blobs.verify_by_policy(&[], 1);
    let checks = results["signature"]["checks"].as_array().unwrap();
    assert_eq!(checks.last().unwrap()["revoked"], json!([{ "kind": "signature", "name": job }]));
    blobs.verify("app.tar.gz", &[]).exits_with(1).says("failed  revocation").says(&job).says("-> Do not deploy");
    assert!(!blobs.notation_accepts("app.tar.gz", "app.tar.gz.jws.sig"));
    // Port 9 is closed. The port of a stopped service may be reused.
    let down = ["--aws-signer-endpoint-url", "http://127.0.0.1:9", "--aws-signer-timeout", "2"];
    assert_eq!(blobs.verify_by_policy(&down, 3)["outcome"], "undetermined");
    blobs.verify("app.tar.gz", &down).exits_with(3).says("unknown revocation");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn chooses_the_blob_policy_by_name_or_the_global_one() {
    let blobs = Blobs::start();
    blobs.sign("app.tar.gz", &[]);
    let arn = &blobs.world.profile.arn;
    let other = &blobs.world.signer.put_profile("other").arn;
    let missing = blobs.cli.run(&["blob", "verify", "app.tar.gz"]).exits_with(2);
    missing.says("there is no trust policy").says("trustpolicy.blob.json").says("--trusted-profile");
    let others = statement("others", "signingAuthority:local", other);
    let skip = json!({ "name": "skip", "signatureVerification": { "level": "skip" } });
    let nowhere = statement("nowhere", "signingAuthority:nowhere", arn);
    let mine = statement("mine", "signingAuthority:local", arn);
    blobs.put_policy(&[global(mine.clone()), others, skip, nowhere]);
    assert_eq!(blobs.verify_by_policy(&[], 0)["policy"], "mine");
    assert_eq!(blobs.verify_by_policy(&["--policy-name", "mine"], 0)["outcome"], "verified");
    assert_eq!(blobs.verify_by_policy(&["--policy-name", "others"], 1)["policy"], "others");
    let skipped = blobs.verify_by_policy(&["--policy-name", "skip"], 0);
    assert_eq!((&skipped["outcome"], skipped["signature"].get("checks")), (&json!("skipped"), None));
    let unreadable = blobs.verify_by_policy(&["--policy-name", "nowhere"], 2);
    assert!(unreadable["error"]["message"].as_str().unwrap().contains("cannot be read"), "{unreadable:#}");
    let by = |arguments: &[&str]| blobs.cli.run(&[&["blob", "verify", "app.tar.gz"], arguments].concat());
    by(&["--policy-name", "skip"]).succeeded().says("the trust policy \"skip\" skips verification");
    by(&["--policy-name", "absent"]).exits_with(2).says("mine, others, skip, nowhere");
    by(&["--policy-name", "mine", "--trusted-profile", arn]).exits_with(2);

    let document = json!({ "version": "1.0", "trustPolicies": [mine] });
    blobs.write("policy.json", document.to_string().as_bytes());
    by(&["--policy", "policy.json"]).exits_with(2).says("no blob trust policy is global").says("mine");
    by(&["--policy", "policy.json", "--policy-name", "mine"]).succeeded();
    by(&["--policy", "absent.json"]).exits_with(2).says("--policy").says("absent.json");
    let oci = blobs.world.notation.config_folder().join("trustpolicy.json");
    by(&["--policy", oci.to_str().unwrap()]).exits_with(2).says("registryScopes");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn verifies_notation_go_signatures_under_a_trusting_policy() {
    let blobs = Blobs::start();
    for kind in ["p256", "p384", "rsa3072"] {
        let file = blobs.path("app.tar.gz");
        let signature = blobs.path("app.tar.gz.jws.sig");
        let certificate = blobs.path(&format!("{kind}.pem"));
        let files = ["sign", "--blob", &file, "--signature", &signature, "--certificate", &certificate];
        let sign = [&files[..], &["--media-type", TYPE, "--key", kind]].concat();
        blobs.world.notation.run_blob_driver(&sign).succeeded();
        let add = ["cert", "add", "--type", "ca", "--store", kind, &certificate];
        blobs.world.notation.run(&add).succeeded();
        let store = format!("ca:{kind}");
        let right = global(statement("right", &store, "x509.subject: C=US, ST=WA, O=Notary"));
        blobs.put_policy(&[right, statement("wrong", &store, "x509.subject: C=US, ST=WA, O=Other")]);
        let results = blobs.verify_by_policy(&["--media-type", TYPE], 0);
        assert_eq!(results["signature"]["signingScheme"], "notary.x509", "{kind}");
        blobs.verify_by_policy(&["--policy-name", "wrong"], 1);
        blobs.verify("app.tar.gz", &[]).exits_with(1).says("failed  authenticity");
    }
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn runs_the_signatures_verification_plugin_unless_only_profiles_are_trusted() {
    const NAME: &str = "org.example.judge";
    let blobs = Blobs::start();
    let key = OwnKey::new(|_| ());
    let config = blobs.world.notation.config_folder();
    let content = std::fs::File::open(blobs.path("app.tar.gz")).unwrap();
    let blob = describe(content, TYPE, DigestAlgorithm::Sha256).unwrap();
    let name_plugin = |protected: &mut Value| add_critical(protected, VERIFICATION_PLUGIN, NAME);
    blobs.write("app.tar.gz.jws.sig", &key.sign_with(&blob, SigningScheme::X509, name_plugin));
    std::fs::create_dir_all(config.join("truststore/x509/ca/own")).unwrap();
    std::fs::write(config.join("truststore/x509/ca/own/root.crt"), key.root().der()).unwrap();
    blobs.put_policy(&[global(statement("judged", "ca:own", "org.example: anybody"))]);
    let by_policy = |code| blobs.cli.run(&["blob", "verify", "app.tar.gz"]).exits_with(code);
    by_policy(1).says("failed  integrity").says(&format!("install the plugin {NAME}"));

    let install = |success: bool| {
        let metadata = json!({
            "name": NAME, "description": "a judge", "version": "1.0.0", "url": "https://example.org",
            "supportedContractVersions": ["1.0"], "capabilities": ["SIGNATURE_VERIFIER.TRUSTED_IDENTITY"],
        });
        let judged = json!({ "SIGNATURE_VERIFIER.TRUSTED_IDENTITY": { "success": success, "reason": "by lot" } });
        let answer = json!({ "verificationResults": judged, "processedAttributes": [] });
        let script = format!(
            "#!/bin/sh\ncat >\"$0.$1\"\nif [ \"$1\" = verify-signature ]; then echo '{answer}'; else echo '{metadata}'; fi\n"
        );
        blobs.write("script", script.as_bytes());
        // Another process writes the program: a file open for writing here could not be executed (ETXTBSY).
        let program = config.join(format!("plugins/{NAME}/notation-{NAME}"));
        let mut install = std::process::Command::new("install");
        install.args(["-D", "-m", "755"]).arg(blobs.path("script")).arg(program);
        assert!(install.status().unwrap().success());
    };
    install(false);
    by_policy(1).says("by lot");
    install(true);
    blobs.verify_by_policy(&["--plugin-config", "ticket=T-1"], 0);
    let request = std::fs::read(config.join(format!("plugins/{NAME}/notation-{NAME}.verify-signature"))).unwrap();
    let request: Value = serde_json::from_slice(&request).unwrap();
    assert_eq!(request["pluginConfig"], json!({ "ticket": "T-1" }));
    blobs.verify("app.tar.gz", &[]).exits_with(1).says("failed  integrity").says(NAME);
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn rejects_image_signatures_for_blobs_and_blob_signatures_for_images() {
    let blobs = Blobs::start();
    let stores = ImageStores::layout();
    let stored = &stores.images[0];
    let layout = stored.reference.strip_prefix("oci:").unwrap().strip_suffix(":v1").unwrap();
    // The file has the same bytes as the image's manifest.
    let manifest = format!("{layout}/blobs/{}", stored.image.digest.as_str().replace(':', "/"));
    let sign = ["sign", &stored.reference, "--profile", &blobs.world.profile.arn, "--detach", "image.sig"];
    blobs.cli.run(&sign).succeeded();
    let refused = blobs.verify(&manifest, &["--signature", "image.sig"]).exits_with(1).says("failed  integrity");
    refused.says("covers a sha256 digest");

    let options = ["--media-type", &stored.image.media_type, "--signature", "blob.sig"];
    let sign = ["blob", "sign", &manifest, "--profile", &blobs.world.profile.arn];
    blobs.cli.run(&[&sign[..], &options].concat()).succeeded();
    blobs.cli.run(&["attach", &stored.reference, "--signature", "blob.sig"]).exits_with(1);
    stored.put_envelope(&std::fs::read(blobs.path("blob.sig")).unwrap());
    let refused = blobs.cli.run(&["verify", &stored.reference]).exits_with(1).says("failed  integrity");
    refused.says("not for this artifact");
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn keeps_an_existing_signature_without_force() {
    let blobs = Blobs::start();
    let signature = || std::fs::read(blobs.path("app.tar.gz.jws.sig")).unwrap();
    blobs.sign("app.tar.gz", &[]);
    let first = signature();
    let sign = ["blob", "sign", "app.tar.gz", "--profile", &blobs.world.profile.arn];
    blobs.cli.run(&sign).exits_with(2).says("already exists").says("--force");
    assert_eq!(signature(), first);
    blobs.cli.run(&[&sign[..], &["--force"]].concat()).succeeded();
    assert_ne!(signature(), first);
    blobs.verify("app.tar.gz", &[]).succeeded();
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn missing_files_are_usage_errors() {
    let mut blobs = Blobs::start();
    blobs
        .verify("app.tar.gz", &[])
        .exits_with(2)
        .says("neither app.tar.gz.jws.sig nor app.tar.gz.cose.sig exists")
        .says("--signature");
    blobs.verify("app.tar.gz", &["--signature", "absent.sig"]).exits_with(2).says("absent.sig");
    blobs.write("some.sig", b"{}");
    blobs.verify("absent", &["--signature", "some.sig"]).exits_with(2).says("absent");
    blobs.verify(".", &["--signature", "some.sig"]).exits_with(2).says("is a folder; it must be a regular file");
    let none = ["blob", "verify", "--trusted-profile", &blobs.world.profile.arn];
    blobs.cli.run(&none).exits_with(2).says("no file is given");
    blobs.cli.run(&[&none[..], &["one", "two"]].concat()).exits_with(2).says("several files");
    let sign = |file: &str, more: &[&str]| {
        let sign = ["blob", "sign", file, "--profile", &blobs.world.profile.arn];
        blobs.cli.run(&[&sign[..], more].concat())
    };
    sign("absent", &[]).exits_with(2);
    sign("app.tar.gz", &["--media-type", "gzip"]).exits_with(2).says("is not a valid media type");
    sign("app.tar.gz", &["-m", "io.cncf.notary.x=1"]).exits_with(2).says("belongs to the Notary Project");
    blobs.world.signer.stop();
    let sign = ["blob", "sign", "app.tar.gz", "--profile", &blobs.world.profile.arn, "--aws-signer-timeout", "2"];
    blobs.cli.run(&sign).exits_with(3).says("SignPayload");
    assert!(!blobs.cli.home().join("app.tar.gz.jws.sig").exists());
}
