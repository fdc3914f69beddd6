//! Builds one spec from drafts of packages, by the spec's own rules.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use cenbwp_diff::neutral;
use cenbwp_spec::{AccountId, AreaPair, CenId, Identity, PackageId, PackageName, StackName};

use super::entry::{DEFAULTS, Entry, scalar};
use super::{Export, Note};
use crate::disarm;

/// A package as it would be declared, before the spec's rules are applied.
pub(super) struct Draft {
    /// The package's name in notes: its id, or its address in Terraform.
    pub about: String,
    pub identity: Identity,
    pub id: PackageId,
    pub areas: AreaPair,
    pub entry: Entry,
    /// The comments above it in the spec.
    pub comments: Vec<String>,
    /// More comments above it, each of them also a note.
    pub reservations: Vec<String>,
    /// Notes that are no comments, because they are the same for most packages.
    pub notes: Vec<String>,
}

/// A spec under construction.
#[derive(Default)]
pub(super) struct Builder {
    documents: BTreeMap<StackName, BTreeMap<PackageName, String>>,
    notes: BTreeSet<Note>,
    left_out: Vec<String>,
    seen: BTreeSet<PackageId>,
    spans: BTreeSet<(CenId, AreaPair)>,
    adopted: usize,
    owned: usize,
}

impl Builder {
    /// Adds a package, with every field that a spec can declare.
    pub(super) fn add(&mut self, mut draft: Draft) {
        if !self.seen.insert(draft.id.clone()) {
            return self.leave_out(&draft.about, &format!("{} is exported already", draft.id));
        }
        if let Some(cen) = draft.entry.optional.cen_id.take() {
            if self.spans.insert((cen.clone(), draft.areas.clone())) {
                draft.entry.optional.cen_id = Some(cen);
            } else {
                draft.reservations.push(format!(
                    "the CEN is not carried over: another package connects these areas on {cen}"
                ));
            }
        }
        let (entry, lost) = match draft.entry.accepted(&draft.identity) {
            Ok(accepted) => accepted,
            Err(why) => return self.leave_out(&draft.about, &why),
        };
        draft.reservations.extend(lost);
        match entry.adopt {
            Some(_) => self.adopted += 1,
            None => self.owned += 1,
        }
        let mut text = String::new();
        for comment in draft.comments.iter().chain(&draft.reservations) {
            let _ = writeln!(text, "  # {}", disarm::inline(&neutral(comment)));
        }
        text.push_str(&entry.text(&draft.identity));
        let address = draft.identity.address;
        self.documents.entry(address.stack).or_default().insert(address.package, text);
        for note in draft.reservations.iter().chain(&draft.notes) {
            self.note(&draft.about, note);
        }
    }

    /// Names a package that no spec can declare, or that should not be.
    pub(super) fn leave_out(&mut self, about: &str, why: &str) {
        self.left_out.push(format!("{}: {}", neutral(about), neutral(why)));
        self.note(about, &format!("left out: {why}"));
    }

    /// Adds a note about a package.
    pub(super) fn note(&mut self, about: &str, text: &str) {
        let (about, text) = (neutral(about).into_owned(), neutral(text).into_owned());
        self.notes.insert(Note { text, about });
    }

    /// Returns the spec. Without a package it has one empty document, for `stack`.
    pub(super) fn finish(mut self, stack: &StackName, account: Option<&AccountId>) -> Export {
        if self.documents.is_empty() {
            self.documents.entry(stack.clone()).or_default();
        }
        let mut text = HEAD.to_owned();
        if !self.left_out.is_empty() {
            text.push_str("#\n# Left out:\n");
        }
        for line in &self.left_out {
            let _ = writeln!(text, "#   {}", disarm::inline(line));
        }
        for (n, (stack, packages)) in self.documents.iter().enumerate() {
            text.push_str(if n == 0 { "\n" } else { "---\n" });
            let _ = writeln!(text, "version: 1\nstack: {}", scalar(stack.as_str()));
            if let Some(account) = account {
                let _ = writeln!(text, "account: \"{account}\"");
            }
            text.push_str(DEFAULTS);
            text.push_str(if packages.is_empty() { "packages: {}\n" } else { "packages:\n" });
            text.extend(packages.values().map(String::as_str));
        }
        let notes = self.notes.into_iter().collect();
        Export { text, notes, adopted: self.adopted, owned: self.owned }
    }
}

const HEAD: &str = "\
# Packages that exist, as `cenbwp export` found them. The name of a package becomes a part of its identity:
# change a name now rather than after the first apply.
";
