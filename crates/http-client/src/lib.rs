//! HTTP for programs that ask servers which they do not trust: clients that are created on first use, follow no
//! redirects and do not retry, and a reader of answers that bounds size and memory. The callers, registries and
//! revocation sources, decide on the rest.
//!
//! Creating clients lazily saves time: reading the system's root certificates takes longer than a whole verification
//! against a registry on this machine, which needs none of them.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! use http_client::{Excess, HttpClients, Reach, Silence, read_body};
//! use limits::MemoryBudget;
//!
//! let clients = HttpClients::new(Vec::new(), Duration::from_secs(20));
//! let url = "https://registry.example.com/v2/".parse()?;
//! let response = clients.client_for(&url, Reach::Anywhere, Silence::Bounded)?.get(url).send().await?;
//! let mut reservation = MemoryBudget::default().reservation();
//! let body = read_body(response, 64 * 1024, Excess::Error, Some(&mut reservation)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! | Module | What it has |
//! |---|---|
//! | `clients` | [`HttpClients`]: TLS with the system's roots and more, proxies from the environment, timeouts |
//! | `reach` | [`Reach`], [`is_reachable_from`]: which servers a server may send a client to |
//! | `resolver` | addresses that no name may resolve to, such as those of metadata services |
//! | `body` | [`read_body`]: an answer, whole or not at all, within a limit |
//! | `verifier` | which servers are trusted |
//! | `error` | [`HttpClientError`], and what a failed request means |

mod body;
mod clients;
mod error;
mod reach;
mod resolver;
mod verifier;

pub use body::{BodyError, Excess, read_body};
pub use clients::{HttpClients, Silence};
pub use connect::{AuthoritiesError, ProxyError, TlsFailure};
pub use error::{HttpClientError, causes};
pub use reach::{OutOfReach, Reach, is_link_only, is_reachable_from, is_this_machine};
