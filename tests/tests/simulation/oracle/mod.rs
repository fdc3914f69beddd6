//! The judge: what an outsider can prove from the ledger, the requests, the packages and what each run said.
//!
//! Nothing here knows how the executor works, which tokens it sends, or why. A rule that has an exception names the
//! one who caused it: a person who changed the packages, or a service that forgets.

use std::collections::{BTreeMap, BTreeSet};

use cenbwp::execute::{ChangeResult, Outcome};
use cenbwp_tests::{Order, OrderKind, TokenRecord, TokenSemantics, TokenState};

use crate::history::{Event, Fate, History, Record, Snap};
use crate::schedule::{Act, Action, Name, Schedule, Want};
use crate::trial::{areas, identity};

/// What a tool must not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Law {
    /// Two orders for one identity.
    AtMostOne,
    /// An order that is not what the run's spec asks for, as a whole.
    AsAsked,
    /// An order although the package, or one that looks like it, was there; or a request repeated in doubt.
    NoPurchaseOnDoubt,
    /// A request after the account was refused.
    EndOfMoney,
    /// An exit code, or a result, that is not true.
    TellsTheTruth,
    /// Done, says the run, and it is not.
    Converges,
    /// Unknown for ever.
    NothingAbandoned,
    /// A panic.
    NoPanic,
}

/// A law that was broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) law: Law,
    pub(crate) what: String,
}

/// Everything that a history proves against the tool.
pub(crate) fn judge(schedule: &Schedule, history: &History) -> Vec<Violation> {
    let mut case = Case { schedule, history, orders: Vec::new(), resizes: Vec::new(), found: Vec::new() };
    case.attribute();
    case.at_most_one();
    case.as_asked();
    case.no_purchase_on_doubt();
    case.requests();
    for (n, record) in history.runs.iter().enumerate() {
        case.truth(n, record);
        case.convergence(n, record);
    }
    case.nothing_abandoned();
    case.found
}

