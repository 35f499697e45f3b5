//! Values that several sections have: paths, texts, lists, URLs, roles.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use aws_names::RoleArn;
use url::Url;
use yaml::{Error, Field};

/// The error of a value of another form, in the words of the reader of YAML: what is expected, and what is there.
pub fn expected(field: &Field<'_>, what: &str) -> Error {
    const LONGEST: usize = 40;
    let found = match field.text_or_empty() {
        Ok(text) if text.chars().count() > LONGEST => {
            format!("{:?}...", text.chars().take(LONGEST).collect::<String>())
        }
        Ok(text) => format!("{text:?}"),
        Err(why) => {
            let found = why.problem().trim_start_matches("expected text, found ");
            found.trim_end_matches("; put it in quotes").to_owned()
        }
    };
    field.error(format!("expected {what}, found {found}"))
}

/// A text as the type that checks it.
pub fn parsed<T: FromStr<Err: Display>>(field: &Field<'_>) -> Result<T, Error> {
    field.text()?.parse().map_err(|why: T::Err| field.error(notary::text::printable(&why.to_string())))
}

/// A list with at least one value and no value twice.
pub fn list<T: PartialEq>(
    field: &Field<'_>,
    empty: &str,
    mut read: impl FnMut(&Field<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut values = Vec::new();
    for item in field.items()? {
        let value = read(&item)?;
        if values.contains(&value) {
            return Err(item.error("the list has this value twice"));
        }
        values.push(value);
    }
    if values.is_empty() { Err(field.error(format!("the list is empty: {empty}"))) } else { Ok(values) }
}

/// A path, relative to the folder of the file.
pub fn path(field: &Field<'_>, folder: &Path) -> Result<PathBuf, Error> {
    let text = field.text()?;
    if text.contains('\0') {
        return Err(field.error("a path cannot contain a zero character"));
    }
    Ok(folder.join(text))
}

/// One or more paths.
pub fn paths(field: &Field<'_>, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    list(field, "name at least one file, or leave the member out", |field| path(field, folder))
}

/// The ARN of a role.
pub fn role(field: &Field<'_>) -> Result<RoleArn, Error> {
    parsed(field)
}

/// A URL without credentials, which belong into files. Errors do not repeat it, because it may have some.
pub fn url(field: &Field<'_>, schemes: &[&str], example: &str) -> Result<String, Error> {
    let what = format!("expected a URL with {}, such as {example}", schemes.join(" or "));
    let malformed = || field.error(&what);
    let text = field.text().map_err(|_| malformed())?;
    let url: Url = text.parse().map_err(|_| malformed())?;
    if !schemes.contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
        return Err(malformed());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(field.error("the URL contains a user name or password: secrets are read from files only"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(field.error(format!("{what}, without ? and #")));
    }
    Ok(text.to_owned())
}
