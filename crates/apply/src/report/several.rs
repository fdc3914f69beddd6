//! Several saved plans in one report: a row for each account and stack, one total, and then the plans. The
//! worst verdict comes first.

use std::collections::{BTreeMap, BTreeSet};

use cenbwp_diff::{Change, Cost, NewMbps, Page, Plan, Style};
use cenbwp_spec::{AccountId, Severity, StackName};
use serde::Serialize;
use serde_json::{Value, json};

use super::issue::Issue;
use super::run::{Part, Run, plural};
use crate::catalogue;
use crate::exit::Exit;
use crate::planned::Planned;
use crate::planned::document::Summary;
use crate::situation::selected;

/// The verdict on a plan; the worst comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    Unreadable,
    Blocked,
    /// It can be applied and costs money.
    Spends,
    Changes,
    NoChanges,
}

impl Verdict {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "cannot be read",
            Self::Blocked => "cannot be applied",
            Self::Spends | Self::Changes => "can be applied",
            Self::NoChanges => "no changes",
        }
    }

    /// Returns the word for machines.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Blocked => "not_applyable",
            Self::Spends | Self::Changes => "applyable",
            Self::NoChanges => "no_changes",
        }
    }
}

impl Part {
    pub(super) fn verdict(&self) -> Verdict {
        match &self.plan {
            Err(_) => Verdict::Unreadable,
            Ok(planned) if !planned.is_applyable() => Verdict::Blocked,
            Ok(planned) if planned.plan.is_empty() => Verdict::NoChanges,
            Ok(planned) if planned.plan.new_mbps().total() > 0 => Verdict::Spends,
            Ok(_) => Verdict::Changes,
        }
    }

    /// Returns true if the plan may be carried out.
    pub(super) fn is_applyable(&self) -> bool {
        self.plan.as_ref().is_ok_and(Planned::is_applyable)
    }

    pub(super) fn account(&self) -> Option<&AccountId> {
        self.plan.as_ref().ok()?.situation.account.as_ref()
    }

    /// Returns the stacks that the plan is about.
    fn stacks(&self) -> impl Iterator<Item = &StackName> {
        let planned = self.plan.iter();
        planned.flat_map(|planned| selected(&planned.spec, planned.options.targets.as_ref()).map(|it| it.0))
    }

    /// Returns the stacks, the account and the file: `net of account 42 (plan.json)`.
    pub(super) fn title(&self) -> String {
        if self.plan.is_err() {
            return self.file.clone();
        }
        let stacks: Vec<&str> = self.stacks().map(StackName::as_str).collect();
        let of = match self.account() {
            Some(account) => format!("of account {account}"),
            None => "of a recording".to_owned(),
        };
        match &stacks[..] {
            [one] => format!("{one} {of} ({})", self.file),
            many => format!("{} {of} ({})", plural(many.len() as u64, "stack"), self.file),
        }
    }
}

/// Sorts the plans: the worst verdict first, then by account, stacks and file.
pub fn sort(parts: &mut [Part]) {
    parts.sort_by(|one, other| {
        let key = |part: &Part| (part.verdict(), part.account().cloned());
        let rest = || one.stacks().cmp(other.stacks()).then_with(|| one.file.cmp(&other.file));
        key(one).cmp(&key(other)).then_with(rest)
    });
}

/// Returns the code with which `show` of these plans ends: the highest of the codes that each would end with alone.
pub fn exit(parts: &[Part]) -> Exit {
    let failed = parts.iter().filter_map(|part| part.plan.as_ref().err()).map(|failure| failure.exit);
    failed.max_by_key(|exit| exit.code()).unwrap_or(Exit::Done)
}

/// A line of the table: a stack of a plan, or a file that cannot be read.
pub(super) struct Row<'a> {
    pub(super) verdict: Verdict,
    pub(super) account: Option<&'a AccountId>,
    pub(super) stack: Option<&'a StackName>,
    pub(super) figures: Figures,
    pub(super) file: &'a str,
}

/// The numbers of a stack in a plan.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Figures {
    pub(super) purchases: usize,
    #[serde(flatten)]
    pub(super) mbps: NewMbps,
    pub(super) months: u64,
    /// Changes other than purchases.
    pub(super) updates: usize,
    pub(super) held: usize,
}