struct Case<'a> {
    schedule: &'a Schedule,
    history: &'a History,
    /// The purchases and the runs that sent the requests that placed them.
    orders: Vec<(usize, &'a Order)>,
    /// The changes of a bandwidth, with the run that ordered each.
    resizes: Vec<(usize, &'a Order)>,
    found: Vec<Violation>,
}

impl Case<'_> {
    fn find(&mut self, law: Law, what: String) {
        self.found.push(Violation { law, what });
    }

    fn attribute(&mut self) {
        let mut senders: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in &self.history.entries {
            if let Event::Sent { run, nonce, .. } = &entry.event {
                senders.insert(nonce, *run);
            }
        }
        for order in &self.history.ledger {
            let logged = self.history.requests.iter().find(|logged| logged.seq == order.request);
            let nonce = logged.and_then(|logged| logged.nonce.as_deref()).unwrap_or_default();
            let placed = (senders[nonce], order);
            if order.kind == OrderKind::New { self.orders.push(placed) } else { self.resizes.push(placed) }
        }
    }

    /// For one identity one order; one more for each time that its package vanished from a service that forgets.
    fn at_most_one(&mut self) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, order) in &self.orders {
            *counts.entry(order.identity.as_deref().unwrap_or_default()).or_default() += 1;
        }
        for (identity, count) in counts {
            let vanished = |act| matches!(act, Act::Vanish(name) if is_of(identity, name));
            let forgotten =
                if self.schedule.service.dead_replay { 0 } else { self.deeds(0, u64::MAX, vanished) };
            if count > 1 + forgotten {
                self.find(Law::AtMostOne, format!("{count} orders for {identity:?}"));
            }
        }
    }

    /// Every order, parameter by parameter, is what the spec of the run that placed it declares.
    fn as_asked(&mut self) {
        for (run, order) in self.orders.clone() {
            let wish = &self.history.runs[run].run.wish;
            let declared = wish.iter().find(|(name, want)| order.identity == Some(identity(**name, want)));
            let Some((name, want)) = declared else {
                self.find(
                    Law::AsAsked,
                    format!("run {run} ordered {:?}, which it does not declare", order.identity),
                );
                continue;
            };
            let expected = parameters(*name, want);
            let given = order.parameters.iter().filter(|(name, _)| !name.starts_with("Tag."));
            let given: BTreeMap<&str, String> =
                given.map(|(name, value)| (name.as_str(), value.clone())).collect();
            if given != expected {
                self.find(Law::AsAsked, format!("run {run} ordered {given:?}, declared is {expected:?}"));
            }
        }
    }

    /// Nothing is bought that somebody had put there before the run began, under our tag or looking alike.
    fn no_purchase_on_doubt(&mut self) {
        for (run, order) in self.orders.clone() {
            let record = &self.history.runs[run];
            let at = self.order_time(order);
            if self.deeds(record.started, at, |act| act != Act::Churn) > 0 {
                continue;
            }
            if let Some(seen) = record.by_hand.iter().find(|snap| speaks_against(snap, order)) {
                self.find(
                    Law::NoPurchaseOnDoubt,
                    format!("run {run} ordered {:?}, and {seen:?} was there", order.identity),
                );
            }
        }
    }

    /// The moment when the request that placed an order was answered, or later.
    fn order_time(&self, order: &Order) -> u64 {
        let start: jiff::Timestamp = "2026-01-02T03:04:05Z".parse().expect("a fixed time");
        u64::try_from(order.at.duration_since(start).as_millis()).unwrap_or(0)
    }

    /// What follows from the requests alone: after a refusal of the account a run sends no purchase, and what is in
    /// doubt is not sent again before a listing was read.
    fn requests(&mut self) {
        let mut refused: BTreeSet<usize> = BTreeSet::new();
        let mut doubts: BTreeSet<(usize, String)> = BTreeSet::new();
        let mut sent: BTreeMap<&str, (&str, String)> = BTreeMap::new();
        let mut found = Vec::new();
        for entry in &self.history.entries {
            match &entry.event {
                Event::Sent { run, action, nonce, params } => {
                    let identity = tag_in(params);
                    if *action == Action::Create.name() {
                        if refused.contains(run) {
                            found.push((
                                Law::EndOfMoney,
                                format!("run {run} orders {identity} after the account was refused"),
                            ));
                        }
                        if doubts.contains(&(*run, identity.clone())) {
                            let what = format!("run {run} orders {identity} again without having looked");
                            found.push((Law::NoPurchaseOnDoubt, what));
                        }
                    }
                    sent.insert(nonce, (action, identity));
                }
                Event::Replied { run, nonce, fate } => {
                    let (action, identity) = &sent[nonce.as_str()];
                    let is_create = *action == Action::Create.name();
                    if is_create
                        && matches!(fate, Fate::Answered { code, .. } if code.starts_with("PayFor") || code.starts_with("Forbidden"))
                    {
                        refused.insert(*run);
                    } else if is_create && fate.is_doubt() {
                        doubts.insert((*run, identity.clone()));
                    } else if *action == Action::Describe.name()
                        && matches!(fate, Fate::Answered { status: 200, .. })
                    {
                        doubts.retain(|(other, _)| other != run);
                    }
                }
                Event::Started { .. } | Event::Did(_) | Event::Ended { .. } => {}
            }
        }
        for (law, what) in found {
            self.find(law, what);
        }
    }

    /// What a run says about itself is true.
    fn truth(&mut self, n: usize, record: &Record) {
        let said = &record.said;
        let lie = |what: String| Violation { law: Law::TellsTheTruth, what: format!("run {n} {what}") };
        let mut lies = Vec::new();
        let ordered: Vec<&Order> =
            self.orders.iter().filter(|(run, _)| *run == n).map(|(_, order)| *order).collect();
        if let (Some(code @ (1..=5 | 130)), Some(order)) = (said.code, ordered.first()) {
            lies.push(lie(format!(
                "says with exit {code} that nothing was bought, and ordered {:?}",
                order.identity
            )));
        }
        let unknown = said.results.iter().any(|result| result.outcome == Outcome::Unknown);
        if !said.cut && unknown != (said.code == Some(7)) {
            lies.push(lie(format!("exits with {:?}; one of its results is unknown: {unknown}", said.code)));
        }
        let purchases: Vec<&ChangeResult> =
            said.results.iter().filter(|result| result.action == "purchase").collect();
        let told: Vec<String> = purchases.iter().map(|result| result.identity.to_string()).collect();
        if !said.cut && told != said.planned {
            lies.push(lie(format!("planned {:?} and tells of {told:?}", said.planned)));
        }
        for identity in self.sent_by(n) {
            if !told.contains(&identity) && !said.in_flight.contains(&identity) {
                lies.push(lie(format!("sent an order for {identity} and would not name it")));
            }
        }
        for result in purchases {
            lies.extend(self.lie_about(n, record, result, &ordered).map(lie));
        }
        self.found.extend(lies);
    }

    /// How a result contradicts the ledger.
    fn lie_about(
        &self,
        n: usize,
        record: &Record,
        result: &ChangeResult,
        ordered: &[&Order],
    ) -> Option<String> {
        let identity = result.identity.to_string();
        let ordered_it = ordered.iter().any(|order| order.identity.as_deref() == Some(&identity));
        let sent_it = self.sent_by(n).contains(&identity);
        let word = result.outcome.word();
        match result.outcome {
            Outcome::Failed if ordered_it => Some(format!("says {word} of {identity}, and ordered it")),
            Outcome::NotAttempted if sent_it => Some(format!("says {word} of {identity}, and sent an order")),
            Outcome::Created | Outcome::UnpaidOrder => {
                let id = result.id.as_ref().map_or("none", |id| id.as_str());
                // A request whose reply was lost may have been the one, whoever's it was in the end.
                let of_it =
                    |order: &Order| order.package_id == id && order.identity.as_deref() == Some(&identity);
                let named =
                    self.may_have_ordered(n, &identity) && self.orders.iter().any(|(_, order)| of_it(order));
                let by_hand = self.history.entries.iter().any(|entry| {
                    matches!(&entry.event, Event::Did(deed) if matches!(deed.what, Act::Tagged(name) if is_of(&identity, name)))
                });
                (!named && !by_hand)
                    .then(|| format!("says {word} of {identity}, and no order of its own was for {id}"))
            }
            Outcome::AlreadyPresent => {
                let there = record.at_end.iter().any(|snap| snap.identity.as_deref() == Some(&identity));
                let by_runs = self.resized_by_another_run(n, record, &identity);
                let touched = by_runs || self.deeds(record.started, record.ended, |_| true) > 0;
                let own = ordered.iter().find(|order| order.identity.as_deref() == Some(&identity));
                // A replaying service says yes for the order of another run too: who finds another bandwidth than
                // it ordered cannot know that a person or a run changed it.
                let resized = by_runs
                    || self.deeds(record.started, record.ended, |act| matches!(act, Act::Resize(_))) > 0;
                if own.is_some_and(|order| self.was_told_of(order) && !resized || !touched) {
                    Some(format!("says {word} of {identity}, and ordered it"))
                } else {
                    (!there && !touched).then(|| format!("says {word} of {identity}, and nothing is there"))
                }
            }
            Outcome::Updated
            | Outcome::Adopted
            | Outcome::Released
            | Outcome::Retired
            | Outcome::Retiring
            | Outcome::Failed
            | Outcome::NotAttempted
            | Outcome::Unknown => None,
        }
    }

    /// A run that says done has what its spec asks for, unless a person had a hand in it meanwhile.
    fn convergence(&mut self, n: usize, record: &Record) {
        if record.said.code != Some(0) || self.deeds(record.started, record.ended, |_| true) > 0 {
            return;
        }
        for (name, want) in &record.run.wish {
            let identity = identity(*name, want);
            let carriers = record.at_end.iter().filter(|snap| snap.identity.as_deref() == Some(&identity));
            let carriers: Vec<&Snap> = carriers.collect();
            // Who does not wait, or does not pay, is told of an order and does not look at its package.
            let unseen = record.run.wait.is_none() || !want.auto_pay;
            let ordered = self.orders.iter().any(|(_, order)| order.identity.as_deref() == Some(&identity));
            let resized = self.resized_by_another_run(n, record, &identity);
            let as_declared = |snap: &Snap| resized || snap.mbps == i64::from(want.mbps);
            // Nobody can see a second package that a person tagged while the first is not listed yet.
            let tagged = self.deeds(0, u64::MAX, |act| act == Act::Tagged(*name)) > 0;
            let fine = match &carriers[..] {
                [one] if as_declared(one) => true,
                _ if unseen && ordered => true,
                several => tagged && several.iter().any(|one| as_declared(one)),
            };
            if !fine {
                self.find(
                    Law::Converges,
                    format!("run {n} says done, {identity} is to be {want:?}, and there is {carriers:?}"),
                );
            }
        }
    }

    /// The last, quiet rerun of a commit knows everything; and where there is but one commit and nobody else, it is
    /// done and the next plan is empty.
    fn nothing_abandoned(&mut self) {
        let commits = self.schedule.commits();
        let is_declared =
            |(name, want): (&Name, &Want)| commits.iter().all(|wish| wish.get(name) == Some(want));
        let alone = commits.len() == 1
            && self.schedule.deeds.is_empty()
            && self.schedule.existing.iter().all(is_declared);
        let quiet: Vec<(usize, &Record)> =
            self.history.runs.iter().enumerate().filter(|(_, record)| record.quiet).collect();
        for (at, (n, record)) in quiet.iter().enumerate() {
            let is_last = quiet.get(at + 1).is_none_or(|(_, next)| next.run.wish != record.run.wish);
            if !is_last {
                continue;
            }
            let excused = record.run.wish.iter().any(|(name, want)| self.is_spent(*name, want));
            if record.said.code == Some(7) && !excused {
                self.find(
                    Law::NothingAbandoned,
                    format!("run {n} leaves something unknown: {}", record.said),
                );
            }
            // An unpaid package that is listed before its tags looks like a stranger's, and nobody waits for it.
            let service = &self.schedule.service;
            let late_tags = service.tags_after_listings > 0 || !service.tags_after.is_zero();
            let strange = service.list_unpaid && late_tags;
            if alone && !excused && !strange && record.said.code != Some(0) {
                self.find(Law::Converges, format!("run {n}, quiet and alone, is not done: {}", record.said));
            }
            // An unpaid package that is listed before its tags looks like a stranger's, and nobody waits for it.
            let service = &self.schedule.service;
            let late_tags = service.tags_after_listings > 0 || !service.tags_after.is_zero();
            let strange = service.list_unpaid && late_tags;
            if alone
                && !excused
                && !strange
                && record.said.code == Some(0)
                && self.history.plan_is_empty == Some(false)
            {
                // An order that nobody paid is asked for again with the same token.
                if record.run.wish.values().all(|want| want.auto_pay) {
                    self.find(Law::Converges, format!("the plan after run {n} is not empty"));
                }
            }
        }
    }

    /// Whether the service itself can never say more about an identity: its token is spent with other parameters
    /// on an order that failed or that nobody paid, on four orders that failed, or on a package that a person made
    /// vanish or took the tag from.
    fn is_spent(&self, name: Name, want: &Want) -> bool {
        let identity = identity(name, want);
        let tokens = self.history.tokens.iter();
        let spent = tokens.filter(|token| {
            let never_listed = token.state == TokenState::Failed || !want.auto_pay;
            never_listed && token.parameters.values().any(|value| *value == identity)
        });
        let spent: Vec<_> = spent.collect();
        let strict = self.schedule.service.tokens == TokenSemantics::Strict;
        let differs = |token: &TokenRecord| token.parameters.get("Bandwidth") != Some(&want.mbps.to_string());
        let lost = |act| matches!(act, Act::Vanish(other) | Act::Untag(other) if other == name);
        spent.len() == 4
            || (strict && spent.iter().any(|token| differs(token)))
            || self.deeds(0, u64::MAX, lost) > 0
    }

    /// Tells whether another run, whose spec has another bandwidth, resized a package while this run went on.
    fn resized_by_another_run(&self, n: usize, record: &Record, identity: &str) -> bool {
        self.resizes.iter().any(|(run, order)| {
            let meanwhile = (record.started..=record.ended).contains(&self.order_time(order));
            *run != n && meanwhile && order.identity.as_deref() == Some(identity)
        })
    }

    /// How many deeds of a kind were done between two moments, both included.
    fn deeds(&self, from: u64, to: u64, kind: impl Fn(Act) -> bool) -> usize {
        let done = self.history.entries.iter().filter(|entry| (from..=to).contains(&entry.at));
        done.filter(|entry| matches!(&entry.event, Event::Did(deed) if kind(deed.what))).count()
    }

    /// Whether the reply to the request that placed an order was a yes, and arrived.
    fn was_told_of(&self, order: &Order) -> bool {
        let logged = self.history.requests.iter().find(|logged| logged.seq == order.request);
        let placed = logged.and_then(|logged| logged.nonce.as_ref());
        self.history.entries.iter().any(|entry| match &entry.event {
            Event::Replied { nonce, fate, .. } => {
                Some(nonce) == placed && matches!(fate, Fate::Answered { status: 200, .. })
            }
            _ => false,
        })
    }

    /// The identities that a run sent orders for.
    fn sent_by(&self, n: usize) -> BTreeSet<String> {
        self.creates_of(n).map(tag_in).collect()
    }

    /// Whether a run heard a yes to an order for an identity, or did not hear what became of one.
    fn may_have_ordered(&self, n: usize, identity: &str) -> bool {
        let mut open: BTreeSet<&str> = BTreeSet::new();
        let mut heard = false;
        for entry in &self.history.entries {
            match &entry.event {
                Event::Sent { run, nonce, params, .. } if *run == n && tag_in(params) == identity => {
                    open.insert(nonce);
                }
                Event::Replied { nonce, fate, .. } if open.remove(nonce.as_str()) => {
                    heard |= fate.is_doubt() || matches!(fate, Fate::Answered { status: 200, .. });
                }
                _ => {}
            }
        }
        heard
    }

    fn creates_of(&self, n: usize) -> impl Iterator<Item = &[(String, String)]> {
        self.history.entries.iter().filter_map(move |entry| match &entry.event {
            Event::Sent { run, action, params, .. } if *run == n && *action == Action::Create.name() => {
                Some(&params[..])
            }
            _ => None,
        })
    }
}

