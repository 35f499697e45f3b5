//! `server`: addresses, TLS, adapters and limits.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use yaml::{Error, Field};

use super::super::words::ADAPTERS;
use super::super::{Limits, SelfManaged, Server, Tls, TlsFiles};
use super::units::{duration, shown, size};
use super::values::{expected, list, path};
use super::{names, refuse_others, section, set};
use crate::server::MAX_SOCKET_PATH;

pub fn server(field: &Field<'_>, folder: &Path) -> Result<Server, Error> {
    let mut server = Server::default();
    let mut members = field.members()?;
    let listen = members.optional("listen");
    if let Some(field) = &listen {
        server.listen = address(field, server.listen)?;
    }
    let operations = members.optional("operations");
    if let Some(field) = &operations {
        server.operations = address(field, server.operations)?;
    }
    if are_same(server.listen, server.operations) {
        let field = operations.as_ref().or(listen.as_ref()).unwrap_or(field);
        return Err(field
            .error(format!("listen ({}) and operations ({}) need different ports", server.listen, server.operations)));
    }
    set(&mut server.socket, &mut members, "socket", |field| socket(field, folder).map(Some))?;
    let tls_field = members.optional("tls");
    let plain = members.optional("plain").map(|field| Ok::<_, Error>((field.boolean()?, field))).transpose()?;
    server.tls = match (plain, &tls_field) {
        (Some((true, field)), Some(_)) => return Err(field.error("plain and tls exclude each other")),
        (Some((true, field)), None) if !server.listen.ip().is_loopback() => {
            return Err(listen.as_ref().unwrap_or(&field).error(format!(
                "without TLS, only programs on the same machine are served: set listen to an address such as \
                 127.0.0.1:{}, or remove plain",
                server.listen.port()
            )));
        }
        (Some((true, _)), None) => Tls::Plain,
        (_, Some(field)) => tls(field, folder)?,
        (_, None) => Tls::Own,
    };
    set(&mut server.adapters, &mut members, "adapters", |field| {
        let adapters = list(field, "name at least one adapter, such as kubernetes", |item| item.one_of(&ADAPTERS))?;
        Ok(BTreeSet::from_iter(adapters))
    })?;
    server.limits = section(&mut members, "limits", limits)?;
    members.finish()?;
    Ok(server)
}

/// The path of a Unix socket.
fn socket(field: &Field<'_>, folder: &Path) -> Result<PathBuf, Error> {
    let path = path(field, folder)?;
    let length = path.as_os_str().len();
    if length > MAX_SOCKET_PATH {
        let longest = format!("the longest path of a Unix socket here is {MAX_SOCKET_PATH} bytes");
        return Err(
            field.error(format!("{longest}, and this one has {length}: use a shorter path, such as under /run"))
        );
    }
    Ok(path)
}

/// An IP address and a port. Names are not resolved: what is listened on must not depend on DNS.
fn address(field: &Field<'_>, default: SocketAddr) -> Result<SocketAddr, Error> {
    let what = format!("an IP address and a port, such as {default} or 127.0.0.1:{}", default.port());
    let address = field.text().ok().and_then(|text| text.parse().ok());
    address.ok_or_else(|| expected(field, &what))
}

/// Whether two addresses cannot be listened on at the same time. Port 0 stands for a free one.
fn are_same(one: SocketAddr, other: SocketAddr) -> bool {
    let is_all = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && (is_all || one.ip() == other.ip())
}

fn tls(field: &Field<'_>, folder: &Path) -> Result<Tls, Error> {
    refuse_others(field, &["selfManaged", "certificate", "key", "clientCA", "clientNames"])?;
    let mut members = field.members()?;
    if let Some(own) = members.optional("selfManaged") {
        for name in ["certificate", "key", "clientCA", "clientNames"] {
            if let Some(field) = members.optional(name) {
                return Err(field.error(format!("{name} and selfManaged exclude each other")));
            }
        }
        members.finish()?;
        return self_managed(&own);
    }
    let certificate = path(&members.required("certificate")?, folder)?;
    let key = path(&members.required("key")?, folder)?;
    let client_ca = members.optional("clientCA").map(|field| path(&field, folder)).transpose()?;
    let mut client_names = Vec::new();
    if let Some(field) = members.optional("clientNames") {
        if client_ca.is_none() {
            return Err(field.error("client certificates are asked for only with clientCA: set it, too"));
        }
        let empty = "name at least one client, or leave the member out to allow all";
        client_names = list(&field, empty, |item| item.text().map(str::to_owned))?;
    }
    members.finish()?;
    Ok(Tls::Files(TlsFiles { certificate, key, client_ca, client_names }))
}

fn self_managed(field: &Field<'_>) -> Result<Tls, Error> {
    refuse_others(field, &["secret", "service", "webhooks"])?;
    let mut members = field.members()?;
    let secret = names::subdomain(&members.required("secret")?, "the name of a Secret")?;
    let service = service(&members.required("service")?)?;
    let webhooks = list(
        &members.required("webhooks")?,
        "name the ValidatingWebhookConfiguration and MutatingWebhookConfiguration objects of this service",
        |item| names::subdomain(item, "the name of a webhook configuration"),
    )?;
    members.finish()?;
    Ok(Tls::SelfManaged(SelfManaged { secret, service, webhooks }))
}

/// The namespace in it is also that of the Secret.
fn service(field: &Field<'_>) -> Result<String, Error> {
    let what = "the DNS name of a Service: NAME.NAMESPACE.svc";
    let service = names::subdomain(field, what)?;
    let labels: Vec<&str> = service.splitn(4, '.').collect();
    if labels.len() < 3 || labels[2] != "svc" || labels.iter().take(2).any(|label| label.len() > 63) {
        return Err(expected(field, what));
    }
    Ok(service)
}

fn limits(field: &Field<'_>) -> Result<Limits, Error> {
    let mut limits = Limits::default();
    let mut members = field.members()?;
    set(&mut limits.body, &mut members, "body", |field| size(field, 64 << 10..=64 << 20))?;
    set(&mut limits.images, &mut members, "images", |field| number(field, 1, 4096))?;
    set(&mut limits.concurrent, &mut members, "concurrent", |field| number(field, 1, 65_536))?;
    set(&mut limits.queue, &mut members, "queue", |field| number(field, 0, 65_536))?;
    let deadline = members.optional("deadline");
    if let Some(field) = &deadline {
        // kube-apiserver waits 30 seconds at most.
        limits.deadline = duration(field, "100ms", "29s")?;
    }
    let margin = members.optional("margin");
    if let Some(field) = &margin {
        limits.margin = duration(field, "0s", "29s")?;
    }
    if limits.margin >= limits.deadline {
        return Err(margin.or(deadline).as_ref().unwrap_or(field).error(format!(
            "no time is left for an answer: margin ({}) must be shorter than deadline ({})",
            shown(limits.margin),
            shown(limits.deadline)
        )));
    }
    set(&mut limits.connection_age, &mut members, "connectionAge", |field| duration(field, "1s", "24h"))?;
    members.finish()?;
    Ok(limits)
}

/// A whole number that fits the memory of all machines.
pub fn number(field: &Field<'_>, least: u32, most: u32) -> Result<usize, Error> {
    let number = field.integer(u64::from(least)..=u64::from(most))?;
    Ok(usize::try_from(number).unwrap_or(usize::MAX))
}