impl Figures {
    fn of(plan: &Plan, stack: &StackName) -> Self {
        let mut figures = Self::default();
        for change in plan.changes.iter().filter(|change| change.identity().address.stack == *stack) {
            let NewMbps { by_purchase, by_upgrade } = change.new_mbps();
            figures.mbps.by_purchase += by_purchase;
            figures.mbps.by_upgrade += by_upgrade;
            if let Change::Purchase(purchase) = change {
                figures.purchases += 1;
                figures.months += u64::from(purchase.terms.term.months());
            } else {
                figures.updates += 1;
            }
        }
        figures.held = plan.held.iter().filter(|held| held.identity.address.stack == *stack).count();
        figures
    }

    fn is_empty(&self) -> bool {
        self.purchases + self.updates + self.held == 0
    }
}

/// Returns the rows of one plan: one for each of its stacks.
pub(super) fn rows_of(part: &Part) -> Vec<Row<'_>> {
    let (verdict, account, file) = (part.verdict(), part.account(), part.file.as_str());
    let Ok(planned) = &part.plan else {
        return vec![Row { verdict, account, stack: None, figures: Figures::default(), file }];
    };
    let row = |stack| {
        let figures = Figures::of(&planned.plan, stack);
        let verdict =
            if figures.is_empty() && verdict > Verdict::Blocked { Verdict::NoChanges } else { verdict };
        Row { verdict, account, stack: Some(stack), figures, file }
    };
    part.stacks().map(row).collect()
}

/// Returns the rows of all plans.
pub(super) fn rows<'a>(run: &Run<'a>) -> impl Iterator<Item = Row<'a>> {
    run.parts.iter().flat_map(rows_of)
}

/// Returns the plans that could be read.
pub(super) fn plans<'a>(run: &Run<'a>) -> impl Iterator<Item = &'a Planned> {
    run.parts.iter().filter_map(|part| part.plan.as_ref().ok())
}

/// Returns the numbers of all plans together, without those of packages of other owners: the plans of one account
/// count the same ones.
pub(super) fn total(run: &Run<'_>) -> Value {
    let mut total = json!(Summary::total(plans(run).map(|planned| &planned.plan)));
    let numbers = total.as_object_mut().expect("a struct is an object");
    numbers.retain(|name, _| !["other_stacks", "unmanaged"].contains(&name.as_str()));
    total
}

/// Returns the numbers of all plans together, the bandwidth that they add, the price of their purchases, and whether all
/// of them can be applied.
pub(crate) fn totals(run: &Run<'_>) -> (Value, NewMbps, Option<Cost>, bool) {
    let Summary { mbps, price, .. } = Summary::total(plans(run).map(|planned| &planned.plan));
    let mut counts = total(run);
    counts.as_object_mut().expect("a struct is an object").remove("price");
    (counts, mbps, price, run.parts.iter().all(Part::is_applyable))
}

/// Returns each plan as a run that shows it alone.
pub(super) fn runs<'a>(run: &Run<'a>) -> impl Iterator<Item = (&'a Part, Run<'a>)> {
    run.parts.iter().map(|part| {
        let (planned, failure) = (part.plan.as_ref().ok(), part.plan.as_ref().err());
        let alone = Run {
            parts: &[],
            exit: failure.map_or(Exit::Done, |failure| failure.exit),
            sources: planned.map(|planned| &*planned.sources).unwrap_or_default(),
            spec: planned.map(|planned| &*planned.spec),
            planned,
            failure,
            ..*run
        };
        (part, alone)
    })
}

/// Returns true if the plans are of more than one account, so that a package is not known by its address alone.
pub(super) fn are_of_several_accounts(run: &Run<'_>) -> bool {
    run.parts.iter().filter(|part| part.plan.is_ok()).map(Part::account).collect::<BTreeSet<_>>().len() > 1
}

/// Returns the total of all plans in one sentence, and how many of them cannot be applied or read.
pub(super) fn headline(run: &Run<'_>) -> String {
    let plans: Vec<&Plan> = plans(run).map(|planned| &planned.plan).collect();
    let total = if plans.is_empty() { None } else { Some(cenbwp_diff::total(&plans)) };
    let parts: Vec<String> = total.into_iter().chain(obstacle(run).map(|it| it + ".")).collect();
    parts.join(" ")
}

