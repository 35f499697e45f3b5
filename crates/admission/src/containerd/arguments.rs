//! The command line of an image verifier, in the form of Go's package `flag`: `-name REF`, `--name REF`, `-name=REF`.

use std::ffi::OsString;
use std::path::PathBuf;

use notary::Digest;
use notary::text::{printable, start_of};

/// The longest value. containerd's own are far shorter.
const MAX_VALUE: usize = 8 * 1024;

/// What containerd asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    /// The name of the image.
    pub name: String,
    /// The digest that it was resolved to.
    pub digest: Digest,
    /// The media type of what is on standard input.
    pub media_type: String,
    /// What is about to happen.
    pub operation: Operation,
    /// The configuration, if it is not the default one. containerd does not pass it.
    pub config: Option<PathBuf>,
}

/// What is about to happen to the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Operation {
    /// It is pulled. containerd says it only if it also asks before containers run.
    #[default]
    Pull,
    /// A container of it is created.
    Run,
}

/// Why a command line is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentsError {
    /// A flag that may demand something that is not checked.
    #[error(
        "the argument {0:?} is not known: this verifier knows -name, -digest, -stdin-media-type, -operation, -config"
    )]
    Unknown(String),
    /// A flag that must be there.
    #[error("the argument -{0} is missing")]
    Missing(&'static str),
    /// A flag without its value.
    #[error("the argument -{0} has no value")]
    NoValue(&'static str),
    /// A flag that is there twice.
    #[error("the argument -{0} is there twice")]
    Twice(&'static str),
    /// A value that it cannot have.
    #[error("the argument -{name} is {value:?}: {expected}")]
    Invalid {
        /// The flag.
        name: &'static str,
        /// Its value, printable.
        value: String,
        /// What it must be.
        expected: String,
    },
}

const NAMES: [&str; 5] = ["name", "digest", "stdin-media-type", "operation", "config"];

impl Arguments {
    /// Whether a command line begins as containerd's does.
    #[must_use]
    pub fn begin(first: &str) -> bool {
        flag(first).is_some_and(|(name, _)| name == "name")
    }

    /// Reads a command line, without the name of the program.
    ///
    /// # Errors
    /// Returns [`ArgumentsError`] for the first argument that is not understood.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, ArgumentsError> {
        let mut values: [Option<OsString>; NAMES.len()] = Default::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let unknown = || ArgumentsError::Unknown(shown(&argument.to_string_lossy()));
            let text = argument.to_str().ok_or_else(unknown)?;
            let (name, value) = flag(text).ok_or_else(unknown)?;
            let place = NAMES.iter().position(|known| *known == name).ok_or_else(unknown)?;
            let name = NAMES[place];
            let value = match value {
                Some(value) => OsString::from(value),
                None => arguments.next().ok_or(ArgumentsError::NoValue(name))?,
            };
            if values[place].replace(value).is_some() {
                return Err(ArgumentsError::Twice(name));
            }
        }
        let [name, digest, media_type, operation, config] = values;
        let name = required("name", name)?;
        let digest = required("digest", digest)?;
        let digest = digest.parse().map_err(|why| invalid("digest", &digest, why))?;
        let media_type = required("stdin-media-type", media_type)?;
        let operation = match operation {
            None => Operation::Pull,
            Some(operation) => match text("operation", operation)?.as_str() {
                "pull" => Operation::Pull,
                "run" => Operation::Run,
                other => return Err(invalid("operation", other, "expected pull or run")),
            },
        };
        Ok(Self { name, digest, media_type, operation, config: config.map(PathBuf::from) })
    }
}

/// The name of a flag, and its value if it is in the same argument.
fn flag(argument: &str) -> Option<(&str, Option<&str>)> {
    let rest = argument.strip_prefix("--").or_else(|| argument.strip_prefix('-'))?;
    let (name, value) = rest.split_once('=').map_or((rest, None), |(name, value)| (name, Some(value)));
    (!name.is_empty() && !name.starts_with('-')).then_some((name, value))
}

