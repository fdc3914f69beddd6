//! A plan as text for people: readable without colour, in a narrow terminal and read aloud.

use cenbwp_spec::{Explanation, Identity, Mbps, Prepay, Renewal, neutral};
use similar::TextDiff;

use crate::{
    Adoption, Change, Cost, Delta, FieldChange, FieldValue, Held, Leftover, Move, Plan, Purchase, Release,
    Retirement, Warning,
};
use messages::{bare, quoted};

pub use catalogue::{HELD_CHANGE, SUPERSEDED, UNDECLARED, heading_rules, held_rules, warning_rules};
pub use limits::cost;
pub use messages::{renews, when};
pub use page::{Page, Palette, Style, wrap};
pub use summary::{obstacle, summary, total};

mod alike;
mod allocated;
mod catalogue;
mod limits;
mod messages;
mod misspelt;
mod page;
mod refusals;
mod summary;

/// Returns the plan as text: one block per change and per held item, then leftovers, warnings and exceeded limits,
/// and a summary as the last paragraph. The same plan and style give the same bytes.
pub fn render(plan: &Plan, style: &Style) -> String {
    let mut page = Page::new(style);
    for alike in groups(&plan.changes, style, alike::shared) {
        page.gap();
        match alike[..] {
            [change] => block(&mut page, change),
            _ => block_of_many(&mut page, &alike),
        }
    }
    let refused = |held: &Held| Some((held.reason.message(), held.reason.hint(&held.identity)));
    for alike in groups(&plan.held, style, refused) {
        page.gap();
        refusal(&mut page, &alike, plan.skip_held);
    }
    reports(&mut page, plan);
    warnings(&mut page, &plan.warnings);
    limits(&mut page, plan);
    page.gap();
    page.headline(style.palette.strong, &summary(plan));
    if let Some(obstacle) = obstacle(plan) {
        page.line(0, &format!("This plan cannot be applied: {obstacle}."));
    }
    page.text
}

