//! The sections `policies` and `rules`: who must have signed, and what applies to which images.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use aws_names::SignerArn;

use super::pattern::{ImagePattern, NamespacePattern};

/// Who must have signed.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The trusted signers.
    pub trust: Trust,
    /// The metadata that must have been signed.
    pub user_metadata: BTreeMap<String, String>,
    /// The most signatures of an artifact that are looked at. Default: 100.
    pub max_signatures: usize,
    /// How many different signers are required. Default: 1.
    pub require: NonZeroUsize,
}

/// The trusted signers of a policy.
#[derive(Debug, Clone, PartialEq)]
pub enum Trust {
    /// A trust policy document of notation.
    Document {
        /// The file.
        path: PathBuf,
        /// PEM or DER files with roots that take the place of the trust stores; empty uses notation's folder.
        roots: Vec<PathBuf>,
    },
    /// These signing profiles of AWS Signer.
    Profiles {
        /// The profiles.
        profiles: Vec<SignerArn>,
        /// PEM or DER files with roots; empty uses those of AWS.
        roots: Vec<PathBuf>,
    },
}

/// What applies to some images.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name. Default: `rule N`, counted from 1.
    pub name: String,
    /// Patterns of namespaces, with `*`; `None` matches all, and requests without namespace.
    pub namespaces: Option<Vec<NamespacePattern>>,
    /// The labels that the namespace must have.
    pub namespace_labels: Option<BTreeMap<String, String>>,
    /// Patterns of `registry/repository`, with `*` and `**`; `None` matches all.
    pub images: Option<Vec<ImagePattern>>,
    /// What is done.
    pub action: RuleAction,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleAction {
    /// The images run unverified.
    Exempt,
    /// The images are verified.
    Verify {
        /// The name of the policy.
        policy: String,
        /// What happens when one is not verified.
        enforcement: Enforcement,
    },
}

/// What happens when an image is not verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enforcement {
    /// It does not run.
    Enforce,
    /// It runs, with a warning to the user.
    Warn,
    /// It runs, and the log has it.
    Audit,
}
