//! The canonical request of AWS Signature Version 4 ("Create a signed AWS API request" in the IAM User Guide).

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
    /// The complete body.
    pub body: &'a [u8],
}

/// The hash of the body in the canonical request: lower-case hex SHA-256.
pub fn body_hash(body: &[u8]) -> String {
    hex::encode(digest(&SHA256, body))
}

/// The canonical request over `signed_headers`; `None` if the request lacks one of these headers.
pub fn canonical_request(request: &Request<'_>, signed_headers: &[&str]) -> Option<String> {
    let headers: Vec<String> =
        signed_headers.iter().map(|name| canonical_header(request.headers, name)).collect::<Option<_>>()?;
    Some(format!(
        "{method}\n{path}\n{query}\n{headers}\n{names}\n{body}",
        method = request.method,
        path = canonical_path(request.path),
        query = canonical_query(request.query),
        headers = headers.concat(),
        names = signed_headers.join(";"),
        body = body_hash(request.body),
    ))
}

/// The canonical line of a header: values joined by commas, runs of spaces collapsed.
fn canonical_header(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<String> = headers
        .get_all(name)
        .iter()
        .map(|value| {
            let words = value.as_bytes().split(|b| *b == b' ' || *b == b'\t').filter(|word| !word.is_empty());
            // SDKs neither sign nor send headers that are not UTF-8, so a lossy conversion can only cause a mismatch.
            String::from_utf8_lossy(&words.collect::<Vec<_>>().join(&b' ')).into_owned()
        })
        .collect();
    (!values.is_empty()).then(|| format!("{name}:{}\n", values.join(",")))
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

/// The parameters in canonical encoding, sorted.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> =
        query_pairs(query).map(|(name, value)| (encode(&name), encode(&value))).collect();
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
        ] {
            assert_eq!(canonical_query(query), canonical, "{query}");
        }
    }

    #[test]
    fn trims_headers_and_joins_values() {
        let mut headers = HeaderMap::new();
        headers.append("x-a", HeaderValue::from_static("  one   two "));
        headers.append("x-a", HeaderValue::from_static("three"));
        assert_eq!(canonical_header(&headers, "x-a").unwrap(), "x-a:one two,three\n");
        assert_eq!(canonical_header(&headers, "x-b"), None);
    }
}
