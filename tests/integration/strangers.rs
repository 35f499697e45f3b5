//! Clients without access keys that try to keep `local-signer serve` from its users: by holding connections open, by
//! sending slowly, and by never reading.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::server::Server;

const PLATFORM: &str = "Notation-OCI-SHA384-ECDSA";
/// More than the connections that the service serves at a time.
const MANY: usize = 300;
/// Less than any of the times after which the service closes a connection by itself.
const SOON: Duration = Duration::from_secs(8);

fn connect(server: &Server, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.endpoint.trim_start_matches("http://")).unwrap();
    // The service may have closed it for a newer one.
    let _ = stream.write_all(sent.as_bytes());
    stream
}

/// What strangers send and then leave unfinished.
fn unfinished() -> [String; 5] {
    let unsigned = "POST /signing-jobs/with-payload HTTP/1.1\r\nHost: localhost\r\n";
    let claims = "Authorization: AWS4-HMAC-SHA256 Credential=AKIALOCALAAAAAAAAAAA/20260102/us-west-2/signer/aws4_request, \
                  SignedHeaders=host;x-amz-date, Signature=00\r\nX-Amz-Date: 20260102T000000Z\r\n";
    [
        String::new(),
        "GET /signing-profiles/Prod HT".to_owned(),
        format!("{unsigned}X-Slow: "),
        format!("{unsigned}Content-Length: 1000000\r\n\r\n{{"),
        format!("{unsigned}{claims}Content-Length: 1000000\r\n\r\n{{"),
    ]
}

#[tokio::test]
async fn strangers_cannot_keep_the_service_from_its_users() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &[]);
    let client = server.client(dir.path());
    client.put_signing_profile().profile_name("Prod").platform_id(PLATFORM).send().await.unwrap();
    for sent in unfinished() {
        let held: Vec<TcpStream> = (0..MANY).map(|_| connect(&server, &sent)).collect();
        let start = Instant::now();
        // A client with the keys and a connection, and one that connects now.
        client.get_signing_profile().profile_name("Prod").send().await.unwrap();
        server.client(dir.path()).get_signing_profile().profile_name("Prod").send().await.unwrap();
        assert!(start.elapsed() < SOON, "{sent:?}: {:?}", start.elapsed());
        drop(held);
    }
}

#[tokio::test]
async fn strangers_that_never_read_their_answers_take_no_place() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &[]);
    let client = server.client(dir.path());
    let requests = "GET /revocations HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(500);
    let held: Vec<TcpStream> = (0..MANY)
        .map(|_| {
            let stream = connect(&server, "");
            stream.set_nonblocking(true).unwrap();
            let _ = (&stream).write_all(requests.as_bytes());
            stream
        })
        .collect();
    let start = Instant::now();
    client.put_signing_profile().profile_name("Prod").platform_id(PLATFORM).send().await.unwrap();
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    drop(held);
}
