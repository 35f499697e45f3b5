//! How connections are made, for both HTTP clients of this project: through which proxy, which certificate authorities
//! are trusted, and why a TLS handshake failed.
//!
//! The AWS SDK has one HTTP client (hyper), registries another (reqwest). The environment means the same to both.
//!
//! ```
//! use connect::Proxies;
//!
//! let proxies = Proxies::from_variables(|name| match name {
//!     "HTTPS_PROXY" => Some("http://proxy.example.com:3128".to_owned()),
//!     "NO_PROXY" => Some("registry.example.com:5000".to_owned()),
//!     _ => None,
//! });
//! let proxy = |url: &str| proxies.for_url(&url.parse().unwrap()).unwrap().map(ToString::to_string);
//! assert_eq!(proxy("https://a.example.com/").as_deref(), Some("http://proxy.example.com:3128 (HTTPS_PROXY)"));
//! assert_eq!(proxy("https://registry.example.com:5000/"), None);
//! ```
//!
//! | Module | What it has |
//! |---|---|
//! | `proxies` | [`Proxies`]: the proxy for a URL, from environment variables |
//! | `no_proxy` | the rules of `NO_PROXY` |
//! | `authorities` | certificates from a file, and those that the system trusts |
//! | `issuing` | which certificates may issue others |
//! | `handshake` | [`TlsFailure`]: why a TLS handshake failed |

mod authorities;
mod handshake;
mod issuing;
mod no_proxy;
mod proxies;

pub use authorities::{Authorities, AuthoritiesError};
pub use handshake::TlsFailure;
pub use proxies::{Proxies, Proxy, ProxyError};
