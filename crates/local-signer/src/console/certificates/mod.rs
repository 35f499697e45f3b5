//! "Certificates": the chain that signatures have, as a picture and in words.

mod picture;

use maud::{Markup, html};
use notary::text::rfc3339;
use notary::x509::{Certificate, PublicKey};
use time::OffsetDateTime;

use super::html::layout::Section;
use super::html::parts::{code, facts, moment};
use super::reply::{Reply, file};
use super::visit::Visit;
use crate::error::ApiError;

/// A certificate with its part in the chain.
#[derive(Debug)]
struct Link {
    role: &'static str,
    text: &'static str,
    certificate: Certificate,
}

impl Link {
    fn new(role: &'static str, text: &'static str, der: &[u8]) -> Result<Self, ApiError> {
        let certificate = Certificate::from_der(der.to_vec());
        let certificate = certificate.map_err(|error| ApiError::Internal(format!("{role}: {error}")))?;
        Ok(Self { role, text, certificate })
    }

    /// The common name of the subject.
    fn name(&self) -> &str {
        let subject = self.certificate.subject();
        subject.split(',').find_map(|part| part.trim().strip_prefix("CN=")).unwrap_or(subject)
    }

    /// Why signatures cannot be verified with it at `now`.
    fn problem(&self, now: OffsetDateTime) -> Option<&'static str> {
        if now < self.certificate.not_before() {
            Some("Not valid yet")
        } else if now > self.certificate.not_after() {
            Some("Expired")
        } else {
            None
        }
    }
}

/// The page.
pub(super) fn show(visit: &Visit<'_>) -> Reply {
    let ca = &visit.console.service.ca;
    let (root, intermediate) = ca.issuers();
    let mut chain = vec![
        Link::new("Root", "The trust anchor. Verifiers have it in a trust store of the type signingAuthority.", root)?,
        Link::new("Intermediate", "Issues the signing certificates.", intermediate)?,
    ];
    let leaf = ca.last_leaf();
    if let Some(leaf) = leaf.as_ref().and_then(|leaf| leaf.chain().first()) {
        chain.push(Link::new("Signing certificate", "Signs. It is replaced every few days, as in AWS Signer.", leaf)?);
    }
    let now = visit.now();
    let content = html! {
        div.heading {
            h1 { "Certificates" }
            a.button href=(visit.path(&["certificates", "root.pem"])) { "Root certificate (PEM)" }
        }
        section.card aria-labelledby="chain" {
            h2 #chain { "Chain" }
            p { "Each certificate is signed with the key of the one above it. The signing clock shows " (moment(now)) "." }
            (picture::chain(&chain, now))
        }
        @for link in &chain { (details(link, now)) }
        @if leaf.is_none() {
            section.card { p { "No signing certificate was issued yet. The first signature needs one." } }
        }
    };
    visit.page(Section::Certificates, "Certificates", content)
}

/// The root certificate as a file.
pub(super) fn root(visit: &Visit<'_>) -> Reply {
    let path = visit.console.service.ca.root_certificate();
    let pem = std::fs::read(&path).map_err(|error| ApiError::Internal(format!("{}: {error}", path.display())))?;
    Ok(file("application/x-pem-file", "no-store", pem))
}

fn details(link: &Link, now: OffsetDateTime) -> Markup {
    let certificate = &link.certificate;
    let id = link.role.to_lowercase().replace(' ', "-");
    html! {
        section.card aria-labelledby=(id) {
            h2 id=(id) {
                (link.role)
                @if let Some(problem) = link.problem(now) { " " span.badge.bad { (problem) } }
            }
            p.hint { (link.text) }
            (facts(&[
                ("Subject", html! { (certificate.subject()) }),
                ("Issuer", html! { (certificate.issuer()) }),
                ("Valid from", moment(certificate.not_before())),
                ("Valid until", moment(certificate.not_after())),
                ("Key", html! { (key(certificate)) }),
                ("Serial number", code(&hex::encode(certificate.serial_number()))),
                ("SHA-256 fingerprint", code(certificate.thumbprint())),
            ]))
        }
    }
}

/// The type of the public key.
fn key(certificate: &Certificate) -> String {
    match certificate.public_key() {
        Some(PublicKey::P256(_)) => "ECDSA P-256".to_owned(),
        Some(PublicKey::P384(_)) => "ECDSA P-384".to_owned(),
        Some(PublicKey::P521(_)) => "ECDSA P-521".to_owned(),
        Some(PublicKey::Rsa { bits, .. }) => format!("RSA, {bits} bits"),
        None => "Unsupported".to_owned(),
    }
}

/// A day in UTC.
fn day(time: OffsetDateTime) -> String {
    rfc3339(time).chars().take(10).collect()
}
