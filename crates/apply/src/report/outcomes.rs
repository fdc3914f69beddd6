//! The outcomes of an apply: the text and the document at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use cenbwp_diff::{NewMbps, Observed, Plan, neutral};
use cenbwp_spec::Identity;
use serde_json::{Value, json};

use crate::execute::{ChangeResult, FieldOutcome, FieldResult, Outcome};
use crate::exit::Exit;
use crate::planned::Planned;

/// An apply at its end.
#[derive(Debug)]
pub struct Applied {
    /// The digest of the plan that was carried out.
    pub digest: String,
    /// One result per change.
    pub results: Vec<ChangeResult>,
    /// The changes that are left to do by the last listing; `None` if there was no such listing.
    pub left: Option<Plan>,
    /// The kind of end.
    pub end: End,
}

/// The end of an apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing was left to wait for.
    Done,
    /// A signal: the run finished what was in flight and sent nothing new.
    Stopped,
    /// A second signal or a panic: the run waited for nothing, so the outcome of a request may be missing.
    Left,
}

impl Applied {
    /// Sums up a run. Plans again from the last listing, if there was one, to find what is left to do.
    pub fn new(
        planned: &Planned,
        results: Vec<ChangeResult>,
        last_look: Option<&Observed>,
        interrupted: bool,
    ) -> Self {
        let left = last_look.map(|observed| {
            let mut left = cenbwp_diff::plan(&planned.spec, observed, &planned.options);
            // Not left to do: a change that failed has its own result, and an unpaid order is what the spec
            // asked for.
            let settled =
                |result: &&ChangeResult| result.is_success() && result.outcome != Outcome::UnpaidOrder;
            let open: BTreeSet<&Identity> =
                results.iter().filter(|result| !settled(result)).map(|result| &result.identity).collect();
            left.changes.retain(|change| !open.contains(change.identity()));
            // The released or retired package itself is the proof: an unreadable item in the listing does not
            // hold it.
            let left_us = |result: &&ChangeResult| {
                matches!(result.outcome, Outcome::Released | Outcome::Retired | Outcome::Retiring)
            };
            let gone: BTreeSet<&Identity> =
                results.iter().filter(left_us).map(|result| &result.identity).collect();
            left.held.retain(|held| !planned.plan.held.contains(held) && !gone.contains(&held.identity));
            left
        });
        let end = if interrupted { End::Stopped } else { End::Done };
        Self { digest: planned.digest().to_owned(), results, left, end }
    }

    /// Returns the exit code: that of the gravest reason.
    pub fn exit(&self) -> Exit {
        let any = |test: fn(&ChangeResult) -> bool| self.results.iter().any(test);
        let changed = any(ChangeResult::changed_something);
        if any(ChangeResult::is_unknown) || (self.end == End::Left && !self.results.is_empty()) {
            Exit::Unknown
        } else if any(|result| !result.is_success()) {
            match (changed, self.end == End::Stopped && !any(|result| result.outcome == Outcome::Failed)) {
                (true, _) => Exit::Partial,
                (false, true) => Exit::Interrupted,
                (false, false) => Exit::Error,
            }
        } else if self.left.as_ref().is_some_and(|left| !left.is_empty()) {
            Exit::Partial
        } else {
            Exit::Done
        }
    }

