//! Members of AWS Signer's answers as values that commands can use.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_signer::primitives::DateTime;
use time::OffsetDateTime;

use super::client::SignerClient;
use super::error::CallError;
use super::failure::Failure;

/// Returns the member, which every valid answer has.
///
/// # Errors
/// Returns what is wrong with the answer if the member is missing or empty.
pub(super) fn required(name: &str, member: Option<String>) -> Result<String, String> {
    text(member).ok_or_else(|| format!("it has no {name}"))
}

/// The error of a call whose answer breaks the protocol.
pub(super) fn invalid(client: &SignerClient, operation: &'static str, why: String) -> CallError {
    client.failed(operation, Failure::Answer(why))
}

/// Returns a time, unless it is absent or outside of the years that can be written.
pub(super) fn time(member: Option<&DateTime>) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(member?.as_nanos()).ok()
}

/// The time as the SDK wants it.
pub(super) fn sdk_time(time: OffsetDateTime) -> DateTime {
    DateTime::from_secs_and_nanos(time.unix_timestamp(), time.nanosecond())
}

/// Returns the pairs in the order of their keys.
pub(super) fn pairs(member: Option<HashMap<String, String>>) -> BTreeMap<String, String> {
    member.unwrap_or_default().into_iter().collect()
}

/// Returns the pairs for a request; an empty map is left out.
pub(super) fn sdk_pairs(pairs: &BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    (!pairs.is_empty()).then(|| pairs.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// Returns the text, unless it is absent or empty.
pub(super) fn text(member: Option<String>) -> Option<String> {
    member.filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_times_both_ways_and_drops_those_that_cannot_be_written() {
        let now = OffsetDateTime::UNIX_EPOCH + time::Duration::milliseconds(1_764_000_000_500);
        assert_eq!(time(Some(&sdk_time(now))), Some(now));
        assert_eq!(time(Some(&DateTime::from_secs(i64::MAX))), None);
        assert_eq!(time(None), None);
    }

    #[test]
    fn leaves_out_what_is_empty_and_names_what_is_required() {
        assert_eq!(required("jobId", Some(String::new())), Err("it has no jobId".to_owned()));
        assert_eq!(sdk_pairs(&BTreeMap::new()), None);
        assert_eq!(text(Some(String::new())), None);
        assert_eq!(pairs(Some([("b".to_owned(), "2".to_owned()), ("a".to_owned(), "1".to_owned())].into())).len(), 2);
    }
}
