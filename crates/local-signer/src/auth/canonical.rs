//! The canonical request of AWS Signature Version 4 ("Create a signed AWS API request" in the IAM User Guide).

use std::borrow::Cow;

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{HeaderMap, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

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

/// The hash of the body in the canonical request, and of that request: lower-case hex SHA-256.
pub fn body_hash(body: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let hash = digest(&SHA256, body);
    let mut text = String::with_capacity(2 * hash.as_ref().len());
    for byte in hash.as_ref() {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
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
    let encoded: Vec<_> = segments.into_iter().map(|segment| encode(Cow::Borrowed(segment.as_bytes()))).collect();
    format!("/{}{trailing}", encoded.join("/"))
}

/// The parameters in canonical encoding, sorted, without the signature of a presigned URL.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = encoded_pairs(query)
        .map(|(name, value)| (canonical(name), canonical(value)))
        .filter(|(name, _)| name != "X-Amz-Signature")
        .collect();
    pairs.sort();
    let mut text = String::with_capacity(query.len());
    for (number, (name, value)) in pairs.iter().enumerate() {
        if number > 0 {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.push_str(value);
    }
    text
}

/// The decoded parameters of a query, in their original order. What is not encoded is not copied.
pub fn query_pairs(query: &str) -> impl Iterator<Item = (Cow<'_, [u8]>, Cow<'_, [u8]>)> {
    encoded_pairs(query).map(|(name, value)| (decode(name), decode(value)))
}

fn encoded_pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// A part of a query in canonical encoding. Most clients send it as they sign it.
fn canonical(text: &str) -> Cow<'_, str> {
    match is_canonical(text.as_bytes()) {
        true => Cow::Borrowed(text),
        false => encode(decode(text)),
    }
}

/// Whether all reserved bytes, and no others, are encoded, with upper-case digits.
fn is_canonical(mut text: &[u8]) -> bool {
    loop {
        match text {
            [] => return true,
            [byte, rest @ ..] if is_unreserved(*byte) => text = rest,
            [b'%', high @ (b'0'..=b'9' | b'A'..=b'F'), low @ (b'0'..=b'9' | b'A'..=b'F'), rest @ ..]
                if !is_unreserved(digit(*high) << 4 | digit(*low)) =>
            {
                text = rest;
            }
            _ => return false,
        }
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Decodes percent-encoding, and `+` as a space like forms and the AWS SDKs. Invalid escapes stay unchanged.
fn decode(text: &str) -> Cow<'_, [u8]> {
    let text = text.as_bytes();
    let Some(first) = text.iter().position(|byte| matches!(byte, b'%' | b'+')) else { return Cow::Borrowed(text) };
    let (plain, mut rest) = text.split_at(first);
    let mut decoded = Vec::with_capacity(text.len());
    decoded.extend_from_slice(plain);
    while let [byte, after @ ..] = rest {
        rest = after;
        match (byte, after) {
            (b'+', _) => decoded.push(b' '),
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                decoded.push(digit(*high) << 4 | digit(*low));
                rest = after;
            }
            _ => decoded.push(*byte),
        }
    }
    Cow::Owned(decoded)
}

/// The value of a hexadecimal digit.
fn digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        _ => (byte | 0x20) - b'a' + 10,
    }
}

/// All bytes except the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn encode(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => percent_encode(bytes, RESERVED).into(),
        Cow::Owned(bytes) => Cow::Owned(percent_encode(&bytes, RESERVED).collect()),
    }
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
    fn decodes_as_the_library_of_the_url_standard() {
        for text in
            ["", "a", "%41", "%4", "%", "%%41", "%zz%41", "%C3%bc", "+", "a+%2B+b", "%+1", "%2", "%2%2f", "%2fx%"]
        {
            let expected: Vec<u8> = percent_encoding::percent_decode_str(&text.replace('+', " ")).collect();
            assert_eq!(decode(text).as_ref(), expected, "{text}");
        }
        for byte in 0..=u8::MAX {
            assert_eq!(decode(&format!("%{byte:02x}")).as_ref(), [byte]);
            assert_eq!(decode(&format!("%{byte:02X}")).as_ref(), [byte]);
        }
    }

    #[test]
    fn what_is_sent_in_canonical_encoding_is_what_encoding_it_again_gives() {
        let mut texts: Vec<String> =
            ["", "a-._~Z9", "a b", "a+b", "a=b", "%", "%4", "%zz", "a%2Fb%3A", "a%2fb", "\u{fc}"]
                .map(str::to_owned)
                .to_vec();
        for byte in 0..=u8::MAX {
            texts.extend([format!("%{byte:02X}"), format!("x%{byte:02x}y"), char::from(byte).to_string()]);
        }
        let mut kept = 0;
        for text in &texts {
            assert_eq!(canonical(text), encode(decode(text)), "{text}");
            kept += usize::from(is_canonical(text.as_bytes()));
        }
        // At least the 66 unreserved bytes as they are and the 190 others encoded.
        assert!(kept > 250, "{kept}");
        assert!(is_canonical(b"a%2Fb%3A") && !is_canonical(b"a%2fb") && !is_canonical(b"%41") && !is_canonical(b"a+b"));
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