/// Groups equal items, unless every package is to be shown by itself.
fn groups<'a, T, K: Ord>(items: &'a [T], style: &Style, key: impl Fn(&'a T) -> Option<K>) -> Vec<Vec<&'a T>> {
    if style.whole { items.iter().map(|item| vec![item]).collect() } else { alike::grouped(items, key) }
}

/// Writes an equal change of many packages: what changes, and the list of the packages.
fn block_of_many(page: &mut Page<'_>, changes: &[&Change]) {
    let palette = &page.style.palette;
    let (colour, sign, words) = match changes[0] {
        Change::Purchase(it) if it.areas.is_cross_border() => (palette.buy, '+', "are bought (cross-border)"),
        Change::Update(_) => (palette.change, '~', "change alike"),
        Change::Adopt(_) => (palette.change, '~', "are adopted, each under its own name"),
        Change::Move(_) => (palette.change, '~', "are moved from the keys that they had"),
        Change::Release(_) => (palette.end, '-', "are released"),
        Change::Purchase(_) => (palette.buy, '+', "are bought"),
        Change::Retire(_) => (palette.end, '-', "are retired"),
    };
    page.head(colour, &format!("{sign} {} packages", changes.len()), words);
    body(page, changes[0], changes.len());
    let name = |change: &&Change| match change {
        Change::Adopt(it) => format!("{}={}", it.identity, it.id),
        Change::Move(it) => format!("{} from {}", it.identity, it.from),
        Change::Purchase(it) if it.name != it.identity.address.usual_name() => {
            format!("{} named {}", it.identity, bare(&it.name))
        }
        Change::Purchase(_) | Change::Update(_) | Change::Release(_) | Change::Retire(_) => {
            change.identity().to_string()
        }
    };
    page.field("packages", &changes.iter().map(name).collect::<Vec<_>>().join(", "));
}

fn block(page: &mut Page<'_>, change: &Change) {
    let palette = &page.style.palette;
    let (colour, sign, words) = match change {
        Change::Purchase(it) if it.areas.is_cross_border() => {
            (palette.buy, '+', "buys a package (cross-border)".to_owned())
        }
        Change::Purchase(_) => (palette.buy, '+', "buys a package".to_owned()),
        Change::Update(update) => (palette.change, '~', format!("changes {}", update.id)),
        Change::Adopt(adoption) => (palette.change, '~', format!("adopts {}", adoption.id)),
        Change::Move(moved) => (palette.change, '~', format!("moves {} from {}", moved.id, moved.from)),
        Change::Release(release) => (palette.end, '-', format!("releases {}", release.id)),
        Change::Retire(retirement) => (palette.end, '-', format!("retires {}", retirement.id)),
    };
    page.head(colour, &format!("{sign} {}", change.identity()), &words);
    body(page, change, 1);
}

/// Writes the fields of a change; for several packages, those that they share.
fn body(page: &mut Page<'_>, change: &Change, count: usize) {
    match change {
        Change::Purchase(it) => purchase(page, it, count),
        Change::Update(_) => {}
        Change::Move(Move { identity, from, .. }) => {
            if count == 1 {
                let (from, to) = (quoted(&from.to_string()), quoted(&identity.to_string()));
                page.field(&format!("tag {}", Identity::TAG), &format!("{from} -> {to}"));
            }
        }
        Change::Adopt(Adoption { tags, .. }) => {
            for (key, value) in tags.iter().filter(|(key, _)| count == 1 || *key != Identity::TAG) {
                page.field(&format!("tag {}", bare(key)), &format!("absent -> {}", quoted(value)));
            }
        }
        Change::Release(it) => release(page, it),
        Change::Retire(it) => retirement(page, it),
    }
    if change.id().is_some() {
        change.fields().iter().for_each(|it| field(page, it, change.allocated()));
    }
}

fn purchase(page: &mut Page<'_>, purchase: &Purchase, count: usize) {
    let Purchase {
        identity: _,
        areas,
        bandwidth,
        name,
        description,
        terms: paid,
        tags,
        follow_ups,
        price: _,
    } = purchase;
    page.field("areas", &neutral(&areas.to_string()));
    if count == 1 {
        page.field("bandwidth", &bandwidth.to_string());
    } else {
        let all = count as u64 * u64::from(bandwidth.0);
        page.field("bandwidth", &format!("{bandwidth} each, {all} Mbps in all"));
    }
    page.field("term", &terms(paid));
    if let Some(price) = price(purchase, count) {
        page.field("price", &price);
    }
    if count == 1 {
        page.field("name", &bare(name));
    }
    if let Some(text) = description {
        texts(page, "description", &quoted(text), "", text);
    }
    // This tool's own tags are left out: the first line and the term show the same.
    let users = tags.iter().filter(|(key, _)| *key != Identity::TAG && *key != Identity::TERMS_TAG);
    let users: Vec<_> = users.map(|(key, value)| format!("{}={}", bare(key), bare(value))).collect();
    if !users.is_empty() {
        page.field("tags", &users.join(" "));
    }
    for change in follow_ups {
        match change.values().to {
            FieldValue::Cen(Some(cen)) => page.line(4, &format!("then attaches to {cen}")),
            FieldValue::Group(Some(group)) => {
                page.line(4, &format!("then moves to resource group {}", bare(group)));
            }
            FieldValue::Mbps(_)
            | FieldValue::Text(_)
            | FieldValue::Tag(_)
            | FieldValue::Cen(None)
            | FieldValue::Renewal(_)
            | FieldValue::Group(None) => field(page, change, None),
        }
    }
}

/// Returns the price of a purchase, or of several equal ones: `2400 CNY each, 9600 CNY in all`. `None` if it was not
/// asked for.
pub fn price(purchase: &Purchase, count: usize) -> Option<String> {
    purchase.price.as_ref()?;
    let one = Cost::of(purchase);
    let all = (1..count).fold(one.clone(), |sum, _| sum.plus(&one));
    Some(match count {
        _ if one.unknown > 0 => "not known".to_owned(),
        1 => one.to_string(),
        _ => format!("{one} each, {all} in all"),
    })
}

/// Returns term, renewal and payment: `1 month, does not renew, paid automatically (charges)`.
pub fn terms(terms: &Prepay) -> String {
    let renewal = renews(terms.renewal);
    let payment = if terms.auto_pay { "paid automatically (charges)" } else { "leaves an unpaid order" };
    format!("{}, {renewal}, {payment}", terms.term)
}

/// Writes one field; beside a change of the bandwidth, what regions use of it.
fn field(page: &mut Page<'_>, change: &FieldChange, allocated: Option<Mbps>) {
    let (label, from, to) = change.parts();
    let line = format!("{from} -> {to}");
    let used = || allocated.map(|mbps| format!(", regions use {mbps}")).unwrap_or_default();
    if let Some(consequence) = consequence(change) {
        let used = if matches!(change, FieldChange::Bandwidth(_)) { used() } else { String::new() };
        page.field(&label, &format!("{line}   ({consequence}){used}"));
    } else if let Delta { from: FieldValue::Text(from), to: FieldValue::Text(to) } = change.values() {
        texts(page, &label, &line, from, to);
    } else {
        page.field(&label, &line);
    }
}

/// Returns what a change costs, beyond the value that it sets.
fn consequence(change: &FieldChange) -> Option<&'static str> {
    if change.charges() {
        Some("charges")
    } else if change.shrinks() {
        Some("may refund")
    } else if change.interrupts_traffic() {
        Some("interrupts traffic")
    } else if change.turns_renewal_on() {
        Some("renews itself from now on, charges at each end")
    } else {
        match change.values().to {
            FieldValue::Renewal(Renewal::Months(_)) => Some("charges at each end"),
            FieldValue::Renewal(Renewal::Off) => Some("ends with its term from now on"),
            FieldValue::Mbps(_)
            | FieldValue::Text(_)
            | FieldValue::Tag(_)
            | FieldValue::Cen(_)
            | FieldValue::Group(_) => None,
        }
    }
}

