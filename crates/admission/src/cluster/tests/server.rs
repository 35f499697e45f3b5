//! An API server for tests: it answers what the test says, and remembers the requests.

use std::sync::{Arc, Mutex};

use kube::{Client, Config};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedReceiver;

/// An answer.
pub enum Reply {
    /// A status and a body.
    Body(u16, String),
    /// Nothing, without end.
    Hang,
    /// The connection is closed.
    Close,
    /// A body that goes on until the sender is dropped.
    Stream(UnboundedReceiver<String>),
}

pub struct ApiServer {
    pub client: Client,
    requests: Arc<Mutex<Vec<String>>>,
}

impl ApiServer {
    /// Starts a server that answers requests for a path; those that are no GET have `METHOD PATH TYPE BODY` in its
    /// place.
    pub async fn start(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut config = Config::new(url.parse().unwrap());
        config.default_retry = false;
        let client = Client::try_from(config).unwrap();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let (reply, seen) = (Arc::new(reply), Arc::clone(&requests));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&reply), Arc::clone(&seen)));
            }
        });
        Self { client, requests }
    }

    /// The request lines so far, without method and version.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// The body of a request, with its media type.
async fn body(stream: &mut TcpStream, head: &str) -> String {
    let header = |name: &str| {
        head.lines().find_map(|line| line.to_lowercase().strip_prefix(name).map(|value| value.trim().to_owned()))
    };
    let length = header("content-length:").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    format!("{} {}", header("content-type:").unwrap_or_default(), String::from_utf8(body).unwrap())
}

async fn serve(
    mut stream: TcpStream,
    reply: Arc<impl Fn(&str) -> Reply + Send + Sync + 'static>,
    seen: Arc<Mutex<Vec<String>>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap().to_owned());
    let path = if method == "GET" { path } else { format!("{method} {path} {}", body(&mut stream, &head).await) };
    seen.lock().unwrap().push(path.clone());
    match reply(&path) {
        Reply::Body(status, body) => {
            let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        }
        Reply::Hang => std::future::pending().await,
        Reply::Close => {}
        Reply::Stream(mut lines) => {
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(head.as_bytes()).await;
            while let Some(line) = lines.recv().await {
                let _ = stream.write_all(format!("{:x}\r\n{line}\r\n", line.len()).as_bytes()).await;
            }
            let _ = stream.write_all(b"0\r\n\r\n").await;
        }
    }
}
