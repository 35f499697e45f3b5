//! Which redirects, upload URLs and token services of a registry are followed: distribution-spec, "Redirects", and RFC
//! 9110, section 15.4.
//!
//! A registry chooses these URLs, and may be malicious. It must learn no credentials, must not downgrade the
//! connection, and must not make this client send requests to services that only this machine can reach, such as the
//! instance metadata service of AWS.

use http_client::is_reachable_from;
use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{Method, StatusCode, Url};

use super::call::Call;
use crate::error::{RegistryError, RequestLine};

/// The most redirects of one request.
pub(super) const MAX_REDIRECTS: usize = 5;

pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Both have the same scheme, host and port.
pub(crate) fn is_same_origin(a: &Url, b: &Url) -> bool {
    a.origin() == b.origin()
}

/// The target of a redirect, if it may be followed. The method stays the same.
pub(super) fn next_hop(call: &Call, from: &Url, status: StatusCode, headers: &HeaderMap) -> Result<Url, RegistryError> {
    let refused = |why: String| RegistryError::Redirect { request: RequestLine::new(&call.method, from), why };
    let location = headers.get(LOCATION).and_then(|location| location.to_str().ok());
    let next = location.and_then(|location| from.join(location).ok());
    let mut next = next.ok_or_else(|| refused(format!("{status}: the redirect has no valid Location")))?;
    next.set_fragment(None);
    may_follow(from, &next).map_err(&refused)?;
    let reads = matches!(call.method, Method::GET | Method::HEAD);
    if !reads && status == StatusCode::SEE_OTHER {
        let why = "303 See Other: the answer to a write is a redirect to something else, which is not followed";
        return Err(refused(why.to_owned()));
    }
    if call.secret && !is_same_origin(from, &next) {
        let to = RequestLine::new(&call.method, &next);
        return Err(refused(format!("{status}: a redirect of a request with credentials to another host ({to})")));
    }
    Ok(next)
}

/// Checks that a redirect or upload URL of the registry is safe to use. What names resolve to, the clients of
/// `http-client` check.
pub(crate) fn may_follow(from: &Url, to: &Url) -> Result<(), String> {
    let shown = RequestLine::new(&Method::GET, to).to_string();
    match (from.scheme(), to.scheme()) {
        (_, "https") | ("http", "http") => {}
        ("https", "http") => {
            return Err(format!(
                "the registry redirects from https to http ({shown}), which is not followed; a proxy in front of the registry must set X-Forwarded-Proto"
            ));
        }
        _ => return Err(format!("the registry redirects to {shown}, which is not an HTTP URL")),
    }
    if !is_reachable_from(from, to) {
        return Err(format!(
            "the registry redirects to {shown}, an address of this machine or its link, which is not followed"
        ));
    }
    Ok(())
}

impl Call {
    pub(super) fn too_many_redirects(&self, last: &Url) -> RegistryError {
        let last = RequestLine::new(&self.method, last);
        let why = format!("more than {MAX_REDIRECTS} redirects, the last to {last}");
        RegistryError::Redirect { request: self.request(), why }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn follows_no_redirect_to_this_machine_or_its_link() {
        for (from, to, followed) in [
            ("https://registry.example/v2/", "https://storage.example/x", true),
            ("http://registry.example/v2/", "https://registry.example/v2/", true),
            ("https://registry.example/v2/", "https://10.1.2.3/x", true),
            ("https://registry.example/v2/", "http://registry.example/x", false),
            ("http://127.0.0.1:5000/v2/", "http://127.0.0.1:5001/x", true),
            ("http://127.0.0.1:5000/v2/", "http://localhost:5001/x", true),
            ("http://127.0.0.1:5000/v2/", "http://169.254.169.254/latest/meta-data/", false),
            ("http://127.0.0.1:5000/v2/", "http://2852039166/latest/meta-data/", false),
            ("http://127.0.0.1:5000/v2/", "http://0xa9.0xfe.0xa9.0xfe/", false),
            ("http://127.0.0.1:5000/v2/", "http://[::ffff:169.254.169.254]/", false),
            ("http://127.0.0.1:5000/v2/", "http://[64:ff9b::169.254.169.254]/", false),
            ("http://127.0.0.1:5000/v2/", "http://[fd00:ec2::254]/latest/", false),
            ("http://127.0.0.1:5000/v2/", "http://[fe80::1]/", false),
            ("http://127.0.0.1:5000/v2/", "http://0.0.0.0:80/", false),
            ("http://registry.example/v2/", "http://169.254.170.2/v2/credentials", false),
            ("http://registry.example/v2/", "http://127.0.0.1:9911/latest/", false),
            ("http://registry.example/v2/", "http://127.1/", false),
            ("http://registry.example/v2/", "http://[::1]/", false),
            ("http://registry.example/v2/", "http://[::ffff:127.0.0.1]/", false),
            ("http://registry.example/v2/", "http://localhost./", false),
            ("http://registry.example/v2/", "http://metadata.localhost/", false),
            ("http://evillocalhost/v2/", "http://127.0.0.1/", false),
            ("http://registry.example/v2/", "http://notlocalhost/", true),
            ("http://registry.example/v2/", "ftp://registry.example/", false),
            ("http://registry.example/v2/", "file:///etc/passwd", false),
            ("http://169.254.1.2:5000/v2/", "http://169.254.1.2:5000/v2/a/", true),
            ("http://169.254.1.2:5000/v2/", "http://169.254.169.254/", false),
        ] {
            let answer = may_follow(&Url::parse(from).unwrap(), &Url::parse(to).unwrap());
            assert_eq!(answer.is_ok(), followed, "{from} {to}: {answer:?}");
        }
    }
}
