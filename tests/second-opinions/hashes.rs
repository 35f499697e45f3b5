//! sha2 recomputes digests and the revocation hashes of certificates.

use der::{Decode as _, Encode as _};
use notary::x509::CertificateChain;
use notary::{Descriptor, Digest, DigestAlgorithm};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use testing::certificate::{Spec, issue};
use testing::key::Kind;
use x509_cert::Certificate;

#[test]
#[ignore = "belongs to the second opinions: scripts/test"]
fn digests_are_those_of_sha2() {
    let long: Vec<u8> = (0..300_000_u32).map(|number| (number % 251) as u8).collect();
    for content in [&b""[..], b"a", &long[..127], &long[..128], &long] {
        let expected = [
            (DigestAlgorithm::Sha256, "sha256", hex::encode(Sha256::digest(content))),
            (DigestAlgorithm::Sha384, "sha384", hex::encode(Sha384::digest(content))),
            (DigestAlgorithm::Sha512, "sha512", hex::encode(Sha512::digest(content))),
        ];
        for (algorithm, name, digits) in expected {
            let expected = format!("{name}:{digits}");
            assert_eq!(Digest::compute(algorithm, content).to_string(), expected);
            let mut hasher = algorithm.hasher();
            content.chunks(1000).for_each(|piece| hasher.update(piece));
            assert_eq!(hasher.finish().to_string(), expected);
        }
        let descriptor = Descriptor::from_content("application/octet-stream", content);
        assert_eq!(descriptor.digest.to_string(), format!("sha256:{}", hex::encode(Sha256::digest(content))));
    }
}

#[test]
#[ignore = "belongs to the second opinions: scripts/test"]
fn revocation_hashes_are_those_of_sha2_over_each_certificate_and_its_issuer() {
    let specs = [
        Spec::leaf(Kind::P384),
        Spec::authority("second intermediate", Kind::P521),
        Spec::authority("first intermediate", Kind::Rsa2048),
        Spec::authority("root", Kind::P256),
    ];
    let chain = issue(&specs);
    // Encoded anew by another DER library, while the product hashes the bytes of the certificate.
    let hashes: Vec<String> = chain
        .iter()
        .map(|der| Certificate::from_der(der).unwrap().tbs_certificate().to_der().unwrap())
        .map(|tbs| hex::encode(Sha384::digest(tbs)))
        .collect();
    let issuers = hashes[1..].iter().chain(hashes.last());
    let expected: Vec<String> = hashes.iter().zip(issuers).map(|(own, issuer)| format!("{own}{issuer}")).collect();
    assert_eq!(CertificateChain::from_der(chain).unwrap().link().unwrap().revocation_hashes(), expected);
}
