//! Files with `defaults` that documents include.
//!
//! The name of an included file is worked out here, from the text of the spec alone. The caller of the parser reads
//! the files and passes their bytes as further sources.

use std::collections::{BTreeMap, BTreeSet};

use crate::findings::Finding;
use crate::findings::catalogue::{EMPTY_FILE, INCLUDE, INCLUDED_FIELD, MISSING_FIELD, UNREAD_INCLUDE};
use crate::findings::collect::Report;
use crate::findings::printable::{neutral, quoted};
use crate::read::cursor::{Cursor, is_null};
use crate::read::document;
use crate::read::fields::{Fields, unknown};
use crate::read::slot::{At, Slot};
use crate::source::{Mark, Source, saturating_u32};
use crate::yaml::budget::Budget;
use crate::yaml::decode::decode;
use crate::yaml::documents;
use crate::yaml::node::{Node, Value};

/// The most files that one document includes. A longer list says that the files should be fewer.
pub(super) const MOST_INCLUDES: usize = 20;

/// The fields of an included file.
const FIELDS: [&str; 2] = ["defaults", "version"];

const EXPECTED: &str = "a list of files with defaults, such as [../defaults.yaml]";

/// Why included files could not be read, by their names.
pub type Unread = BTreeMap<String, String>;

/// Returns the names of the files that these sources include and that are not among them: paths that begin
/// where the names of the sources do. A source that is read from a stream includes from the working directory.
pub fn includes(sources: &[Source]) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = sources.iter().flat_map(names).collect();
    for there in sources.iter().filter_map(|source| plain(&source.name)) {
        names.remove(&there);
    }
    names
}

/// Returns the names of the files that a source includes, as far as its text can be read.
fn names(source: &Source) -> Vec<String> {
    // Only a source with the word is read twice.
    if !std::str::from_utf8(&source.bytes).is_ok_and(|text| text.contains("include")) {
        return Vec::new();
    }
    let mut report = Report::default();
    let Some(text) = decode(0, &source.bytes, &mut report) else { return Vec::new() };
    let mut names = Vec::new();
    for root in documents(0, text, &mut Budget::default(), &mut report) {
        let Value::Map(entries) = root.value() else { continue };
        let lists = entries.iter().filter(|(key, _)| key.text == "include");
        for node in lists.map(|(_, node)| node) {
            let mut at = Cursor::new(node, "`include`", &mut report);
            names.extend(list(&mut at, &source.name).names.into_iter().map(|at| at.value));
        }
    }
    names
}

/// The files that a document includes.
#[derive(Default)]
pub(super) struct List {
    /// The name and the place of each.
    pub(super) names: Vec<At<String>>,
    /// True if there are more, which cannot be included.
    pub(super) is_wrong: bool,
}

/// Reads a list of files to include.
pub(super) fn list(at: &mut Cursor<'_, '_>, from: &str) -> List {
    let wrong = List { is_wrong: true, ..List::default() };
    let Some(items) = at.list(EXPECTED) else { return wrong };
    if items.len() > MOST_INCLUDES {
        let finding = at.finding(INCLUDE, format_args!("has {} files", items.len()));
        at.report.add(finding.expected(format!("at most {MOST_INCLUDES}")));
        return wrong;
    }
    let mut seen = BTreeMap::new();
    let mut names = Vec::new();
    for item in items {
        let mut at = at.inside(item, "the included file");
        let Some(path) = at.text("the path of a file") else { continue };
        let refused = match target(from, path) {
            Ok(name) if Some(&name) == plain(from).as_ref() => Refused::Itself,
            Ok(name) => match seen.insert(name.clone(), item.mark) {
                Some(first) => {
                    let finding = at.finding(INCLUDE, format_args!("{} is included twice", quoted(path)));
                    at.report.add(finding.other(first, "first included here").hint("remove one of the two"));
                    continue;
                }
                None => {
                    names.push(At { value: name, mark: item.mark });
                    continue;
                }
            },
            Err(refused) => refused,
        };
        let finding = at.finding(INCLUDE, format_args!("{} {}", quoted(path), refused.words()));
        at.report.add(finding.expected(refused.expected()));
    }
    List { is_wrong: names.len() < items.len(), names }
}

