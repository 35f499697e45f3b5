//! The fields of a query or of a form: `application/x-www-form-urlencoded`.

/// More fields are not read.
const MAX_FIELDS: usize = 500;

/// Names and values, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a query or the body of a form. Browsers send the line breaks of a text as CR LF; they become LF.
    pub(super) fn read(encoded: &[u8]) -> Self {
        let fields = form_urlencoded::parse(encoded).take(MAX_FIELDS);
        Self(fields.map(|(name, value)| (name.into_owned(), value.replace("\r\n", "\n"))).collect())
    }

    /// The first value of a field without surrounding spaces; `None` if it is absent or empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next().map(str::trim).filter(|value| !value.is_empty())
    }

    /// The first value of a field without surrounding spaces; empty if it is absent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// All values of a field.
    pub(super) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The query with these fields instead of those with the same names; fields with an empty value are left out.
    pub(super) fn with(&self, changes: &[(&str, &str)]) -> String {
        let kept = self.0.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        let kept = kept.map(|(name, value)| (name.as_str(), value.as_str()));
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(kept.chain(changes.iter().copied()).filter(|(_, value)| !value.is_empty()));
        query.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_changes_fields() {
        let fields = Fields::read(b"name=+a%20b+&tag=1&tag=2&text=x%0D%0Ay&empty=&%ff=%ff");
        assert_eq!(fields.get("name"), Some("a b"));
        assert_eq!(fields.all("tag").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((fields.text("text"), fields.get("empty"), fields.text("absent")), ("x\ny", None, ""));
        assert_eq!(Fields::read(b"a=1&b=2&c=&a=3").with(&[("b", "x&y"), ("d", "")]), "a=1&a=3&b=x%26y");
    }

    #[test]
    fn the_number_of_fields_is_bounded() {
        assert_eq!(Fields::read("a=1&".repeat(10_000).as_bytes()).0.len(), MAX_FIELDS);
    }
}
