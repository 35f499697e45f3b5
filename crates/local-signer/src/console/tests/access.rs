//! Who may read and change. Each attack is a test.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::{Method, StatusCode};
use hyper::body::Frame;
use serde_json::json;

use super::{Answer, Site, at, query};
use crate::audit::Tls;
use crate::config::{self, Config};

/// Every page that changes something.
const CHANGES: [&str; 5] = [
    "profiles/new",
    "profiles/Prod_1/cancel",
    "profiles/Prod_1/revoke",
    "profiles/Prod_1/tags",
    "jobs/00000000-0000-4000-8000-000000000000/revoke",
];

fn remote() -> Site {
    let mut site = Site::listening(Ipv4Addr::UNSPECIFIED.into());
    site.peer.address = "192.0.2.7:50000".parse().unwrap();
    site.host = "192.0.2.1:8274";
    site
}

#[track_caller]
fn assert_login(answer: &Answer, next: &str) {
    answer.assert_leads_to(&format!("/console/login?{}", query(&[("next", next)])));
    assert!(answer.body.is_empty());
}

#[tokio::test]
async fn loopback_reads_without_signing_in_and_changes_nothing() {
    let site = Site::new();
    site.put("Prod_1").await;
    site.get("/").await.assert_leads_to("/console/us-west-2/profiles");
    site.page("profiles").await.assert_text(&["Prod_1", "Sign in"]);
    for path in CHANGES {
        let path = at(path);
        assert_login(&site.get(&path).await, &path);
        let answer = site.post(&path, &[("form-token", ""), ("reason", "x")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    site.page("profiles/Prod_1").await.assert_text(&["Active"]);
}

#[tokio::test]
async fn other_machines_need_the_token_for_everything() {
    let mut site = remote();
    site.put("Prod_1").await;
    for path in
        ["/", "/console", "/console/us-west-2/profiles", "/console/us-west-2/certificates/root.pem", "/console/x"]
    {
        assert_login(&site.get(path).await, path);
    }
    assert_eq!(site.post(&at("profiles/new"), &[]).await.status, StatusCode::FORBIDDEN);
    site.sign_in().await;
    site.page("profiles").await.assert_text(&["Prod_1", "Sign out"]);
}

#[tokio::test]
async fn a_service_for_other_machines_needs_the_token_on_this_one_too() {
    let site = Site::listening(Ipv4Addr::UNSPECIFIED.into());
    assert_login(&site.get(&at("profiles")).await, &at("profiles"));
}

#[tokio::test]
async fn dns_rebinding_reads_nothing() {
    let site = Site::new();
    site.put("Prod_1").await;
    for host in ["attacker.example:8274", "127.0.0.1.attacker.example", ""] {
        let answer = site.send(Method::GET, "/console/us-west-2/profiles", &[("host", host)], "").await;
        assert_login(&answer, "/console/us-west-2/profiles");
    }
    let proxied = [("x-forwarded-for", "192.0.2.7")];
    assert_login(&site.send(Method::GET, &at("profiles"), &proxied, "").await, &at("profiles"));
}

#[tokio::test]
async fn forms_of_other_sites_are_refused() {
    let site = Site::signed_in().await;
    site.put("Prod_1").await;
    let token = site.page("profiles/Prod_1/cancel").await.hidden("form-token").to_owned();
    let form = |token: &str| query(&[("form-token", token)]);
    let path = at("profiles/Prod_1/cancel");
    let other = Site::signed_in().await.page("profiles/new").await;
    for (headers, token) in [
        (&[("origin", "http://attacker.example")][..], token.as_str()),
        (&[("origin", "null")], &token),
        (&[("sec-fetch-site", "cross-site")], &token),
        (&[("origin", "http://127.0.0.1:8275")], &token),
        (&[], ""),
        (&[], &token[1..]),
        (&[], other.hidden("form-token")),
    ] {
        let answer = site.send(Method::POST, &path, headers, form(token)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?}");
    }
    site.page("profiles/Prod_1").await.assert_text(&["Active"]);
    site.send(Method::POST, &path, &[], form(&token)).await.assert_leads_to(&at("profiles/Prod_1?done=canceled"));
}

#[tokio::test]
async fn the_cookie_is_only_for_this_service() {
    let site = Site::new();
    let answer = site.get(&site.endpoint.console.sign_in_path()).await;
    let cookie = answer.header("set-cookie");
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert!(pair.starts_with("local-signer-8274=") && pair.len() == "local-signer-8274=".len() + 43, "{pair}");
    assert_eq!(attributes, "Path=/console; HttpOnly; SameSite=Strict");
    assert!(!cookie.contains(site.endpoint.console.token.text()));
    assert!(!format!("{:?}", site.endpoint.console).contains(site.endpoint.console.token.text()));
}

#[tokio::test]
async fn the_cookie_of_an_encrypted_connection_is_only_sent_encrypted() {
    let mut site = Site::new();
    site.peer.tls = Some(Tls { version: "TLSv1.3", cipher_suite: "TLS_AES_128_GCM_SHA256".to_owned(), host: None });
    let answer = site.get(&site.endpoint.console.sign_in_path()).await;
    assert!(answer.header("set-cookie").ends_with("; SameSite=Strict; Secure"));
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let site = Site::signed_in().await;
    let token = site.page("profiles").await.hidden("form-token").to_owned();
    assert_eq!(site.post("/console/logout", &[]).await.status, StatusCode::FORBIDDEN);
    let answer = site.post("/console/logout", &[("form-token", &token)]).await;
    answer.assert_leads_to("/console");
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    assert_login(&site.get(&at("profiles/new")).await, &at("profiles/new"));
}

#[tokio::test]
async fn the_login_page_takes_the_token_and_leads_back() {
    let site = Site::new();
    let token = site.endpoint.console.token.text();
    let page = site.get(&format!("/console/login?{}", query(&[("next", &at("profiles/new"))]))).await;
    assert_eq!(page.hidden("next"), at("profiles/new"));
    site.post("/console/login", &[("token", token), ("next", &at("profiles/new"))])
        .await
        .assert_leads_to(&at("profiles/new"));
    for next in ["//attacker.example", "https://attacker.example/console/", "/console\\..", "/console/\r\nx: y"] {
        site.post("/console/login", &[("token", token), ("next", next)]).await.assert_leads_to("/console");
    }
    let other = site.send(Method::POST, "/console/login", &[("origin", "null")], query(&[("token", token)])).await;
    assert_eq!(other.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn attempts_to_guess_the_token_are_limited() {
    let mut site = Site::new();
    let token = site.endpoint.console.token.text().to_owned();
    for _ in 0..10 {
        let answer = site.post("/console/login", &[("token", &token[1..])]).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (StatusCode::FORBIDDEN, ""));
        answer.assert_text(&["not the token"]);
    }
    let answer = site.post("/console/login", &[("token", &token)]).await;
    assert_eq!((answer.status, answer.header("set-cookie")), (StatusCode::TOO_MANY_REQUESTS, ""));
    site.peer.address = "127.0.0.2:50000".parse().unwrap();
    site.post("/console/login", &[("token", &token)]).await.assert_leads_to("/console");
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let site = Site::signed_in().await;
    for path in
        ["/", "/console", "/console/login", "/console/style.css", "/console/us-west-2/profiles", "/console/no%00where"]
    {
        let answer = site.get(path).await;
        let policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; \
                      base-uri 'none'";
        assert_eq!(answer.header("content-security-policy"), policy, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        assert!(!answer.header("cache-control").is_empty(), "{path}");
    }
    assert_eq!(site.get(&at("profiles")).await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn pages_have_no_scripts_and_no_content_from_elsewhere() {
    let site = Site::signed_in().await;
    site.put("Prod_1").await;
    for path in ["profiles", "profiles/Prod_1", "profiles/new", "jobs", "platforms", "certificates", "calls"] {
        let page = site.page(path).await;
        for forbidden in ["<script", " style=", "http://", "https://", " onclick", "<iframe", "javascript:"] {
            assert!(!page.body.contains(forbidden), "{path}: {forbidden}");
        }
    }
}

#[tokio::test]
async fn texts_of_users_are_escaped_everywhere() {
    let site = Site::signed_in().await;
    let evil = r#""><script>alert(1)</script>'"#;
    site.api(
        "PutSigningProfile",
        json!({"profileName": "Prod_1", "platformId": "Notation-OCI-SHA384-ECDSA", "tags": {"a": evil},
            "signingParameters": {evil: evil}}),
    )
    .await;
    let job = site.sign("Prod_1").await;
    site.api("RevokeSignature", json!({"jobId": job, "reason": evil})).await;
    let version = site.api("GetSigningProfile", json!({"profileName": "Prod_1"})).await["profileVersion"].clone();
    let revocation = json!({"profileName": "Prod_1", "profileVersion": version, "reason": evil, "effectiveTime": 1.0});
    site.api("RevokeSigningProfile", revocation).await;
    let encoded = query(&[("x", evil)]);
    let encoded = encoded.strip_prefix("x=").unwrap();
    for path in [
        "profiles",
        "profiles/Prod_1",
        "profiles/Prod_1/tags",
        "profiles/Prod_1/revoke",
        &format!("jobs/{job}"),
        &format!("jobs?requested-by={encoded}"),
        &format!("profiles?status=all&page={encoded}&other={encoded}"),
        &format!("calls?operation={encoded}"),
        &format!("profiles/{encoded}"),
        &format!("jobs/{encoded}"),
        &format!("jobs?expires-after={encoded}"),
        &encoded.replace('+', "%20"),
    ] {
        let answer = site.get(&at(path)).await;
        assert!(!answer.body.contains("<script"), "{path}: {}", answer.body);
    }
    let answer = site
        .submit(
            "profiles/new",
            &[("name", evil), ("platform", evil), ("validity", evil), ("tag-key", evil), ("tag-value", evil)],
        )
        .await;
    assert!(answer.status.is_client_error() && !answer.body.contains("<script"), "{}", answer.body);
}

#[tokio::test]
async fn forms_and_fields_are_bounded() {
    let site = Site::signed_in().await;
    let token = site.page("profiles/new").await.hidden("form-token").to_owned();
    let form = format!("form-token={token}&name={}", "a".repeat(200 * 1024));
    assert_eq!(site.send(Method::POST, &at("profiles/new"), &[], form).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let many = format!("form-token={token}&more-tags=1&{}", "tag-key=&".repeat(10_000));
    let answer = site.send(Method::POST, &at("profiles/new"), &[], many).await;
    assert!(answer.body.matches("name=\"tag-key\"").count() < 600);
    for method in [Method::PUT, Method::DELETE, Method::OPTIONS] {
        assert_eq!(site.send(method, &at("profiles"), &[], "").await.status, StatusCode::METHOD_NOT_ALLOWED);
    }
}

#[tokio::test]
async fn a_stranger_sends_no_form() {
    let site = remote();
    let answer = site.send(Method::POST, &at("profiles/new"), &[], Body::new(Endless)).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

/// A body that never ends, and must not be read.
struct Endless;

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

fn config(enabled: bool) -> Config {
    Config { console: config::Console { enabled }, ..Config::default() }
}

#[tokio::test]
async fn a_disabled_console_leaves_its_paths_to_the_api() {
    let site = Site::new();
    let settings = &site.endpoint.service.controls.settings;
    settings.replace(config(false));
    for path in ["/", "/console", "/console/login", "/console/us-west-2/profiles", "/console/style.css"] {
        let answer = site.get(path).await;
        assert_eq!(answer.header("x-amzn-errortype"), "MissingAuthenticationTokenException", "{path}");
        assert_eq!(answer.header("content-security-policy"), "");
    }
    settings.replace(config(true));
    assert_eq!(site.get("/consoles").await.header("x-amzn-errortype"), "MissingAuthenticationTokenException");
    let posted = site.send(Method::POST, "/", &[], "").await;
    assert_eq!(posted.header("x-amzn-errortype"), "MissingAuthenticationTokenException");
}
