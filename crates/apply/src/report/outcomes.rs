//! The outcomes of an apply: the text and the document at its end.

use std::collections::{BTreeMap, BTreeSet};

use anstyle::Style as Colour;
use cenbwp_diff::{Cost, NewMbps, Observed, Page, Plan, Style, neutral};
use cenbwp_spec::Identity;
use serde_json::{Value, json};

use super::commands::Commands;
use super::run::plural;
use crate::cloud::EDITS;
use crate::execute::{ChangeResult, FieldOutcome, FieldResult, Outcome, SAME_COMMAND, is_unseen};
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
    /// The number of held items that the plan went on without.
    pub left_out: usize,
    /// The price that the plan named for what this run bought, or may have; `None` if it was not asked for.
    pub price: Option<Cost>,
    /// The kind of end.
    pub end: End,
    /// The command lines that go on from this run.
    pub commands: Commands,
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
        commands: Commands,
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
        let (digest, left_out) = (planned.digest().to_owned(), planned.plan.held.len());
        let price = price(&planned.plan, &results);
        Self { digest, results, left, left_out, price, end, commands }.without_other_advice()
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

    /// Takes the hints away where a request is in doubt: then only the same command is safe.
    #[must_use]
    pub fn without_other_advice(mut self) -> Self {
        if self.exit() == Exit::Unknown {
            let others = |hint: &mut String| hint != SAME_COMMAND;
            self.results.iter_mut().for_each(|result| drop(result.hint.take_if(others)));
        }
        self
    }

    /// Returns the next step for the user, if there is one.
    pub fn next(&self) -> Option<String> {
        let Commands { again, plan, apply, anew } = &self.commands;
        let is_held = self.left.as_ref().is_some_and(|left| !left.held.is_empty());
        Some(match self.exit() {
            Exit::Done => return None,
            Exit::Unknown => {
                let longer =
                    if self.ended_waiting() { ", or one with a longer `--wait-timeout`" } else { "" };
                format!(
                    "run the same command again{longer}: `{again}`; its plan may show a purchase again, but its tokens are \
                     the same, so it cannot buy twice"
                )
            }
            _ if self.is_refused() => match anew.as_ref().filter(|_| self.edits_spec()) {
                Some(anew) => {
                    format!("follow the hints of what failed, then `{anew}`, review it, and `{apply}`")
                }
                None => format!("follow the hints of what failed, then apply again: `{apply}`"),
            },
            _ if is_held => format!("see what is left and why it is held: `{plan}`"),
            _ => match anew.as_ref().filter(|_| self.needs_another_plan()) {
                Some(anew) => format!("plan what is left: `{anew}`, review it, and `{apply}`"),
                None => format!("`{plan}` shows what is left; `{apply}` finishes it"),
            },
        })
    }

    /// Returns true if all that is not known is known to be accepted: the run did not wait long enough.
    fn ended_waiting(&self) -> bool {
        self.end == End::Done && self.results.iter().filter(|it| it.is_unknown()).all(is_unseen)
    }

    /// Returns true if following the hints may change the spec: a plan that was saved before is stale then.
    fn edits_spec(&self) -> bool {
        let mut hints = self.results.iter().filter_map(|result| result.hint.as_deref());
        hints.any(|hint| EDITS.iter().any(|edit| hint.contains(edit)))
    }

    /// Returns true if something is left to do that no plan had: applying the same saved plan again would not do it.
    fn needs_another_plan(&self) -> bool {
        self.left.as_ref().is_some_and(|left| !left.changes.is_empty())
    }

    /// Returns true if the service refused something.
    fn is_refused(&self) -> bool {
        self.results.iter().any(|result| {
            result.outcome == Outcome::Failed
                || result.fields.iter().any(|field| field.outcome == FieldOutcome::Failed)
        })
    }

    /// Returns the document of `--report json`.
    pub fn document(&self) -> Value {
        let new = self.new_mbps();
        let mut document = json!({
            "plan_digest": self.digest,
            "outcomes": self.results,
            "summary": {
                "counts": self.counts(), "new_mbps": new.total(), "purchase_mbps": new.by_purchase,
                "upgrade_mbps": new.by_upgrade, "exit_code": self.exit().code(), "next": self.next(),
            },
        });
        if let Some(price) = &self.price {
            document["summary"]["price"] = json!(price);
        }
        document
    }

    /// Returns true if there is something to say at the end: a result, or a held item that was left out.
    pub fn is_told(&self) -> bool {
        !self.results.is_empty() || self.left_out > 0
    }

    /// Returns the sentence that sums up the apply, and one about held items that were left out.
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
        let counts = self.counted();
        let counts = if counts.is_empty() { "no changes".to_owned() } else { counts.join(", ") };
        let left_out = match self.left_out {
            0 => String::new(),
            held => format!(" {held} held, left out by `--skip-held` and not counted by the exit code."),
        };
        let at_most = if self.results.iter().any(ChangeResult::is_unknown) { "at most " } else { "" };
        let price = self.price.as_ref().map(|price| format!(" Bought for {at_most}{price}, as estimated."));
        format!("{ended}: {counts}.{}{left_out}", price.unwrap_or_default())
    }

    /// Returns the number of changes with each outcome, in words. A change of which a part was done is not
    /// called failed: its done fields may have been paid for.
    fn counted(&self) -> Vec<String> {
        let is_part = |result: &&ChangeResult| {
            !result.outcome.is_success() && result.fields.iter().any(|it| it.outcome == FieldOutcome::Done)
        };
        let (parts, wholes): (Vec<_>, Vec<_>) = self.results.iter().partition(is_part);
        // Where nothing at all was bought, the sentence begins with it.
        let is_partial = matches!(self.exit(), Exit::Partial | Exit::Unknown);
        let word = |result: &ChangeResult| {
            if is_unseen(result) {
                "unknown (accepted, not listed yet)".to_owned()
            } else if is_partial {
                outcome_words(result)
            } else {
                words(result.outcome.as_str())
            }
        };
        let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
        wholes.iter().for_each(|result| *outcomes.entry(word(result)).or_default() += 1);
        let mut counted: Vec<String> = Vec::new();
        if !parts.is_empty() {
            let fields = parts.iter().flat_map(|result| &result.fields);
            let done = fields.filter(|field| field.outcome == FieldOutcome::Done).map(|field| field.field);
            let done: BTreeSet<&str> = done.collect();
            let done: Vec<&str> = done.into_iter().collect();
            counted.push(format!("{} changed in part ({})", parts.len(), done.join(", ")));
        }
        counted.extend(outcomes.iter().map(|(word, count)| format!("{count} {word}")));
        let begun = wholes.iter().filter(|result| result.outcome.is_success()).chain(&parts);
        let mut fields: BTreeMap<FieldOutcome, usize> = BTreeMap::new();
        begun
            .flat_map(|result| &result.fields)
            .for_each(|field| *fields.entry(field.outcome).or_default() += 1);
        fields.remove(&FieldOutcome::Done);
        let rest = fields.iter().map(|(outcome, count)| {
            format!("{} {}", plural(*count as u64, "field"), words(outcome.as_str()))
        });
        counted.extend(rest);
        counted
    }

    /// Returns the text at the end of an apply. The same results and style give the same bytes.
    pub fn text(&self, style: &Style) -> String {
        let mut page = Page::new(style);
        page.line(0, "");
        let cells = |cell: fn(&ChangeResult) -> usize| self.results.iter().map(cell).max().unwrap_or(0);
        let widths =
            [cells(|it| it.identity.to_string().len()).min(LONGEST), cells(|it| outcome_words(it).len())];
        for result in &self.results {
            write_result(&mut page, result, widths);
        }
        if let Some(left) = self.left.as_ref().filter(|left| !left.is_empty()) {
            let changes = left.changes.iter().map(|change| (change.identity(), change.as_str()));
            let held = left.held.iter().map(|held| (&held.identity, held.reason.rule().name));
            for (identity, word) in changes.chain(held) {
                page.line(2, &format!("left to do: {identity}  {}", words(word)));
            }
        }
        page.gap();
        let palette = &style.palette;
        let colour = match self.exit() {
            Exit::Done => palette.done,
            Exit::Partial | Exit::Unknown | Exit::Interrupted => palette.doubt,
            Exit::Error | Exit::Pending | Exit::Invalid | Exit::Refused | Exit::Stale => palette.failed,
        };
        page.headline(colour, &self.headline());
        if let Some(next) = self.next() {
            page.line(0, &format!("Next: {next}."));
        }
        page.into_text()
    }
}

