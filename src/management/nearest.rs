//! Names that are similar to one that does not exist.

use strsim::damerau_levenshtein;

/// The most names that are suggested.
const MAX_NAMES: usize = 3;

/// Asks whether one of these names was meant, the most similar one first. `None` if none is similar.
#[must_use]
pub fn did_you_mean<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let lower = |name: &str| name.to_ascii_lowercase();
    // A third of the letters may differ: `prod` is `Prod` or `prods`, and no other short word.
    let most = (name.len() / 3).max(1);
    let distance = |other: &'a str| (damerau_levenshtein(&lower(name), &lower(other)), other);
    let mut similar: Vec<_> = names.map(distance).filter(|(distance, _)| *distance <= most).collect();
    similar.sort_unstable();
    similar.dedup();
    similar.truncate(MAX_NAMES);
    let names: Vec<&str> = similar.into_iter().map(|(_, name)| name).collect();
    match names.split_last() {
        None => None,
        Some((last, [])) => Some(format!("Did you mean {last}?")),
        Some((last, others)) => Some(format!("Did you mean {} or {last}?", others.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn suggests_similar_names_only() {
        let names = ["release", "Release", "releases", "prod", "staging", "nightly_release"];
        let said = |name: &str| did_you_mean(name, names.into_iter());
        assert_eq!(said("relaese").as_deref(), Some("Did you mean Release, release or releases?"));
        assert_eq!(said("PROD").as_deref(), Some("Did you mean prod?"));
        assert_eq!(said("dev"), None);
        assert_eq!(did_you_mean("prod", std::iter::empty()), None);
    }
}
