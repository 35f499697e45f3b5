//! Large values of a record are shortened, as CloudTrail does: texts to 1 KiB, such as a payload and its signature, and
//! parameters and results to 100 KiB.

use serde_json::{Value, json};

const LONGEST_TEXT: usize = 1024;
const LARGEST_FIELD: usize = 100 * 1024;
const MARK: &str = "...";

/// The text, cut at 1 KiB.
pub fn shortened_text(text: &str) -> String {
    if text.len() <= LONGEST_TEXT {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(LONGEST_TEXT - MARK.len());
    format!("{}{MARK}", &text[..end])
}

/// The value with shortened texts. Without anything in it, it is `null`; if it is still too large, it says so instead.
pub fn shortened(value: &Value) -> Value {
    let value = with_short_texts(value);
    let is_empty = value.as_object().is_some_and(serde_json::Map::is_empty);
    if is_empty {
        return Value::Null;
    }
    let size = value.to_string().len();
    if size > LARGEST_FIELD {
        return json!({ "omitted": true, "originalSize": size, "reason": "larger than 100 KiB" });
    }
    value
}

fn with_short_texts(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(shortened_text(text)),
        Value::Array(values) => values.iter().map(with_short_texts).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (shortened_text(name), with_short_texts(value))).collect()
        }
        other => other.clone(),
    }
}
