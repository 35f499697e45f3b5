//! What a signing profile changes in the configuration of its platform: `SigningPlatformOverrides` of the AWS Signer
//! API Reference.

use aws_sdk_signer::types::{
    EncryptionAlgorithm, HashAlgorithm, ImageFormat, SigningConfigurationOverrides, SigningPlatformOverrides,
};

/// What differs from the signing platform's own configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// The format of the signed image, such as `JSONDetached`.
    pub image_format: Option<String>,
    /// The encryption algorithm: `RSA` or `ECDSA`.
    pub encryption_algorithm: Option<String>,
    /// The hash algorithm: `SHA1` or `SHA256`.
    pub hash_algorithm: Option<String>,
}

impl Overrides {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn from_sdk(overrides: Option<&SigningPlatformOverrides>) -> Self {
        let configuration = overrides.and_then(SigningPlatformOverrides::signing_configuration);
        let encryption = configuration.and_then(SigningConfigurationOverrides::encryption_algorithm);
        let hash = configuration.and_then(SigningConfigurationOverrides::hash_algorithm);
        let format = overrides.and_then(SigningPlatformOverrides::signing_image_format);
        Self {
            image_format: format.map(|format| format.as_str().to_owned()),
            encryption_algorithm: encryption.map(|algorithm| algorithm.as_str().to_owned()),
            hash_algorithm: hash.map(|algorithm| algorithm.as_str().to_owned()),
        }
    }

    /// The parameter of a request, which leaves out what does not differ.
    pub(super) fn to_sdk(&self) -> Option<SigningPlatformOverrides> {
        let Self { image_format, encryption_algorithm, hash_algorithm } = self;
        let encryption = encryption_algorithm.as_deref().map(EncryptionAlgorithm::from);
        let hash = hash_algorithm.as_deref().map(HashAlgorithm::from);
        let configuration = (encryption.is_some() || hash.is_some()).then(|| {
            let builder = SigningConfigurationOverrides::builder();
            builder.set_encryption_algorithm(encryption).set_hash_algorithm(hash).build()
        });
        (!self.is_empty()).then(|| {
            SigningPlatformOverrides::builder()
                .set_signing_configuration(configuration)
                .set_signing_image_format(image_format.as_deref().map(ImageFormat::from))
                .build()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_both_ways_and_leaves_out_what_does_not_differ() {
        assert_eq!(Overrides::default().to_sdk(), None);
        let some = |text: &str| Some(text.to_owned());
        for overrides in [
            Overrides { image_format: some("JSONDetached"), ..Overrides::default() },
            Overrides { hash_algorithm: some("SHA256"), ..Overrides::default() },
            Overrides { encryption_algorithm: some("ECDSA"), ..Overrides::default() },
        ] {
            assert_eq!(Overrides::from_sdk(overrides.to_sdk().as_ref()), overrides);
        }
    }
}
