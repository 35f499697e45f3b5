//! Tags of signing profiles: `ListTagsForResource`, `TagResource` and `UntagResource` of the AWS Signer API Reference.

use std::collections::BTreeMap;

use aws_names::ProfileArn;
use limits::Deadline;

use super::client::SignerClient;
use super::error::CallError;
use super::members::{pairs, sdk_pairs};

/// Returns the tags of a signing profile.
///
/// # Errors
/// Returns [`CallError`] if the call fails, for example because the profile was canceled.
pub async fn list_tags(
    client: &SignerClient,
    profile: &ProfileArn,
    deadline: Deadline,
) -> Result<BTreeMap<String, String>, CallError> {
    let request = client.sdk().list_tags_for_resource().resource_arn(profile.to_string());
    Ok(pairs(client.call("ListTagsForResource", deadline, request.send()).await?.tags))
}

/// Adds tags to a signing profile, and replaces the values of those that it has.
///
/// # Errors
/// Returns [`CallError`] if the call fails, for example because a key is invalid or the profile was canceled.
pub async fn add_tags(
    client: &SignerClient,
    profile: &ProfileArn,
    tags: &BTreeMap<String, String>,
    deadline: Deadline,
) -> Result<(), CallError> {
    let request = client.sdk().tag_resource().resource_arn(profile.to_string()).set_tags(sdk_pairs(tags));
    client.call("TagResource", deadline, request.send()).await?;
    Ok(())
}

/// Removes the tags with these keys from a signing profile.
///
/// # Errors
/// Returns [`CallError`] if the call fails, for example because the profile was canceled.
pub async fn remove_tags(
    client: &SignerClient,
    profile: &ProfileArn,
    keys: &[String],
    deadline: Deadline,
) -> Result<(), CallError> {
    let request = client.sdk().untag_resource().resource_arn(profile.to_string()).set_tag_keys(Some(keys.to_vec()));
    client.call("UntagResource", deadline, request.send()).await?;
    Ok(())
}
