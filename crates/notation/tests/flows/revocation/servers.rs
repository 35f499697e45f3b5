//! One OCSP responder or one CRL: valid and invalid answers, and misbehaving servers.

use rcgen::CrlDistributionPoint;
use testbed::authority::{Authority, RevocationResult, authority_info_access};
use testbed::fault::{Reply, Request};
use testing::status::{entry, good, reason, revoked, unknown};
use time::{Duration, OffsetDateTime};

/// The status when the only OCSP responder answers like this.
async fn status_by_ocsp(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> RevocationResult {
    let authority = Authority::new(&["/ocsp"], &[]);
    authority.answer("/ocsp", reply);
    authority.revocation_result().await
}

/// The status when the only URL of the CRL answers like this.
async fn status_by_crl(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> RevocationResult {
    let authority = Authority::new(&[], &["/crl"]);
    authority.answer("/crl", reply);
    authority.revocation_result().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_decides_the_status() {
    let authority = Authority::new(&["/ocsp"], &[]);
    authority.answer_with("/ocsp", authority.ocsp(good(), |_| ()));
    let says = format!("good according to the OCSP responder http://{}/ocsp", authority.server.address);
    authority.revocation_result().await.is("good", &["certificate 0 (CN=leaf", &says]);
    let request = authority.server.seen().remove(0);
    assert_eq!(request.method, "GET");
    let at = OffsetDateTime::now_utc() - Duration::days(30);
    authority.answer_with("/ocsp", authority.ocsp(revoked(at, Some(1)), |_| ()));
    authority
        .revocation_result()
        .await
        .is("revoked", &["revoked: certificate 0 (CN=leaf", "keyCompromise", "OCSP responder"]);
    authority.answer_with("/ocsp", authority.ocsp(unknown(), |_| ()));
    authority.revocation_result().await.is("unknown", &["does not know the certificate"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crl_decides_the_status() {
    let authority = Authority::new(&[], &["/crl"]);
    authority.answer_with("/crl", authority.crl(Vec::new(), |_| ()));
    let says = format!("good according to the CRL http://{}/crl", authority.server.address);
    authority.revocation_result().await.is("good", &["certificate 0 (CN=leaf", &says]);
    let now = OffsetDateTime::now_utc();
    authority.answer_with("/crl", authority.crl(vec![entry(&testbed::authority::SERIAL, now, &[reason(4)])], |_| ()));
    authority.revocation_result().await.is("revoked", &["revoked: certificate 0 (CN=leaf", "superseded", "CRL"]);
    authority.answer_with("/crl", authority.crl(vec![entry(&[5], now, &[reason(4)])], |_| ()));
    authority.revocation_result().await.is("good", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_answer_leaves_the_status_unknown() {
    let authority = Authority::new(&["/ocsp"], &["/crl"]);
    let stranger = Authority::new(&[], &[]);
    let day = Duration::days(1);
    for (ocsp, crl, words) in [
        (
            authority.ocsp(good(), |draft| draft.singles[0].next_update = Some(OffsetDateTime::now_utc() - day)),
            authority.crl(Vec::new(), |draft| draft.next_update = Some(OffsetDateTime::now_utc() - day)),
            "expired",
        ),
        (
            authority.ocsp(good(), |draft| draft.singles[0].this_update += day * 2),
            authority.crl(Vec::new(), |draft| draft.this_update += day * 2),
            "not valid yet",
        ),
        (stranger.ocsp(good(), |_| ()), stranger.crl(Vec::new(), |_| ()), "is not signed by the certificate's issuer"),
        (vec![0x30, 3, 10, 1, 3], b"<html>".to_vec(), "tryLater"),
    ] {
        authority.answer_with("/ocsp", ocsp);
        authority.answer_with("/crl", crl);
        authority.revocation_result().await.is("unknown", &[words, "OCSP responder", "CRL"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_useless_answer_leaves_the_status_unknown() {
    status_by_ocsp(|_| Reply::status(404)).await.is("unknown", &["could not be checked", "status 404"]);
    status_by_crl(|_| Reply::status(404)).await.is("unknown", &["could not be checked", "status 404"]);
    status_by_ocsp(|_| Reply::status(500)).await.is("unknown", &["status 500"]);
    status_by_ocsp(|_| Reply::content("text/html", "<html>good</html>")).await.is("unknown", &["not an OCSP response"]);
    status_by_crl(|_| Reply::content("text/html", "<html>good</html>")).await.is("unknown", &["not a CRL"]);
    status_by_ocsp(|_| Reply::content("application/ocsp-response", "")).await.is("unknown", &["not an OCSP response"]);
    status_by_crl(|_| Reply::content("application/pkix-crl", "")).await.is("unknown", &["not a CRL"]);
    status_by_ocsp(|_| Reply::Close("")).await.is("unknown", &["OCSP responder http://127.0.0.1:"]);
    status_by_crl(|_| Reply::Close("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n0"))
        .await
        .is("unknown", &["incomplete answer"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn gives_up_on_a_hanging_server() {
    status_by_ocsp(|_| Reply::Hang("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n0"))
        .await
        .is("unknown", &["within 2 s"]);
    status_by_ocsp(|_| Reply::Hang("")).await.is("unknown", &["within 2 s"]);
    status_by_crl(|_| Reply::Hang("HTTP/1.1 200 OK\r\n")).await.is("unknown", &["CRL http://127.0.0.1:"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn stops_reading_a_flood() {
    let authority = Authority::new(&["/ocsp"], &["/crl"]);
    authority.answer("/", |_| Reply::Flood(1 << 30));
    authority.revocation_result().await.is("unknown", &["more than 20480 bytes", "more than 33554432 bytes"]);
    // Verification ran at two levels, each with one flood from the responder and one from the CRL server.
    assert!(authority.server.written() < 2 * (48 << 20), "{}", authority.server.written());
    let told = "HTTP/1.1 200 OK\r\nContent-Length: 33554433\r\n\r\n0";
    status_by_crl(move |_| Reply::Close(told)).await.is("unknown", &["more than 33554432 bytes"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn follows_at_most_three_redirects_and_only_to_http() {
    let moved = |to: String| move |_: &Request| Reply::Answer(302, vec![("Location", to.clone())], Vec::new());
    for (ocsp, crl) in [(&["/ocsp"][..], &[][..]), (&[], &["/crl"])] {
        let authority = Authority::new(ocsp, crl);
        let path = ocsp.iter().chain(crl).next().unwrap();
        authority.answer(path, moved("/new".to_owned()));
        let body = if crl.is_empty() { authority.ocsp(good(), |_| ()) } else { authority.crl(Vec::new(), |_| ()) };
        authority.answer_with("/new", body);
        authority.revocation_result().await.is("good", &[]);
        authority.answer(path, |request| Reply::Answer(302, vec![("Location", request.path.clone())], Vec::new()));
        let before = authority.asked(path);
        authority.revocation_result().await.is("unknown", &["too many redirects"]);
        assert_eq!(authority.asked(path) - before, 2 * 4);
        for to in ["file:///etc/passwd", "ldap://127.0.0.1/x", "http://user:secret@127.0.0.1/"] {
            authority.answer(path, moved(to.to_owned()));
            authority.revocation_result().await.is("unknown", &["redirect not followed"]);
        }
        // Those of a second server count too.
        authority.answer("/new", moved("http://169.254.169.254/latest/meta-data/".to_owned()));
        for to in ["/new", "http://169.254.170.2/", "http://[fd00:ec2::254]/", "http://2852039166/", "http://0.0.0.0/"]
        {
            authority.answer(path, moved(to.to_owned()));
            authority.revocation_result().await.is("unknown", &["redirect not followed", "its link"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_names_no_address_of_the_link() {
    for url in ["http://169.254.169.254/latest/meta-data/", "http://[::ffff:169.254.170.2]/", "http://0.0.0.0/"] {
        let ocsp = Authority::with(&[], &[], |leaf| {
            leaf.custom_extensions.push(authority_info_access(&[url.to_owned()]));
        });
        ocsp.revocation_result().await.is("unknown", &["OCSP responder", "an address of this machine's link"]);
        let crl = Authority::with(&[], &[], |leaf| {
            leaf.crl_distribution_points = vec![CrlDistributionPoint { uris: vec![url.to_owned()] }];
        });
        crl.revocation_result().await.is("unknown", &["CRL", "an address of this machine's link"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_with_post_when_get_is_rejected() {
    let authority = Authority::new(&["/ocsp"], &[]);
    let body = authority.ocsp(good(), |_| ());
    authority.answer("/ocsp", move |request| match request.method.as_str() {
        "POST" => Reply::content("application/ocsp-response", body.clone()),
        _ => Reply::status(405),
    });
    authority.revocation_result().await.is("good", &[]);
    let seen = authority.server.seen();
    assert_eq!((seen[1].method.as_str(), seen[1].path.as_str()), ("POST", "/ocsp"));
    assert_eq!(seen[1].header("Content-Type"), Some("application/ocsp-request"));
    assert!(!seen[1].body.is_empty());
}
