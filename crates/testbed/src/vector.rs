//! A test vector of `plugin-spec/vectors`, in the format that `plugin-spec/README.md` describes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::programs;

fn folder() -> PathBuf {
    programs::source_tree().join("plugin-spec")
}

/// A file of vectors.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct VectorFile {
    #[serde(rename = "about")]
    _about: String,
    vectors: Vec<Vector>,
}

/// One run of the plugin and its expected result.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    pub name: String,
    /// The command line.
    pub arguments: Vec<String>,
    /// A base request and its changes.
    request: Option<Change>,
    /// Verbatim standard input, instead of `request`.
    stdin: Option<Vec<Text>>,
    /// Whether the request conforms to its schema.
    #[serde(default = "yes")]
    pub conforms: bool,
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// `~/.aws/config`.
    pub aws_config: Option<String>,
    /// The service's answer to every request.
    pub service: Option<Answer>,
    pub expect: Expected,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    base: String,
    /// JSON pointer to new value.
    #[serde(default)]
    set: BTreeMap<String, Value>,
    /// JSON pointers of members.
    #[serde(default)]
    remove: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Text {
    Once(String),
    Repeated { repeat: String, times: usize },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    pub status: u16,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body: a text verbatim, anything else as JSON; absent for no body.
    pub body: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    pub exit: i32,
    /// Standard output, a JSON pattern.
    pub answer: Option<Value>,
    /// Standard error, a JSON pattern.
    pub error: Option<Value>,
    /// Standard output if it is not JSON.
    pub text: Option<Value>,
    /// The expected requests to the service.
    #[serde(default)]
    pub requests: Requests,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    pub count: usize,
    /// JSON patterns for each request: `method`, `path`, `host`, `region`, `accessKey`, `service`, `query`, `body`.
    #[serde(default)]
    pub each: BTreeMap<String, Value>,
}

fn yes() -> bool {
    true
}

impl Vector {
    /// All vectors.
    pub fn all() -> Vec<Self> {
        let names = material();
        let files = std::fs::read_dir(folder().join("vectors")).unwrap().map(|entry| entry.unwrap().path());
        files.flat_map(|file| read::<VectorFile>(&file, &names).vectors).collect()
    }

    /// The bytes for standard input, with the service's URL filled in.
    pub fn stdin(&self, endpoint: &str) -> Vec<u8> {
        let text = match (&self.request, &self.stdin) {
            (Some(change), None) => change.apply().to_string(),
            (None, Some(texts)) => texts.iter().map(Text::get).collect(),
            (None, None) => String::new(),
            _ => panic!("{}: request and stdin exclude each other", self.name),
        };
        text.replace("{{endpoint}}", endpoint).into_bytes()
    }

    /// The request as JSON, if the vector has one.
    pub fn request(&self, endpoint: &str) -> Option<Value> {
        self.request.as_ref().map(|_| serde_json::from_slice(&self.stdin(endpoint)).unwrap())
    }
}

/// The values of `{{NAME}}` in the vectors.
pub fn material() -> BTreeMap<String, String> {
    read(&folder().join("material.json"), &BTreeMap::new())
}

/// The base request of a command, with `{{endpoint}}` unresolved.
pub fn base_request(command: &str) -> Value {
    let mut bases: BTreeMap<String, Value> = read(&folder().join("requests.json"), &material());
    bases.remove(command).unwrap_or_else(|| panic!("no base request {command:?}"))
}

impl Change {
    fn apply(&self) -> Value {
        let mut request = base_request(&self.base);
        for pointer in &self.remove {
            let (members, name) = container_of(&mut request, pointer);
            assert!(members.as_object_mut().unwrap().remove(&name).is_some(), "{pointer} does not exist");
        }
        for (pointer, value) in &self.set {
            let (container, name) = container_of(&mut request, pointer);
            container[name] = value.clone();
        }
        request
    }
}

/// The container of the value at a JSON pointer (RFC 6901), and the value's name in it.
fn container_of<'a>(document: &'a mut Value, pointer: &str) -> (&'a mut Value, String) {
    let (container, name) = pointer.rsplit_once('/').unwrap();
    let name = name.replace("~1", "/").replace("~0", "~");
    (document.pointer_mut(container).unwrap_or_else(|| panic!("{pointer} does not exist")), name)
}

impl Text {
    fn get(&self) -> String {
        match self {
            Self::Once(text) => text.clone(),
            Self::Repeated { repeat, times } => repeat.repeat(*times),
        }
    }
}

impl Answer {
    pub fn bytes(&self) -> Vec<u8> {
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let body = match &self.body {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(json) => json.to_string(),
        };
        crate::service::answer(self.status, &headers, body.as_bytes())
    }
}

/// The first difference between a document and a pattern. In a pattern, `{"contains": [TEXT, …]}` matches a text that
/// contains all of these.
pub fn difference(pattern: &Value, found: &Value, path: &str) -> Option<String> {
    match (pattern, found) {
        (Value::Object(object), found) if object.len() == 1 && object.contains_key("contains") => {
            let text = found.as_str().unwrap_or_default();
            let fragments =
                object["contains"].as_array().expect("contains has a list").iter().map(|f| f.as_str().unwrap());
            let missing: Vec<_> = fragments.filter(|fragment| !text.contains(fragment)).collect();
            (!missing.is_empty()).then(|| format!("{path} is {found}, without {missing:?}"))
        }
        (Value::Object(pattern), Value::Object(found)) => {
            let names = pattern.keys().chain(found.keys().filter(|name| !pattern.contains_key(*name)));
            names.into_iter().find_map(|name| match (pattern.get(name), found.get(name)) {
                (Some(pattern), Some(found)) => difference(pattern, found, &format!("{path}/{name}")),
                (pattern, found) => Some(format!("{path}/{name} should be {}, is {}", json!(pattern), json!(found))),
            })
        }
        _ => (pattern != found).then(|| format!("{path} should be {pattern}, is {found}")),
    }
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path, names: &BTreeMap<String, String>) -> T {
    let mut text = std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    for (name, value) in names {
        text = text.replace(&format!("{{{{{name}}}}}"), value);
    }
    serde_json::from_str(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}