/// Bytes up to which texts are compared line by line. The service allows 256 characters (Create page);
/// comparing what is far longer takes time that grows with its square.
const MOST_COMPARED: usize = 4096;

/// A text on one line if it has only one, as a unified diff otherwise.
fn texts(page: &mut Page<'_>, label: &str, line: &str, from: &str, to: &str) {
    let is_short = from.len().max(to.len()) <= MOST_COMPARED;
    if !is_short || !from.contains('\n') && !to.contains('\n') {
        return page.field(label, line);
    }
    page.line(4, label);
    let diff = TextDiff::from_lines(from, to);
    let mut unified = diff.unified_diff();
    let hunks: Vec<_> = unified.context_radius(3).iter_hunks().collect();
    for hunk in &hunks {
        if hunks.len() > 1 {
            page.line(6, &hunk.header().to_string());
        }
        for change in hunk.iter_changes() {
            let line = change.value();
            let line = neutral(line.strip_suffix('\n').unwrap_or(line));
            page.hanging(6, 10, &format!("{} {line}", change.tag()));
        }
    }
    if !from.is_empty() && from.ends_with('\n') != to.ends_with('\n') {
        let change = if to.ends_with('\n') { "added" } else { "removed" };
        page.line(6, &format!("the line end after the last line is {change}"));
    }
}

fn release(page: &mut Page<'_>, release: &Release) {
    let keys: Vec<_> = release.tag_keys.iter().map(|key| bare(key)).collect();
    page.field("removes tags", &keys.join(" "));
    page.line(4, "the package stays, and so do its charges");
}

fn retirement(page: &mut Page<'_>, retirement: &Retirement) {
    for cen in &retirement.detach {
        page.line(4, &format!("detaches from {cen}   (interrupts traffic)"));
    }
    page.line(4, &left(retirement));
}