/// The reason for which a path cannot be included.
enum Refused {
    Absolute,
    Leaves,
    Hidden,
    NoSpec,
    Itself,
}

impl Refused {
    fn words(&self) -> &'static str {
        match self {
            Self::Absolute => "is an absolute path",
            Self::Leaves => "leads out of the working directory",
            Self::Hidden => "leads to a hidden file or folder",
            Self::NoSpec => "is not a YAML file",
            Self::Itself => "is this file itself",
        }
    }

    fn expected(&self) -> &'static str {
        match self {
            Self::Absolute => "a path from the folder of this file, such as ../defaults.yaml",
            Self::Leaves => "a file below the folder that the command runs in",
            Self::Hidden => "a path without a name that begins with a dot",
            Self::NoSpec => "a name that ends in .yaml or .yml",
            Self::Itself => "another file, with defaults",
        }
    }
}

/// Returns the name of the file that a path means in the source of this name.
fn target(from: &str, path: &str) -> Result<String, Refused> {
    if path.starts_with('/') {
        return Err(Refused::Absolute);
    }
    let is_stream = from.starts_with('<') || ["/dev/", "/proc/"].iter().any(|start| from.starts_with(start));
    let from = if is_stream { "" } else { from };
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = steps(folder).collect();
    for step in steps(path) {
        match step {
            ".." if parts.last().is_none_or(|last| *last == "..") => return Err(Refused::Leaves),
            ".." => {
                parts.pop();
            }
            hidden if hidden.starts_with('.') => return Err(Refused::Hidden),
            step => parts.push(step),
        }
    }
    let is_yaml = |name: &&str| {
        let end = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
        end.is_some_and(|end| end == "yaml" || end == "yml")
    };
    match joined(from, &parts) {
        name if name.starts_with("..") => Err(Refused::Leaves),
        name if parts.last().is_some_and(is_yaml) && !path.ends_with('/') => Ok(name),
        _ => Err(Refused::NoSpec),
    }
}

/// Returns the name of a source in its simplest spelling: `./cen//a.yaml` is `cen/a.yaml`.
fn plain(name: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for step in steps(name) {
        match step {
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            step => parts.push(step),
        }
    }
    (!parts.is_empty()).then(|| joined(name, &parts))
}

fn steps(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|step| !step.is_empty() && *step != ".")
}

fn joined(from: &str, parts: &[&str]) -> String {
    format!("{}{}", if from.starts_with('/') { "/" } else { "" }, parts.join("/"))
}

/// The included files of a run, by name, and why others could not be read.
pub(super) struct Included<'a> {
    files: BTreeMap<String, (usize, Fields)>,
    indices: BTreeSet<usize>,
    unread: &'a Unread,
}

impl<'a> Included<'a> {
    /// Reads every source that another one includes, and returns them with their indices.
    pub(super) fn read(
        sources: &[Source],
        unread: &'a Unread,
        budget: &mut Budget,
        report: &mut Report,
    ) -> Self {
        let names: BTreeSet<String> = sources.iter().flat_map(names).collect();
        let (mut files, mut indices) = (BTreeMap::new(), BTreeSet::new());
        if !names.is_empty() {
            for (index, source) in sources.iter().enumerate() {
                if let Some(name) = plain(&source.name).filter(|name| names.contains(name)) {
                    let fields = file(saturating_u32(index), source, budget, report);
                    files.entry(name).or_insert((index, fields));
                    indices.insert(index);
                }
            }
        }
        Self { files, indices, unread }
    }

    /// Returns true if this source is an included file.
    pub(super) fn has(&self, index: usize) -> bool {
        self.indices.contains(&index)
    }

    /// Returns the source and the defaults of the file that is included here. One that was not read is reported.
    pub(super) fn get(&self, at: &At<String>, report: &mut Report) -> Option<&(usize, Fields)> {
        let file = self.files.get(&at.value);
        if file.is_none() {
            let why =
                self.unread.get(&at.value).map_or("it is not among the files of this run", String::as_str);
            let message = format!("the included file {} cannot be read: {}", quoted(&at.value), neutral(why));
            report.add(Finding::new(UNREAD_INCLUDE, at.mark, message));
        }
        file
    }
}

