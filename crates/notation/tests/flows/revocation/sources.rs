//! Several OCSP responders and CRLs: which one decides.

use notary::envelope::SigningScheme;
use rcgen::{
    CertificateParams, CrlDistributionPoint, CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyPair, SerialNumber,
};
use testbed::authority::{Authority, SERIAL, algorithm, authority_info_access, party};
use testbed::fault::Reply;
use testbed::test_env::TestEnv;
use testing::der::{sequence, tlv};
use testing::status::{
    CRL_NUMBER, DELTA_CRL_INDICATOR, FRESHEST_CRL, INVALIDITY_DATE, OcspDraft, distribution_points, entry, extension,
    full_name, generalized, good, number, reason, revoked, unknown,
};
use time::{Duration, OffsetDateTime};

fn revoked_entry() -> Vec<u8> {
    entry(&SERIAL, OffsetDateTime::now_utc(), &[reason(1)])
}

#[tokio::test(flavor = "multi_thread")]
async fn asks_the_crl_only_when_ocsp_gives_no_status() {
    let authority = Authority::new(&["/ocsp"], &["/crl"]);
    authority.answer_with("/ocsp", authority.ocsp(good(), |_| ()));
    authority.answer_with("/crl", authority.crl(vec![revoked_entry()], |_| ()));
    authority.revocation_result().await.is("good", &["OCSP responder"]);
    assert_eq!(authority.asked("/crl"), 0);
    authority.answer_with("/ocsp", authority.ocsp(unknown(), |_| ()));
    authority.revocation_result().await.is("revoked", &["according to the CRL"]);
    authority.answer("/ocsp", |_| Reply::status(503));
    authority.revocation_result().await.is("revoked", &["according to the CRL"]);
    authority.answer_with("/crl", authority.crl(Vec::new(), |_| ()));
    authority.revocation_result().await.is("good", &["according to the CRL"]);
    authority.answer("/crl", |_| Reply::status(503));
    authority.revocation_result().await.is("unknown", &["OCSP responder", "CRL"]);
    authority.answer_with("/ocsp", authority.ocsp(revoked(OffsetDateTime::now_utc(), None), |_| ()));
    authority.revocation_result().await.is("revoked", &["OCSP responder"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn asks_responders_in_order_until_one_answers() {
    let authority = Authority::new(&["/first", "/second"], &[]);
    authority.answer_with("/second", authority.ocsp(good(), |_| ()));
    authority.revocation_result().await.is("good", &["/second"]);
    authority.answer_with("/first", authority.ocsp(good(), |_| ()));
    let before = authority.asked("/second");
    authority.revocation_result().await.is("good", &["/first"]);
    // "unknown" is an answer: the second responder is not asked.
    authority.answer_with("/first", authority.ocsp(unknown(), |_| ()));
    authority.revocation_result().await.is("unknown", &["/first"]);
    assert_eq!(authority.asked("/second"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_crl_is_enough_and_any_can_revoke() {
    let authority = Authority::new(&[], &["/a", "/b"]);
    authority.answer_with("/b", authority.crl(Vec::new(), |_| ()));
    authority.revocation_result().await.is("good", &["/b"]);
    for (good, bad) in [("/a", "/b"), ("/b", "/a")] {
        authority.answer_with(good, authority.crl(Vec::new(), |_| ()));
        authority.answer_with(bad, authority.crl(vec![revoked_entry()], |_| ()));
        authority.revocation_result().await.is("revoked", &[bad]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unusable_urls_leave_the_status_unknown() {
    let with = |change: &dyn Fn(&mut CertificateParams)| Authority::with(&[], &[], change);
    let points =
        |urls: &[&str]| urls.iter().map(|url| CrlDistributionPoint { uris: vec![(*url).to_owned()] }).collect();
    for url in ["ldap://127.0.0.1/x", "http://user:secret@127.0.0.1/", "x", "http://127.0.0.1:9/"] {
        let found = with(&|leaf| leaf.crl_distribution_points = points(&[url])).revocation_result().await;
        found.is("unknown", &["could not be checked", "CRL"]);
        let found = with(&|leaf| leaf.custom_extensions.push(authority_info_access(&[url.to_owned()])))
            .revocation_result()
            .await;
        found.is("unknown", &["could not be checked", "OCSP responder"]);
    }
    let many = ["http://127.0.0.1:9/"; 9];
    with(&|leaf| leaf.crl_distribution_points = points(&many))
        .revocation_result()
        .await
        .is("unknown", &["names 9 URLs"]);
    let urls = many.map(str::to_owned);
    let found = with(&|leaf| leaf.custom_extensions.push(authority_info_access(&urls))).revocation_result().await;
    found.is("unknown", &["names 9 URLs"]);
    for (oid, value) in [
        (&[1, 3, 6, 1, 5, 5, 7, 1, 1][..], vec![0x30, 1]),
        (&[2, 5, 29, 31], vec![5, 0]),
        // A distribution point without a URL.
        (&[2, 5, 29, 31], tlv(0x30, &sequence(&[]))),
    ] {
        let extension = CustomExtension::from_oid_content(oid, value);
        with(&|leaf| leaf.custom_extensions.push(extension.clone())).revocation_result().await.is("unknown", &[]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn crls_for_some_reasons_are_good_only_together() {
    let url = |authority: &Authority, path: &str| format!("http://{}{path}", authority.server.address);
    // The certificate contains the server's address, so the server of one authority serves the CRLs of another.
    let host = Authority::new(&[], &[]);
    let point = |path: &str, unused: u8, flags: &[u8]| {
        sequence(&[&tlv(0xa0, &full_name(&url(&host, path))), &tlv(0x81, &[&[unused], flags].concat())])
    };
    let first = point("/first", 4, &[0x70]);
    let second = point("/second", 7, &[0x0f, 0x80]);
    for (points, kind) in [(vec![first.clone()], "unknown"), (vec![first, second], "good")] {
        let extension = CustomExtension::from_oid_content(&[2, 5, 29, 31], tlv(0x30, &points.concat()));
        let authority = Authority::with(&[], &[], |leaf| leaf.custom_extensions.push(extension));
        for path in ["/first", "/second"] {
            host.answer_with(path, authority.crl(Vec::new(), |_| ()));
        }
        authority.revocation_result().await.is(kind, &[]);
        host.answer_with("/first", authority.crl(vec![revoked_entry()], |_| ()));
        authority.revocation_result().await.is("revoked", &["/first"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_the_delta_crl_that_a_crl_names() {
    let authority = Authority::new(&[], &["/crl"]);
    let delta = format!("http://{}/delta", authority.server.address);
    let freshest = extension(FRESHEST_CRL, false, &distribution_points(&[&delta]));
    authority.answer_with("/crl", authority.crl(Vec::new(), |draft| draft.extensions.push(freshest)));
    let indicator = || vec![number(CRL_NUMBER, false, 6), number(DELTA_CRL_INDICATOR, true, 5)];
    authority.revocation_result().await.is("unknown", &["delta CRL http", "status 404"]);
    authority.answer_with("/delta", authority.crl(Vec::new(), |draft| draft.extensions = indicator()));
    authority.revocation_result().await.is("good", &[]);
    authority.answer_with("/delta", authority.crl(vec![revoked_entry()], |draft| draft.extensions = indicator()));
    authority.revocation_result().await.is("revoked", &[]);
    // A delta CRL that only the certificate names may not belong to this CRL.
    let freshest = CustomExtension::from_oid_content(&[2, 5, 29, 46], distribution_points(&[&delta]));
    let authority = Authority::with(&[], &["/crl"], |leaf| leaf.custom_extensions.push(freshest));
    authority.answer_with("/crl", authority.crl(Vec::new(), |_| ()));
    authority.revocation_result().await.is("unknown", &["the certificate names one"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_authentic_signing_time_outlives_a_later_revocation() {
    // The signature was made twenty days ago.
    for (days, is_good) in [(10, true), (30, false)] {
        let since = generalized(OffsetDateTime::now_utc() - Duration::days(days));
        let invalid = extension(INVALIDITY_DATE, false, &since);
        let ocsp = Authority::new(&["/ocsp"], &[]);
        let crl = Authority::new(&[], &["/crl"]);
        let status = revoked(OffsetDateTime::now_utc(), Some(1));
        ocsp.answer_with("/ocsp", ocsp.ocsp(status, |draft| draft.singles[0].extensions.push(invalid.clone())));
        let entry = entry(&SERIAL, OffsetDateTime::now_utc(), &[invalid]);
        crl.answer_with("/crl", crl.crl(vec![entry], |_| ()));
        for authority in [ocsp, crl] {
            let verdict = authority.verify("strict", SigningScheme::SigningAuthority).await;
            assert_eq!(verdict.is_verified(), is_good, "{verdict:?}");
            authority.revocation_result().await.is("revoked", &["invalid since"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_answers_of_a_revoked_responder() {
    let authority = Authority::new(&["/ocsp"], &[]);
    let list = format!("http://{}/crl", authority.server.address);
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::ExplicitNoCa;
    params.serial_number = Some(SerialNumber::from_slice(&[9]));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
    params.crl_distribution_points = vec![CrlDistributionPoint { uris: vec![list] }];
    let nocheck = CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 48, 1, 5], vec![5, 0]);
    let respond = |params: &CertificateParams| {
        let certificate = params.signed_by(&key, authority.key.issuer()).unwrap();
        let mut draft = OcspDraft::new(&authority.party(), &SERIAL, good(), OffsetDateTime::now_utc());
        draft.responder_id = tlv(0xa1, &party(certificate.der()).name);
        draft.certs = vec![certificate.der().to_vec()];
        draft.sign(&algorithm(), |tbs| rcgen::SigningKey::sign(&key, tbs).unwrap())
    };
    authority.answer_with("/ocsp", respond(&params));
    authority
        .revocation_result()
        .await
        .is("unknown", &["signed the OCSP response is revoked or cannot be checked", "404"]);
    authority.answer_with("/crl", authority.crl(Vec::new(), |_| ()));
    authority.revocation_result().await.is("good", &[]);
    let entry = entry(&[9], OffsetDateTime::now_utc(), &[reason(1)]);
    authority.answer_with("/crl", authority.crl(vec![entry], |_| ()));
    authority.revocation_result().await.is("unknown", &["revoked or cannot be checked"]);
    params.custom_extensions.push(nocheck);
    authority.answer_with("/ocsp", respond(&params));
    authority.revocation_result().await.is("good", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn caches_known_statuses_but_not_unknown_ones() {
    let authority = Authority::new(&["/ocsp"], &[]);
    let env = TestEnv::new().await;
    for _ in 0..3 {
        env.attach(&authority.key.sign(&env.image, SigningScheme::X509));
    }
    let verdict = authority.verify_in(&env, "strict").await;
    assert!(!verdict.is_verified() && verdict.signatures.len() == 3, "{verdict:?}");
    let before = authority.asked("/ocsp");
    assert_eq!(before, 3 * 2);
    authority.answer_with("/ocsp", authority.ocsp(good(), |_| ()));
    let verdict = authority.verify_in(&env, "strict").await;
    assert!(verdict.signatures.iter().all(|signature| signature.is_verified()), "{verdict:?}");
    assert_eq!(authority.asked("/ocsp") - before, 1);
}
