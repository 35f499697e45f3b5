//! The JSON of a list's page, written item by item while the store reads them. The names of members are constants, and
//! few texts need escapes: a page takes much less time than with a general serializer.

use std::fmt::Write as _;

use serde_json::Value;
use serde_json::value::RawValue;

use super::row::Answer;

/// A page that is being written: `{"NAME":[ITEM,...],"nextToken":"..."}`.
#[derive(Debug)]
pub struct Listing {
    json: String,
    is_empty: bool,
}

impl Listing {
    /// A page without items. `name` is that of the member with the items. It has no characters that JSON escapes, like
    /// all names of members.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { json: format!("{{\"{name}\":["), is_empty: true }
    }

    /// Adds an item, whose members `write` writes.
    pub fn push(&mut self, write: impl FnOnce(&mut Object<'_>)) {
        if !self.is_empty {
            self.json.push(',');
        }
        self.is_empty = false;
        object(&mut self.json, write);
    }

    /// The answer with all items, and the token of the next page if there is one.
    #[must_use]
    pub fn finish(mut self, next_token: Option<&str>) -> Answer {
        self.json.push(']');
        if let Some(token) = next_token {
            self.json.push_str(",\"nextToken\":");
            text(&mut self.json, token);
        }
        self.json.push('}');
        Answer::of(self.json.into_bytes())
    }
}

/// A JSON object that is being written.
#[derive(Debug)]
pub struct Object<'a> {
    json: &'a mut String,
    is_empty: bool,
}

impl Object<'_> {
    /// Adds a text.
    pub fn text(&mut self, name: &'static str, value: &str) {
        self.name(name);
        text(self.json, value);
    }

    /// Adds a text that contains no characters that JSON escapes, such as the name of a status.
    pub fn plain(&mut self, name: &'static str, value: &str) {
        self.name(name);
        self.json.push('"');
        self.json.push_str(value);
        self.json.push('"');
    }

    /// Adds a number.
    pub fn number(&mut self, name: &'static str, value: i64) {
        self.name(name);
        // Writing to a string cannot fail.
        let _ = write!(self.json, "{value}");
    }

    /// Adds a boolean.
    pub fn boolean(&mut self, name: &'static str, value: bool) {
        self.name(name);
        self.json.push_str(if value { "true" } else { "false" });
    }

    /// Adds a value that is JSON already.
    pub fn json(&mut self, name: &'static str, value: &RawValue) {
        self.name(name);
        self.json.push_str(value.get());
    }

    /// Adds an object, whose members `write` writes.
    pub fn object(&mut self, name: &'static str, write: impl FnOnce(&mut Object<'_>)) {
        self.name(name);
        object(self.json, write);
    }

    fn name(&mut self, name: &'static str) {
        self.json.push_str(if self.is_empty { "\"" } else { ",\"" });
        self.json.push_str(name);
        self.json.push_str("\":");
        self.is_empty = false;
    }
}

fn object(json: &mut String, write: impl FnOnce(&mut Object<'_>)) {
    json.push('{');
    write(&mut Object { json, is_empty: true });
    json.push('}');
}

fn text(json: &mut String, text: &str) {
    if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        json.push_str(&Value::from(text).to_string());
    } else {
        json.push('"');
        json.push_str(text);
        json.push('"');
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use serde_json::json;

    use super::*;

    fn written(page: Listing, next_token: Option<&str>) -> String {
        String::from_utf8(page.finish(next_token).into_body()).unwrap()
    }

    #[test]
    fn pages_have_all_items_in_order() {
        assert_eq!(written(Listing::new("jobs"), None), r#"{"jobs":[]}"#);
        assert_eq!(written(Listing::new("jobs"), Some("t")), r#"{"jobs":[],"nextToken":"t"}"#);
        let mut page = Listing::new("jobs");
        page.push(|_| ());
        page.push(|job| job.number("createdAt", -7));
        page.push(|job| {
            job.plain("status", "Failed");
            job.boolean("isRevoked", true);
            job.json("tags", serde_json::from_str(r#"{"a": 1}"#).unwrap());
            job.object("source", |source| source.object("s3", |s3| s3.boolean("x", false)));
        });
        let expected = concat!(
            r#"{"jobs":[{},{"createdAt":-7},"#,
            r#"{"status":"Failed","isRevoked":true,"tags":{"a": 1},"source":{"s3":{"x":false}}}],"nextToken":"t"}"#
        );
        assert_eq!(written(page, Some("t")), expected);
    }

    #[test]
    fn texts_are_escaped_as_by_serde() {
        let all: String = (0..0x300).filter_map(char::from_u32).collect();
        for value in ["", "plain", "\u{fc}ber", "a\"b", "a\\b", "a\nb", "\u{0}", "\u{7f}", "\u{1f600}", all.as_str()] {
            let mut page = Listing::new("items");
            page.push(|item| item.text("name", value));
            let expected = json!({ "items": [{ "name": value }], "nextToken": value });
            assert_eq!(written(page, Some(value)), expected.to_string());
        }
    }
}
