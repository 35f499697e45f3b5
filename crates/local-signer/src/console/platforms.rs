//! "Signing platforms": all platforms with their algorithms and formats.

use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::html::layout::Section;
use super::html::parts::{code, facts, select};
use super::reply::Reply;
use super::visit::Visit;
use crate::platforms::PLATFORMS;

#[derive(Debug, Deserialize)]
struct Platforms {
    platforms: Vec<Platform>,
}

/// A platform, as `ListSigningPlatforms` answers it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Platform {
    platform_id: String,
    display_name: String,
    partner: String,
    target: String,
    category: String,
    signing_configuration: Configuration,
    signing_image_format: Formats,
    #[serde(rename = "maxSizeInMB")]
    max_size_in_mb: u32,
    revocation_supported: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Configuration {
    encryption_algorithm_options: Options,
    hash_algorithm_options: Options,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    allowed_values: Vec<String>,
    default_value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Formats {
    supported_formats: Vec<String>,
    default_format: String,
}

/// The page.
pub(super) async fn show(visit: &Visit<'_>) -> Reply {
    let found: Platforms = visit.call("ListSigningPlatforms", json!({})).await?;
    let content = html! {
        h1 { "Signing platforms" }
        @for platform in &found.platforms {
            section.card aria-labelledby=(platform.platform_id) {
                h2 id=(platform.platform_id) { (platform.display_name.trim()) }
                (facts(&details(platform)))
                p.links {
                    a href={ (visit.path(&["profiles"])) "?status=all&platform=" (platform.platform_id) } { "Profiles" }
                    a href={ (visit.path(&["jobs"])) "?platform=" (platform.platform_id) } { "Jobs" }
                }
            }
        }
    };
    visit.page(Section::Platforms, "Signing platforms", content)
}

fn details(platform: &Platform) -> Vec<(&'static str, Markup)> {
    let configuration = &platform.signing_configuration;
    let options = |options: &Options| values(&options.allowed_values, &options.default_value);
    let formats = &platform.signing_image_format;
    vec![
        ("Platform ID", code(&platform.platform_id)),
        ("Encryption algorithms", options(&configuration.encryption_algorithm_options)),
        ("Hash algorithms", options(&configuration.hash_algorithm_options)),
        ("Image formats", values(&formats.supported_formats, &formats.default_format)),
        ("Largest object", html! { (platform.max_size_in_mb) " MB" }),
        ("Revocation", html! { @if platform.revocation_supported { "Supported" } @else { "Not supported" } }),
        ("Partner", html! { (platform.partner) }),
        ("Target", html! { (platform.target) }),
        ("Category", html! { (platform.category) }),
    ]
}

/// The values; the default is marked if there are others.
fn values(values: &[String], default: &str) -> Markup {
    html! {
        @for (number, value) in values.iter().enumerate() {
            @if number > 0 { ", " }
            (value)
            @if values.len() > 1 && value == default { span.quiet { " (default)" } }
        }
    }
}

/// A choice of a platform for filters.
pub(super) fn choice(chosen: &str) -> Markup {
    let mut options = vec![("", "All")];
    options.extend(PLATFORMS.iter().map(|platform| (platform.id, platform.display_name.trim())));
    select("platform", &options, chosen)
}
