//! `cache`: how long and how much is remembered, and the cache that replicas share.

use std::path::Path;
use std::time::Duration;

use yaml::{Error, Field};

use super::super::{Cache, Redis};
use super::server::number;
use super::units::{duration, size};
use super::values::{list, path, url};
use super::{refuse_others, set};
use crate::shared_cache::check_url;

pub fn cache(field: &Field<'_>, folder: &Path) -> Result<Cache, Error> {
    let mut cache = Cache::default();
    let mut members = field.members()?;
    set(&mut cache.tag, &mut members, "tag", |field| duration(field, "0s", "1h"))?;
    set(&mut cache.signatures, &mut members, "signatures", |field| duration(field, "0s", "24h"))?;
    set(&mut cache.unsigned, &mut members, "unsigned", |field| duration(field, "0s", "1h"))?;
    set(&mut cache.entries, &mut members, "entries", |field| number(field, 100, 10_000_000))?;
    set(&mut cache.memory, &mut members, "memory", |field| size(field, 1 << 20..=16 << 30))?;
    set(&mut cache.redis, &mut members, "redis", |field| redis(field, folder).map(Some))?;
    members.finish()?;
    Ok(cache)
}

fn redis(field: &Field<'_>, folder: &Path) -> Result<Redis, Error> {
    refuse_others(field, &["url", "usernameFile", "passwordFile", "ca", "keyFiles", "timeout"])?;
    let mut members = field.members()?;
    let url_field = members.required("url")?;
    let url = url(&url_field, &["redis", "rediss"], "rediss://redis:6379/0")?;
    check_url(&url).map_err(|why| url_field.error(why))?;
    let user = members.optional("usernameFile");
    let username_file = user.as_ref().map(|field| path(field, folder)).transpose()?;
    let password_file = members.optional("passwordFile").map(|field| path(&field, folder)).transpose()?;
    let ca_field = members.optional("ca");
    let ca = ca_field.as_ref().map(|field| path(field, folder)).transpose()?;
    let key_files = list(
        &members.required("keyFiles")?,
        "name at least one file with a key, which authenticates what the replicas write",
        |item| path(item, folder),
    )?;
    let mut timeout = Duration::from_millis(50);
    // A server that hangs costs three of them, and the requests that wait have some seconds.
    set(&mut timeout, &mut members, "timeout", |field| duration(field, "1ms", "1s"))?;
    members.finish()?;
    if let (Some(field), None) = (user, &password_file) {
        return Err(field.error("a user name needs a password: set passwordFile, too"));
    }
    if let (Some(field), true) = (ca_field, url.starts_with("redis:")) {
        return Err(field.error("ca has no use without TLS: write the URL with rediss, or remove ca"));
    }
    Ok(Redis { url, username_file, password_file, ca, key_files, timeout })
}
