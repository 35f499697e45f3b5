//! The frame of a page: head, header, navigation.

use aws_names::Region;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{DOCTYPE, Markup, html};

use crate::console::reply::Failure;
use crate::console::visit::Visit;

/// A section of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::console) enum Section {
    Profiles,
    Jobs,
    Platforms,
    Certificates,
    Calls,
}

impl Section {
    const ALL: [Self; 5] = [Self::Profiles, Self::Jobs, Self::Platforms, Self::Certificates, Self::Calls];

    /// The segment of its path.
    pub(in crate::console) fn name(self) -> &'static str {
        match self {
            Self::Profiles => "profiles",
            Self::Jobs => "jobs",
            Self::Platforms => "platforms",
            Self::Certificates => "certificates",
            Self::Calls => "calls",
        }
    }

    /// The section with this segment.
    pub(in crate::console) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.name() == name)
    }

    /// The name for people.
    pub(in crate::console) fn title(self) -> &'static str {
        match self {
            Self::Profiles => "Signing profiles",
            Self::Jobs => "Signing jobs",
            Self::Platforms => "Signing platforms",
            Self::Certificates => "Certificates",
            Self::Calls => "Recent calls",
        }
    }
}

/// A page of a region.
pub(in crate::console) fn page(
    visit: &Visit<'_>,
    regions: &[Region],
    section: Section,
    title: &str,
    content: Markup,
) -> Markup {
    let header = html! {
        form.region method="get" action="/console" {
            input type="hidden" name="section" value=(section.name());
            label for="region" { "Region" }
            select #region name="region" {
                @for region in regions {
                    option value=(region) selected[region == visit.region()] { (region) }
                }
            }
            button type="submit" { "Go" }
        }
        span.account { span.quiet { "Account " } (visit.account()) }
        @if visit.session.is_some() {
            (visit.form("/console/logout", html! { button type="submit" { "Sign out" } }))
        } @else {
            a.button href=(visit.sign_in()) { "Sign in" }
        }
    };
    let body = html! {
        nav aria-label="Sections" {
            ul {
                @for other in Section::ALL {
                    li {
                        a href=(visit.path(&[other.name()])) aria-current=[(other == section).then_some("page")] {
                            (other.title())
                        }
                    }
                }
            }
        }
        main #content tabindex="-1" { (content) }
    };
    document(title, header, body)
}

/// A page without region and navigation.
pub(in crate::console) fn bare(title: &str, content: Markup) -> Markup {
    document(title, html! {}, html! { main #content.alone tabindex="-1" { (content) } })
}

fn document(title: &str, header: Markup, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " - Local signer" }
                link rel="icon" type="image/svg+xml" href="/console/icon.svg";
                link rel="stylesheet" href={ "/console/style.css?v=" (env!("CARGO_PKG_VERSION")) };
            }
            body {
                a.skip href="#content" { "Skip to content" }
                header {
                    a.brand href="/console" { img src="/console/icon.svg" alt="" width="24" height="24"; "Local signer" }
                    (header)
                }
                div.frame { (body) }
            }
        }
    }
}

/// A page of a region that shows a problem.
///
/// # Errors
/// Returns [`Failure::Api`] if the regions cannot be read.
pub(in crate::console) fn problem(
    visit: &Visit<'_>,
    status: StatusCode,
    title: &str,
    text: &str,
) -> Result<Response, Failure> {
    let section = visit.target.split(['/', '?']).nth(3).and_then(Section::named).unwrap_or(Section::Profiles);
    let content = html! {
        h1 { (title) }
        (super::parts::alert(title, text))
        p { a href=(visit.path(&[section.name()])) { "Go to " (section.title().to_lowercase()) } }
    };
    visit.page_with(status, section, title, content)
}

/// A problem on a page without region.
pub(in crate::console) fn message(title: &str, text: &str) -> Markup {
    html! {
        div.card.narrow {
            h1 { (title) }
            p { (text) }
            p { a href="/console" { "Go to the console" } }
        }
    }
}
