//! Pairs of a key and a value on the command line: user metadata of signatures, annotations of manifests.

use std::collections::BTreeMap;

use crate::output::exit::CliError;

/// A key and its value.
pub type Pair = (String, String);

/// Reads `KEY=VALUE`.
///
/// # Errors
/// When there is no `=`, or nothing before it.
pub fn pair(text: &str) -> Result<Pair, String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

/// All pairs by their keys.
///
/// # Errors
/// When a key is given twice.
pub fn collect(pairs: Vec<Pair>) -> Result<BTreeMap<String, String>, CliError> {
    let mut all = BTreeMap::new();
    for (key, value) in pairs {
        if let Some(twice) = all.insert(key.clone(), value) {
            return Err(CliError::usage(format!("the key {key:?} is given twice; the first value is {twice:?}")));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_may_have_everything_and_a_key_stands_once() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(pair("a="), Ok(("a".to_owned(), String::new())));
        assert!(pair("a").is_err() && pair("=b").is_err());
        assert!(collect(vec![("a".to_owned(), "1".to_owned()), ("a".to_owned(), "1".to_owned())]).is_err());
    }
}
