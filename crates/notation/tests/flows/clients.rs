//! What the verifications of a process share: credentials and the clients of AWS Signer.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use aws_signer::{ClientPool, SignerConfig};
use notary::reference::Target;
use notation::trust_store::read_certificates;
use notation::verify::{Demands, Trust, VerificationPolicy, Verifier};
use registry::{Layout, Store};
use testbed::service::{Service, answer, send};
use testbed::test_env::{TestEnv, add_image};
use time::OffsetDateTime;

const TEST: &str = "clients::verifications_ask_for_credentials_once_and_share_a_client_per_region";
const REGIONS: [&str; 2] = ["us-west-2", "eu-west-1"];
/// The variable with the folder of the layouts, for the process whose environment names the AWS profile.
const LAYOUTS: &str = "NOTATION_TEST_LAYOUTS";
const ENDPOINT: &str = "NOTATION_TEST_ENDPOINT";
const PROFILES: &str = "NOTATION_TEST_PROFILES";
const ROOT: &str = "NOTATION_TEST_ROOT";
const IMAGES: usize = 20;
const VERIFICATIONS: usize = 200;

/// A profile of the AWS configuration whose credentials come from a program that records each run.
fn counted_credentials(folder: &Path) -> std::path::PathBuf {
    let script = folder.join("script");
    let credentials = r#"{"Version":1,"AccessKeyId":"a","SecretAccessKey":"b"}"#;
    let runs = folder.join("runs");
    std::fs::write(&script, format!("echo run >>{}; sleep 0.2; echo '{credentials}'\n", runs.display())).unwrap();
    let config = folder.join("config");
    let mut file = std::fs::File::create(&config).unwrap();
    writeln!(file, "[default]\ncredential_process = sh {}", script.display()).unwrap();
    config
}

/// Layouts of one image with one signature each; the regions of the profiles take turns. Returns the profiles.
async fn sign_images(env: &mut TestEnv, folder: &Path) -> String {
    // The service issues its certificates with the first signature.
    env.sign("v1").await;
    let profile = env.profile.to_string();
    let profiles = REGIONS.map(|region| profile.replace("us-west-2", region));
    for number in 0..IMAGES {
        env.layout = Layout::create(folder.join(number.to_string())).unwrap();
        env.image = add_image(&env.layout, "v1");
        let region = REGIONS[number % REGIONS.len()];
        env.profile = profiles[number % REGIONS.len()].parse().unwrap();
        let envelope = env.forge(|attributes| {
            for (_, value) in &mut attributes.extended {
                *value = value.replace("us-west-2", region);
            }
        });
        env.attach(&envelope);
    }
    profiles.join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn verifications_ask_for_credentials_once_and_share_a_client_per_region() {
    if let Ok(folder) = std::env::var(LAYOUTS) {
        return verify_all(Path::new(&folder)).await;
    }
    let mut env = TestEnv::new().await;
    let folder = tempfile::tempdir().unwrap();
    let profiles = sign_images(&mut env, folder.path()).await;
    let service = Service::start(|_, stream| {
        let json = [("Content-Type", "application/json")];
        send(stream, &answer(200, &json, br#"{"revokedEntities":[]}"#));
    });
    let config = counted_credentials(folder.path());
    // set_var would change the environment of all tests.
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", TEST, "--nocapture"]).env_clear().env("PATH", std::env::var("PATH").unwrap());
    again.env("AWS_CONFIG_FILE", config).env(LAYOUTS, folder.path()).env(ENDPOINT, service.url());
    again.env(PROFILES, profiles).env(ROOT, env.signer.root_certificate());
    let output = tokio::task::spawn_blocking(move || again.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let requests = service.requests();
    assert_eq!(requests.len(), VERIFICATIONS);
    for region in REGIONS {
        let of_region = requests.iter().filter(|request| request.credential()[1] == region);
        assert_eq!(of_region.count(), VERIFICATIONS / REGIONS.len(), "{region}");
    }
    // Each client asks once: there are as many clients as regions.
    let runs = std::fs::read_to_string(folder.path().join("runs")).unwrap();
    assert_eq!(runs.lines().count(), REGIONS.len());
}

/// Verifies each image several times with one verifier, all images at the same time.
async fn verify_all(folder: &Path) {
    let variable = |name| std::env::var(name).unwrap();
    let roots = read_certificates(variable(ROOT).as_ref()).unwrap();
    let identities = variable(PROFILES).split(' ').map(|profile| profile.parse().unwrap()).collect();
    let policy: VerificationPolicy = Trust { roots, identities }.into();
    let config = SignerConfig::default().with_endpoint_url(variable(ENDPOINT));
    let verifier = Verifier::new(ClientPool::new(config));
    let verify = |number: usize| {
        let store = Store::Layout(Layout::open(folder.join(number.to_string())).unwrap());
        let verifier = verifier.clone();
        let policy = policy.clone();
        tokio::spawn(async move {
            let target = Target::Tag("v1".parse().unwrap());
            let now = OffsetDateTime::now_utc();
            verifier.verify(&store, &target, &policy, &Demands::default(), now).await.unwrap()
        })
    };
    for _ in 0..VERIFICATIONS / IMAGES {
        for task in (0..IMAGES).map(verify).collect::<Vec<_>>() {
            let verdict = task.await.unwrap();
            assert!(verdict.is_verified(), "{verdict:?}");
        }
    }
}
