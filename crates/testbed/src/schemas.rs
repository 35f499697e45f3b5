//! The JSON Schemas of `plugin-spec` and of `docs`.

use serde_json::Value;

use crate::programs;

/// A JSON Schema.
pub struct Schema {
    name: String,
    validator: jsonschema::Validator,
}

impl Schema {
    pub fn named(name: &str) -> Self {
        Self::read("plugin-spec/schemas", name)
    }

    /// The schema of a command's results, such as `sign` or `blob-verify`.
    pub fn from_command(command: &str) -> Self {
        Self::read("docs/output", command)
    }

    /// The schema of the local signer's configuration.
    pub fn of_configuration() -> Self {
        Self::read("docs", "local-signer-config")
    }

    /// The schemas of a folder refer to each other by file name.
    fn read(folder: &str, name: &str) -> Self {
        let schema = document(folder, name);
        let base = "https://schemas.invalid/";
        let common = "common.schema.json";
        let mut registry = jsonschema::Registry::new();
        if folder == "docs/output" {
            registry = registry.add(format!("{base}{common}"), document(folder, "common")).unwrap();
        }
        let registry = registry.prepare().unwrap();
        let options = jsonschema::draft202012::options().with_base_uri(format!("{base}{name}.schema.json"));
        let validator = options.with_registry(&registry).offline().build(&schema).unwrap();
        Self { name: name.to_owned(), validator }
    }

    /// The violations in a document; empty if it conforms.
    pub fn complaints(&self, document: &Value) -> Vec<String> {
        self.validator
            .iter_errors(document)
            .map(|error| format!("{}: {}: {error}", self.name, error.instance_path()))
            .collect()
    }

    #[track_caller]
    pub fn accepts(&self, document: &Value) {
        let complaints = self.complaints(document);
        assert!(complaints.is_empty(), "{complaints:#?}\n{document:#}");
    }
}

fn document(folder: &str, name: &str) -> Value {
    let path = programs::source_tree().join(folder).join(format!("{name}.schema.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let schema: Value = serde_json::from_str(&text).unwrap();
    jsonschema::meta::validate(&schema).unwrap_or_else(|why| panic!("{} is not a JSON Schema: {why}", path.display()));
    schema
}