/// Reads an included file: one document with `version` and `defaults`.
fn file(index: u32, source: &Source, budget: &mut Budget, report: &mut Report) -> Fields {
    let findings = report.len();
    let Some(text) = decode(index, &source.bytes, report) else { return unknown_fields() };
    let roots = documents(index, text, budget, report);
    let mut filled = roots.iter().filter(|root| !is_null(root));
    let fields = match filled.next() {
        Some(root) => fields(root, report),
        None => {
            if report.len() == findings {
                let mark = Mark { source: index, line: 1, column: 1, ..Mark::default() };
                report.add(Finding::new(EMPTY_FILE, mark, "the included file declares nothing"));
            }
            Fields::default()
        }
    };
    if let Some(second) = filled.next() {
        let finding = Finding::new(INCLUDED_FIELD, second.mark, "the included file has a second document");
        report.add(finding.expected("one document with `version` and `defaults`"));
    }
    fields
}

fn fields(root: &Node<'_>, report: &mut Report) -> Fields {
    let mut at = Cursor::new(root, "the included file", report);
    let Some(entries) = at.map("a mapping with `version` and `defaults`") else { return unknown_fields() };
    let mut fields = Fields::default();
    for (key, node) in entries {
        match &*key.text {
            "version" => document::version(&mut at.inside(node, "`version`")),
            "defaults" => fields = document::defaults(&mut at.inside(node, "`defaults`")),
            other if document::FIELDS.contains(&other) => {
                let message = format!("`{other}` stands in a file that is included");
                let finding = Finding::new(INCLUDED_FIELD, key.mark, message);
                let finding = finding.expected("only `version` and `defaults`");
                at.report.add(
                    finding.hint("move it into a document that includes this file, or do not include it"),
                );
            }
            _ => unknown(key, &FIELDS, at.report),
        }
    }
    for field in FIELDS {
        if !entries.iter().any(|(key, _)| key.text == field) {
            let finding =
                Finding::new(MISSING_FIELD, root.mark, format!("the included file has no `{field}`"));
            at.report.add(finding.expected(if field == "version" {
                "`version: 1`"
            } else {
                "`defaults:`, a mapping"
            }));
        }
    }
    fields
}

/// Returns the fields of a file that cannot be read: those that every package needs may have been there, so they
/// are not reported as missing.
pub(super) fn unknown_fields() -> Fields {
    Fields { bandwidth: Slot::Wrong, auto_pay: Slot::Wrong, ..Fields::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_included_file_is_named_from_the_folder_of_the_one_that_includes_it() {
        for (from, path, name) in [
            ("cen/a.yaml", "defaults.yaml", Some("cen/defaults.yaml")),
            ("./cen//a.yaml", "./b/../defaults.YML", Some("cen/defaults.YML")),
            ("cen/a.yaml", "../defaults.yaml", Some("defaults.yaml")),
            ("a.yaml", "x y/ü.yaml", Some("x y/ü.yaml")),
            ("/home/me/cen/a.yaml", "../defaults.yaml", Some("/home/me/defaults.yaml")),
            ("<stdin>", "cen/defaults.yaml", Some("cen/defaults.yaml")),
            ("/dev/fd/63", "defaults.yaml", Some("defaults.yaml")),
            ("cen/a.yaml", "../../defaults.yaml", None),
            ("a.yaml", "../a/defaults.yaml", None),
            ("../cen/a.yaml", "defaults.yaml", None),
            ("../cen/a.yaml", "../../a/defaults.yaml", None),
            ("/a.yaml", "../defaults.yaml", None),
            ("<stdin>", "../defaults.yaml", None),
            ("cen/a.yaml", "/etc/defaults.yaml", None),
            ("cen/a.yaml", ".git/config.yaml", None),
            ("cen/a.yaml", "x/.y.yaml", None),
            ("cen/a.yaml", "...yaml", None),
            ("cen/a.yaml", "defaults", None),
            ("cen/a.yaml", "defaults.yaml/", None),
            ("cen/a.yaml", "", None),
            ("cen/a.yaml", "..", None),
        ] {
            assert_eq!(target(from, path).ok().as_deref(), name, "{from}: {path}");
        }
        assert_eq!(plain("./cen//b/../a.yaml").as_deref(), Some("cen/a.yaml"));
        assert_eq!(plain("../a.yaml").as_deref(), Some("../a.yaml"));
    }
}
