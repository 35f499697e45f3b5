//! `KEY=VALUE` options: user metadata of signatures, annotations of manifests, plugin configuration.

use std::collections::BTreeMap;

use crate::output::exit::CliError;

/// A key and its value.
pub type Pair = (String, String);

/// Parses `KEY=VALUE`.
///
/// # Errors
/// Returns a message if there is no `=`, or the key is empty.
pub fn pair(text: &str) -> Result<Pair, String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

/// Collects the pairs into a map.
///
/// # Errors
/// Returns [`CliError`] if a key is given twice.
pub fn collect(pairs: Vec<Pair>) -> Result<BTreeMap<String, String>, CliError> {
    let mut all = BTreeMap::new();
    for (key, value) in pairs {
        if let Some(twice) = all.insert(key.clone(), value) {
            return Err(CliError::configuration(format!(
                "the key {key:?} is given twice, first with the value {twice:?}"
            )));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_pairs_and_rejects_duplicate_keys() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(pair("a="), Ok(("a".to_owned(), String::new())));
        assert!(pair("a").is_err() && pair("=b").is_err());
        assert!(collect(vec![("a".to_owned(), "1".to_owned()), ("a".to_owned(), "1".to_owned())]).is_err());
    }
}
