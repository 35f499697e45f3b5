//! Manifests of Kubernetes as files have them, turned into the requests that the API server would send about them.

use std::borrow::Cow;

use serde_json::{Map, Value, json};
use serde_saphyr::{DefaultMessageFormatter, Error as YamlError, MessageFormatter};

/// The largest file, in bytes.
pub const MAX_SIZE: u64 = 16 * 1024 * 1024;
/// The most objects of a file.
const MAX_OBJECTS: usize = 10_000;
const REVIEW: &str = "AdmissionReview";

/// A request about an object of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// The kind of the object.
    pub kind: String,
    /// Its name.
    pub name: Option<String>,
    /// The namespace of the request.
    pub namespace: Option<String>,
    /// The AdmissionReview as JSON.
    pub body: Vec<u8>,
}

/// Why a file cannot be read as manifests.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is neither YAML nor JSON.
    #[error("not valid YAML or JSON: {0}")]
    Syntax(String),
    /// A document is not an object of Kubernetes.
    #[error("document {number} is not a Kubernetes object: it has no {member}")]
    NotAnObject {
        /// The place of the document, from 1.
        number: usize,
        /// The missing member.
        member: &'static str,
    },
    /// There are too many.
    #[error("the file has more than {MAX_OBJECTS} objects")]
    TooMany,
    /// There are none.
    #[error("the file has no objects")]
    Empty,
}

/// The requests about the objects of a file with one or more documents, in YAML or JSON. Lists are taken apart;
/// AdmissionReviews are taken as they are. Objects without namespace are in `namespace`.
///
/// # Errors
/// Returns [`ManifestError`] if the file is malformed, or a document is not an object of Kubernetes.
pub fn reviews(bytes: &[u8], namespace: &str) -> Result<Vec<Review>, ManifestError> {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let documents: Vec<Value> = match first {
        // JSON is read as JSON: a document is sent as it is, with all that is wrong with it.
        Some(b'{') => match serde_json::from_slice(bytes) {
            Ok(document) => vec![document],
            Err(json) => yaml(bytes).map_err(|_| syntax(&json.to_string()))?,
        },
        _ => yaml(bytes).map_err(|why| yaml_syntax(&why))?,
    };
    let is_only = documents.len() == 1;
    let mut found = Vec::new();
    for (index, document) in documents.into_iter().enumerate() {
        if document.is_null() {
            continue;
        }
        // An AdmissionReview in JSON may have faults that parsing hides, such as duplicate members.
        let raw = (is_only && first == Some(&b'{')).then_some(bytes);
        add(document, index + 1, namespace, raw, &mut found)?;
    }
    if found.is_empty() { Err(ManifestError::Empty) } else { Ok(found) }
}

/// The documents of a file, in YAML or JSON; those that are empty are left out.
///
/// # Errors
/// Returns [`ManifestError::Syntax`] if it is neither.
pub fn documents(bytes: &[u8]) -> Result<Vec<Value>, ManifestError> {
    let documents = yaml(bytes).map_err(|why| yaml_syntax(&why))?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}

/// Documents in YAML 1.2, in which `n` and `off` are texts.
fn yaml(bytes: &[u8]) -> Result<Vec<Value>, YamlError> {
    let mut options = serde_saphyr::Options::default();
    options.strict_booleans = true;
    options.with_snippet = false;
    serde_saphyr::from_slice_multiple_with_options(bytes, options)
}

fn add(
    document: Value,
    number: usize,
    namespace: &str,
    raw: Option<&[u8]>,
    found: &mut Vec<Review>,
) -> Result<(), ManifestError> {
    let missing = |member| ManifestError::NotAnObject { number, member };
    let Value::Object(mut object) = document else { return Err(missing("kind")) };
    let kind = text(&object, "kind").ok_or_else(|| missing("kind"))?;
    let version = text(&object, "apiVersion").ok_or_else(|| missing("apiVersion"))?;
    if kind == REVIEW {
        found.push(review(&object, raw));
    } else if let Some(Value::Array(items)) = object.get_mut("items").filter(|_| kind.ends_with("List")) {
        for item in std::mem::take(items) {
            add(item, number, namespace, None, found)?;
        }
    } else {
        found.push(request(object, &kind, &version, namespace));
    }
    if found.len() > MAX_OBJECTS { Err(ManifestError::TooMany) } else { Ok(()) }
}

/// An AdmissionReview as it is.
fn review(object: &Map<String, Value>, raw: Option<&[u8]>) -> Review {
    let request = object.get("request").and_then(Value::as_object);
    let of_request = |member: &str| request.and_then(|request| text(request, member));
    let kind = request.and_then(|request| request.get("kind")?.get("kind")?.as_str());
    Review {
        kind: kind.unwrap_or(REVIEW).to_owned(),
        name: of_request("name"),
        namespace: of_request("namespace"),
        body: raw.map_or_else(|| Value::Object(object.clone()).to_string().into_bytes(), <[u8]>::to_vec),
    }
}

