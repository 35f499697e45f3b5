use local_signer::snapshot::{Existing, restore, save};
use local_signer::{LocalSigner, Options};

use crate::client::Signer;

#[tokio::test]
async fn a_snapshot_of_a_running_service_has_every_answered_change() {
    let signer = Signer::start("version: 1").await;
    signer.put("Prod").await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let root = signer.path("ca/root.pem");
    let (dir, file) = (signer.directory.path().to_owned(), signer.path("snapshot.tar"));
    let load = async {
        let mut answered = Vec::new();
        while !*stopped.borrow() {
            answered.push(signer.sign("Prod").await.unwrap().body["jobId"].as_str().unwrap().to_owned());
        }
        answered
    };
    let snapshot = async {
        let before = signer.sign("Prod").await.unwrap().body["jobId"].as_str().unwrap().to_owned();
        let to = file.clone();
        tokio::task::spawn_blocking(move || save(&dir, &to)).await.unwrap().unwrap();
        stop.send(true).unwrap();
        before
    };
    let (answered, before) = tokio::join!(load, snapshot);
    assert!(!answered.is_empty());

    let copy = tempfile::tempdir().unwrap();
    let target = copy.path().join("signer");
    restore(&target, &file, Existing::Keep).unwrap();
    let copied = LocalSigner::start(Options::new(&target)).await.unwrap();
    assert_eq!(std::fs::read(copied.root_certificate()).unwrap(), std::fs::read(root).unwrap());
    assert_eq!(copied.credentials(), signer.signer.credentials());
    let copied = Signer { signer: copied, directory: copy, http: signer.http.clone() };
    let job = copied.send(reqwest::Method::GET, &format!("/signing-jobs/{before}"), serde_json::Value::Null).await;
    assert_eq!(job.unwrap().body["status"], "Succeeded");
    assert_eq!(copied.sign("Prod").await.unwrap().status, 200);
}