fn required(name: &'static str, value: Option<OsString>) -> Result<String, ArgumentsError> {
    match value {
        None => Err(ArgumentsError::Missing(name)),
        Some(value) if value.is_empty() => Err(ArgumentsError::NoValue(name)),
        Some(value) => text(name, value),
    }
}

fn text(name: &'static str, value: OsString) -> Result<String, ArgumentsError> {
    let value = value.into_string();
    let value = value.map_err(|value| invalid(name, &value.to_string_lossy(), "expected UTF-8"))?;
    match value.len() <= MAX_VALUE {
        true => Ok(value),
        false => Err(invalid(name, &value, format!("at most {MAX_VALUE} bytes are read"))),
    }
}

fn invalid(name: &'static str, value: &str, expected: impl std::fmt::Display) -> ArgumentsError {
    ArgumentsError::Invalid { name, value: shown(value), expected: printable(&expected.to_string()) }
}

fn shown(text: &str) -> String {
    printable(&start_of(text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn parse(line: &str) -> Result<Arguments, ArgumentsError> {
        Arguments::parse(line.split_whitespace().map(OsString::from))
    }

    const DIGEST: &str = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

    #[test]
    fn flags_have_one_or_two_hyphens_and_values_either_way() {
        let expected = Arguments {
            name: "docker.io/library/nginx:1".to_owned(),
            digest: DIGEST.parse().unwrap(),
            media_type: "application/vnd.oci.descriptor.v1+json".to_owned(),
            operation: Operation::Pull,
            config: None,
        };
        for line in [
            "-name docker.io/library/nginx:1 -digest DIGEST -stdin-media-type application/vnd.oci.descriptor.v1+json",
            "--name docker.io/library/nginx:1 --digest DIGEST --stdin-media-type application/vnd.oci.descriptor.v1+json",
            "-digest=DIGEST --name=docker.io/library/nginx:1 -stdin-media-type=application/vnd.oci.descriptor.v1+json \
             -operation pull",
        ] {
            assert_eq!(parse(&line.replace("DIGEST", DIGEST)).unwrap(), expected);
        }
        let line = format!("-name a -digest {DIGEST} -stdin-media-type x -operation run -config /c.yaml");
        let parsed = parse(&line).unwrap();
        assert_eq!((parsed.operation, parsed.config), (Operation::Run, Some("/c.yaml".into())));
        assert!(Arguments::begin("-name") && Arguments::begin("--name=x"));
        assert!(!Arguments::begin("name") && !Arguments::begin("--names") && !Arguments::begin("verify"));
    }

    #[test]
    fn a_command_line_that_is_not_understood_is_an_error() {
        for (line, expected) in [
            ("", "-name is missing"),
            ("-name a", "-digest is missing"),
            ("-name a -digest DIGEST", "-stdin-media-type is missing"),
            ("-name", "-name has no value"),
            ("-name= -digest DIGEST -stdin-media-type x", "-name has no value"),
            ("-name a -name b", "-name is there twice"),
            ("-name a --name=b", "-name is there twice"),
            ("-name a -digest sha256:x -stdin-media-type x", "-digest is \"sha256:x\""),
            ("-name a -digest DIGEST -stdin-media-type x -operation push", "expected pull or run"),
            ("-name a -digest DIGEST -stdin-media-type x -skip-verify", "\"-skip-verify\" is not known"),
            ("a -name a -digest DIGEST -stdin-media-type x", "\"a\" is not known"),
            ("-name a -digest DIGEST -stdin-media-type x --", "\"--\" is not known"),
            ("---name a", "is not known"),
        ] {
            let why = parse(&line.replace("DIGEST", DIGEST)).unwrap_err().to_string();
            assert!(why.contains(expected), "{line}: {why}");
        }
        let long = format!("-name {} -digest {DIGEST} -stdin-media-type x", "a".repeat(MAX_VALUE + 1));
        assert!(parse(&long).unwrap_err().to_string().len() < 600);
    }
}
