//! The JSON Schemas of `plugin-spec` and of `docs/output`.

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
    pub fn of_output(command: &str) -> Self {
        Self::read("docs/output", command)
    }

    fn read(folder: &str, name: &str) -> Self {
        let path = programs::source_tree().join(folder).join(format!("{name}.schema.json"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        let schema: Value = serde_json::from_str(&text).unwrap();
        jsonschema::meta::validate(&schema)
            .unwrap_or_else(|why| panic!("{} is not a JSON Schema: {why}", path.display()));
        Self { name: name.to_owned(), validator: jsonschema::draft202012::new(&schema).unwrap() }
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
