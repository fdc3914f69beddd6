//! The numbers of a run, in the words of its headline.

use std::fmt::Display;

use cenbwp_diff::{Change, Cost, Plan};

use crate::planned::document::Summary;
use crate::report::outcomes::{Applied, words};
use crate::report::run::Run;
use crate::report::several;

/// Returns the numbers as a list. Zeros are left out.
pub(super) fn list(run: &Run<'_>) -> String {
    match (run.applied, run.plan()) {
        (Some(applied), _) => shown(&of_apply(applied), applied.price.as_ref()),
        (None, Some(plan)) => {
            let summary = Summary::of(plan);
            shown(&of_plans(&[plan], &summary), summary.price.as_ref())
        }
        (None, None) => String::new(),
    }
}

/// Returns the numbers of several plans together as a list.
pub(super) fn total(run: &Run<'_>) -> String {
    let plans: Vec<&Plan> = several::plans(run).map(|planned| &planned.plan).collect();
    let summary = Summary::total(plans.iter().copied());
    shown(&of_plans(&plans, &summary), summary.price.as_ref())
}

/// Returns these numbers as a list, and the price if there is one.
pub(super) fn shown(figures: &[(&str, u64)], price: Option<&Cost>) -> String {
    let figure =
        |name: &str, value: &dyn Display| format!("<div><dt>{}</dt><dd>{value}</dd></div>\n", words(name));
    let numbers = figures.iter().filter(|(_, value)| *value > 0).map(|(name, value)| figure(name, value));
    let figures: String = numbers.chain(price.map(|price| figure("price", price))).collect();
    if figures.is_empty() { figures } else { format!("<dl>\n{figures}</dl>\n") }
}

fn of_apply(applied: &Applied) -> Vec<(&'static str, u64)> {
    let counts = applied.counts().into_iter().map(|(word, count)| (word, count as u64));
    let mbps = applied.new_mbps();
    let [bought, added] = match applied.results.iter().any(|result| result.is_unknown()) {
        true => ["Mbps bought at most", "Mbps added at most"],
        false => ["Mbps bought", "Mbps added"],
    };
    counts.chain([(bought, mbps.by_purchase), (added, mbps.by_upgrade)]).collect()
}

fn of_plans(plans: &[&Plan], summary: &Summary) -> Vec<(&'static str, u64)> {
    let Summary { purchases, mbps, months, held, in_sync, other_stacks, unmanaged, .. } = *summary;
    let changes = || plans.iter().flat_map(|plan| &plan.changes);
    let count = |wanted: fn(&Change) -> bool| changes().filter(|it| wanted(it)).count() as u64;
    let interrupt = count(Change::interrupts_traffic);
    let renew = count(Change::turns_renewal_on);
    let unit = match (purchases, months) {
        (1, 1) => "month",
        (1, _) => "months",
        _ => "months in all",
    };
    vec![
        ("to buy", purchases as u64),
        ("Mbps", mbps.by_purchase),
        (unit, months),
        ("to change", count(|change| matches!(change, Change::Update(_)))),
        ("to adopt", count(|change| matches!(change, Change::Adopt(_)))),
        ("to move", count(|change| matches!(change, Change::Move(_)))),
        ("to release", count(|change| matches!(change, Change::Release(_)))),
        ("to retire", count(|change| matches!(change, Change::Retire(_)))),
        ("held", held as u64),
        ("Mbps by upgrades (charges)", mbps.by_upgrade),
        (
            if renew == 1 {
                "renews itself from now on (charges)"
            } else {
                "renew themselves from now on (charges)"
            },
            renew,
        ),
        (if interrupt == 1 { "interrupts traffic" } else { "interrupt traffic" }, interrupt),
        ("up to date", in_sync as u64),
        ("of other stacks", other_stacks as u64),
        ("unmanaged", unmanaged as u64),
    ]
}
