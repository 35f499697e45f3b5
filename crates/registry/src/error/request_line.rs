//! The request that an error message shows.

use std::fmt;

use notary::text::is_unprintable;
use reqwest::{Method, Url};

/// A request for error messages: the method and the URL. It shows neither user nor password, and no parameters that
/// could be secret.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestLine(Box<(Method, Url)>);

/// The parameters of the distribution and token specifications that are not secret.
const SHOWN: [&str; 9] = ["artifactType", "digest", "from", "last", "mount", "n", "ns", "scope", "service"];

impl RequestLine {
    pub(crate) fn new(method: &Method, url: &Url) -> Self {
        Self(Box::new((method.clone(), url.clone())))
    }

    fn shown(&self) -> String {
        let (method, url) = &*self.0;
        let mut shown = url.clone();
        // Both fail only for URLs that cannot have a user; nothing needs removing then.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        shown.set_fragment(None);
        shown.set_query(None);
        let value = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
            let clean = |text: &str| text.chars().filter(|c| !is_unprintable(*c)).take(200).collect::<String>();
            let value = if SHOWN.contains(&&*name) { clean(&value) } else { "…".to_owned() };
            format!("{}={value}", clean(&name))
        };
        let query: Vec<String> = url.query_pairs().take(16).map(value).collect();
        let separator = if query.is_empty() { "" } else { "?" };
        let text = format!("{method} {shown}{separator}{}", query.join("&"));
        text.chars().take(1000).collect()
    }
}

impl fmt::Display for RequestLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl fmt::Debug for RequestLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}
