//! Why the shared AWS configuration cannot be used.

use std::fmt;
use std::path::PathBuf;

/// A profile, and what named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedProfile {
    /// The name of the profile.
    pub name: String,
    /// The variable, key or option that names it. `None` for the profile `default`, which needs no naming.
    pub named_by: Option<String>,
}

impl fmt::Display for NamedProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the AWS profile {:?}", self.name)?;
        self.named_by.as_ref().map_or(Ok(()), |by| write!(f, " ({by})"))
    }
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// The line.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {}", self.path.display(), self.line)
    }
}

/// Why the shared AWS configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SharedConfigError {
    /// A variable names a file that does not exist.
    #[error("{variable} names {}, which does not exist", path.display())]
    Missing {
        /// The variable.
        variable: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error(
        "the file {}{} cannot be read: {why}",
        path.display(), variable.map(|variable| format!(" ({variable})")).unwrap_or_default()
    )]
    Unreadable {
        /// The variable that names it.
        variable: Option<&'static str>,
        /// The file.
        path: PathBuf,
        /// The system's error.
        why: String,
    },
    /// A file starts with a byte order mark.
    #[error("the file {} starts with a byte order mark: save it as UTF-8 without BOM", .0.display())]
    ByteOrderMark(PathBuf),
    /// A line of a profile or session that is in use cannot be read.
    #[error("{place} in [{section}] cannot be read: {why}")]
    Line {
        /// The line.
        place: Place,
        /// The section.
        section: String,
        /// Why.
        why: &'static str,
    },
    /// A line that belongs to no section cannot be read, so that it may have been meant for any profile.
    #[error("{place} cannot be read: {why}")]
    Stray {
        /// The line.
        place: Place,
        /// Why.
        why: &'static str,
    },
    /// A named profile is not defined.
    #[error("{profile} is not defined in {}{}", listed(files), hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default())]
    NotDefined {
        /// The profile.
        profile: NamedProfile,
        /// The files that were read.
        files: Vec<PathBuf>,
        /// What looks like it, or why a file was not read.
        hint: Option<String>,
    },
    /// A profile that is named has no credentials.
    #[error("{profile} in {place} has no credentials: no keys, role_arn, sso_session or credential_process")]
    NoCredentials {
        /// The profile.
        profile: NamedProfile,
        /// Where it is.
        place: Place,
    },
    /// A profile cannot provide credentials.
    #[error("{profile} in {place} cannot be used: {why}")]
    Unusable {
        /// The profile.
        profile: NamedProfile,
        /// Where it is.
        place: Place,
        /// Why.
        why: String,
    },
    /// A profile of `aws login`.
    #[error("{profile} in {place} is a session of `aws login`, which only AWS's own tools can use")]
    LoginSession {
        /// The profile.
        profile: NamedProfile,
        /// Where it is.
        place: Place,
    },
}

fn listed(files: &[PathBuf]) -> String {
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    match names.as_slice() {
        [] => "the shared AWS configuration: there is no home folder".to_owned(),
        names => names.join(" or "),
    }
}
