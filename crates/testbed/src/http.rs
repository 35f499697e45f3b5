//! A minimal HTTP client: one request per connection, without TLS.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A response.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Response {
    /// The header's value; `name` in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().filter_map(|line| line.split_once(':')).find_map(|(key, value)| {
            let found = key.trim().eq_ignore_ascii_case(name);
            found.then_some(value.trim())
        })
    }
}

/// Sends the request and reads the answer to its end.
pub fn send(to: SocketAddr, method: &str, path: &str, content_type: &str, body: &[u8]) -> Response {
    send_with(to, method, path, &[("Content-Type", content_type)], body)
}

/// As [`send`], with these headers.
pub fn send_with(to: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
    let mut connection = TcpStream::connect_timeout(&to, Duration::from_secs(5)).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let length = body.len();
    let mut head =
        format!("{method} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\nContent-Length: {length}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    connection.write_all(&[head.as_bytes(), b"\r\n", body].concat()).unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Response {
        status: status.unwrap_or_else(|| panic!("{method} {path}: not an HTTP answer: {answer}")),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}
