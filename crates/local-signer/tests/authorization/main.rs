//! Who may do what, from end to end: a service in this process, and requests that AWS's SDK signs.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod accounts;
mod client;
mod conditions;
mod credentials;

use local_signer::credentials::Credentials;
use local_signer::principals::NewPrincipal;
use local_signer::{LocalSigner, Options};
use serde_json::{Value, json};

use self::client::{Answer, Client};

const OTHER_ACCOUNT: &str = "444455556666";
const ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"signer:*","Resource":"*"}}"#;

/// A running service and its folder.
struct World {
    signer: LocalSigner,
    _folder: tempfile::TempDir,
}

impl World {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let signer = LocalSigner::start(Options::new(folder.path().join("signer"))).await.unwrap();
        Self { signer, _folder: folder }
    }

    fn client(&self, credentials: &Credentials) -> Client {
        Client::new(self.signer.address(), credentials)
    }

    fn root(&self) -> Client {
        self.client(self.signer.credentials())
    }

    fn add(&self, new: NewPrincipal) -> Client {
        self.client(&self.signer.principals().add(new).unwrap())
    }

    /// A user of the service's account with this policy.
    fn user(&self, name: &str, policy: &str) -> Client {
        self.add(NewPrincipal::user(name.parse().unwrap()).with_policy("policy", policy.as_bytes()))
    }

    /// A user of another account with this policy.
    fn stranger(&self, name: &str, policy: &str) -> Client {
        let new = NewPrincipal::user(name.parse().unwrap()).with_policy("policy", policy.as_bytes());
        self.add(new.in_account(OTHER_ACCOUNT.parse().unwrap()))
    }
}

/// Creates a container profile with tags, or with `{}` for none; returns its version.
async fn put_profile(client: &Client, name: &str, tags: Value) -> String {
    let tags = Some(tags).filter(|tags| *tags != json!({}));
    let body = json!({"platformId": "Notation-OCI-SHA384-ECDSA", "tags": tags});
    let answer = client.call("PUT", &format!("/signing-profiles/{name}"), Some(body)).await;
    answer.done()["profileVersion"].as_str().unwrap().to_owned()
}

async fn sign(client: &Client, profile: &str, owner: Option<&str>) -> Answer {
    let mut body = json!({
        "profileName": profile,
        "payload": "e30=",
        "payloadFormat": "application/vnd.cncf.notary.payload.v1+json",
    });
    if let Some(owner) = owner {
        body["profileOwner"] = owner.into();
    }
    client.call("POST", "/signing-jobs/with-payload", Some(body)).await
}
