//! What the Secret has: the authority that signs, the one that will sign, the one that signed before, and the
//! certificate of the service. What is due is decided here, without Kubernetes and by a given time.

use std::collections::BTreeSet;
use std::fmt;

use notary::x509::Certificate;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::server::pair::{Pair, certificate, is_valid, is_worn};

/// How long clients trust an authority after its successor signs: replicas take a new certificate a little later.
pub(super) const OVERLAP: Duration = Duration::days(1);

/// What the Secret has.
#[derive(Debug)]
pub(super) struct State {
    pub(super) authority: Pair,
    pub(super) next: Option<Pair>,
    pub(super) previous: Option<Previous>,
    pub(super) leaf: Pair,
}

/// An authority that signs no more.
#[derive(Debug)]
pub(super) struct Previous {
    pub(super) certificate: Certificate,
    pub(super) pem: String,
    /// Until when clients trust it.
    pub(super) until: OffsetDateTime,
}

/// What was done, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// There was no authority that can be used.
    Created,
    /// A new authority is published. It signs when the webhooks trust it.
    Published,
    /// The new authority signs.
    Promoted,
    /// The certificate of the service is new.
    Issued,
    /// Clients no longer need to trust the authority that signed before.
    Retired,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "a new certificate authority was created",
            Self::Published => "a new certificate authority is published; it signs when the webhooks trust it",
            Self::Promoted => "the new certificate authority signs; the one before is trusted for one more day",
            Self::Issued => "a new certificate was issued",
            Self::Retired => "the certificate authority before is no longer trusted",
        })
    }
}

impl State {
    fn create(names: &BTreeSet<String>, now: OffsetDateTime) -> Result<Self, rcgen::Error> {
        let authority = Pair::authority(now)?;
        let leaf = Pair::leaf(&authority, names, now)?;
        Ok(Self { authority, next: None, previous: None, leaf })
    }

    /// Does what is due. `is_next_trusted` says whether all clients trust the next authority.
    pub(super) fn renew(
        state: &mut Option<Self>,
        names: &BTreeSet<String>,
        is_next_trusted: bool,
        now: OffsetDateTime,
    ) -> Result<Vec<Change>, rcgen::Error> {
        let Some(held) = state else {
            *state = Some(Self::create(names, now)?);
            return Ok(vec![Change::Created]);
        };
        let mut changes = Vec::new();
        held.next = held.next.take().filter(|next| is_valid(&next.certificate, now));
        let is_expired = !is_valid(&held.authority.certificate, now);
        if is_expired && held.next.is_none() {
            // Nothing that clients trust is left to sign with.
            *held = Self::create(names, now)?;
            return Ok(vec![Change::Created]);
        }
        if is_worn(&held.authority.certificate, now) && held.next.is_none() {
            held.publish_next(now)?;
            changes.push(Change::Published);
        }
        if let Some(next) = held.next.take_if(|_| is_expired || is_next_trusted) {
            let Pair { certificate, pem, .. } = std::mem::replace(&mut held.authority, next);
            held.previous = Some(Previous { certificate, pem, until: now + OVERLAP });
            changes.push(Change::Promoted);
        }
        if !held.leaf.is_fit(&held.authority, names, now) {
            held.leaf = Pair::leaf(&held.authority, names, now)?;
            changes.push(Change::Issued);
        }
        let is_over = |previous: &mut Previous| now >= previous.until || previous.certificate.not_after() < now;
        if held.previous.take_if(is_over).is_some() {
            changes.push(Change::Retired);
        }
        Ok(changes)
    }

    /// Makes an authority that will sign.
    pub(super) fn publish_next(&mut self, now: OffsetDateTime) -> Result<(), rcgen::Error> {
        self.next = Some(Pair::authority(now)?);
        Ok(())
    }

    /// Whether a client that trusts the bundle accepts the certificate of the service now.
    pub(super) fn is_usable(&self, now: OffsetDateTime) -> bool {
        is_valid(&self.leaf.certificate, now)
            && is_valid(&self.authority.certificate, now)
            && self.leaf.is_issued_by(&self.authority)
    }