/// Returns the price that a plan named for the purchases that these results are about, without those that bought nothing.
fn price(plan: &Plan, results: &[ChangeResult]) -> Option<Cost> {
    let bought: BTreeSet<&Identity> =
        results.iter().filter(|result| result.changed_something()).map(|result| &result.identity).collect();
    let bought = plan.purchases().filter(|purchase| bought.contains(&purchase.identity)).map(Cost::of);
    bought.reduce(|sum, one| sum.plus(&one)).filter(|_| plan.is_priced)
}

/// Returns a stable name as words for people: `already present`. `cenbwp explain` knows both forms.
pub(crate) fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// Returns the outcome of a change as words for people. A purchase without a package says that nothing was bought:
/// that is the first question about a run that did not succeed.
pub(crate) fn outcome_words(result: &ChangeResult) -> String {
    let word = words(result.outcome.as_str());
    let is_refused = matches!(result.outcome, Outcome::Failed | Outcome::NotAttempted);
    let not_bought = result.action == "purchase" && is_refused && !result.changed_something();
    if not_bought { format!("{word} (not bought)") } else { word }
}

/// The widest column of identities. A longer identity moves the rest of its line.
const LONGEST: usize = 40;

/// Writes one result: identity, outcome, package id and order, and below them the reason, the fields and the
/// hint. `widths` are those of the first two columns.
fn write_result(page: &mut Page<'_>, result: &ChangeResult, widths: [usize; 2]) {
    let palette = &page.style().palette;
    let identity = result.identity.to_string();
    let id = result.id.as_ref().map(ToString::to_string);
    let order = result.order_id.as_ref().map(|order| format!("order {}", neutral(order)));
    let behind: Vec<String> = id.into_iter().chain(order).collect();
    let colour = match result.outcome {
        Outcome::Failed => palette.failed,
        Outcome::Ordered | Outcome::UnpaidOrder | Outcome::Unknown => palette.doubt,
        Outcome::NotAttempted => Colour::new(),
        Outcome::Created
        | Outcome::Updated
        | Outcome::Adopted
        | Outcome::Moved
        | Outcome::Released
        | Outcome::Retired
        | Outcome::Retiring
        | Outcome::AlreadyPresent => palette.done,
    };
    let outcome = outcome_words(result);
    let cells = [(Colour::new(), &*identity, widths[0]), (colour, &*outcome, widths[1])];
    page.row(0, &cells, &behind.join("  "), 4);
    if let Some(detail) = &result.detail {
        page.line(4, &neutral(detail));
    }
    if let Some(token) = result.client_token.as_ref().filter(|_| result.outcome == Outcome::Unknown) {
        page.line(4, &format!("client token {token}"));
    }
    let widest = |cell: fn(&FieldResult) -> usize| result.fields.iter().map(cell).max().unwrap_or(0);
    let widths = [widest(|it| it.field.len()), widest(|it| it.outcome.as_str().len())];
    for FieldResult { field, outcome, detail } in &result.fields {
        if result.fields.len() == 1 && *outcome == FieldOutcome::Done && detail.is_none() {
            continue;
        }
        let colour = match outcome {
            FieldOutcome::Done => palette.done,
            FieldOutcome::NotAttempted => Colour::new(),
            FieldOutcome::Failed => palette.failed,
            FieldOutcome::Unknown => palette.doubt,
        };
        let detail = detail.as_deref().map(neutral).unwrap_or_default();
        let outcome = words(outcome.as_str());
        let cells = [(Colour::new(), *field, widths[0]), (colour, &*outcome, widths[1])];
        page.row(4, &cells, &detail, 6);
    }
    if let Some(hint) = &result.hint {
        page.line(4, &format!("hint: {}", neutral(hint)));
    }
}