/// Returns how many plans cannot be applied or read; `None` if all can.
pub(super) fn obstacle(run: &Run<'_>) -> Option<String> {
    let count = |verdict| run.parts.iter().filter(|part| part.verdict() == verdict).count() as u64;
    let said = [
        (count(Verdict::Blocked), "plan", Verdict::Blocked),
        (count(Verdict::Unreadable), "file", Verdict::Unreadable),
    ];
    let said = said.into_iter().filter(|(count, ..)| *count > 0);
    let said: Vec<String> =
        said.map(|(count, noun, verdict)| format!("{} {}", plural(count, noun), verdict.as_str())).collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// Returns a warning for each stack of an account that more than one plan is about.
pub(super) fn twice<'a>(run: &Run<'_>) -> Vec<Issue<'a>> {
    let mut files: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for part in run.parts {
        for stack in part.stacks() {
            files.entry((stack, part.account())).or_default().push(&part.file);
        }
    }
    let twice = files.into_iter().filter(|(_, files)| files.len() > 1);
    let issue = |((stack, account), files): ((&StackName, Option<&AccountId>), Vec<&str>)| {
        let of = account.map_or_else(|| "a recording".to_owned(), |account| format!("account {account}"));
        let (count, files) = (files.len(), files.join(" and "));
        Issue {
            severity: Severity::Warning,
            rule: &catalogue::STACK_TWICE,
            address: None,
            message: format!(
                "{count} plans are of stack {stack} of {of}: {files}; the total counts all of them"
            ),
            hint: Some("show the plan that will be applied, and not the others".to_owned()),
            spot: None,
        }
    };
    twice.map(issue).collect()
}

/// Returns all plans as text for people: the table, the total, and each plan as `show` prints it alone.
pub(crate) fn text(run: &Run<'_>, style: &Style) -> String {
    let mut page = Page::new(style);
    table(run, &mut page);
    page.gap();
    page.headline(style.palette.strong, &headline(run));
    for issue in twice(run) {
        page.line(0, &format!("warning: {}: {}", issue.rule.name, issue.message));
    }
    let mut text = page.into_text();
    for (part, alone) in runs(run) {
        let mut page = Page::new(style);
        if let Some(planned) = alone.planned {
            page.headline(style.palette.strong, &format!("== {}", part.title()));
            let plan = planned.text(style);
            text.push_str(&format!("\n{}\n{plan}{}", page.into_text(), planned.origin()));
        }
    }
    text
}

fn table(run: &Run<'_>, page: &mut Page<'_>) {
    const HEAD: [&str; 8] = ["PLAN", "ACCOUNT", "STACK", "BUY", "MBPS", "MONTHS", "CHANGE", "HELD"];
    let palette = &page.style().palette;
    let none = || "-".to_owned();
    let cells = |row: &Row<'_>| {
        let Figures { purchases, mbps, months, updates, held } = &row.figures;
        let numbers = [*purchases as u64, mbps.total(), *months, *updates as u64, *held as u64];
        let numbers = numbers.map(|number| if row.stack.is_some() { number.to_string() } else { none() });
        let (account, stack) = (row.account.map(ToString::to_string), row.stack.map(ToString::to_string));
        let words =
            [row.verdict.as_str().to_owned(), account.unwrap_or_else(none), stack.unwrap_or_else(none)];
        let colour = match row.verdict {
            Verdict::Unreadable => palette.failed,
            Verdict::Blocked => palette.held,
            Verdict::Spends => palette.buy,
            Verdict::Changes => palette.change,
            Verdict::NoChanges => palette.done,
        };
        (colour, words.into_iter().chain(numbers).collect::<Vec<_>>(), row.file.to_owned())
    };
    let head = (palette.strong, HEAD.map(str::to_owned).to_vec(), "FILE".to_owned());
    let lines: Vec<_> = std::iter::once(head).chain(rows(run).map(|row| cells(&row))).collect();
    let width = |at: usize| lines.iter().map(|(_, cells, _)| cells[at].len()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    for (n, (colour, cells, file)) in lines.iter().enumerate() {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(at, (cell, width))| if at > 2 { format!("{cell:>width$}") } else { cell.clone() })
            .collect();
        let plain = if n == 0 { *colour } else { anstyle::Style::new() };
        let cells = padded.iter().zip(&widths).enumerate();
        let cells: Vec<_> = cells
            .map(|(at, (cell, width))| (if at == 0 { *colour } else { plain }, cell.as_str(), *width))
            .collect();
        page.row(0, &cells, file, 4);
    }
}
