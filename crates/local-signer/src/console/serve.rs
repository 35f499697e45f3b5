//! A request to the console: access, session, form, page.

use std::sync::Arc;
use std::time::Duration;

use aws_names::Region;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::ALLOW;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use percent_encoding::percent_decode_str;

use super::fields::Fields;
use super::html::layout;
use super::reply::{Failure, Reply, file, page, redirect, secured};
use super::visit::{DEFAULT_REGION, Visit};
use super::{Console, access, calls, certificates, jobs, login, platforms, profiles};
use crate::error::ApiError;
use crate::server::Peer;
use crate::strangers::Standing;

const MAX_BODY: usize = 128 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

const STYLE: &str = include_str!("style.css");
const ICON: &str = include_str!("icon.svg");

/// Answers requests for pages; all others go on to the API.
pub async fn intercept(State(console): State<Arc<Console>>, request: Request, next: Next) -> Response {
    if !console.is_enabled() || !is_page(&request) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    secured(serve(&console, &parts, body).await)
}

/// Whether a request is for the console. No operation of the API has these paths.
fn is_page(request: &Request) -> bool {
    let path = request.uri().path();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    path == "/console" || path.starts_with("/console/") || (path == "/" && reads)
}

async fn serve(console: &Console, parts: &Parts, body: Body) -> Response {
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    if !reads && parts.method != Method::POST {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD, POST")]).into_response();
    }
    match parts.uri.path() {
        "/console/style.css" => return file("text/css; charset=utf-8", "public, max-age=86400", STYLE),
        "/console/icon.svg" => return file("image/svg+xml", "public, max-age=86400", ICON),
        _ => {}
    }
    // Both are extensions of every connection.
    let (Some(peer), Some(standing)) = (parts.extensions.get::<Peer>(), parts.extensions.get::<Standing>()) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let session = login::session(console, parts);
    if session.is_some() && !standing.authenticate() {
        return ApiError::Timeout.into_response();
    }
    let client = login::Client { console, peer, headers: &parts.headers, session: session.as_ref() };
    let query = Fields::read(parts.uri.query().unwrap_or_default().as_bytes());
    if parts.uri.path() == login::PATH {
        return match reads {
            true => client.show(&query),
            false => match form(&client, body).await {
                Ok(form) => client.submit(&form),
                Err(refused) => refused,
            },
        };
    }
    let target = parts.uri.path_and_query().map_or("/console", |target| target.as_str());
    let reads_without_login =
        console.listens_on_loopback && access::reads_without_login(peer, &parts.uri, &parts.headers);
    if session.is_none() && !reads_without_login {
        return if reads { redirect(&login::with_next(target)) } else { refused("Sign in first.") };
    }
    let posted = match (reads, &session) {
        (true, _) => None,
        (false, None) => return refused("Sign in to make changes."),
        (false, Some(session)) => match form(&client, body).await {
            Ok(form) if session.form_token.is(form.text("form-token")) => Some(form),
            Ok(_) => return refused("The form is not of this session. Go back, load the page again, and repeat."),
            Err(refused) => return refused,
        },
    };
    if posted.is_some() && parts.uri.path() == "/console/logout" {
        return login::end(console, session.as_ref(), peer, &parts.headers);
    }
    region_page(&client, parts, query, posted).await
}

/// The fields of a form, within limits. Forms of other sites are refused.
async fn form(client: &login::Client<'_>, body: Body) -> Result<Fields, Response> {
    if !access::is_same_origin(client.headers) {
        return Err(refused("The form comes from a page of another site."));
    }
    let body = tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, MAX_BODY)).await;
    let body: Bytes = match body {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            return Err(plain(StatusCode::PAYLOAD_TOO_LARGE, "Too large", "The form is larger than 128 KiB."));
        }
        Err(_) => return Err(plain(StatusCode::REQUEST_TIMEOUT, "Timeout", "The form did not arrive in time.")),
    };
    Ok(Fields::read(&body))
}

