//! The JSON Schema of a document, for editors.

/// Returns the JSON Schema (draft-07) of one document of a spec.
///
/// It says what one document can be judged by alone; rules across fields, packages and documents are the
/// parser's. Where both judge, they agree.
pub fn schema() -> serde_json::Value {
    serde_json::from_str(include_str!("schema.json"))
        .expect("the file is part of the program and a test reads it")
}
