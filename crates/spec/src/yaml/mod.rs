//! Reads the bytes of a source as trees of values, each with its place.
//!
//! Only this folder knows the YAML parser.

pub(crate) mod budget;
pub(crate) mod decode;
mod errors;
mod keys;
pub(crate) mod node;
pub(crate) mod placeholder;
pub(crate) mod scalar;
mod tree;

use granit_parser::{Options, Parser};

use crate::findings::collect::Report;
use crate::yaml::budget::Budget;
use crate::yaml::decode::Text;
use crate::yaml::node::Node;
use crate::yaml::tree::{Abort, Tree};

/// Reads every document of a source. One that cannot be read is a finding and does not hide the next.
pub(crate) fn documents<'s>(
    source: u32,
    text: Text<'s>,
    budget: &mut Budget,
    report: &mut Report,
) -> Vec<Node<'s>> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.emit_unresolved_aliases = true;
    let mut parser = Parser::new_from_str_with_options(text.text, options);
    let mut documents = Vec::new();
    loop {
        let mut tree = Tree::new(source, text, budget, report);
        match tree.document(&mut parser) {
            Ok(Some(root)) => documents.push(root),
            Ok(None) => return documents,
            Err(Abort::Document) => match parser.proceed_next_document() {
                Ok(true) => {}
                Ok(false) | Err(_) => return documents,
            },
            Err(Abort::Run) => return documents,
        }
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests read their case files")]
mod tests {
    use std::path::Path;

    use serde::Deserialize;
    use serde_json::Value as Json;

    use super::*;
    use crate::findings::catalogue::TOO_LARGE;
    use crate::source::Mark;
    use crate::yaml::budget::MOST_VALUES;
    use crate::yaml::decode::decode;
    use crate::yaml::node::Value;
    use crate::yaml::scalar::ScalarType;

    /// The tree as JSON, to compare it with another reader's.
    fn json(node: &Node<'_>) -> Json {
        match node.value() {
            Value::Scalar { text, plain: is_plain } => match ScalarType::of(text, *is_plain) {
                ScalarType::Null => Json::Null,
                ScalarType::Boolean(value) => value.into(),
                ScalarType::Number => serde_json::from_str(text).unwrap(),
                ScalarType::Text => Json::String(text.to_string()),
            },
            Value::List(items) => items.iter().map(json).collect(),
            Value::Map(entries) => {
                entries.iter().map(|(key, node)| (key.text.to_string(), json(node))).collect()
            }
            Value::Broken | Value::Shared(_) => panic!("a good case has none"),
        }
    }

    fn read(bytes: &[u8]) -> Vec<Json> {
        let mut report = Report::default();
        let text = decode(0, bytes, &mut report).unwrap();
        let roots = documents(0, text, &mut Budget::default(), &mut report);
        assert!(!report.has_errors());
        roots.iter().map(json).collect()
    }

    #[test]
    fn values_are_counted_over_all_documents() {
        let (mut report, mut budget) = (Report::default(), Budget::default());
        assert!(budget.values(MOST_VALUES - 8, Mark::default(), &mut report));
        let text = decode(0, b"[1, 2]\n---\n{a: 1, b: 2}\n---\n3\n", &mut report).unwrap();
        assert_eq!(documents(0, text, &mut budget, &mut report).len(), 2);
        let findings = report.finish();
        assert_eq!((findings.len(), findings[0].code, findings[0].place.line), (1, TOO_LARGE, 5));
    }

    #[test]
    fn another_reader_reads_the_same_values() {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/good");
        let mut compared = 0;
        for case in std::fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()) {
            if case.extension().is_some_and(|ext| ext == "yaml") {
                let bytes = std::fs::read(&case).unwrap();
                let text = std::str::from_utf8(&bytes).unwrap().trim_start_matches('\u{feff}');
                let oracle = yaml_serde::Deserializer::from_str(text);
                let oracle: Vec<Json> = oracle.map(|document| Json::deserialize(document).unwrap()).collect();
                assert_eq!(read(&bytes), oracle, "{}", case.display());
                compared += 1;
            }
        }
        assert!(compared > 10);
    }
}
