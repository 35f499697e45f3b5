//! What happens when the server does not do what S3 does.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use limits::Deadline;
use s3::{Object, S3Error, Versioning, Written};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{bucket, client, read, region, soon};

/// What a server does with a connection, after it has read the request.
#[derive(Clone)]
enum Answer {
    /// It sends these bytes and closes the connection.
    Send(String),
    /// It sends these bytes, and nothing more.
    Hang(String),
    /// It sends content without an end.
    Endless,
}

/// An answer with a status line such as `200 OK`, headers and a body.
fn answer(status: &str, headers: &str, body: &str) -> Answer {
    let length = body.len();
    Answer::Send(format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"))
}

fn error(status: &str, code: &str) -> Answer {
    answer(status, "", &format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>m</Message></Error>"))
}

/// A server with an answer for each request in order, and the last one for all others. It keeps the requests' heads.
async fn server(answers: Vec<Answer>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&requests);
    tokio::spawn(async move {
        loop {
            let Ok((connection, _)) = listener.accept().await else { return };
            let at = kept.lock().unwrap().len();
            let answer = answers[at.min(answers.len() - 1)].clone();
            kept.lock().unwrap().push(String::new());
            let kept = Arc::clone(&kept);
            tokio::spawn(async move {
                // The client may have gone away, which is what some tests are about.
                let _ = serve(connection, answer, |head| kept.lock().unwrap()[at] = head).await;
            });
        }
    });
    (endpoint, requests)
}

async fn serve(mut connection: TcpStream, answer: Answer, keep: impl FnOnce(String)) -> std::io::Result<()> {
    let mut request = Vec::new();
    let head = loop {
        if connection.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
        if let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = String::from_utf8_lossy(&request[..head]).into_owned();
    let length =
        text.to_lowercase().split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next()?.parse().ok());
    let mut missing = length.unwrap_or(0usize).saturating_sub(request.len() - head);
    keep(text);
    let mut buffer = vec![0; 65536];
    while missing > 0 {
        let most = missing.min(buffer.len());
        missing -= connection.read(&mut buffer[..most]).await?;
    }
    match answer {
        Answer::Send(text) => connection.write_all(text.as_bytes()).await,
        Answer::Hang(text) => {
            connection.write_all(text.as_bytes()).await?;
            // Until the client closes the connection.
            connection.read(&mut buffer).await.map(|_| ())
        }
        Answer::Endless => {
            connection.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").await?;
            loop {
                connection.write_all(&buffer).await?;
            }
        }
    }
}

fn object(region: &aws_names::Region) -> Object<'_> {
    Object { bucket: bucket("source", region), key: "a b/\u{fc}.zip", version: "v1" }
}

#[tokio::test]
async fn reads_the_version_that_is_named() {
    let (endpoint, requests) = server(vec![answer("200 OK", "", "content")]).await;
    assert_eq!(read(&client(&endpoint), object(&region()), 7, soon()).await.unwrap(), b"content");
    let head = requests.lock().unwrap()[0].clone();
    assert!(head.starts_with("GET /source/a%20b/%C3%BC.zip?"), "{head}");
    assert!(head.contains("versionId=v1") && head.contains("/us-east-1/s3/aws4_request"), "{head}");
}

#[tokio::test]
async fn what_does_not_exist_is_told_apart() {
    for (status, code) in [
        ("404 Not Found", "NoSuchKey"),
        ("404 Not Found", "NoSuchVersion"),
        ("400 Bad Request", "InvalidArgument"),
        ("405 Method Not Allowed", "MethodNotAllowed"),
    ] {
        let (endpoint, _) = server(vec![error(status, code)]).await;
        let why = read(&client(&endpoint), object(&region()), 7, soon()).await.unwrap_err();
        assert!(matches!(why, S3Error::NoObject { .. }), "{code}: {why}");
    }
    let (endpoint, _) = server(vec![error("404 Not Found", "NoSuchBucket")]).await;
    let why = read(&client(&endpoint), object(&region()), 7, soon()).await.unwrap_err();
    assert!(matches!(why, S3Error::NoBucket(_)), "{why}");
    let (endpoint, _) = server(vec![error("403 Forbidden", "AccessDenied")]).await;
    let why = read(&client(&endpoint), object(&region()), 7, soon()).await.unwrap_err();
    assert_eq!(why.code(), notary::ReasonCode::Denied, "{why}");
}

#[tokio::test]
async fn too_large_objects_are_not_read_to_their_end() {
    let (endpoint, _) = server(vec![answer("200 OK", "", "too much content")]).await;
    let why = read(&client(&endpoint), object(&region()), 7, soon()).await.unwrap_err();
    assert!(matches!(why, S3Error::TooLarge { size: 16, most: 7 }), "{why}");
    let (endpoint, _) = server(vec![Answer::Endless]).await;
    let why = read(&client(&endpoint), object(&region()), 100_000, soon()).await.unwrap_err();
    assert!(matches!(why, S3Error::TooLarge { most: 100_000, .. }), "{why}");
}

