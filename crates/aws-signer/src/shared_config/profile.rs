//! Profiles: the sections of both files under one name, merged.

use std::collections::BTreeMap;

use super::error::{NamedProfile, Place, SharedConfigError};
use super::parse::Section;
use super::{Kind, SharedConfig, SharedFile};

/// A profile, or another section such as `[sso-session NAME]`, with the properties of both files. Those of the
/// credentials file take precedence.
#[derive(Debug, Clone)]
pub struct Profile {
    place: Place,
    properties: BTreeMap<String, Value>,
    fault: Option<SharedConfigError>,
}

#[derive(Clone)]
struct Value {
    text: String,
    nested: Vec<(String, String)>,
    place: Place,
}

// The text may be a secret.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.place.fmt(f)
    }
}

impl Profile {
    /// Returns the value of a property. Empty values count as unset.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.properties.get(key).map(|value| value.text.trim()).filter(|text| !text.is_empty())
    }

    /// Whether a property is there, also without a value.
    pub(super) fn has(&self, key: &str) -> bool {
        self.properties.contains_key(key)
    }

    /// Returns where a property is set, or where the profile starts.
    #[must_use]
    pub fn place(&self, key: &str) -> &Place {
        self.properties.get(key).map_or(&self.place, |value| &value.place)
    }

    /// Returns a property that is indented below another one.
    #[must_use]
    pub fn nested(&self, key: &str, inner: &str) -> Option<&str> {
        let nested = &self.properties.get(key)?.nested;
        nested.iter().rev().find(|(name, _)| name == inner).map(|(_, text)| text.as_str())
    }

    /// Returns the profile if every line of it can be read.
    pub(super) fn checked(self) -> Result<Self, SharedConfigError> {
        self.fault.map_or(Ok(()), Err)?;
        Ok(Self { fault: None, ..self })
    }

    fn add(&mut self, file: &SharedFile, section: &Section) {
        let place = |line| Place { path: file.path.clone(), line };
        for property in &section.properties {
            let place = place(property.line);
            let value = Value { text: property.value.clone(), nested: property.nested.clone(), place };
            self.properties.insert(property.key.clone(), value);
        }
        if let Some(fault) = section.faults.first().filter(|_| self.fault.is_none()) {
            let section = section.name.clone();
            self.fault = Some(SharedConfigError::Line { place: place(fault.line), section, why: fault.why });
        }
    }
}

impl SharedConfig {
    /// Returns the profile with this name, if it is defined. Unreadable lines of it are left out.
    #[must_use]
    pub fn profile(&self, name: &str) -> Option<Profile> {
        // [profile default] replaces [default].
        let replaced = |kind, section: &Section| {
            kind == Kind::Config && name == "default" && section.name == "default" && self.has_prefixed_default()
        };
        self.merged(|kind, section| {
            profile_name(kind, &section.name) == Some(name.to_owned()) && !replaced(kind, section)
        })
    }

    /// Returns the section `[prefix name]` of the configuration file.
    pub(crate) fn section(&self, prefix: &str, name: &str) -> Option<Profile> {
        self.merged(|kind, section| {
            kind == Kind::Config && prefixed(&section.name, prefix).is_some_and(|suffix| suffix == name)
        })
    }

    /// Returns the named profile if it is defined and every line of it can be read.
    pub(super) fn defined(&self, profile: &NamedProfile) -> Result<Profile, SharedConfigError> {
        match self.profile(&profile.name) {
            Some(found) => found.checked(),
            None => Err(self.not_defined(profile)),
        }
    }

    /// Checks that a named profile is defined.
    pub(crate) fn must_define(&self, profile: &NamedProfile) -> Result<(), SharedConfigError> {
        match self.profile(&profile.name) {
            Some(_) => Ok(()),
            None => Err(self.not_defined(profile)),
        }
    }

    fn not_defined(&self, profile: &NamedProfile) -> SharedConfigError {
        let mut hint = self.unusable_file().map(ToString::to_string);
        for (kind, file) in self.files() {
            let Some(document) = &file.document else { continue };
            let place = |line| Place { path: file.path.clone(), line };
            for section in &document.sections {
                let meant = match kind {
                    Kind::Config => (section.name == profile.name).then(|| format!("[profile {}]", profile.name)),
                    Kind::Credentials => (prefixed(&section.name, "profile").as_deref() == Some(&profile.name))
                        .then(|| format!("[{}]", profile.name)),
                };
                if let Some(meant) = meant {
                    hint = Some(format!("in {}, [{}] must be {meant}", place(section.line), section.name));
                }
            }
        }
        let hint = hint.or_else(|| self.stray_line().map(|error| error.to_string()));
        let files =
            self.files().into_iter().map(|(_, file)| file.path.clone()).filter(|path| !path.as_os_str().is_empty());
        SharedConfigError::NotDefined { profile: profile.clone(), files: files.collect(), hint }
    }

    fn has_prefixed_default(&self) -> bool {
        let sections = self.config.document.iter().flat_map(|document| &document.sections);
        sections.into_iter().any(|section| prefixed(&section.name, "profile").as_deref() == Some("default"))
    }

    fn merged(&self, is_wanted: impl Fn(Kind, &Section) -> bool) -> Option<Profile> {
        let mut merged: Option<Profile> = None;
        for (kind, file) in self.files() {
            for section in file.document.iter().flat_map(|document| &document.sections) {
                if is_wanted(kind, section) {
                    let place = Place { path: file.path.clone(), line: section.line };
                    let empty = || Profile { place, properties: BTreeMap::new(), fault: None };
                    merged.get_or_insert_with(empty).add(file, section);
                }
            }
        }
        merged
    }
}

/// Returns the name of the profile that a section defines: `[profile NAME]` in the configuration file, `[NAME]` in the
/// credentials file, and `[default]` in both.
fn profile_name(kind: Kind, section: &str) -> Option<String> {
    match kind {
        Kind::Config if section == "default" => Some(section.to_owned()),
        Kind::Config => prefixed(section, "profile"),
        Kind::Credentials => Some(section.to_owned()).filter(|name| !name.is_empty()),
    }
}

/// Returns NAME of `prefix NAME`. It may be quoted.
fn prefixed(section: &str, prefix: &str) -> Option<String> {
    let rest = section.strip_prefix(prefix)?.strip_prefix([' ', '\t'])?.trim();
    let quoted = |quote: char| rest.strip_prefix(quote)?.strip_suffix(quote);
    Some(quoted('"').or_else(|| quoted('\'')).unwrap_or(rest).to_owned())
}
