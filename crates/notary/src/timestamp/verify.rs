//! Verification of a token, and what it proves.

use time::OffsetDateTime;
use x509_cert::ext::pkix::SubjectKeyIdentifier;

use super::cache::AuthorityCache;
use super::error::TimestampError as E;
use super::path;
use super::signed_data::{SignerIdentifier, TimestampToken};
use super::tst_info::TstInfo;
use crate::envelope::SignatureAlgorithm;
use crate::x509::{Certificate, CertificateChain, LinkedChain};

/// A verified timestamp: the message existed at [`Self::upper_limit`]. Made only by [`TimestampToken::verify`].
#[derive(Debug, Clone)]
pub struct VerifiedTimestamp {
    info: TstInfo,
    lower_limit: OffsetDateTime,
    upper_limit: OffsetDateTime,
    chain: LinkedChain,
}

impl TimestampToken {
    /// Verifies that the token is for `message`, that its signature is intact, and that it was signed by an authority
    /// whose certificate leads to one of `roots`, and was valid at that time. The revocation of the authority's
    /// certificates is left to the caller.
    ///
    /// # Errors
    /// Returns [`TimestampError`](super::TimestampError) with the first check that fails. The certificates are not
    /// judged unless the signature is intact.
    pub fn verify(&self, message: &[u8], roots: &[Certificate]) -> Result<VerifiedTimestamp, E> {
        self.verify_with(message, roots, &AuthorityCache::default())
    }

    /// Like [`Self::verify`], but does not check a chain again that is in the cache. The signature of the token and the
    /// validity of its chain are always checked.
    ///
    /// # Errors
    /// See [`Self::verify`].
    pub fn verify_with(
        &self,
        message: &[u8],
        roots: &[Certificate],
        cache: &AuthorityCache,
    ) -> Result<VerifiedTimestamp, E> {
        if !self.info().is_for(message) {
            return Err(E::OtherMessage);
        }
        let limits = self.info().limits()?;
        let signer = self.signing_certificate()?;
        self.check_signature(signer)?;
        self.info().check_authority(signer)?;
        let known = cache.chain(&self.set, signer).filter(|chain| roots.contains(chain.root()));
        let chain = match known.filter(|chain| self.check_chain(chain, limits).is_ok()) {
            Some(chain) => chain,
            None => {
                let chain = path::find(signer, self.certificates(), roots, |chain| {
                    let chain = CertificateChain::from_found(chain).map_err(E::Chain)?;
                    let chain = chain.check_timestamping().map_err(E::Chain)?;
                    self.check_chain(&chain, limits)?;
                    Ok(chain)
                })?;
                cache.insert(self.set, &self.certificates, &chain);
                chain
            }
        };
        let (lower_limit, upper_limit) = limits;
        Ok(VerifiedTimestamp { info: self.info().clone(), lower_limit, upper_limit, chain })
    }

    /// Checks what the signed attributes and the time require of a chain.
    fn check_chain(&self, chain: &LinkedChain, (lower, upper): (OffsetDateTime, OffsetDateTime)) -> Result<(), E> {
        for attribute in &self.signer.attributes.signing_certificates {
            attribute.check_chain(chain.certificates())?;
        }
        // "The certificates in the certificate chain MUST be valid at signing time", which may be any time between the
        // limits.
        let times = [Some(lower), Some(upper), self.signer.attributes.signing_time];
        times.into_iter().flatten().try_for_each(|time| chain.check_validity(time)).map_err(E::Chain)
    }

    /// Returns the certificate that the signer identifier names and the signed attributes confirm.
    fn signing_certificate(&self) -> Result<&Certificate, E> {
        let is_signer = |certificate: &&Certificate| match &self.signer.id {
            SignerIdentifier::IssuerAndSerialNumber { issuer, serial } => {
                certificate.issuer_bytes() == issuer && certificate.serial_number() == serial
            }
            SignerIdentifier::SubjectKeyIdentifier(id) => {
                let own = certificate.fields().get_extension::<SubjectKeyIdentifier>();
                own.is_ok_and(|own| own.is_some_and(|(_, own)| own.0.as_bytes() == id))
            }
        };
        let mut named = self.certificates().iter().filter(is_signer).peekable();
        let Some(first) = named.peek().copied() else { return Err(E::NoSigningCertificate) };
        // Several certificates may have the identifier, which is not signed. The signed attributes decide.
        let attributes = &self.signer.attributes.signing_certificates;
        let is_confirmed = |certificate: &&Certificate| attributes.iter().all(|a| a.check_signer(certificate).is_ok());
        if let Some(signer) = named.find(is_confirmed) {
            return Ok(signer);
        }
        for attribute in attributes {
            attribute.check_signer(first)?;
        }
        Err(E::NoSigningCertificate)
    }

    /// RFC 5652, 5.4 and 5.6: the signed attributes have the digest of the content, and the signature covers them.
    fn check_signature(&self, signer: &Certificate) -> Result<(), E> {
        let info = &self.signer;
        if info.digest_algorithm.hash(&self.content).as_ref() != info.attributes.message_digest {
            return Err(E::MessageDigest);
        }
        let unsupported = || E::UnsupportedKey(signer.subject().to_owned());
        let key = signer.public_key().ok_or_else(unsupported)?;
        SignatureAlgorithm::from_key(key).ok_or_else(unsupported)?;
        let verified = key.verify_cms(info.digest_algorithm, &info.signature_algorithm, &info.signed, &info.signature);
        match verified {
            None => Err(E::Algorithm(info.signature_algorithm.oid)),
            Some(false) => Err(E::Signature),
            Some(true) => Ok(()),
        }
    }
}

impl VerifiedTimestamp {
    /// Returns what the authority states.
    #[must_use]
    pub fn info(&self) -> &TstInfo {
        &self.info
    }

    /// Returns the earliest time at which the token may have been created.
    #[must_use]
    pub fn lower_limit(&self) -> OffsetDateTime {
        self.lower_limit
    }

    /// Returns the latest time at which the token may have been created: the message existed before.
    #[must_use]
    pub fn upper_limit(&self) -> OffsetDateTime {
        self.upper_limit
    }

    /// Returns the chain of the authority, from its signing certificate to a trusted root.
    #[must_use]
    pub fn chain(&self) -> &LinkedChain {
        &self.chain
    }
}
