use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};

use super::{issued, keys, params};
use crate::image::{MaterialError, SigningMaterial};

fn import(params: &CertificateParams) -> Result<SigningMaterial, MaterialError> {
    let key = KeyPair::generate().unwrap();
    let (certificate, _) = issued(params, &key);
    SigningMaterial::from_pem(certificate.as_bytes(), key.serialize_pem().as_bytes(), None)
}

#[test]
fn keys_of_all_types_are_imported() {
    for (name, key) in keys() {
        let (certificate, root) = issued(&params(), &key);
        let pem = key.serialize_pem();
        let material =
            SigningMaterial::from_pem(certificate.as_bytes(), pem.as_bytes(), Some(root.as_bytes())).unwrap();
        assert_eq!(material.encryption().as_str(), if name == "RSA" { "RSA" } else { "ECDSA" });
        assert_eq!(material.chain().len(), 1);
        let shown = format!("{material:?}");
        let secret: String = pem.lines().nth(1).unwrap().chars().take(20).collect();
        assert!(!shown.contains(&secret), "Debug shows the key");
    }
}

#[test]
fn certificates_must_be_for_code_signing() {
    let changed = |change: fn(&mut CertificateParams)| {
        let mut params = params();
        change(&mut params);
        import(&params).map(|_| ())
    };
    assert_eq!(changed(|_| {}), Ok(()));
    assert_eq!(changed(|p| p.key_usages.clear()), Ok(()), "key usage is optional");
    // OpenSSL makes self-signed certificates so, and AWS does not exclude them.
    assert_eq!(changed(|p| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)), Ok(()));
    for (change, why) in [
        ((|p| p.extended_key_usages.clear()) as fn(&mut CertificateParams), "code signing"),
        (|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth], "code signing"),
        (|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any], "code signing"),
        (|p| p.key_usages = vec![KeyUsagePurpose::KeyEncipherment], "digital signature"),
    ] {
        let found = changed(change).unwrap_err();
        assert!(matches!(found, MaterialError::Usage(problem) if problem.contains(why)), "{found}");
    }
}

#[test]
fn certificate_key_and_chain_must_belong_together() {
    let [key, other] = [KeyPair::generate().unwrap(), KeyPair::generate().unwrap()];
    let (certificate, root) = issued(&params(), &key);
    let (_, other_root) = issued(&params(), &key);
    let import = |certificate: &str, key: &str, chain: Option<&str>| {
        SigningMaterial::from_pem(certificate.as_bytes(), key.as_bytes(), chain.map(str::as_bytes))
            .map(|_| ())
            .unwrap_err()
    };
    let pem = key.serialize_pem();
    assert_eq!(import(&certificate, &other.serialize_pem(), None), MaterialError::OtherKey);
    assert!(matches!(import(&certificate, &pem, Some(&other_root)), MaterialError::BrokenChain { .. }));
    assert_eq!(import(&format!("{certificate}{root}"), &pem, None), MaterialError::Certificate);
    assert_eq!(import("", &pem, None), MaterialError::Certificate);
    assert_eq!(import(&certificate, &pem, Some("")), MaterialError::Chain);
    assert_eq!(import(&certificate, &pem, Some(&root.repeat(11))), MaterialError::Chain);
    assert!(matches!(import(&certificate, &certificate, None), MaterialError::Key(_)));
    assert!(matches!(import(&certificate, &pem.replace("PRIVATE", "ENCRYPTED PRIVATE"), None), MaterialError::Key(_)));
    assert!(matches!(
        import(&certificate.replace('M', "N"), &pem, None),
        MaterialError::Malformed(_) | MaterialError::Certificate
    ));
}