#[tokio::test]
async fn a_cut_off_object_is_read_again() {
    let cut = || Answer::Send("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\ncon".to_owned());
    let (endpoint, _) = server(vec![cut(), answer("200 OK", "", "content")]).await;
    assert_eq!(read(&client(&endpoint), object(&region()), 7, soon()).await.unwrap(), b"content");
    let (endpoint, requests) = server(vec![cut()]).await;
    let why = read(&client(&endpoint), object(&region()), 7, soon()).await.unwrap_err();
    assert!(matches!(why, S3Error::Incomplete(_)), "{why}");
    assert_eq!(requests.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_server_that_hangs_fails_in_time() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\ncon";
    for hang in [Answer::Hang(String::new()), Answer::Hang(half.to_owned())] {
        let (endpoint, _) = server(vec![hang]).await;
        let s3 = client(&endpoint);
        let began = Instant::now();
        let deadline = || Deadline::new(Duration::from_millis(300));
        let why = read(&s3, object(&region()), 7, deadline()).await.unwrap_err();
        assert_eq!(why.code(), notary::ReasonCode::Deadline, "{why}");
        let file = tempfile::NamedTempFile::new().unwrap();
        let region = region();
        let why = s3.write(bucket("b", &region), "k", file.path(), deadline()).await.unwrap_err();
        assert_eq!(why.code(), notary::ReasonCode::Deadline, "{why}");
        s3.check_versioning(bucket("b", &region), deadline()).await.unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(30), "the deadline is not kept");
    }
}

#[tokio::test]
async fn answers_that_the_sdk_does_not_understand_leave_versioning_open() {
    let xml = |root: &str| answer("200 OK", "", &format!("<{root}><Status>Enabled</Status></{root}>"));
    let region = region();
    let bucket = bucket("source", &region);
    for (root, expected) in
        [("VersioningConfiguration", Versioning::Kept), ("GetBucketVersioningResponse", Versioning::Unknown)]
    {
        let (endpoint, _) = server(vec![xml(root)]).await;
        assert_eq!(client(&endpoint).check_versioning(bucket, soon()).await.unwrap(), expected, "{root}");
    }
    // Then the object must have a version.
    for (headers, is_read) in [("x-amz-version-id: v1\r\n", true), ("", false)] {
        let (endpoint, _) =
            server(vec![xml("GetBucketVersioningResponse"), answer("200 OK", headers, "content")]).await;
        let mut file = tokio::fs::File::from_std(tempfile::tempfile().unwrap());
        let read = client(&endpoint).read_version(object(&region), 7, &mut file, soon()).await;
        assert_eq!(read.is_ok(), is_read, "{headers}: {read:?}");
    }
}

#[tokio::test]
async fn buckets_of_other_regions_are_refused() {
    let region = region();
    let here = bucket("b", &region);
    for (answered, expected) in [
        (answer("200 OK", "x-amz-bucket-region: us-east-1\r\n", ""), "fine"),
        // Services like S3 often do not say.
        (answer("200 OK", "", ""), "fine"),
        (answer("200 OK", "x-amz-bucket-region: eu-west-1\r\n", ""), "eu-west-1"),
        (answer("301 Moved Permanently", "x-amz-bucket-region: eu-west-1\r\n", ""), "cross-region"),
        (answer("404 Not Found", "", ""), "does not exist"),
    ] {
        let (endpoint, _) = server(vec![answered]).await;
        let checked = client(&endpoint).check(here, soon()).await;
        let said = checked.map_or_else(|why| why.to_string(), |()| "fine".to_owned());
        assert!(said.contains(expected), "{said}, not {expected}");
    }
}

#[tokio::test]
async fn an_object_is_written_once() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "content").unwrap();
    let region = region();
    let (endpoint, requests) =
        server(vec![answer("200 OK", "", ""), error("412 Precondition Failed", "PreconditionFailed")]).await;
    let s3 = client(&endpoint);
    let write = async || s3.write(bucket("b", &region), "signed/1", file.path(), soon()).await.unwrap();
    assert_eq!(write().await, Written::Now);
    assert_eq!(write().await, Written::Already);
    let head = requests.lock().unwrap()[0].to_lowercase();
    assert!(head.starts_with("put /b/signed/1") && head.contains("if-none-match: *"), "{head}");
}

#[tokio::test]
async fn servers_without_conditional_writes_are_asked_first() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let region = region();
    let unknown = || error("501 Not Implemented", "NotImplemented");
    let (endpoint, requests) = server(vec![unknown(), answer("200 OK", "", "")]).await;
    let written = client(&endpoint).write(bucket("b", &region), "k", file.path(), soon()).await;
    // The SDK repeats a server error; the second request is answered.
    assert!(written.is_ok() && requests.lock().unwrap().len() >= 2, "{written:?}");
}
