//! `aws`: roles and regions of partitions, and revocation checks.

use std::num::NonZeroU32;
use std::time::Duration;

use aws_names::{Partition, Region};
use yaml::{Error, Field};

use super::super::words::WHEN_UNAVAILABLE;
use super::super::{Aws, PartitionSettings, RevocationSettings};
use super::units::duration;
use super::values::{parsed, role};
use super::{section, set};

pub fn aws(field: &Field<'_>) -> Result<Aws, Error> {
    let mut aws = Aws::default();
    let mut members = field.members()?;
    if let Some(field) = members.optional("partitions") {
        for (key, value) in field.members()?.rest() {
            // Calls need the domain of the partition.
            let partition = key.text.parse().ok().filter(|partition: &Partition| partition.dns_suffix().is_some());
            let partition = partition.ok_or_else(|| {
                key.error("unknown partition: use a partition of AWS such as aws, aws-cn or aws-us-gov")
            })?;
            let settings = partition_settings(&value, &partition)?;
            aws.partitions.insert(partition, settings);
        }
    }
    aws.revocation = section(&mut members, "revocation", revocation)?;
    members.finish()?;
    Ok(aws)
}

fn partition_settings(field: &Field<'_>, partition: &Partition) -> Result<PartitionSettings, Error> {
    let mut settings = PartitionSettings { role: None, region: None };
    let mut members = field.members()?;
    set(&mut settings.role, &mut members, "roleArn", |field| {
        let role = role(field)?;
        match role.partition() == partition {
            true => Ok(Some(role)),
            false => {
                Err(field.error(format!("the role belongs to the partition {}, not to {partition}", role.partition())))
            }
        }
    })?;
    set(&mut settings.region, &mut members, "region", |field| {
        let region: Region = parsed(field)?;
        match region.partition() == *partition {
            true => Ok(Some(region)),
            false => {
                let problem =
                    format!("the region {region} belongs to the partition {}, not to {partition}", region.partition());
                Err(field.error(problem))
            }
        }
    })?;
    members.finish()?;
    if settings.role.is_none() && settings.region.is_none() {
        return Err(field.error("expected roleArn, region or both"));
    }
    Ok(settings)
}

fn revocation(field: &Field<'_>) -> Result<RevocationSettings, Error> {
    let mut revocation = RevocationSettings::default();
    let mut members = field.members()?;
    set(&mut revocation.ttl, &mut members, "ttl", |field| duration(field, "1s", "24h"))?;
    set(&mut revocation.rate, &mut members, "rate", |field| number(field, 10_000))?;
    set(&mut revocation.replicas, &mut members, "replicas", |field| number(field, 1000))?;
    let when_unavailable = members.optional("whenUnavailable");
    let stale_for = members.optional("staleFor");
    members.finish()?;
    let allows_stale = when_unavailable.as_ref().map(|field| field.one_of(&WHEN_UNAVAILABLE)).transpose()?;
    if let Some(field) = &stale_for {
        revocation.stale_for = duration(field, "0s", "24h")?;
    }
    match (allows_stale.unwrap_or_default(), revocation.stale_for) {
        (true, Duration::ZERO) => Err(stale_for.or(when_unavailable).as_ref().unwrap_or(field).error(
            "allow-stale needs a time: set staleFor to how long a verified image stays so while revocation cannot be \
             checked, such as 1h",
        )),
        (false, time) if !time.is_zero() => Err(stale_for
            .as_ref()
            .unwrap_or(field)
            .error("applies only with whenUnavailable: allow-stale; set that, or remove staleFor")),
        _ => Ok(revocation),
    }
}

fn number(field: &Field<'_>, most: u32) -> Result<NonZeroU32, Error> {
    let number = field.integer(1..=u64::from(most))?;
    Ok(u32::try_from(number).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN))
}
