//! A signing platform in text and JSON: docs/output/common.schema.json.

use aws_signer::{Choice, SigningPlatform};
use notary::text::printable;
use serde::Serialize;

use crate::management::facts::Facts;
use crate::output::Output;
use crate::output::exit::CliError;

/// A signing platform.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlatformReport {
    platform: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption_algorithms: Option<ChoiceReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash_algorithms: Option<ChoiceReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_formats: Option<ChoiceReport>,
    #[serde(rename = "maxSizeMB")]
    max_size_mb: i32,
    revocation_supported: bool,
}

/// The values that a platform accepts.
#[derive(Debug, Serialize)]
struct ChoiceReport {
    default: String,
    allowed: Vec<String>,
}

impl From<Choice> for ChoiceReport {
    fn from(Choice { default, allowed }: Choice) -> Self {
        Self { default, allowed }
    }
}

impl ChoiceReport {
    fn text(&self) -> String {
        let is_other = |value: &&String| **value != self.default;
        let others: Vec<&str> = self.allowed.iter().filter(is_other).map(String::as_str).collect();
        let others = if others.is_empty() { String::new() } else { format!(" (or {})", others.join(", ")) };
        format!("{}{others}", if self.default.is_empty() { "no default" } else { &self.default })
    }
}

impl PlatformReport {
    pub(super) fn new(platform: SigningPlatform) -> Self {
        Self {
            platform: platform.id,
            platform_name: platform.name,
            category: platform.category,
            partner: platform.partner,
            target: platform.target,
            encryption_algorithms: platform.encryption_algorithms.map(ChoiceReport::from),
            hash_algorithms: platform.hash_algorithms.map(ChoiceReport::from),
            image_formats: platform.image_formats.map(ChoiceReport::from),
            max_size_mb: platform.max_size_mb,
            revocation_supported: platform.revocation_supported,
        }
    }

    /// Writes the report as text.
    pub(super) fn show(&self, output: &Output) -> Result<(), CliError> {
        output.text(printable(&self.platform))?;
        let facts = Facts::new(output, 12);
        facts.say_known("name", self.platform_name.as_ref())?;
        facts.say_known("category", self.category.as_ref())?;
        facts.say_known("partner", self.partner.as_ref())?;
        facts.say_known("target", self.target.as_ref())?;
        facts.say_known("encryption", self.encryption_algorithms.as_ref().map(ChoiceReport::text))?;
        facts.say_known("hash", self.hash_algorithms.as_ref().map(ChoiceReport::text))?;
        facts.say_known("image format", self.image_formats.as_ref().map(ChoiceReport::text))?;
        if self.max_size_mb > 0 {
            facts.say("largest size", format!("{} MB", self.max_size_mb))?;
        }
        facts.say("revocation", if self.revocation_supported { "supported" } else { "not supported" })
    }
}
