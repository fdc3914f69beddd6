//! The JSON Schema of a document, for editors.

/// The text of the JSON Schema (draft-07) of one document of a spec.
///
/// It has the rules that one document can be checked against alone; only the parser knows those across
/// packages and documents. A test compares the two on every case. What draft-07 does not know is for
/// yaml-language-server: `defaultSnippets`, `enumDescriptions`, `doNotSuggest`, `patternErrorMessage`, and
/// `deprecationMessage`, which warns of a value without refusing it.
pub const SCHEMA: &str = include_str!("../../../schemas/spec.schema.json");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::{document, fields};

    #[test]
    fn schema_and_parser_know_the_same_fields() {
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
        let properties = |path: &str| -> Vec<String> {
            schema.pointer(path).unwrap().as_object().unwrap().keys().cloned().collect()
        };
        let defaults: Vec<_> = fields::with_default();
        assert_eq!(properties("/properties"), document::FIELDS);
        assert_eq!(properties("/properties/limits/properties"), document::LIMITS);
        assert_eq!(properties("/definitions/defaults/properties"), defaults);
        assert_eq!(properties("/definitions/package/properties"), fields::FIELDS);
    }
}
