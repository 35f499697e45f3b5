//! The forms of a signature envelope: `signature-specification.md`, "Signature Envelope".

use std::fmt;

use super::{COSE_MEDIA_TYPE, JWS_MEDIA_TYPE};

/// The form of a signature envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EnvelopeFormat {
    /// JSON Web Signature: JSON with parts in base64.
    Jws,
    /// CBOR Object Signing and Encryption: binary.
    Cose,
}

impl EnvelopeFormat {
    /// All forms.
    pub const ALL: [Self; 2] = [Self::Jws, Self::Cose];

    /// Returns the media type of envelopes of this form.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jws => JWS_MEDIA_TYPE,
            Self::Cose => COSE_MEDIA_TYPE,
        }
    }

    /// Returns the form with this media type. Media types are compared exactly, as notation does.
    #[must_use]
    pub fn from_media_type(media_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.media_type() == media_type)
    }

    /// Returns the form that these bytes can be an envelope of, for files, which have no media type. The two forms
    /// begin with different bytes: a JWS is JSON text, and a `COSE_Sign1_Tagged` is CBOR, whose tag 18 is no JSON text.
    /// What is neither counts as JWS.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        // An array, a map or a tag of CBOR. A JSON text begins with none of these bytes, nor does a byte order mark.
        match bytes.first() {
            Some(0x80..=0xdb) => Self::Cose,
            _ => Self::Jws,
        }
    }

    /// Returns the name of the form as on command lines: `jws` or `cose`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Jws => "jws",
            Self::Cose => "cose",
        }
    }
}

impl fmt::Display for EnvelopeFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jws => "JWS",
            Self::Cose => "COSE",
        })
    }
}