/// The request that the API server sends when the object is created.
fn request(object: Map<String, Value>, kind: &str, api_version: &str, namespace: &str) -> Review {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let metadata = object.get("metadata").and_then(Value::as_object);
    let of_metadata = |member: &str| metadata.and_then(|metadata| text(metadata, member));
    let name = of_metadata("name").or_else(|| of_metadata("generateName"));
    let namespace = of_metadata("namespace").unwrap_or_else(|| namespace.to_owned());
    let request = json!({
        "uid": "admission-test",
        "kind": {"group": group, "version": version, "kind": kind},
        "operation": "CREATE",
        "namespace": namespace,
        "name": name,
        "userInfo": {"username": "admission test"},
        "object": object,
        "dryRun": true,
    });
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": REVIEW, "request": request});
    Review { kind: kind.to_owned(), name, namespace: Some(namespace), body: review.to_string().into_bytes() }
}

fn text(object: &Map<String, Value>, member: &str) -> Option<String> {
    object.get(member)?.as_str().map(str::to_owned)
}

/// The words for what the parser tells those who write programs with it.
struct Words;

impl MessageFormatter for Words {
    fn format_message<'a>(&self, why: &'a YamlError) -> Cow<'a, str> {
        match why {
            YamlError::DuplicateMappingKey { key: Some(key), .. } => {
                format!("the key {:?} is used a second time", notary::text::start_of(key)).into()
            }
            YamlError::DuplicateMappingKey { key: None, .. } => "a key is used a second time".into(),
            YamlError::NonFiniteFloat { value, .. } => {
                format!("{} is no finite number; put it in quotes if it is text", notary::text::start_of(value)).into()
            }
            YamlError::MergeKeyNotAllowed { .. } => "the merge key << is not supported".into(),
            YamlError::BinaryNotUtf8 { .. } => "the value of the tag !!binary is not UTF-8 text".into(),
            other => DefaultMessageFormatter.format_message(other),
        }
    }
}

fn yaml_syntax(why: &YamlError) -> ManifestError {
    syntax(&why.render_with_formatter(&Words))
}

fn syntax(why: &str) -> ManifestError {
    // Parsers show the place over several lines; the first says what is wrong.
    ManifestError::Syntax(notary::text::printable(why.lines().next().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn object(review: &Review) -> Value {
        serde_json::from_slice::<Value>(&review.body).unwrap()["request"]["object"].clone()
    }

    #[test]
    fn documents_and_lists_are_taken_apart() {
        let text = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: n}\nspec: {containers: [{image: x}]}\n---\n\
                    apiVersion: v1\nkind: List\nitems:\n- {apiVersion: apps/v1, kind: Deployment, metadata: {name: b}}\n---\n";
        let reviews = reviews(text.as_bytes(), "default").unwrap();
        let named: Vec<_> =
            reviews.iter().map(|r| (r.kind.as_str(), r.name.as_deref(), r.namespace.as_deref())).collect();
        assert_eq!(named, [("Pod", Some("a"), Some("n")), ("Deployment", Some("b"), Some("default"))]);
        assert_eq!(object(&reviews[0])["spec"]["containers"][0]["image"], "x");
        let request: Value = serde_json::from_slice(&reviews[1].body).unwrap();
        assert_eq!(request["request"]["kind"], json!({"group": "apps", "version": "v1", "kind": "Deployment"}));
    }

    #[test]
    fn reviews_in_json_are_sent_byte_for_byte() {
        let text =
            r#"{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {"uid": "1", "uid": "2"}}"#;
        assert_eq!(reviews(text.as_bytes(), "default").unwrap()[0].body, text.as_bytes());
    }

    #[test]
    fn errors_of_yaml_speak_of_the_file() {
        for (text, expected) in [
            ("kind: Pod\napiVersion: v1\nkind: Pod\n", "the key \"kind\" is used a second time"),
            ("kind: Pod\napiVersion: v1\nspec: {a: .inf}\n", ".inf is no finite number"),
            ("kind: Pod\napiVersion: v1\nspec: {a: .nan}\n", ".nan is no finite number"),
            ("kind: Pod\napiVersion: v1\nspec: {a: 1e999}\n", "1e999 is no finite number"),
        ] {
            let why = reviews(text.as_bytes(), "default").unwrap_err().to_string();
            assert!(why.contains(expected) && why.contains("line 3"), "{text:?}: {why}");
            let internal = ["Policy", "policy", "Options", "configured"].into_iter().find(|word| why.contains(word));
            assert_eq!(internal, None, "{why}");
        }
    }

    #[test]
    fn other_files_are_refused() {
        for (text, expected) in [
            ("", "no objects"),
            ("---\n---\n", "no objects"),
            ("kind: Pod", "has no apiVersion"),
            ("apiVersion: v1", "has no kind"),
            ("- 1", "has no kind"),
            ("a: [", "not valid YAML or JSON"),
            ("{\"a\": ", "not valid YAML or JSON"),
        ] {
            let why = reviews(text.as_bytes(), "default").unwrap_err().to_string();
            assert!(why.contains(expected), "{text:?}: {why}");
        }
    }
}
