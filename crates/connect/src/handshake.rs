//! Why a TLS handshake failed.

use std::error::Error;
use std::io;

use rustls::{CertificateError, InvalidMessage};

/// Why a TLS handshake failed, in the errors that trying again does not cure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsFailure {
    /// The server did not answer with TLS, but for example with plain HTTP.
    #[error("the server did not answer with TLS")]
    NotTls,
    /// No trusted authority has issued the server's certificate.
    #[error("the server's certificate was issued by an authority that is not trusted here")]
    UnknownAuthority,
    /// The certificate is not valid for this server, or not now.
    #[error("the server's certificate is not valid: {0}")]
    Certificate(String),
}

impl TlsFailure {
    /// Finds the failed handshake among the causes of an error.
    #[must_use]
    pub fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(cause) = next {
            if let Some(why) = cause.downcast_ref::<rustls::Error>() {
                return Self::from_rustls(why);
            }
            // `source()` of an I/O error skips the error that it wraps.
            next = match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
                Some(wrapped) => Some(wrapped),
                None => cause.source(),
            };
        }
        None
    }

    fn from_rustls(why: &rustls::Error) -> Option<Self> {
        match why {
            rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => Some(Self::NotTls),
            rustls::Error::InvalidCertificate(why) if is_unknown(why) => Some(Self::UnknownAuthority),
            rustls::Error::InvalidCertificate(why) => Some(Self::Certificate(why.to_string())),
            rustls::Error::NoCertificatesPresented => Some(Self::Certificate("it sent none".to_owned())),
            _ => None,
        }
    }
}

/// Whether trusting another authority, or the server's own certificate, would make the certificate valid.
fn is_unknown(why: &CertificateError) -> bool {
    match why {
        // The signature is bad if another authority of the same name is trusted.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => true,
        // A self-signed certificate made with `openssl req -x509`. rustls has no value of its own for it.
        CertificateError::Other(why) => why.to_string() == "CaUsedAsEndEntity",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_cause_within_io_errors() {
        let cause = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, cause));
        assert_eq!(TlsFailure::of(&wrapped), Some(TlsFailure::UnknownAuthority));
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        assert_eq!(TlsFailure::of(&reset), None);
    }
}
