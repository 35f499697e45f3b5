//! The line of a decision. Members that are not known are left out.
//!
//! | Member | Meaning |
//! |---|---|
//! | `adapter`, `uid`, `user`, `namespace`, `kind`, `name`, `operation`, `dryRun` | the request |
//! | `decision` | `allowed`, `refused` or `undetermined` |
//! | `images` | the first 50: `reference`, `digest`, `outcome`, `reason` with its `message`, `signer`, `rule`, `cached` |
//! | `moreImages` | how many more there are |
//! | `ms` | the time to answer in milliseconds |

use std::time::Duration;

use super::json::Line;
use crate::decision::{Decided, ImageDecision, Outcome, Text};
use crate::frontends::Record;

/// The most images of a line.
pub const MAX_IMAGES: usize = 50;

/// Writes the members of a decision.
pub fn write(line: &mut Line, record: &Record, took: Duration) {
    line.literal("adapter", record.adapter);
    line.optional_text("uid", record.uid.as_deref());
    line.optional_text("user", record.user.as_deref());
    line.optional_text("namespace", record.namespace.as_deref());
    line.optional_text("kind", record.kind.as_deref());
    line.optional_text("name", record.name.as_deref());
    line.optional_text("operation", record.operation.as_deref());
    line.value("dryRun", record.dry_run);
    line.literal("decision", record.verdict.as_str());
    // The bad ones first: they must not be among those that are left out.
    let is_bad = |image: &&Decided| !image.outcome.is_good();
    let (bad, good) = (record.images.iter().filter(is_bad), record.images.iter().filter(|image| !is_bad(image)));
    if record.images.len() > MAX_IMAGES {
        line.objects("images", bad.chain(good).take(MAX_IMAGES), image);
        line.value("moreImages", record.images.len() - MAX_IMAGES);
    } else {
        line.objects("images", record.images.iter(), image);
    }
    line.value("ms", format_args!("{:.3}", took.as_secs_f64() * 1000.0));
}

fn image(line: &mut Line, image: &Decided) {
    line.members(image.text(Text::Log, |image| Line::members_of(|line| members(line, image))));
}

fn members(line: &mut Line, image: &ImageDecision) {
    line.text("reference", &image.image);
    if let Some(digest) = &image.digest {
        line.shown("digest", digest);
    }
    line.literal("outcome", image.outcome.as_str());
    if let Some(why) = &image.why {
        line.literal("reason", why.code.as_str());
        match why.check {
            Some(check) => line.shown("message", format_args!("{check}: {}", why.message)),
            None => line.text("message", &why.message),
        }
    }
    line.optional_text("signer", image.signer.as_deref());
    line.optional_text("rule", image.rule.as_deref());
    if !matches!(image.outcome, Outcome::Exempt) {
        line.value("cached", image.is_cached);
    }
    if image.is_stale {
        line.value("stale", true);
    }
}
