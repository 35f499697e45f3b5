//! The members of the configuration file, read one by one: a file a section.

mod aws;
mod cache;
mod kubernetes;
mod names;
mod policies;
mod registries;
mod rules;
mod server;
mod units;
mod values;

use std::path::Path;

use url::Url;
use yaml::{Error, Field, Members};

use self::values::{expected, path, url};
use super::words::LOG_LEVELS;
use super::{Config, Log, Otlp, Scan};

const MEMBERS: [&str; 12] = [
    "version",
    "server",
    "policies",
    "rules",
    "registries",
    "kubernetes",
    "aws",
    "cache",
    "kyverno",
    "scan",
    "log",
    "otlp",
];

/// Reads the whole document of a file in `folder`.
pub(super) fn config(root: &Field<'_>, folder: &Path) -> Result<Config, Error> {
    let mut members = root.members()?;
    let version = members.required("version")?;
    version.integer(1..=1).map_err(|_| expected(&version, "1, the only version of this format"))?;
    refuse_others(root, &MEMBERS)?;
    let policies = policies::policies(&members.required("policies")?, folder)?;
    let rules = rules::rules(&members.required("rules")?, &policies)?;
    let config = Config {
        server: section(&mut members, "server", |field| server::server(field, folder))?,
        policies,
        rules,
        registries: section(&mut members, "registries", |field| registries::registries(field, folder))?,
        kubernetes: section(&mut members, "kubernetes", kubernetes::kubernetes)?,
        aws: section(&mut members, "aws", aws::aws)?,
        cache: section(&mut members, "cache", |field| cache::cache(field, folder))?,
        kyverno: section(&mut members, "kyverno", kubernetes::kyverno)?,
        scan: section(&mut members, "scan", scan)?,
        log: section(&mut members, "log", log)?,
        otlp: members.optional("otlp").as_ref().map(|field| otlp(field, folder)).transpose()?,
    };
    members.finish()?;
    Ok(config)
}

/// Refuses unknown members before missing ones: a misspelt member is both, and its own name says more.
fn refuse_others(field: &Field<'_>, names: &[&'static str]) -> Result<(), Error> {
    let mut members = field.members()?;
    for name in names {
        members.optional(name);
    }
    members.finish()
}

/// A section that may be left out.
fn section<'d, T: Default>(
    members: &mut Members<'d>,
    name: &'static str,
    read: impl FnOnce(&Field<'d>) -> Result<T, Error>,
) -> Result<T, Error> {
    members.optional(name).as_ref().map(read).transpose().map(Option::unwrap_or_default)
}

/// Reads a member into `value`, which keeps its default if the member is left out.
fn set<'d, T>(
    value: &mut T,
    members: &mut Members<'d>,
    name: &'static str,
    read: impl FnOnce(&Field<'d>) -> Result<T, Error>,
) -> Result<(), Error> {
    if let Some(field) = members.optional(name) {
        *value = read(&field)?;
    }
    Ok(())
}

fn scan(field: &Field<'_>) -> Result<Scan, Error> {
    let mut scan = Scan::default();
    let mut members = field.members()?;
    set(&mut scan.interval, &mut members, "interval", |field| units::duration(field, "1m", "24h").map(Some))?;
    let reports = members.optional("reports");
    members.finish()?;
    if let Some(field) = reports {
        scan.reports = field.boolean()?;
        if scan.reports && scan.interval.is_none() {
            return Err(field.error("reports are written by scans, and no scan is configured: set scan.interval"));
        }
    }
    Ok(scan)
}

fn log(field: &Field<'_>) -> Result<Log, Error> {
    let mut log = Log::default();
    let mut members = field.members()?;
    set(&mut (), &mut members, "format", |field| field.one_of(&[("json", ())]))?;
    set(&mut log.level, &mut members, "level", |field| field.one_of(&LOG_LEVELS))?;
    members.finish()?;
    Ok(log)
}

fn otlp(field: &Field<'_>, folder: &Path) -> Result<Otlp, Error> {
    refuse_others(field, &["endpoint", "ca"])?;
    let mut members = field.members()?;
    let endpoint = collector(&members.required("endpoint")?)?;
    let ca_field = members.optional("ca");
    members.finish()?;
    let ca = ca_field.as_ref().map(|field| path(field, folder)).transpose()?;
    match &ca_field {
        Some(field) if !endpoint.starts_with("https:") => {
            Err(field.error("ca has no use with an http URL: use https, or remove ca"))
        }
        _ => Ok(Otlp { endpoint, ca }),
    }
}

/// The address of a collector. A path would be that of OTLP by HTTP, which the service does not speak.
fn collector(field: &Field<'_>) -> Result<String, Error> {
    const EXAMPLE: &str = "http://collector:4317";
    let endpoint = url(field, &["http", "https"], EXAMPLE)?;
    match Url::parse(&endpoint) {
        Ok(address) if address.path() == "/" => Ok(endpoint),
        _ => Err(field.error(format!(
            "expected an address without a path, such as {EXAMPLE}: traces are sent by gRPC, usually to port 4317, not by \
             HTTP to port 4318"
        ))),
    }
}