async fn region_page(client: &login::Client<'_>, parts: &Parts, query: Fields, posted: Option<Fields>) -> Response {
    let decoded = parts.uri.path().split('/').skip(2).map(|segment| percent_decode_str(segment).decode_utf8_lossy());
    let segments: Vec<_> = decoded.filter(|segment| !segment.is_empty()).collect();
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    let target = parts.uri.path_and_query().map_or("/console", |target| target.as_str());
    let Some((region, rest)) = segments.split_first() else { return home(client.console, &query) };
    if rest.is_empty() && layout::Section::named(region).is_some() {
        return redirect(&format!("/console?section={region}"));
    }
    let Ok(region) = region.parse::<Region>() else {
        return plain(StatusCode::NOT_FOUND, "Page not found", "There is no such page, or the region is not valid.");
    };
    let mut visit = Visit::new(client, target, region, query);
    let reads = posted.is_none();
    visit.form = posted.unwrap_or_default();
    let reply = route(&visit, reads, rest).await;
    match reply.or_else(|failure| failed(&visit, failure)) {
        Ok(response) => response,
        Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "Internal error", "The console could not read its state."),
    }
}

/// The table of the pages.
async fn route(visit: &Visit<'_>, reads: bool, segments: &[&str]) -> Reply {
    match (reads, segments) {
        (true, []) => Ok(redirect(&visit.path(&["profiles"]))),
        (true, ["profiles"]) => profiles::list::show(visit).await,
        (true, ["profiles", "new"]) => profiles::create::show(visit),
        (false, ["profiles", "new"]) => profiles::create::submit(visit).await,
        (true, ["profiles", name]) => profiles::details::show(visit, name).await,
        (true, ["profiles", name, "cancel"]) => profiles::cancel::show(visit, name).await,
        (false, ["profiles", name, "cancel"]) => profiles::cancel::submit(visit, name).await,
        (true, ["profiles", name, "revoke"]) => profiles::revoke::show(visit, name).await,
        (false, ["profiles", name, "revoke"]) => profiles::revoke::submit(visit, name).await,
        (true, ["profiles", name, "tags"]) => profiles::tags::show(visit, name).await,
        (false, ["profiles", name, "tags"]) => profiles::tags::submit(visit, name).await,
        (true, ["jobs"]) => jobs::list::show(visit).await,
        (true, ["jobs", "new"]) => jobs::start::show(visit).await,
        (false, ["jobs", "new"]) => jobs::start::submit(visit).await,
        (true, ["jobs", id]) => jobs::details::show(visit, id).await,
        (true, ["jobs", id, "revoke"]) => jobs::revoke::show(visit, id).await,
        (false, ["jobs", id, "revoke"]) => jobs::revoke::submit(visit, id).await,
        (true, ["platforms"]) => platforms::show(visit).await,
        (true, ["certificates"]) => certificates::show(visit),
        (true, ["certificates", "root.pem"]) => certificates::root(visit),
        (true, ["calls"]) => calls::show(visit),
        _ => Err(Failure::NotFound),
    }
}

/// `/console`: the region that was chosen, or the first one that has something.
fn home(console: &Console, query: &Fields) -> Response {
    let chosen = query.get("region").map(str::parse::<Region>);
    let region = match chosen {
        Some(Ok(region)) => region.to_string(),
        Some(Err(why)) => return plain(StatusCode::BAD_REQUEST, "Invalid region", &why.to_string()),
        None => match console.service.store.regions(&console.account) {
            Ok(regions) => regions.first().map_or_else(|| DEFAULT_REGION.to_owned(), Region::to_string),
            Err(error) => {
                tracing::error!("internal error in the console: {error}");
                return plain(StatusCode::INTERNAL_SERVER_ERROR, "Internal error", "The regions could not be read.");
            }
        },
    };
    let section = query.get("section").filter(|name| layout::Section::named(name).is_some()).unwrap_or("profiles");
    redirect(&format!("/console/{region}/{section}"))
}

/// The page for a failure.
fn failed(visit: &Visit<'_>, failure: Failure) -> Reply {
    match failure {
        Failure::SignIn => Ok(redirect(&visit.sign_in())),
        Failure::NotFound => layout::problem(visit, StatusCode::NOT_FOUND, "Page not found", "There is no such page."),
        Failure::Api(error) => {
            let status = super::visit::status(&error);
            layout::problem(visit, status, error.code().name(), &error.to_string())
        }
    }
}

fn refused(why: &str) -> Response {
    plain(StatusCode::FORBIDDEN, "Not allowed", why)
}

/// A page without region.
fn plain(status: StatusCode, title: &str, text: &str) -> Response {
    page(status, layout::bare(title, layout::message(title, text)))
}