/// The identity that a request's tags name; empty if they name none.
fn tag_in(params: &[(String, String)]) -> String {
    let key = params.iter().find(|(name, value)| name.ends_with(".Key") && value == "cenbwp");
    let value = key.and_then(|(name, _)| {
        let value = name.replace(".Key", ".Value");
        params.iter().find(|(other, _)| *other == value)
    });
    value.map(|(_, value)| value.clone()).unwrap_or_default()
}

fn is_of(identity: &str, name: Name) -> bool {
    identity.split('/').nth(1).is_some_and(|part| part.starts_with(name))
}

/// What the vendor's page of the operation has to be sent for a declared package, tags and token apart.
fn parameters(name: Name, want: &Want) -> BTreeMap<&'static str, String> {
    let [a, b] = areas(name);
    BTreeMap::from([
        ("AutoPay", want.auto_pay.to_string()),
        ("AutoRenew", "false".to_owned()),
        ("Bandwidth", want.mbps.to_string()),
        ("BandwidthPackageChargeType", "PREPAY".to_owned()),
        ("GeographicRegionAId", a.to_owned()),
        ("GeographicRegionBId", b.to_owned()),
        ("Name", format!("net-{name}")),
        ("Period", "1".to_owned()),
        ("PricingCycle", "Month".to_owned()),
    ])
}

/// Whether a package that was there forbids an order: it carries the identity, or it looks alike and has no owner.
fn speaks_against(snap: &Snap, order: &Order) -> bool {
    match &snap.identity {
        Some(identity) => order.identity.as_ref() == Some(identity),
        None => {
            let parameter = |name: &str| order.parameters.get(name).map(|value| value.to_ascii_lowercase());
            let areas = ["GeographicRegionAId", "GeographicRegionBId"]
                .map(|name| parameter(name).unwrap_or_default());
            Some(&snap.name) == order.parameters.get("Name")
                || (snap.areas == areas && snap.mbps == order.mbps)
        }
    }
}
