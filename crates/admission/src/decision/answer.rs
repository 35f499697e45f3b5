//! The answer: one for each image, and what they come to together.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use notary::Digest;

/// What is decided about the images of a question, in their order, one for each, equal ones too.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The decisions.
    pub images: Vec<Decided>,
}

/// A decision about an image that is given to many: clones share it, with the texts that frontends derive from it.
#[derive(Debug, Clone)]
pub struct Decided(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    decision: ImageDecision,
    texts: [OnceLock<Box<str>>; Text::COUNT],
}

/// A text that depends on nothing but the decision, and is therefore written once for all who get it. Each has one
/// writer, outside of the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// The result in short, for people.
    Summary,
    /// The result with its reasons, for programs.
    Verdict,
    /// The report of a verifier, for programs that ask several.
    Report,
    /// The members of a line of the log.
    Log,
}

impl Text {
    const COUNT: usize = 4;
}

impl Decided {
    /// The text. Only the first call runs `write`.
    pub fn text(&self, text: Text, write: impl FnOnce(&ImageDecision) -> String) -> &str {
        self.0.texts[text as usize].get_or_init(|| write(&self.0.decision).into_boxed_str())
    }

    /// The decision changed for one who gets it. The others have it as it was.
    #[must_use]
    pub fn changed(&self, change: impl FnOnce(&mut ImageDecision)) -> Self {
        let mut decision = self.0.decision.clone();
        change(&mut decision);
        decision.into()
    }
}

impl From<ImageDecision> for Decided {
    fn from(decision: ImageDecision) -> Self {
        Self(Arc::new(Shared { decision, texts: Default::default() }))
    }
}

impl Deref for Decided {
    type Target = ImageDecision;

    fn deref(&self) -> &ImageDecision {
        &self.0.decision
    }
}

impl fmt::Display for Decided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.decision.fmt(f)
    }
}

impl PartialEq for Decided {
    fn eq(&self, other: &Self) -> bool {
        self.0.decision == other.0.decision
    }
}

/// What a decision comes to. Ordered by precedence: a refusal outweighs what is undetermined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// All images may run.
    Allowed,
    /// Whether all may run cannot be found out now: trying again makes sense.
    Undetermined,
    /// An image must not run.
    Refused,
}

/// What is decided about an image.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageDecision {
    /// The image as it was written.
    pub image: String,
    /// What was found out.
    pub outcome: Outcome,
    /// Whether a bad outcome keeps it from running.
    pub is_enforced: bool,
    /// Whether a bad outcome is shown to the user although the image may run.
    pub is_warned: bool,
    /// The name of the rule that decided; `None` if no rule matched.
    pub rule: Option<Arc<str>>,
    /// The digest, if it is known.
    pub digest: Option<Digest>,
    /// The repository as messages show it (`docker.io/library/nginx`), and its tag if it was written or implied. `None`
    /// if the image is not a valid reference.
    pub name: Option<ImageName>,
    /// Who signed: the ARN of the signing profile, or the subject of the certificate.
    pub signer: Option<Arc<str>>,
    /// Why it is refused or undetermined.
    pub why: Option<Arc<Why>>,
    /// Whether it comes from memory.
    pub is_cached: bool,
    /// Whether it was verified before, and revocation cannot be checked now.
    pub is_stale: bool,
}

/// A normalised name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageName {
    /// The registry and the repository: `docker.io/library/nginx`.
    pub repository: String,
    /// The tag; `None` if only a digest was written.
    pub tag: Option<String>,
    /// Whether the digest was written.
    pub is_pinned: bool,
}

/// What was found out about an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A rule or a trust policy says that it is not verified.
    Exempt,
    /// Its signature was verified.
    Verified,
    /// It was judged, and must not run: trying again changes nothing.
    Refused,
    /// It could not be judged now.
    Undetermined,
}

impl Outcome {
    /// All outcomes, in the order of their declaration.
    pub const ALL: [Self; 4] = [Self::Exempt, Self::Verified, Self::Refused, Self::Undetermined];
}

/// Why an image is refused or undetermined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The kind.
    pub code: Code,
    /// The check that failed, if one did: `integrity`, `authenticity`, `expiry`, `revocation`, ...
    pub check: Option<&'static str>,
    /// What is wrong, in a sentence. It is printable.
    pub message: String,
}

/// The kinds of reasons: labels of metrics and members of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// It has no signature.
    Unsigned,
    /// The signer is not trusted, too few have signed, or no rule or policy applies.
    Untrusted,
    /// The signature, its profile or a certificate is revoked.
    Revoked,
    /// The signature or a certificate has expired.
    Expired,
    /// The signature is malformed, does not verify, or is for another image.
    Integrity,
    /// The image does not exist.
    NotFound,
    /// A registry or service cannot be reached, or its answers are wrong.
    Unreachable,
    /// A registry or service limits the rate of requests.
    Throttled,
    /// This service's own limit of calls is used up.
    Quota,
    /// The time was over.
    Deadline,
    /// Credentials are missing, wrong, or do not permit it.
    Credentials,
    /// The image is not a valid reference.
    InvalidReference,
}

