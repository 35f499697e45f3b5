//! A signing service that floods, hangs or answers with anything but the requested signature: nothing is written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// A service that answers every request alike.
struct Service(FaultServer);

impl Service {
    /// A service whose `SignPayload` answers with this envelope.
    fn signing(envelope: &[u8]) -> Service {
        let answer = json!({ "jobId": "j", "jobOwner": "111122223333", "signature": STANDARD.encode(envelope) });
        let answer = answer.to_string();
        Service(FaultServer::start(move |_| Reply::content("application/json", answer.clone())))
    }

    /// Runs `sign`, `sign --detach` and `blob sign` with this service. Asserts that each exits with `code` and these
    /// words and writes nothing.
    #[track_caller]
    fn leaves_nothing(&self, fixture: &Fixture, code: i32, words: &str) {
        let endpoint = format!("http://{}", self.0.address);
        let quick = ["--aws-signer-endpoint-url", &endpoint, "--aws-signer-timeout", "2"];
        let before = std::fs::read_to_string(fixture.file("layout/index.json")).unwrap();
        let repository = fixture.repository().serve();
        let folder = fixture.file("detached");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("signature");
        let blob = folder.join("blob");
        std::fs::write(&blob, "content").unwrap();
        let remote = reference(&repository);
        let arn = fixture.profile.arn.as_str();
        let commands = [
            vec!["sign", "oci:layout:v1", "--profile", arn],
            vec!["sign", &remote, "--profile", arn],
            vec!["sign", "oci:layout:v1", "--profile", arn, "--detach", file.to_str().unwrap()],
            vec!["blob", "sign", blob.to_str().unwrap(), "--profile", arn],
        ];
        let run = |command: &[&str]| drop(fixture.run(&[command, &quick].concat()).exits_with(code).says(words));
        at_once(commands.iter().map(|command| Box::new(|| run(command)) as Box<dyn FnOnce() + Send>));
        assert_eq!(std::fs::read_to_string(fixture.file("layout/index.json")).unwrap(), before);
        assert!(repository.seen().iter().all(|request| request.method == "GET"));
        let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["blob"]);
    }
}

#[test]
fn flooding_hanging_and_html_answers_leave_nothing_behind() {
    let fixture = Fixture::new();
    let flood = Service(FaultServer::start(|_| Reply::Flood(100 << 20)));
    flood.leaves_nothing(&fixture, 3, "SignPayload");
    assert!(flood.0.written() < 64 << 20, "{}", flood.0.written());
    let large = Service(FaultServer::start(|_| {
        Reply::content("application/json", format!("{{\"signature\":\"{}\"}}", "A".repeat(100 << 20)))
    }));
    large.leaves_nothing(&fixture, 3, "SignPayload");
    let numbers = format!("{{\"x\":[{}0]}}", "0,".repeat((4 << 20) / 2 - 100));
    let numbers = Service(FaultServer::start(move |_| Reply::content("application/json", numbers.clone())));
    numbers.leaves_nothing(&fixture, 3, "SignPayload");
    let page = Service(FaultServer::start(|_| Reply::content("text/html", "<html>Sign in</html>")));
    page.leaves_nothing(&fixture, 3, "<html>Sign in");
    let hang = Service(FaultServer::start(|_| Reply::Hang("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")));
    hang.leaves_nothing(&fixture, 3, "SignPayload");
}

#[test]
fn wrong_envelopes_leave_nothing_behind() {
    let fixture = Fixture::new();
    put_image(&fixture.layout(), "other");
    Service::signing(&fixture.envelope("other")).leaves_nothing(
        &fixture,
        3,
        "its payload is not the one that was sent",
    );
    Service::signing(b"{}").leaves_nothing(&fixture, 3, "payload is missing");
    let mut tampered = parts(&fixture.envelope("v1"));
    tampered["signature"] = parts(&fixture.envelope("other"))["signature"].clone();
    Service::signing(tampered.to_string().as_bytes()).leaves_nothing(&fixture, 3, "the signature does not verify");
    let other = fixture.signer.put_profile("other");
    let version = format!("{}/{}", other.arn, other.version);
    let forged = forge(fixture.signer.credentials_file().parent().unwrap(), &version, &fixture.image, |_| ());
    // The payload is the image's, so only `sign` on the image reaches the comparison of profiles.
    let service = Service::signing(&forged);
    let endpoint = format!("http://{}", service.0.address);
    let sign = ["--aws-signer-endpoint-url", &endpoint];
    fixture.sign("oci:layout:v1", &sign).exits_with(3).says("it was signed by the profile").says(&other.arn);
}
