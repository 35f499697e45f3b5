//! `imageReferences`: the images that a request is about, as patterns with `*` for any characters and `?` for one.
//!
//! A pattern is compared with the image as Kyverno has it, and with its completed name. One match is enough, so that no
//! way of writing an image leaves it out. Of a pattern for tags, the repository alone counts for an image by digest:
//! each tag may lead to it.

use super::super::shape::{Malformed, Node};
use super::request::Image;
use crate::decision::ImageReference;

/// The most patterns, and the longest.
const MAX_PATTERNS: usize = 256;
const MAX_PATTERN: usize = 1024;

/// The images that are selected; no pattern selects all.
#[derive(Debug)]
pub struct Selection<'a>(Vec<&'a str>);

impl<'a> Selection<'a> {
    /// Reads the patterns.
    pub fn read(node: Option<&Node<'a, '_>>) -> Result<Self, Malformed> {
        let Some(node) = node else { return Ok(Self(Vec::new())) };
        let mut patterns = Vec::new();
        for item in node.items()? {
            if patterns.len() == MAX_PATTERNS {
                return Err(Malformed::TooMany { what: "imageReferences", most: MAX_PATTERNS, setting: None });
            }
            patterns.push(item.checked(|text| text.len() <= MAX_PATTERN, "a pattern of at most 1024 bytes")?);
        }
        Ok(Self(patterns))
    }

    /// Whether the image is selected. One that is not a valid reference always is, to be refused.
    pub fn has(&self, image: &Image<'_>) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let Ok(reference) = ImageReference::parse(&image.reference) else { return true };
        let repository = reference.repository();
        let suffix = image.reference.get(image.repository.len()..).unwrap_or_default();
        let suffix = if suffix.is_empty() { ":latest" } else { suffix };
        let mut names =
            vec![image.reference.clone(), image.repository.clone(), format!("{}{suffix}", image.repository)];
        names.extend([repository.to_owned(), format!("{repository}{suffix}")]);
        if let Some(short) = repository.strip_prefix("docker.io/library/") {
            for name in [format!("docker.io/{short}"), short.to_owned()] {
                names.extend([format!("{name}{suffix}"), name]);
            }
        }
        let is_one = |pattern: &str| names.iter().any(|name| matches(pattern.as_bytes(), name.as_bytes()));
        let is_by_digest = reference.digest().is_some();
        self.0.iter().any(|pattern| is_one(pattern) || (is_by_digest && without_tag(pattern).is_some_and(is_one)))
    }
}

/// The pattern for the repository, of one for tags. The last colon is the beginning of a tag unless a slash follows:
/// then it is that of a port.
fn without_tag(pattern: &str) -> Option<&str> {
    let (repository, tag) = pattern.rsplit_once(':')?;
    (!tag.contains('/')).then_some(repository)
}

/// Whether the whole text matches. It takes at most the product of both lengths in steps.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // The last star, and the text from which on it stands for more.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                p = at + 1;
                t = from + 1;
            }
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::{Image, Selection, matches};

    #[test]
    fn stars_and_question_marks_are_wildcards() {
        for (pattern, text) in [
            ("*", ""),
            ("*", "a/b:c"),
            ("a*c", "abc"),
            ("a*c", "ac"),
            ("a?c", "abc"),
            ("*b*", "abc"),
            ("ghcr.io/*/x:v?", "ghcr.io/a/b/x:v1"),
        ] {
            assert!(matches(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("?", ""), ("a?c", "ac"), ("a*d", "abc"), ("a", "ab"), ("*a", "ab")] {
            assert!(!matches(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
        }
        // Backtracking stays within the product of both lengths.
        assert!(!matches("*a".repeat(500).as_bytes(), "a".repeat(100).as_bytes()));
    }

    #[test]
    fn an_image_is_selected_however_it_is_written() {
        let is_selected = |pattern: &'static str, repository: &str, suffix: &str| {
            let image = Image {
                container: "c",
                repository: repository.to_owned(),
                reference: format!("{repository}{suffix}"),
                pointer: "/a",
            };
            Selection(vec![pattern]).has(&image)
        };
        for (repository, suffix) in
            [("docker.io/nginx", ":1"), ("index.docker.io/nginx", ""), ("nginx", ":2"), ("docker.io/library/nginx", "")]
        {
            assert!(is_selected("docker.io/library/nginx*", repository, suffix), "{repository}");
            assert!(is_selected("docker.io/nginx:*", repository, suffix), "{repository}");
            assert!(!is_selected("ghcr.io/*", repository, suffix), "{repository}");
        }
        // A digest does not leave the image out of a pattern for tags.
        let digest = format!("@{}", notary::Digest::sha256(b"a"));
        for pattern in ["docker.io/nginx:1.*", "docker.io/library/nginx:*", "*:v?", "nginx:1"] {
            for repository in ["docker.io/nginx", "docker.io/library/nginx"] {
                assert!(is_selected(pattern, repository, &digest), "{pattern} {repository}");
            }
        }
        assert!(is_selected("localhost:5000/*:1", "localhost:5000/app", &digest));
        for pattern in ["docker.io/httpd:*", "localhost:5000/*", "docker.io:*", "*@sha256:0*"] {
            assert!(!is_selected(pattern, "docker.io/nginx", &digest), "{pattern}");
        }
        assert!(!is_selected("docker.io/nginx:1.*", "docker.io/nginx", ":2.0"));
        // To be refused.
        assert!(is_selected("ghcr.io/*", "ghcr.io/Team/App", ":1") && is_selected("ghcr.io/*", "docker.io/../x", ""));
    }
}
