//! The texts of an answer: its message, its warnings and its audit annotations. All are bounded.

use std::collections::HashSet;

use notary::text::printable;

use super::super::MAX_MESSAGE;
use super::tags::runs_by_tag;
use crate::decision::{Code, Decided, Decision, ImageDecision, Text, Verdict};

/// How many problems a message has in full.
const MAX_PROBLEMS: usize = 10;
/// The longest warning in bytes. The API server cuts longer ones once all together are too long.
const MAX_WARNING: usize = 256;
/// The most bytes of all warnings.
const MAX_WARNINGS: usize = 4096;
/// The longest summary of images in audit annotations, in bytes.
const MAX_SUMMARY: usize = 4096;
/// The most bytes of an image in the summary. Valid references are shorter.
const MAX_IMAGE: usize = 512;
/// What is at the end of a text that was cut.
const CUT: &str = "… (cut)";

/// What keeps the images from running: the first problems in full, then a count.
pub(in crate::frontends) fn message(decision: &Decision) -> String {
    let problems = decision.problems();
    let mut text = match problems.as_slice() {
        [problem] => problem.to_string(),
        problems => {
            let refused = problems.iter().filter(|image| image.verdict() == Verdict::Refused).count();
            let mut text = heading(refused, problems.len() - refused);
            for problem in problems.iter().take(MAX_PROBLEMS) {
                text.push_str("\n- ");
                text.push_str(&problem.to_string());
            }
            if problems.len() > MAX_PROBLEMS {
                text.push_str(&format!("\n- and {} more", problems.len() - MAX_PROBLEMS));
            }
            text
        }
    };
    cut(&mut text, MAX_MESSAGE);
    text
}

fn heading(refused: usize, undetermined: usize) -> String {
    let images = |count: usize| if count == 1 { "1 image".to_owned() } else { format!("{count} images") };
    match (refused, undetermined) {
        (refused, 0) => format!("{} must not run:", images(refused)),
        (0, undetermined) => format!("{} cannot be judged now:", images(undetermined)),
        _ => format!("{} must not run, {} cannot be judged now:", images(refused), images(undetermined)),
    }
}

/// Whether the deadline alone keeps the images from being judged.
pub(super) fn is_late(decision: &Decision) -> bool {
    decision.problems().iter().all(|image| image.why.as_ref().is_some_and(|why| why.code == Code::Deadline))
}

/// What the user is told although the images may run. `tags` says whether verified images without digest count.
pub(super) fn warnings(decision: &Decision, tags: bool) -> Vec<String> {
    let mut warnings: Vec<_> = decision.warnings().into_iter().map(|image| warning("", &image.to_string())).collect();
    let mut seen = HashSet::new();
    for image in decision.images.iter().filter(|image| image.is_enforced || image.is_warned) {
        if !seen.insert(image.image.as_str()) {
            continue;
        }
        if image.is_stale {
            warnings.push(warning(&image.image, " was verified before; its revocation cannot be checked now"));
        }
        if tags && runs_by_tag(image) {
            let digest = image.digest.as_ref().map_or_else(|| "not known".to_owned(), ToString::to_string);
            warnings.push(warning(&image.image, &format!(" runs by tag; the digest that was verified is {digest}")));
        }
    }
    bounded(warnings)
}

/// A warning of an image, which is cut first, and what is said of it.
pub(super) fn warning(image: &str, rest: &str) -> String {
    let mut rest = printable(rest);
    cut(&mut rest, MAX_WARNING);
    let mut text = printable(image);
    cut(&mut text, MAX_WARNING - rest.len());
    text + &rest
}

/// As many warnings as the API server passes on, with a count of the rest.
fn bounded(mut warnings: Vec<String>) -> Vec<String> {
    let sum = |warnings: &[String]| warnings.iter().map(String::len).sum::<usize>();
    let all = warnings.len();
    if sum(&warnings) > MAX_WARNINGS {
        while sum(&warnings) > MAX_WARNINGS - 64 {
            warnings.pop();
        }
        warnings.push(format!("and {} more warnings", all - warnings.len()));
    }
    warnings
}

/// The images in short, for audit annotations: `nginx:1.27 verified sha256:…; app refused unsigned`.
pub(in crate::frontends) fn summary(images: &[Decided]) -> String {
    let mut text = String::new();
    let mut seen = HashSet::new();
    let distinct: Vec<_> = images.iter().filter(|image| seen.insert(image.image.as_str())).collect();
    for (index, image) in distinct.iter().enumerate() {
        let item = image.text(Text::Summary, summary_of);
        // Room for the count of the rest.
        if text.len() + item.len() > MAX_SUMMARY - 32 {
            text.push_str(&format!("and {} more", distinct.len() - index));
            return text;
        }
        text.push_str(item);
        text.push_str(if index + 1 == distinct.len() { "" } else { "; " });
    }
    text
}

fn summary_of(image: &ImageDecision) -> String {
    let mut text = printable(&image.image);
    cut(&mut text, MAX_IMAGE);
    let digest = image.digest.as_ref().map(ToString::to_string).filter(|digest| !text.contains(digest.as_str()));
    let mut add = |word: &str| {
        text.push(' ');
        text.push_str(word);
    };
    add(image.outcome.as_str());
    if let Some(why) = &image.why {
        add(why.code.as_str());
    }
    if !image.outcome.is_good() && !image.is_enforced {
        add(if image.is_warned { "warned" } else { "audited" });
    }
    if let Some(digest) = digest {
        add(&digest);
    }
    text
}

/// Cuts a text to so many bytes, and says so at its end.
fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most.saturating_sub(CUT.len())));
        if text.len() + CUT.len() <= most {
            text.push_str(CUT);
        }
    }
}
