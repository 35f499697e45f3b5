//! The proxy for a URL: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, as Go's
//! `golang.org/x/net/http/httpproxy` reads them (`ALL_PROXY` as curl does).

use std::fmt;

use url::Url;

use super::no_proxy::NoProxy;

/// The proxies of the environment.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    http: Option<Setting>,
    https: Option<Setting>,
    except: NoProxy,
}

/// The value of a variable.
type Setting = Result<Proxy, ProxyError>;

/// A proxy. `Display` shows its address and the variable that names it, without user and password.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    url: Url,
    variable: &'static str,
}

/// A variable does not name a proxy that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// Not the address of a proxy. The value is not shown, because it may contain a password.
    #[error("{variable} is not the URL of a proxy, such as http://proxy.example.com:3128")]
    Malformed {
        /// The variable.
        variable: &'static str,
    },
    /// The proxy has a protocol that is not supported.
    #[error("{variable} names a proxy with {scheme}://, which is not supported; use a proxy with http:// or https://")]
    Unsupported {
        /// The variable.
        variable: &'static str,
        /// The scheme of the URL.
        scheme: String,
    },
}

impl Proxies {
    /// The proxies that the environment variables of this process name.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::from_variables(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// The proxies that these variables name.
    #[must_use]
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: [&'static str; 2]| {
            let value = |name| variable(name).filter(|value: &String| !value.trim().is_empty());
            names.into_iter().find_map(|name| value(name).map(|value| (name, value)))
        };
        let all = || first(["ALL_PROXY", "all_proxy"]);
        // A web server passes the header `Proxy` of a request to a CGI program in HTTP_PROXY.
        let is_cgi = variable("REQUEST_METHOD").is_some();
        let http = first(["HTTP_PROXY", "http_proxy"]).filter(|(name, _)| !is_cgi || *name == "http_proxy");
        let https = first(["HTTPS_PROXY", "https_proxy"]);
        let parse = |(name, value): (&'static str, String)| Proxy::parse(name, value.trim());
        Self {
            http: http.or_else(all).map(parse),
            https: https.or_else(all).map(parse),
            except: first(["NO_PROXY", "no_proxy"]).map(|(_, list)| NoProxy::parse(&list)).unwrap_or_default(),
        }
    }

    /// The proxy for requests to this URL; `None` if they are sent directly.
    ///
    /// # Errors
    /// Returns [`ProxyError`] if the variable for this URL does not name a proxy that can be used.
    pub fn for_url(&self, url: &Url) -> Result<Option<&Proxy>, ProxyError> {
        let setting = if url.scheme() == "https" { &self.https } else { &self.http };
        match setting {
            Some(setting) if !self.except.contains(url) => setting.as_ref().map(Some).map_err(Clone::clone),
            _ => Ok(None),
        }
    }
}

impl Proxy {
    fn parse(variable: &'static str, value: &str) -> Setting {
        let parsed = Url::parse(value).ok().filter(Url::has_host);
        // Without a scheme: proxy.example.com:3128, which parses as a URL with the scheme proxy.example.com.
        let parsed = parsed.or_else(|| Url::parse(&format!("http://{value}")).ok().filter(|_| !value.contains("://")));
        let url = parsed.filter(Url::has_host).ok_or(ProxyError::Malformed { variable })?;
        match url.scheme() {
            "http" | "https" => Ok(Self { url, variable }),
            scheme => Err(ProxyError::Unsupported { variable, scheme: scheme.to_owned() }),
        }
    }

    /// The URL of the proxy, with user and password if it has them.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The error for a proxy whose URL a client does not accept.
    #[must_use]
    pub fn malformed(&self) -> ProxyError {
        ProxyError::Malformed { variable: self.variable }
    }

    /// Whether the connection to the proxy itself uses TLS.
    #[must_use]
    pub fn uses_tls(&self) -> bool {
        self.url.scheme() == "https"
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.url.scheme(), self.url.host_str().unwrap_or_default())?;
        if let Some(port) = self.url.port() {
            write!(f, ":{port}")?;
        }
        write!(f, " ({})", self.variable)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    /// The proxy for a URL with these variables, as it is shown.
    fn proxy(variables: &[(&str, &str)], url: &str) -> Result<Option<String>, ProxyError> {
        let value = |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
        Proxies::from_variables(value).for_url(&url.parse().unwrap()).map(|found| found.map(ToString::to_string))
    }

    #[test]
    fn the_scheme_selects_the_variable() {
        let both = [("HTTP_PROXY", "http://plain:1"), ("https_proxy", "http://tls:2"), ("ALL_PROXY", "http://all:3")];
        for (variables, url, expected) in [
            (&both[..], "http://a.example", Some("http://plain:1 (HTTP_PROXY)")),
            (&both, "https://a.example", Some("http://tls:2 (https_proxy)")),
            (&both[2..], "https://a.example", Some("http://all:3 (ALL_PROXY)")),
            (&both[2..], "http://a.example", Some("http://all:3 (ALL_PROXY)")),
            (&both[..1], "https://a.example", None),
            (&[("HTTP_PROXY", ""), ("http_proxy", "small:1")], "http://a.example", Some("http://small:1 (http_proxy)")),
            (&[("HTTP_PROXY", "a:1"), ("http_proxy", "b:1")], "http://a.example", Some("http://a:1 (HTTP_PROXY)")),
            (&[("all_proxy", "https://p.example")], "http://a.example", Some("https://p.example (all_proxy)")),
            (&[("all_proxy", "p:1"), ("no_proxy", "a.example")], "http://a.example", None),
            (&[("HTTP_PROXY", "p:1"), ("REQUEST_METHOD", "GET")], "http://a.example", None),
            (&[], "http://a.example", None),
        ] {
            assert_eq!(proxy(variables, url).unwrap().as_deref(), expected, "{variables:?} {url}");
        }
    }

    #[test]
    fn shows_no_password() {
        for value in ["http://me:hunter2@p.example:3128", "me:hunter2@p.example:3128"] {
            let shown = proxy(&[("HTTPS_PROXY", value)], "https://a.example").unwrap();
            assert_eq!(shown.as_deref(), Some("http://p.example:3128 (HTTPS_PROXY)"), "{value}");
        }
        let value = |name: &str| name.ends_with("S_PROXY").then(|| "http://me:hunter2@p.example".to_owned());
        let proxies = Proxies::from_variables(value);
        assert!(!format!("{proxies:?}").contains("hunter2"));
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_an_error_only_where_it_would_be_used() {
        for (value, is_scheme) in [("socks5://p.example:1080", true), ("http://", false), ("http://a b", false)] {
            let variables = [("ALL_PROXY", value), ("NO_PROXY", "direct.example")];
            let why = proxy(&variables, "https://a.example").unwrap_err();
            assert_eq!(matches!(why, ProxyError::Unsupported { .. }), is_scheme, "{value}: {why}");
            assert_eq!(proxy(&variables, "https://direct.example"), Ok(None));
            assert_eq!(proxy(&variables, "http://169.254.169.254/"), Ok(None));
        }
    }
}
