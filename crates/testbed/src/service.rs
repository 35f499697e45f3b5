//! A service on the loopback address that answers with scripted bytes and records the requests.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// A received request.
#[derive(Debug, Clone, Default)]
pub struct ReceivedRequest {
    pub method: String,
    /// Path and query, or the full URL in a request to a proxy.
    pub target: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl ReceivedRequest {
    /// The header's value; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    /// The decoded query parameters; values in the order received.
    pub fn query(&self) -> BTreeMap<String, Vec<String>> {
        let mut query = BTreeMap::<_, Vec<_>>::new();
        let pairs =
            self.target.split_once('?').map_or("", |(_, query)| query).split('&').filter(|pair| !pair.is_empty());
        for (name, value) in pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))) {
            query.entry(decode(name)).or_default().push(decode(value));
        }
        query
    }

    /// Access key id, region and service of the request's signature: `Credential=ID/DATE/REGION/SERVICE/…`.
    pub fn credential(&self) -> [&str; 3] {
        let scope =
            self.header("authorization").and_then(|header| header.split("Credential=").nth(1)).unwrap_or_default();
        let parts: Vec<&str> = scope.split(',').next().unwrap().split('/').collect();
        [0, 2, 3].map(|part| parts.get(part).copied().unwrap_or_default())
    }

    /// Reads a request. Returns `None` if the connection ends early.
    fn read(stream: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut line = || {
            let mut line = String::new();
            (reader.read_line(&mut line).ok()? > 0).then(|| line.trim_end().to_owned())
        };
        let first = line()?;
        let mut words = first.split(' ');
        let mut request =
            Self { method: words.next()?.to_owned(), target: words.next()?.to_owned(), ..Self::default() };
        while let Some((name, value)) = line()?.split_once(':') {
            request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
        request.body = vec![0; length];
        reader.read_exact(&mut request.body).ok()?;
        Some(request)
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = if *first == b'%' { tail.get(..2).map(|digits| hex::decode(digits).unwrap()[0]) } else { None };
        bytes.push(escaped.unwrap_or(*first));
        rest = &tail[if escaped.is_some() { 2 } else { 0 }..];
    }
    String::from_utf8(bytes).unwrap()
}

/// The recorded connections and requests.
#[derive(Debug, Default)]
struct Seen {
    connections: AtomicUsize,
    requests: Mutex<Vec<ReceivedRequest>>,
    over: AtomicBool,
}

/// A running service. Each connection carries one request and closes after the answer.
#[derive(Debug)]
pub struct Service {
    address: SocketAddr,
    seen: Arc<Seen>,
}

impl Service {
    /// A service that reads each request and answers with `script`.
    pub fn start(script: impl Fn(&ReceivedRequest, &mut TcpStream) + Send + Sync + 'static) -> Self {
        Self::accepting(move |mut stream, note| {
            if let Some(request) = ReceivedRequest::read(&stream) {
                note(&request);
                script(&request, &mut stream);
            }
        })
    }

    /// A service that passes each connection to `script` unread.
    pub fn accepting(script: impl Fn(TcpStream, &dyn Fn(&ReceivedRequest)) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let service = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let seen = Arc::clone(&service.seen);
        let script = Arc::new(script);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if seen.over.load(Ordering::SeqCst) {
                    break;
                }
                seen.connections.fetch_add(1, Ordering::SeqCst);
                let seen = Arc::clone(&seen);
                let script = Arc::clone(&script);
                // The thread ends with the client: scripts wait only by reading or writing.
                thread::spawn(move || script(stream, &|request| seen.requests.lock().unwrap().push(request.clone())));
            }
        });
        service
    }

    /// A service that answers every request with this response.
    pub fn answering(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let answer = answer(status, headers, body);
        Self::start(move |_, stream| send(stream, &answer))
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.seen.requests.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.seen.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

/// An HTTP answer with `Connection: close`.
pub fn answer(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} Status\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

/// Writes the bytes; ignores an error if the client has disconnected.
pub fn send(stream: &mut TcpStream, bytes: &[u8]) {
    let _ = stream.write_all(bytes);
}

/// Sends nothing until the client disconnects.
pub fn wait_for_the_end(stream: &mut TcpStream) {
    let _ = std::io::copy(stream, &mut std::io::sink());
}

/// Answers a `CONNECT` request as a proxy that reaches this address, whatever the request names, until one side ends.
pub fn tunnel(stream: &mut TcpStream, address: SocketAddr) {
    let Ok(mut peer) = TcpStream::connect(address) else { return };
    send(stream, b"HTTP/1.1 200 OK\r\n\r\n");
    let (Ok(mut from_client), Ok(mut to_peer)) = (stream.try_clone(), peer.try_clone()) else { return };
    let upward = thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_peer);
        let _ = to_peer.shutdown(Shutdown::Write);
    });
    let _ = std::io::copy(&mut peer, stream);
    let _ = stream.shutdown(Shutdown::Both);
    let _ = upward.join();
}