/// Returns the end of a retired package: it is deleted, it expires, or it goes on.
pub fn left(Retirement { delete, expires, renewal, .. }: &Retirement) -> String {
    match (*renewal, expires) {
        _ if *delete => "deletes the package".to_owned(),
        (Some(renewal @ Renewal::Months(_)), _) => {
            format!("leaves the package, which {} by itself and is charged each time", renews(renewal))
        }
        (Some(Renewal::Off) | None, Some(at)) => {
            format!("leaves the package to expire, charged until then, ends {}", when(*at))
        }
        (Some(Renewal::Off) | None, None) => "leaves the package to expire, charged until then".to_owned(),
    }
}

/// Writes what is held: one package, or many for the same reason.
fn refusal(page: &mut Page<'_>, alike: &[&Held], is_skipped: bool) {
    let Held { identity, reason } = alike[0];
    let who = if alike.len() == 1 { identity.to_string() } else { format!("{} packages", alike.len()) };
    let skipped = if is_skipped { ", left out of this run" } else { "" };
    let colour = page.style.palette.held;
    let held = HELD_CHANGE.name;
    page.head(colour, &format!("! {who}"), &format!("{held}: {}{skipped}", reason.rule().name));
    page.line(4, &reason.message());
    page.line(4, &format!("hint: {}", reason.hint(identity)));
    if alike.len() > 1 {
        page.field("packages", &names(alike.iter().map(|held| &held.identity)));
    }
}

fn reports(page: &mut Page<'_>, plan: &Plan) {
    leftovers(page, &UNDECLARED, &plan.undeclared);
    if !plan.undeclared.is_empty() {
        page.line(
            2,
            "hint: to end one, declare it again with `manage: retire`; to keep it without an owner, with `manage: release`",
        );
    }
    leftovers(page, &SUPERSEDED, &plan.superseded);
}

/// Writes a list of packages below the heading of its rule.
fn leftovers(page: &mut Page<'_>, rule: &Explanation, leftovers: &[Leftover]) {
    for (n, Leftover { identity, id, expires }) in leftovers.iter().enumerate() {
        if n == 0 {
            page.gap();
            let title = format!("{}: {}; they are not changed.", heading(rule), rule.title);
            page.headline(page.style.palette.strong, &title);
        }
        let end =
            expires.map_or_else(|| "its end is not listed".to_owned(), |at| format!("ends {}", when(at)));
        page.line(2, &format!("{identity}   {id}, {end}"));
    }
}

/// Returns the word of a rule as it begins a heading.
fn heading(rule: &Explanation) -> String {
    let (first, rest) = rule.name.split_at(1);
    format!("{}{rest}", first.to_ascii_uppercase())
}

fn warnings(page: &mut Page<'_>, warnings: &[Warning]) {
    if warnings.is_empty() {
        return;
    }
    page.gap();
    page.headline(page.style.palette.strong, "Warnings:");
    let said = |warning: &Warning| Some((warning.kind.rule().name, warning.message()));
    for alike in groups(warnings, page.style, said) {
        let Warning { identity, kind } = alike[0];
        let text = format!("{}: {}", kind.rule().name, alike[0].message());
        if alike.len() == 1 {
            page.line(2, &format!("{identity}   {text}"));
        } else {
            page.line(2, &format!("{} packages   {text}", alike.len()));
            page.line(4, &names(alike.iter().map(|warning| &warning.identity)));
        }
    }
}

/// Returns `net/a, net/b`.
fn names<'a>(identities: impl Iterator<Item = &'a Identity>) -> String {
    identities.map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn limits(page: &mut Page<'_>, plan: &Plan) {
    for breach in &plan.breaches {
        page.gap();
        let colour = page.style.palette.held;
        page.head(colour, "! limit exceeded", &breach.message());
        page.line(4, &format!("hint: {}", breach.hint()));
    }
}

/// Returns one change as text, as [`render`] writes it.
pub fn render_change(change: &Change, style: &Style) -> String {
    let mut page = Page::new(style);
    block(&mut page, change);
    page.text
}
