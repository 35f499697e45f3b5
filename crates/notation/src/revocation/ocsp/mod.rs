//! The Online Certificate Status Protocol: RFC 6960, in the profile of RFC 5019; `trust-store-trust-policy.md`, "OCSP".

mod message;
mod request;
mod response;
#[cfg(test)]
mod tests;

use std::time::Duration;

use notary::text::printable;

pub(super) use self::response::{Verified, verify};
use super::error::SourceError;
use super::http::{Http, parse_url, within};
use super::status::Question;

/// The maximum size of a response, as in notation-core-go. Typical ones have 500 to 4000 bytes.
const MAX_RESPONSE: usize = 20 * 1024;
/// "For each OCSP URL, wait for a default threshold of 2 seconds".
const THRESHOLD: Duration = Duration::from_secs(2);
/// "When the OCSP request is less than 255 bytes in total (after encoding) … clients MUST use the GET method": RFC
/// 5019, 5.
const MAX_GET: usize = 255;

/// Asks a responder for the status of the certificate and verifies the response.
pub(super) async fn ask(http: &Http, responder: &str, question: &Question) -> Result<Verified, SourceError> {
    let Question { certificate, issuer, now, deadline, .. } = question;
    let responder = parse_url(responder)?;
    tracing::info!(
        responder = printable(responder.as_str()),
        certificate = printable(certificate.subject()),
        "sending an OCSP request"
    );
    let request = request::request(certificate, issuer).map_err(|why| SourceError::Extension(why.to_string()))?;
    let get = request::get_url(&responder, &request);
    let body = within(THRESHOLD, *deadline, async {
        if get.as_str().len() - responder.as_str().len() < MAX_GET {
            match http.get(&get, "application/ocsp-response", MAX_RESPONSE).await {
                // RFC 6960 does not require responders to support GET: retry with POST.
                Err(SourceError::Status(_)) => {}
                answer => return answer,
            }
        }
        http.post(&responder, "application/ocsp-request", request, MAX_RESPONSE).await
    });
    Ok(verify(&body.await?, certificate, issuer, *now)?)
}
