//! Signing in with the token that `serve` prints, and signing out.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use maud::html;

use super::Console;
use super::fields::Fields;
use super::html::layout;
use super::html::parts::alert;
use super::reply::{page, redirect};
use super::sessions::Session;
use crate::server::Peer;

/// The path of the login page.
pub(super) const PATH: &str = "/console/login";

/// The login page that leads to `next` afterwards.
pub(super) fn with_next(next: &str) -> String {
    format!("{PATH}?{}", Fields::default().with(&[("next", next)]))
}

/// The name of the cookie. Browsers send cookies to all ports of a host, so it has the port: two local signers do not
/// sign each other's users out.
fn cookie_name(headers: &HeaderMap) -> String {
    let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    let port = host.rsplit_once(':').map(|(_, port)| port);
    let port = port.filter(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
    format!("local-signer-{}", port.unwrap_or("console"))
}

/// The session of the request's cookie.
pub(super) fn session(console: &Console, parts: &Parts) -> Option<Session> {
    let name = cookie_name(&parts.headers);
    let cookies = parts.headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, id) = pairs.find(|(found, _)| *found == name)?;
    console.sessions.find(id)
}

/// Ends the session.
pub(super) fn end(console: &Console, session: Option<&Session>, peer: &Peer, headers: &HeaderMap) -> Response {
    if let Some(session) = session {
        console.sessions.end(session.id.text());
    }
    let mut response = redirect("/console");
    set_cookie(&mut response, peer, headers, "; Max-Age=0", "");
    response
}

fn set_cookie(response: &mut Response, peer: &Peer, headers: &HeaderMap, attributes: &str, value: &str) {
    let name = cookie_name(headers);
    let secure = if peer.tls.is_some() { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/console; HttpOnly; SameSite=Strict{secure}{attributes}");
    if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
}

/// Where to go after signing in: a page of the console, or its start.
fn next(fields: &Fields) -> &str {
    let is_page = |path: &&str| {
        (*path == "/console" || path.starts_with("/console/") || path.starts_with("/console?"))
            && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
    };
    fields.get("next").filter(is_page).unwrap_or("/console")
}

/// A browser: its connection and the head of its request.
#[derive(Debug)]
pub(super) struct Client<'a> {
    /// The console.
    pub(super) console: &'a Console,
    /// The connection.
    pub(super) peer: &'a Peer,
    /// The headers of the request.
    pub(super) headers: &'a HeaderMap,
    /// The session, if it is signed in already.
    pub(super) session: Option<&'a Session>,
}

impl Client<'_> {
    /// The page, or the session at once if the address has the token: `serve` prints it so.
    pub(super) fn show(&self, query: &Fields) -> Response {
        match query.get("token") {
            Some(token) => self.try_token(token, query),
            None if self.session.is_some() => redirect(next(query)),
            None => self.form(StatusCode::OK, next(query), None),
        }
    }

    /// The session for the token of the form.
    pub(super) fn submit(&self, form: &Fields) -> Response {
        self.try_token(form.text("token"), form)
    }

    fn try_token(&self, token: &str, fields: &Fields) -> Response {
        let client = Some(self.peer.address.ip());
        let next = next(fields);
        if !self.console.attempts.may_try(client) {
            let why = "Too many wrong tokens. Wait a minute, then try again.";
            return self.form(StatusCode::TOO_MANY_REQUESTS, next, Some(why));
        }
        if !self.console.token.is(token) {
            self.console.attempts.failed(client);
            return self.form(StatusCode::FORBIDDEN, next, Some("This is not the token of the running service."));
        }
        match self.console.sessions.start() {
            Ok(session) => {
                let mut response = redirect(next);
                set_cookie(&mut response, self.peer, self.headers, "", session.id.text());
                response
            }
            Err(error) => {
                tracing::error!("internal error in the console: {error}");
                self.form(StatusCode::INTERNAL_SERVER_ERROR, next, Some("The session could not be started."))
            }
        }
    }

    fn form(&self, status: StatusCode, next: &str, error: Option<&str>) -> Response {
        let content = html! {
            div.card.narrow {
                h1 { "Sign in" }
                @if let Some(error) = error { (alert("Not signed in", error)) }
                p { "Enter the token that " code { "local-signer serve" } " printed when it started." }
                form method="post" action=(PATH) {
                    input type="hidden" name="next" value=(next);
                    div.field {
                        label for="token" { "Token" }
                        input #token type="password" name="token" required autocomplete="off" autofocus;
                    }
                    div.actions { button.primary type="submit" { "Sign in" } }
                }
            }
        };
        page(status, layout::bare("Sign in", content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_only_to_pages_of_the_console() {
        for (path, page) in [
            ("/console/us-west-2/jobs?status=Failed", true),
            ("/console", true),
            ("//attacker.example", false),
            ("https://attacker.example/console/", false),
            ("/console\\@attacker.example", false),
            ("/console/a\nb", false),
            ("/consoles", false),
            ("/", false),
        ] {
            let fields = Fields::read(Fields::default().with(&[("next", path)]).as_bytes());
            assert_eq!(next(&fields), if page { path } else { "/console" }, "{path:?}");
        }
    }
}
