//! Plain HTTP or TLS for registries on this machine, where neither was asked for.
//!
//! Plain HTTP comes first: registries for development have no certificate. A server that speaks TLS answers with 400
//! ("Client sent an HTTP request to an HTTPS server"), with bytes that are not HTTP, or not at all.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http_client::TlsFailure;
use reqwest::Url;
use reqwest::header::HeaderValue;
use tokio::time::Instant;

use super::answer::Answer;
use super::call::Call;
use super::transport::{Attempts, Failed, Transport};
use crate::error::RegistryError;

/// The time limit for finding out whether a server speaks TLS.
const PROBE: Duration = Duration::from_secs(5);

/// The most servers that are kept. Each address of this machine is a server of its own.
const MAX_SERVERS: usize = 1024;

/// Whether the servers that have answered so far speak TLS, by host and port.
#[derive(Debug, Default)]
pub(super) struct Schemes(Mutex<HashMap<String, bool>>);

impl Schemes {
    /// The URL with the scheme that its server speaks; `None` if that is not known yet.
    pub(super) fn known(&self, url: &Url) -> Option<Url> {
        // Ignores poisoning: a panic cannot leave the map half-changed.
        let speaks_tls = *self.0.lock().unwrap_or_else(PoisonError::into_inner).get(url.authority())?;
        Some(if speaks_tls { with_tls(url) } else { url.clone() })
    }

    fn remember(&self, url: &Url, speaks_tls: bool) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_SERVERS && !known.contains_key(url.authority()) {
            known.clear();
        }
        known.insert(url.authority().to_owned(), speaks_tls);
    }

    /// Makes the first call to a server: without TLS, and with TLS if that is no answer of a registry. Returns the base
    /// of the server's URLs, and the call that was answered.
    pub(super) async fn find(
        &self,
        transport: &Transport,
        call: &Call,
        base: &Url,
        authorization: Option<&HeaderValue>,
    ) -> Result<(Answer, Call, Url), RegistryError> {
        let plain = transport.attempt(call, base, authorization, Attempts::UntilAnswered).await;
        if !may_speak_tls(&plain) {
            if plain.is_ok() {
                self.remember(base, false);
            }
            return Ok((plain?, call.clone(), base.clone()));
        }
        let tls_base = with_tls(base);
        let mut tls_call = Call { url: with_tls(&call.url), ..call.clone() };
        let probe = Call { repeat: false, ..tls_call.clone() };
        let probe = tokio::time::timeout(PROBE, transport.send(&probe, &tls_base, authorization)).await;
        match probe {
            Ok(Ok(answer)) => {
                tracing::debug!(registry = base.authority(), "the registry on this machine speaks TLS");
                self.remember(base, true);
                tls_call.repeat = call.repeat;
                Ok((answer, tls_call, tls_base))
            }
            Ok(Err(RegistryError::Tls { request, why, .. })) if why != TlsFailure::NotTls => {
                Err(RegistryError::Tls { request, why, hint: plain.ok().map(|answer| words(&answer)) })
            }
            // No TLS: the usual call, with its retries.
            _ => match plain {
                Ok(answer) => Ok((answer, call.clone(), base.clone())),
                Err(why) if !call.repeat || call.deadline() <= Instant::now() => Err(why.into()),
                Err(_) => {
                    let answer = transport.attempt(call, base, authorization, Attempts::AfterTheFirst).await?;
                    self.remember(base, false);
                    Ok((answer, call.clone(), base.clone()))
                }
            },
        }
    }
}

/// Whether the outcome of a request without TLS can be that of a server with TLS.
fn may_speak_tls(plain: &Result<Answer, Failed>) -> bool {
    match plain {
        Ok(answer) => matches!(answer.status.as_u16(), 400 | 426),
        Err(why) => matches!(why, Failed::Unanswered(_)),
    }
}

/// What the server answered without TLS.
fn words(answer: &Answer) -> String {
    format!("{}{}", answer.status, answer.error_answer())
}

fn with_tls(url: &Url) -> Url {
    let mut url = url.clone();
    let port = url.port_or_known_default();
    // Neither fails for an HTTP URL.
    let _ = url.set_scheme("https");
    let _ = url.set_port(port);
    url
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn keeps_a_bounded_number_of_servers() {
        let schemes = Schemes::default();
        for port in 1..=5 * MAX_SERVERS {
            let url: Url = format!("http://127.0.0.1:{port}/").parse().unwrap();
            schemes.remember(&url, true);
            assert_eq!(schemes.known(&url).unwrap().scheme(), "https");
        }
        assert!(schemes.0.lock().unwrap().len() <= MAX_SERVERS);
    }
}
