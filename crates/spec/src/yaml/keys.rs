//! The keys of a mapping: text, and each one once.

use crate::findings::Finding;
use crate::findings::catalogue::{BAD_KEY, DUPLICATE_KEY, MERGE_KEY};
use crate::findings::collect::Report;
use crate::findings::printable::quoted;
use crate::yaml::node::{Key, Node, Value};
use crate::yaml::placeholder;
use crate::yaml::scalar::ScalarType;

/// Reads a node as the key of an entry; `None` if it cannot be one, which is reported.
pub(super) fn read_key<'s>(node: Node<'s>, report: &mut Report) -> Option<Key<'s>> {
    let Node { mark, value } = node;
    let found = match value {
        Value::Scalar { text, plain: true } if text == "<<" => {
            let finding = Finding::new(MERGE_KEY, mark, "found a merge key");
            report.add(finding.hint("put shared fields into `defaults`, or repeat them"));
            return None;
        }
        Value::Scalar { text, plain: is_plain } => match ScalarType::of(&text, is_plain) {
            ScalarType::Text => return Some(Key { mark, text }),
            ScalarType::Null | ScalarType::Boolean(_) | ScalarType::Number => quoted(&text),
        },
        Value::List(_) => "a list".to_owned(),
        Value::Map(entries) => {
            if let [(Key { text, .. }, node)] = &*entries
                && matches!(&node.value, Value::Scalar { text, .. } if text.is_empty())
            {
                placeholder::unquoted(text, mark, report);
                return None;
            }
            "a mapping".to_owned()
        }
        Value::Shared(_) => "marked by an anchor or repeated by an alias".to_owned(),
        Value::Broken => return None,
    };
    let finding = Finding::new(BAD_KEY, mark, format!("the key is {found}"));
    report.add(finding.expected("text, in quotes if it looks like something else"));
    None
}

/// Keeps the first entry of each key and reports the others.
pub(super) fn unique<'s>(entries: Vec<(Key<'s>, Node<'s>)>, report: &mut Report) -> Vec<(Key<'s>, Node<'s>)> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    // Stable, so the first of equals stays first.
    order.sort_by(|&one, &other| entries[one].0.text.cmp(&entries[other].0.text));
    let mut repeated = vec![false; entries.len()];
    let mut first: Option<&Key<'s>> = None;
    for index in order {
        let key = &entries[index].0;
        match first {
            Some(Key { text, mark }) if *text == key.text => {
                let finding =
                    Finding::new(DUPLICATE_KEY, key.mark, format!("{} is given twice", quoted(text)));
                report.add(finding.other(*mark, "first given here").hint("remove one of the two"));
                repeated[index] = true;
            }
            _ => first = Some(key),
        }
    }
    if !repeated.contains(&true) {
        return entries;
    }
    entries.into_iter().zip(repeated).filter_map(|(entry, repeated)| (!repeated).then_some(entry)).collect()
}
