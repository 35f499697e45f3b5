//! The members of the configuration file, read one by one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Url;
use yaml::{Error, Field};

use super::{Config, Console, EventTargets, Monitoring, TlsFiles};
use crate::faults::{self, InjectedError, Outcome, Rule};
use crate::quotas;

/// A call that is delayed longer looks like a hung service, which a client gives up anyway.
const LONGEST_DELAY: Duration = Duration::from_secs(10 * 60);
const MOST_RULES: usize = 100;
const MOST_CALLS: u64 = 1_000_000;

pub fn config(root: &Field<'_>, folder: &Path) -> Result<Config, Error> {
    let mut members = root.members()?;
    members.required("version")?.integer(1..=1)?;
    let config = Config {
        quotas: members.optional("quotas").as_ref().map(limits).transpose()?.unwrap_or_default(),
        buckets: members.optional("buckets").map(|field| buckets(&field, folder)).transpose()?.unwrap_or_default(),
        events: members.optional("events").map(|field| events(&field, folder)).transpose()?.unwrap_or_default(),
        audit: members.optional("audit").map(|field| audit(&field, folder)).transpose()?,
        faults: members.optional("faults").as_ref().map(rules).transpose()?.unwrap_or_default(),
        tls: members.optional("tls").map(|field| tls(&field, folder)).transpose()?,
        console: members.optional("console").as_ref().map(console).transpose()?.unwrap_or_default(),
        monitoring: members.optional("monitoring").as_ref().map(monitoring).transpose()?.unwrap_or_default(),
    };
    members.finish()?;
    Ok(config)
}

fn limits(field: &Field<'_>) -> Result<quotas::Limits, Error> {
    let mut limits = quotas::Limits::default();
    let mut members = field.members()?;
    limits.enabled = members.required("enabled")?.boolean()?;
    let calls = |field: &Field<'_>| Ok(u32::try_from(field.integer(1..=MOST_CALLS)?).unwrap_or(u32::MAX));
    if let Some(default) = members.optional("default") {
        limits.default = calls(&default)?;
    }
    for (key, value) in members.rest() {
        let operation = faults::operation(key.text).ok_or_else(|| {
            key.error("unknown member; the members here are enabled, default, and operations such as StartSigningJob")
        })?;
        limits.operations.insert(operation, calls(&value)?);
    }
    Ok(limits)
}

/// Names of buckets are checked by S3's rules: a request with another name would not reach a bucket.
fn buckets(field: &Field<'_>, folder: &Path) -> Result<BTreeMap<String, PathBuf>, Error> {
    let mut buckets = BTreeMap::new();
    for (key, value) in field.members()?.rest() {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
        let ends = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let name = key.text.as_bytes();
        let fits = (3..=63).contains(&name.len()) && name.iter().copied().all(allowed);
        if !fits || !ends(name.first()) || !ends(name.last()) || key.text.contains("..") {
            return Err(key.error(
                "invalid name of a bucket: use 3 to 63 lower-case letters, digits, hyphens and dots; start and end with a \
                 letter or digit",
            ));
        }
        buckets.insert(key.text.to_owned(), path(&value, folder)?);
    }
    Ok(buckets)
}

fn events(field: &Field<'_>, folder: &Path) -> Result<EventTargets, Error> {
    let mut members = field.members()?;
    let file = members.optional("file").map(|field| path(&field, folder)).transpose()?;
    let webhook = members.optional("webhook").as_ref().map(url).transpose()?;
    members.finish()?;
    if file.is_none() && webhook.is_none() {
        return Err(field.error("expected file, webhook or both"));
    }
    Ok(EventTargets { file, webhook })
}

fn url(field: &Field<'_>) -> Result<Url, Error> {
    const WHAT: &str = "expected a URL such as http://127.0.0.1:9000/events";
    // The URL may contain a secret, so errors do not repeat it.
    let url: Url = field.text()?.parse().map_err(|why| field.error(format!("{WHAT}: {why}")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(field.error(format!("{WHAT}, with http or https")));
    }
    Ok(url)
}

fn audit(field: &Field<'_>, folder: &Path) -> Result<PathBuf, Error> {
    let mut members = field.members()?;
    let file = path(&members.required("file")?, folder)?;
    members.finish()?;
    Ok(file)
}

fn rules(field: &Field<'_>) -> Result<Vec<Rule>, Error> {
    let items = field.items()?;
    if items.len() > MOST_RULES {
        return Err(field.error(format!("at most {MOST_RULES} faults are allowed")));
    }
    items.iter().map(rule).collect()
}

fn rule(field: &Field<'_>) -> Result<Rule, Error> {
    let mut members = field.members()?;
    let name = members.required("operation")?;
    let operation = match name.text()? {
        "*" => None,
        text => Some(faults::operation(text).ok_or_else(|| {
            name.error("expected an operation of AWS Signer, such as SignPayload, or \"*\" for all of them")
        })?),
    };
    let error = members.optional("error").map(|field| injected(&field, operation)).transpose()?;
    let delay = members.optional("delay").map(|field| field.duration(LONGEST_DELAY)).transpose()?;
    let cut = members.optional("cut").as_ref().map(cut).transpose()?;
    let rate = members.optional("rate").map_or(Ok(1.0), |field| field.number(0.0..=1.0))?;
    let seed = members.optional("seed").map(|field| field.integer(0..=u64::MAX)).transpose()?;
    members.finish()?;
    let outcome = match (error, cut) {
        (Some(_), Some(_)) => return Err(field.error("error and cut exclude each other")),
        (error, cut) => error.or(cut),
    };
    if outcome.is_none() && delay.is_none() {
        return Err(field.error("expected error, delay or cut"));
    }
    Ok(Rule { operation, rate, seed, delay: delay.unwrap_or_default(), outcome })
}

fn injected(field: &Field<'_>, operation: Option<&'static str>) -> Result<Outcome, Error> {
    InjectedError::of(operation, field.text()?).map(Outcome::Error).ok_or_else(|| {
        let codes: Vec<_> = InjectedError::codes(operation).collect();
        let who = operation.unwrap_or("no operation");
        let verb = if operation.is_some() { "does not answer" } else { "answers" };
        field.error(format!("{who} {verb} this error; use one of {}", codes.join(", ")))
    })
}

fn cut(field: &Field<'_>) -> Result<Outcome, Error> {
    if field.is_boolean(true) {
        return Ok(Outcome::Cut);
    }
    field.one_of(&[("true", Outcome::Cut), ("request", Outcome::CutRequest), ("answer", Outcome::CutAnswer)])
}

fn tls(field: &Field<'_>, folder: &Path) -> Result<TlsFiles, Error> {
    let mut members = field.members()?;
    let certificate = path(&members.required("certificate")?, folder)?;
    let key = path(&members.required("key")?, folder)?;
    members.finish()?;
    Ok(TlsFiles { certificate, key })
}

fn console(field: &Field<'_>) -> Result<Console, Error> {
    let mut members = field.members()?;
    let enabled = members.required("enabled")?.boolean()?;
    members.finish()?;
    Ok(Console { enabled })
}

fn monitoring(field: &Field<'_>) -> Result<Monitoring, Error> {
    let mut members = field.members()?;
    let remote = members.required("remote")?.boolean()?;
    members.finish()?;
    Ok(Monitoring { remote })
}

fn path(field: &Field<'_>, folder: &Path) -> Result<PathBuf, Error> {
    let text = field.text()?;
    if text.contains('\0') {
        return Err(field.error("a path cannot contain a zero character"));
    }
    Ok(folder.join(text))
}
