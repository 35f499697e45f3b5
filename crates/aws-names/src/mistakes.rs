//! Common mistakes in ARNs, and their corrections.

use super::{ArnError, Location};

/// Returns the mistake in a text that is almost an ARN of AWS Signer, with the corrected ARN.
pub(super) fn find(text: &str) -> Option<ArnError> {
    let mistake = |what, corrected: String| Some(ArnError::Mistake { arn: text.to_owned(), what, corrected });
    let changes: [(&'static str, String); 5] = [
        ("it has spaces", text.split_whitespace().collect()),
        ("it has quotation marks", text.trim_matches(['"', '\'', ' ']).to_owned()),
        ("an ARN begins with arn:", format!("arn:{text}")),
        ("partition and region are written in lower case", lower_case(text)),
        ("the account is written without hyphens", without_hyphens_in_account(text)),
    ];
    if let Some((what, corrected)) = changes.into_iter().find(|(_, changed)| changed != text && is_located(changed)) {
        return mistake(what, corrected);
    }
    match text.split(':').collect::<Vec<_>>()[..] {
        ["arn", partition, "signer", "", account, resource] | ["arn", partition, "signer", account, resource]
            if Location::parse(partition, "us-west-2", account).is_ok() =>
        {
            mistake("it has no region", format!("arn:{partition}:signer:REGION:{account}:{resource}"))
        }
        ["arn", partition, "signer", region, "", resource] | ["arn", partition, "signer", region, resource]
            if Location::parse(partition, region, "000000000000").is_ok() =>
        {
            mistake("it has no account", format!("arn:{partition}:signer:{region}:ACCOUNT:{resource}"))
        }
        _ => None,
    }
}

/// Whether everything before the resource is valid.
fn is_located(text: &str) -> bool {
    match text.split(':').collect::<Vec<_>>()[..] {
        ["arn", partition, "signer", region, account, _] => Location::parse(partition, region, account).is_ok(),
        _ => false,
    }
}

fn lower_case(text: &str) -> String {
    let Some(resource) = text.rfind(':') else { return text.to_owned() };
    let (location, resource) = text.split_at(resource);
    location.to_ascii_lowercase() + resource
}

fn without_hyphens_in_account(text: &str) -> String {
    let parts = text.split(':').enumerate();
    let parts: Vec<_> = parts.map(|(i, part)| if i == 4 { part.replace('-', "") } else { part.to_owned() }).collect();
    parts.join(":")
}