impl Code {
    /// All kinds, in the order of their declaration.
    pub const ALL: [Self; 12] = [
        Self::Unsigned,
        Self::Untrusted,
        Self::Revoked,
        Self::Expired,
        Self::Integrity,
        Self::NotFound,
        Self::Unreachable,
        Self::Throttled,
        Self::Quota,
        Self::Deadline,
        Self::Credentials,
        Self::InvalidReference,
    ];

    /// The name in answers and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Untrusted => "untrusted",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Integrity => "integrity",
            Self::NotFound => "not_found",
            Self::Unreachable => "unreachable",
            Self::Throttled => "throttled",
            Self::Quota => "quota",
            Self::Deadline => "deadline",
            Self::Credentials => "credentials",
            Self::InvalidReference => "invalid_reference",
        }
    }
}

impl Outcome {
    /// The name in answers and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exempt => "exempt",
            Self::Verified => "verified",
            Self::Refused => "refused",
            Self::Undetermined => "undetermined",
        }
    }

    /// Whether nothing stands against the image.
    #[must_use]
    pub fn is_good(self) -> bool {
        matches!(self, Self::Exempt | Self::Verified)
    }
}

impl Verdict {
    /// The name in answers and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Undetermined => "undetermined",
            Self::Refused => "refused",
        }
    }
}

impl ImageDecision {
    /// What it means for the image: a rule that warns or audits lets it run.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.outcome {
            Outcome::Refused if self.is_enforced => Verdict::Refused,
            Outcome::Undetermined if self.is_enforced => Verdict::Undetermined,
            _ => Verdict::Allowed,
        }
    }

    /// Returns the image with its digest in place of its tag: `docker.io/library/nginx@sha256:…`.
    #[must_use]
    pub fn pinned(&self) -> Option<String> {
        Some(format!("{}@{}", self.name.as_ref()?.repository, self.digest.as_ref()?))
    }

    /// As [`Self::pinned`], but keeps the tag: `docker.io/library/nginx:1.27@sha256:…`.
    #[must_use]
    pub fn pinned_with_tag(&self) -> Option<String> {
        let name = self.name.as_ref()?;
        let digest = self.digest.as_ref()?;
        Some(match &name.tag {
            Some(tag) => format!("{}:{tag}@{digest}", name.repository),
            None => format!("{}@{digest}", name.repository),
        })
    }
}

/// The problem with an image in one line: the reference, the digest, the check that failed and why, the signer, and the
/// rule.
impl fmt::Display for ImageDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&notary::text::printable(&self.image))?;
        if let Some(digest) = self.digest.as_ref().filter(|digest| !self.image.contains(&digest.to_string())) {
            write!(f, " ({digest})")?;
        }
        write!(f, ": {}", self.outcome.as_str())?;
        if let Some(why) = &self.why {
            match why.check {
                Some(check) => write!(f, ": {check}: {}", why.message)?,
                None => write!(f, ": {}", why.message)?,
            }
        }
        if let Some(signer) = &self.signer {
            write!(f, "; signer {signer}")?;
        }
        match &self.rule {
            Some(rule) => write!(f, "; rule \"{rule}\""),
            None => Ok(()),
        }
    }
}

impl Decision {
    fn each(&self) -> impl Iterator<Item = &ImageDecision> {
        self.images.iter().map(|image| &**image)
    }

    /// Whether it is about these images, in their order. A decision about others must not count for them.
    #[must_use]
    pub fn is_about<'a>(&self, images: impl IntoIterator<Item = &'a str>) -> bool {
        self.images.iter().map(|image| image.image.as_str()).eq(images)
    }

    /// What it comes to for all images together.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.each().map(ImageDecision::verdict).max().unwrap_or(Verdict::Allowed)
    }

    /// The images that keep the whole from running, those that are refused first. Equal ones are named once.
    pub fn problems(&self) -> Vec<&ImageDecision> {
        let mut problems: Vec<_> = self.each().filter(|image| image.verdict() != Verdict::Allowed).collect();
        problems.sort_by_key(|image| std::cmp::Reverse(image.verdict()));
        let mut seen = std::collections::HashSet::new();
        problems.retain(|image| seen.insert(image.image.as_str()));
        problems
    }

    /// The images that run although they were not verified, and of which the user is told.
    pub fn warnings(&self) -> Vec<&ImageDecision> {
        let mut seen = std::collections::HashSet::new();
        let warned = self.each().filter(|image| image.is_warned && !image.outcome.is_good());
        warned.filter(|image| seen.insert(image.image.as_str())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn all_codes_are_listed_at_their_places() {
        assert!(Code::ALL.iter().enumerate().all(|(place, code)| *code as usize == place));
        assert_eq!(Code::InvalidReference as usize + 1, Code::ALL.len());
    }
}
