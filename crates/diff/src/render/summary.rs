//! The sentences that sum up one plan, or several, and what keeps a plan from being applied.

use super::limits::cost;
use crate::{Change, Plan, WarningKind};

/// Returns the summary: counts, new bandwidth and interruptions.
pub fn summary(plan: &Plan) -> String {
    let others = [(plan.other_stacks, "of other stacks"), (plan.unmanaged, "unmanaged")];
    let rest = |declared| said(&[&there(&[plan], declared)[..], &others].concat());
    if plan.is_empty() {
        let are =
            if there(&[plan], "")[0].0 == 1 { "package is up to date" } else { "packages are up to date" };
        return format!("No changes.{}", rest(are));
    }
    format!("Plan: {}{}", wanted(&[plan]), rest("up to date"))
}

/// Returns the summary of several plans: how many there are, and the counts of all together. Packages of other
/// stacks are not counted, because the plans of one account count the same ones.
pub fn total(plans: &[&Plan]) -> String {
    let rest = said(&there(plans, "up to date"));
    let number = if plans.len() == 1 { "1 plan".to_owned() } else { format!("{} plans", plans.len()) };
    if plans.iter().all(|plan| plan.is_empty()) {
        return format!("{number}: no changes.{rest}");
    }
    format!("{number}: {}{rest}", wanted(plans))
}

/// Returns the counts of the packages of these stacks that no change is planned for. `declared` is the word for those
/// that are as declared.
fn there<'a>(plans: &[&Plan], declared: &'a str) -> [(usize, &'a str); 4] {
    let sum = |count: fn(&Plan) -> usize| plans.iter().map(|plan| count(plan)).sum::<usize>();
    let retiring =
        sum(|plan| plan.warnings.iter().filter(|it| matches!(it.kind, WarningKind::Retiring { .. })).count());
    [
        (sum(|plan| plan.in_sync.len()).saturating_sub(retiring), declared),
        (retiring, "retiring"),
        (sum(|plan| plan.undeclared.len()), "undeclared"),
        (sum(|plan| plan.superseded.len()), "superseded"),
    ]
}

/// Returns the counts as a sentence behind another one; empty if all are 0.
fn said(counts: &[(usize, &str)]) -> String {
    counted(counts).map(|counts| format!(" {counts}.")).unwrap_or_default()
}

/// `1 to buy (20 Mbps, 1 month), 2 to change. Upgrades add 5 Mbps (charges). 1 interrupts traffic.`
fn wanted(plans: &[&Plan]) -> String {
    let changes = || plans.iter().flat_map(|plan| &plan.changes);
    let count = |wanted: fn(&Change) -> bool| changes().filter(|change| wanted(change)).count();
    let counts = [
        (count(|change| matches!(change, Change::Update(_))), "to change"),
        (count(|change| matches!(change, Change::Adopt(_))), "to adopt"),
        (count(|change| matches!(change, Change::Move(_))), "to move"),
        (count(|change| matches!(change, Change::Release(_))), "to release"),
        (count(|change| matches!(change, Change::Retire(_))), "to retire"),
        (plans.iter().map(|plan| plan.held.len()).sum(), "held"),
    ];
    let parts: Vec<_> = bought(plans).into_iter().chain(counted(&counts)).collect();
    // Where a price is shown, it is that of the purchases only: nothing estimates growth and renewal.
    let unpriced = if plans.iter().any(|plan| plan.is_priced) { ", not in the price" } else { "" };
    let upgrades = match plans.iter().map(|plan| plan.new_mbps().by_upgrade).sum::<u64>() {
        0 => String::new(),
        mbps => format!(" Upgrades add {mbps} Mbps (charges{unpriced})."),
    };
    let interruptions = match count(Change::interrupts_traffic) {
        0 => String::new(),
        1 => " 1 interrupts traffic.".to_owned(),
        n => format!(" {n} interrupt traffic."),
    };
    let renewals = match count(Change::turns_renewal_on) {
        0 => String::new(),
        1 => format!(" 1 renews itself from now on (charges at each end{unpriced})."),
        n => format!(" {n} renew themselves from now on (charges at each end{unpriced})."),
    };
    format!("{}.{upgrades}{renewals}{interruptions}", parts.join(", "))
}

/// `2 to change, 1 held`, without the counts that are 0.
fn counted(counts: &[(usize, &str)]) -> Option<String> {
    let counts: Vec<_> =
        counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    (!counts.is_empty()).then(|| counts.join(", "))
}

/// `2 to buy (300 Mbps, 7 months in all, 7200 CNY)`.
fn bought(plans: &[&Plan]) -> Option<String> {
    let purchases = || plans.iter().flat_map(|plan| plan.purchases());
    let count = purchases().count();
    let mbps: u64 = plans.iter().map(|plan| plan.new_mbps().by_purchase).sum();
    let months: u64 = purchases().map(|purchase| u64::from(purchase.terms.term.months())).sum();
    let unit = match (count, months) {
        (1, 1) => "month",
        (1, _) => "months",
        _ => "months in all",
    };
    let cost = cost(plans.iter().copied()).map(|cost| format!(", {cost}")).unwrap_or_default();
    (count > 0).then(|| format!("{count} to buy ({mbps} Mbps, {months} {unit}{cost})"))
}

/// Returns the reasons for which the plan may not be carried out; `None` if it may.
pub fn obstacle(plan: &Plan) -> Option<String> {
    if plan.is_applyable() {
        return None;
    }
    let mut reasons = Vec::new();
    if !plan.complete {
        reasons.push("the listing is not whole".to_owned());
    }
    if !plan.held.is_empty() && !plan.skip_held {
        let n = plan.held.len();
        reasons.push(format!("{n} held; follow the hints, or leave out what is held with `--skip-held`"));
    }
    if !plan.breaches.is_empty() {
        reasons.push("a limit is exceeded".to_owned());
    }
    Some(reasons.join("; "))
}