    /// The authorities that clients should trust, in PEM: the one that signs first.
    pub(super) fn bundle(&self) -> String {
        let next = self.next.as_ref().map(|next| next.pem.as_str());
        let previous = self.previous.as_ref().map(|previous| previous.pem.as_str());
        [Some(self.authority.pem.as_str()), next, previous].into_iter().flatten().collect()
    }

    /// The entries of the Secret, with their texts.
    pub(super) fn entries(&self) -> Vec<(&'static str, String)> {
        let mut entries = vec![
            (TLS_CERTIFICATE, self.leaf.pem.clone()),
            (TLS_KEY, self.leaf.key.serialize_pem()),
            (BUNDLE, self.bundle()),
            (AUTHORITY, self.authority.pem.clone()),
            (AUTHORITY_KEY, self.authority.key.serialize_pem()),
        ];
        if let Some(next) = &self.next {
            entries.push((NEXT, next.pem.clone()));
            entries.push((NEXT_KEY, next.key.serialize_pem()));
        }
        if let Some(previous) = &self.previous {
            entries.push((PREVIOUS, previous.pem.clone()));
            entries.push((PREVIOUS_UNTIL, previous.until.format(&Rfc3339).unwrap_or_default()));
        }
        entries
    }

    /// Whether an entry of this name tells that this service has written the Secret.
    pub(super) fn is_own_entry(name: &str) -> bool {
        [AUTHORITY, AUTHORITY_KEY].contains(&name)
    }

    /// Reads the entries of a Secret. `entry` gives the text of one.
    ///
    /// # Errors
    /// Returns the entry that cannot be used, without its content.
    pub(super) fn read(entry: impl Fn(&'static str) -> Option<String>) -> Result<Self, Unusable> {
        let pair = |certificate: &'static str, key: &'static str| {
            let text = entry(certificate).ok_or(Unusable(certificate))? + &entry(key).ok_or(Unusable(key))?;
            Pair::from_pem(&text).ok_or(Unusable(certificate))
        };
        let authority = pair(AUTHORITY, AUTHORITY_KEY)?;
        let next = entry(NEXT).map(|_| pair(NEXT, NEXT_KEY)).transpose()?;
        for (found, name) in [(Some(&authority), AUTHORITY), (next.as_ref(), NEXT)] {
            if found.is_some_and(|found| !found.is_authority()) {
                return Err(Unusable(name));
            }
        }
        let leaf = pair(TLS_CERTIFICATE, TLS_KEY)?;
        let previous = entry(PREVIOUS).map(|text| {
            let (certificate, pem) = certificate(&text).ok_or(Unusable(PREVIOUS))?;
            let until = entry(PREVIOUS_UNTIL).and_then(|text| OffsetDateTime::parse(text.trim(), &Rfc3339).ok());
            Ok(Previous { certificate, pem, until: until.ok_or(Unusable(PREVIOUS_UNTIL))? })
        });
        Ok(Self { authority, next, previous: previous.transpose()?, leaf })
    }
}

/// An entry of the Secret that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unusable(&'static str);

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its entry {} is missing, or is not what this service writes", self.0)
    }
}

/// The certificate of the service and its key, as Secrets of the type `kubernetes.io/tls` have them.
const TLS_CERTIFICATE: &str = "tls.crt";
const TLS_KEY: &str = "tls.key";
/// The authorities that clients should trust.
pub(super) const BUNDLE: &str = "ca.crt";
/// The authority that signs.
const AUTHORITY: &str = "authority.crt";
const AUTHORITY_KEY: &str = "authority.key";
/// The authority that will sign.
const NEXT: &str = "authority-next.crt";
const NEXT_KEY: &str = "authority-next.key";
/// The authority that signed before, and until when clients trust it.
const PREVIOUS: &str = "authority-previous.crt";
const PREVIOUS_UNTIL: &str = "authority-previous-until";