    /// Returns the number of changes with each outcome, by the outcome's word.
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for result in &self.results {
            *counts.entry(result.outcome.as_str()).or_default() += 1;
        }
        counts
    }

    /// Returns the Mbps that this run bought, ordered or added to a package, including those that it may
    /// have.
    pub fn new_mbps(&self) -> NewMbps {
        let mut new = NewMbps::default();
        for result in &self.results {
            let mbps = result.mbps.map_or(0, |mbps| u64::from(mbps.0));
            if result.action == "purchase" {
                new.by_purchase += if result.changed_something() { mbps } else { 0 };
            } else if result.may_have_resized() {
                new.by_upgrade += mbps;
            }
        }
        new
    }

    /// Returns the next step for the user, if there is one.
    pub fn next(&self) -> Option<&'static str> {
        match self.exit() {
            Exit::Done => None,
            Exit::Unknown => {
                Some("run the same command again: it uses the same tokens, so it cannot buy twice")
            }
            Exit::Partial | Exit::Interrupted => {
                Some("cenbwp plan shows what is left; apply again finishes it")
            }
            Exit::Error | Exit::Pending | Exit::Invalid | Exit::Refused | Exit::Stale => {
                Some("correct what the errors name, then apply again")
            }
        }
    }

    /// Returns the document of `--report json`.
    pub fn document(&self) -> Value {
        let new = self.new_mbps();
        json!({
            "plan_digest": self.digest,
            "outcomes": self.results,
            "summary": {
                "counts": self.counts(), "new_mbps": new.total(), "purchase_mbps": new.by_purchase,
                "upgrade_mbps": new.by_upgrade, "exit_code": self.exit().code(), "next": self.next(),
            },
        })
    }

    /// Returns the one sentence that sums up the apply.
    pub fn headline(&self) -> String {
        let ended = match self.exit() {
            Exit::Done => "Apply complete",
            Exit::Unknown => "Apply ended with an unknown outcome",
            Exit::Interrupted => "Apply interrupted, nothing was bought or changed",
            Exit::Partial => "Apply incomplete",
            Exit::Error | Exit::Pending | Exit::Invalid | Exit::Refused | Exit::Stale => {
                "Apply failed, nothing was bought or changed"
            }
        };
        let counts: Vec<String> =
            self.counts().iter().map(|(word, count)| format!("{count} {}", words(word))).collect();
        let counts = if counts.is_empty() { "no changes".to_owned() } else { counts.join(", ") };
        format!("{ended}: {counts}.")
    }

    /// Returns the text at the end of an apply.
    pub fn text(&self) -> String {
        let mut text = String::from("\n");
        for result in &self.results {
            write_result(&mut text, result);
        }
        if let Some(left) = self.left.as_ref().filter(|left| !left.is_empty()) {
            let changes = left.changes.iter().map(|change| (change.identity(), change.as_str()));
            let held = left.held.iter().map(|held| (&held.identity, held.reason.rule().name));
            for (identity, word) in changes.chain(held) {
                let _ = writeln!(text, "  left to do: {identity}  {}", words(word));
            }
        }
        let _ = writeln!(text, "\n{}", self.headline());
        if let Some(next) = self.next() {
            let _ = writeln!(text, "Next: {next}.");
        }
        text
    }
}

/// Returns a stable name as words for people: `already present`. `cenbwp explain` knows both forms.
pub(crate) fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// Writes one result: identity, outcome and package id, with the reason and the hint below.
fn write_result(text: &mut String, result: &ChangeResult) {
    let _ = write!(text, "{}  {}", result.identity, words(result.outcome.as_str()));
    if let Some(id) = &result.id {
        let _ = write!(text, "  {id}");
    }
    if let Some(order) = &result.order_id {
        let _ = write!(text, "  order {}", neutral(order));
    }
    text.push('\n');
    if let Some(detail) = &result.detail {
        let _ = writeln!(text, "    {}", neutral(detail));
    }
    if let Some(token) = result.client_token.as_ref().filter(|_| result.outcome == Outcome::Unknown) {
        let _ = writeln!(text, "    client token {token}");
    }
    for FieldResult { field, outcome, detail } in &result.fields {
        let detail = detail.as_deref().map(|detail| format!(": {}", neutral(detail))).unwrap_or_default();
        if result.fields.len() > 1 || *outcome != FieldOutcome::Done || !detail.is_empty() {
            let _ = writeln!(text, "    {field}  {}{detail}", words(outcome.as_str()));
        }
    }
    if let Some(hint) = &result.hint {
        let _ = writeln!(text, "    hint: {}", neutral(hint));
    }
}
