//! The canonical request of AWS Signature Version 4 ("Create a signed AWS API request" in the IAM User Guide).

use std::borrow::Cow;

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{HeaderMap, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// A request as received: path and query are still percent-encoded.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a Method,
    /// The percent-encoded path.
    pub path: &'a str,
    /// The percent-encoded query without the question mark. It may be empty.
    pub query: &'a str,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The [`body_hash`] of the complete body.
    pub body_hash: &'a str,
}

/// The hash of the body in the canonical request: lower-case hex SHA-256.
pub fn body_hash(body: &[u8]) -> String {
    hex::encode(digest(&SHA256, body))
}

/// The canonical request over `signed_headers`; `None` if the request lacks one of these headers.
pub fn canonical_request(request: &Request<'_>, signed_headers: &[Cow<'_, str>]) -> Option<String> {
    let Request { method, path, query, headers, body_hash } = request;
    let mut text = format!("{method}\n{}\n{}\n", canonical_path(path), canonical_query(query));
    for name in signed_headers {
        push_header(&mut text, headers, name)?;
    }
    for (number, name) in signed_headers.iter().enumerate() {
        text.push(if number == 0 { '\n' } else { ';' });
        text.push_str(name);
    }
    text.push('\n');
    text.push_str(body_hash);
    Some(text)
}

/// Adds the canonical line of a header: values joined by commas, runs of spaces collapsed.
fn push_header(text: &mut String, headers: &HeaderMap, name: &str) -> Option<()> {
    let mut values = headers.get_all(name).iter().peekable();
    values.peek()?;
    text.push_str(name);
    for (number, value) in values.enumerate() {
        text.push(if number == 0 { ':' } else { ',' });
        // SDKs neither sign nor send headers that are not UTF-8, so a lossy conversion can only cause a mismatch.
        let value = String::from_utf8_lossy(value.as_bytes());
        for (number, word) in value.split([' ', '\t']).filter(|word| !word.is_empty()).enumerate() {
            if number > 0 {
                text.push(' ');
            }
            text.push_str(word);
        }
    }
    text.push('\n');
    Some(())
}

/// The path without `.`, `..` and empty segments, percent-encoded again: every service except S3 encodes twice.
fn canonical_path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let trailing = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    let encoded: Vec<String> = segments.into_iter().map(|segment| encode(segment.as_bytes())).collect();
    format!("/{}{trailing}", encoded.join("/"))
}

/// The parameters in canonical encoding, sorted, without the signature of a presigned URL.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query_pairs(query)
        .filter(|(name, _)| name != b"X-Amz-Signature")
        .map(|(name, value)| (encode(&name), encode(&value)))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// The decoded parameters of a query, in their original order.
pub fn query_pairs(query: &str) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

/// Decodes percent-encoding, and `+` as a space like forms and the AWS SDKs. Invalid escapes stay unchanged.
fn decode(text: &str) -> Vec<u8> {
    percent_decode_str(&text.replace('+', " ")).collect()
}

/// All bytes except the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn normalises_and_encodes_paths_twice() {
        for (path, canonical) in [
            ("/", "/"),
            ("", "/"),
            ("/a/../b/./c//d", "/b/c/d"),
            ("/../a/", "/a/"),
            ("/signing-profiles/A%20B", "/signing-profiles/A%2520B"),
            ("/a:b", "/a%3Ab"),
        ] {
            assert_eq!(canonical_path(path), canonical, "{path}");
        }
    }

    #[test]
    fn sorts_and_encodes_queries() {
        for (query, canonical) in [
            ("", ""),
            ("b=2&a=1", "a=1&b=2"),
            ("a=2&a=1", "a=1&a=2"),
            ("a&b=", "a=&b="),
            ("t=2026-01-01T00%3a00:00Z", "t=2026-01-01T00%3A00%3A00Z"),
            ("a=x+y%2B", "a=x%20y%2B"),
            ("a=%zz%", "a=%25zz%25"),
            ("X-Amz-Signature=00ff&b=1", "b=1"),
        ] {
            assert_eq!(canonical_query(query), canonical, "{query}");
        }
    }

    #[test]
    fn trims_headers_and_joins_values() {
        let mut headers = HeaderMap::new();
        headers.append("x-a", HeaderValue::from_static("  one   two "));
        headers.append("x-a", HeaderValue::from_static("three"));
        let mut text = String::new();
        push_header(&mut text, &headers, "x-a").unwrap();
        assert_eq!(text, "x-a:one two,three\n");
        assert_eq!(push_header(&mut text, &headers, "x-b"), None);
    }
}
