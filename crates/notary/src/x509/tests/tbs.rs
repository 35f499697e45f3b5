//! The signed part of a certificate and its hashes, compared with other implementations.

use aws_lc_rs::digest::{SHA384, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use testing::certificate::{issue, specs};

use crate::x509::{Certificate, CertificateChain};

/// The published roots of AWS Signer with their thumbprints and the output of
/// `openssl asn1parse -strparse 4 | sha384sum`.
const AWS_ROOTS: [(&str, &str, &str); 2] = [
    (
        include_str!("../../../../../testdata/aws-signer-roots/aws-signer-ts.pem"),
        "90a87d0543c3f094dbff9589b6649affe2f3d6e0f308799be2258461c686473f",
        "163b39eb810821441b047ddf99b17fec3db7c40fc0e5fcd4fd69818dd8e953d4752d210c9e6f6382eff98edc0a2771ea",
    ),
    (
        include_str!("../../../../../testdata/aws-signer-roots/aws-us-gov-signer-ts.pem"),
        "673653ab76f41a10546cdeb4107ecd6df2c15c2c9a0d32ed97d271b4436fc3e8",
        "a093e006e0cc9b668cf6488c3922d616327fa41e93633e0d281952f3b3cdb1f096b6347a670744747373a4d4451f4329",
    ),
];

pub(super) fn der_of(pem: &str) -> Vec<u8> {
    let lines: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(lines).unwrap()
}

/// The first element of a certificate, located by the DER lengths alone.
fn first_element(der: &[u8]) -> &[u8] {
    let header = |bytes: &[u8]| match bytes[1] {
        0x81 => (3, usize::from(bytes[2])),
        0x82 => (4, usize::from(bytes[2]) << 8 | usize::from(bytes[3])),
        short => (2, usize::from(short)),
    };
    let inner = &der[header(der).0..];
    let (start, length) = header(inner);
    &inner[..start + length]
}

fn tbs_sha384(der: &[u8]) -> String {
    hex::encode(digest(&SHA384, first_element(der)))
}

#[test]
fn hashes_aws_signer_roots_like_openssl() {
    for (pem, thumbprint, tbs) in AWS_ROOTS {
        let der = der_of(pem);
        let root = Certificate::from_der(der.clone()).unwrap();
        assert_eq!(root.thumbprint(), thumbprint);
        assert_eq!(hex::encode(root.tbs_sha384()), tbs);
        assert_eq!(tbs_sha384(&der), tbs);
        assert!(root.is_self_issued() && root.is_signed_by(&root));
        let alone = CertificateChain::from_der(vec![der]).unwrap();
        let alone = alone.link().unwrap();
        assert_eq!(alone.revocation_hashes(), [format!("{tbs}{tbs}")]);
    }
}

#[test]
fn revocation_hashes_join_certificate_and_issuer() {
    let ders = issue(&specs());
    let [leaf, issuing, policy, root] = [0, 1, 2, 3].map(|i| tbs_sha384(&ders[i]));
    let chain = CertificateChain::from_der(ders).unwrap();
    let expected =
        [format!("{leaf}{issuing}"), format!("{issuing}{policy}"), format!("{policy}{root}"), format!("{root}{root}")];
    assert_eq!(chain.link().unwrap().revocation_hashes(), expected);
}

#[test]
fn finds_the_signed_part_of_rcgen_certificates() {
    use aws_lc_rs::signature::{ECDSA_P384_SHA384_ASN1, UnparsedPublicKey};
    use rcgen::{CertificateParams, IsCa, KeyPair, PKCS_ECDSA_P384_SHA384, PublicKeyData as _};
    // Subject alternative names of many lengths, so that lengths take one, two and three bytes.
    for names in [0, 1, 3, 10, 40, 400] {
        let names: Vec<String> = (0..names).map(|i| format!("host-{i}.example.org")).collect();
        let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
        let mut params = CertificateParams::new(names).unwrap();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let der = params.self_signed(&key).unwrap().der().to_vec();
        let certificate = Certificate::from_der(der.clone()).unwrap();
        assert_eq!(certificate.tbs(), first_element(&der));
        assert_eq!(hex::encode(certificate.tbs_sha384()), tbs_sha384(&der));
        // The signature is the bit string at the end of the certificate.
        let signature = der.windows(3).rposition(|w| w[0] == 3 && w[2] == 0 && usize::from(w[1]) > 90).unwrap();
        let public_key = UnparsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, key.der_bytes());
        public_key.verify(certificate.tbs(), &der[signature + 3..]).unwrap();
    }
}
