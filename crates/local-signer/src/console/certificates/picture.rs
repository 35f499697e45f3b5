//! The chain as a picture: a box for each certificate, and arrows from issuer to subject.

use maud::{Markup, html};
use time::OffsetDateTime;

use super::{Link, day};

const WIDTH: usize = 560;
const HEIGHT: usize = 96;
const GAP: usize = 44;

/// The picture, which the style scales to the width of the page. What it says is also in the text of the page.
pub(super) fn chain(chain: &[Link], now: OffsetDateTime) -> Markup {
    let height = chain.len() * (HEIGHT + GAP) - GAP + 4;
    let description: Vec<String> =
        chain.windows(2).map(|pair| format!("{} issued {}.", pair[0].name(), pair[1].name())).collect();
    html! {
        svg.chain viewBox={ "0 0 " (WIDTH + 4) " " (height) } role="img" aria-labelledby="chain-title chain-text" {
            title #chain-title { "Certificate chain" }
            desc #chain-text { (description.join(" ")) }
            @for (number, link) in chain.iter().enumerate() {
                @let top = 2 + number * (HEIGHT + GAP);
                @let problem = link.problem(now);
                @if number > 0 { (arrow(top)) }
                rect.box.problem[problem.is_some()] x="2" y=(top) width=(WIDTH) height=(HEIGHT) rx="8" {}
                rect.bar x="2" y=(top) width="6" height=(HEIGHT) rx="3" {}
                text.role x="26" y=(top + 28) { (link.role) @if let Some(problem) = problem { " - " (problem) } }
                text.name x="26" y=(top + 52) { (link.name()) }
                text.quiet x="26" y=(top + 76) {
                    (day(link.certificate.not_before())) " to " (day(link.certificate.not_after()))
                    ", SHA-256 " (start(link.certificate.thumbprint())) "..."
                }
            }
        }
    }
}

/// An arrow that ends at the box at `top`.
fn arrow(top: usize) -> Markup {
    let middle = WIDTH / 2;
    html! {
        path.arrow d={ "M" (middle) " " (top - GAP) " V" (top - 4) " m-6 -8 l6 8 l6 -8" } {}
        text.quiet x=(middle + 14) y=(top - GAP / 2 + 5) { "issued" }
    }
}

/// The start of a fingerprint, enough to tell certificates apart.
fn start(thumbprint: &str) -> &str {
    thumbprint.get(..16).unwrap_or(thumbprint)
}
