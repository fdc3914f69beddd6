//! The oracle: judges what an outsider can prove from the ledger, the requests, the packages and the reports
//! of the runs.
//!
//! Nothing here knows how the executor works, which tokens it sends, or why. Where a rule has an exception,
//! the cause is named: a person who changed the packages, or a service that forgets.
//!
//! `money` judges purchases, `changes` the requests that change existing packages, `truth` the reports of the
//! runs, `stands` what a second signal would report at any moment, `renewals` the requests to the billing service, and
//! `end` the result. `table` is the decision table, written a second time.

mod changes;
mod end;
mod money;
mod renewals;
mod stands;
mod table;
mod truth;

use std::collections::BTreeMap;

use cenbwp_tests::{IDENTITY_TAG, Order, OrderKind, Outcome, Package};

use crate::history::{Event, Fate, History, Record};
use crate::schedule::{Act, Schedule};

pub(crate) use renewals::renews;

/// The laws that a tool must not break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Law {
    /// Two orders for one identity.
    AtMostOne,
    /// An order that differs from the run's spec in any parameter.
    AsAsked,
    /// An order although the package, or one that looks like it, was there; or a request repeated in doubt.
    NoPurchaseOnDoubt,
    /// A request after the service has refused the account.
    EndOfMoney,
    /// A change that the run's spec does not ask for, or of a package that does not belong to it.
    InWriting,
    /// A change without a token that is sent again without a new listing.
    NoBlindRepeat,
    /// Two requests of one run at once, for one package or one CEN.
    OneAtATime,
    /// An exit code, or a result, that is not true.
    TellsTheTruth,
    /// A request after a stop, or an end by a signal without its summary and code.
    Stops,
    /// A renewal that is set although the run does not know it, or a question about one that no entry declares.
    KnownRenewal,
    /// A change of what the run is not about.
    OfItsPart,
    /// The execution of a plan of another account or another time.
    OfThisPlan,
    /// A run that reports success although something is missing, or is refused although nothing speaks
    /// against it.
    Converges,
    /// An identity whose outcome stays unknown for ever.
    NothingAbandoned,
    /// A panic.
    NoPanic,
}

/// A broken law, and the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) law: Law,
    pub(crate) what: String,
}

/// Returns everything that a history proves against the tool.
pub(crate) fn judge(schedule: &Schedule, history: &History) -> Vec<Violation> {
    let mut case = Case::new(schedule, history);
    case.purchases();
    case.changes();
    case.stands();
    for (n, record) in history.runs.iter().enumerate() {
        case.truth(n, record);
        case.of_this_plan(n, record);
        case.of_its_part(n, record);
        case.stopped_by_billing(n, record);
        case.done_as_declared(n, record);
    }
    case.reached();
    case.found
}

struct Case<'a> {
    schedule: &'a Schedule,
    history: &'a History,
    /// The run that sent each request that reached the service, by the request's number.
    senders: BTreeMap<u64, usize>,
    /// The nonce of a request that reached the service, by the request's number.
    nonces: BTreeMap<u64, &'a str>,
    /// The entry at which the request with this nonce was sent.
    sent: BTreeMap<&'a str, usize>,
    /// The purchases, each with the run that sent its request.
    orders: Vec<(usize, &'a Order)>,
    /// The states of each package, in order.
    lives: BTreeMap<&'a str, Vec<Moment<'a>>>,
    /// The first and last entry of each run.
    spans: Vec<(usize, usize)>,
    found: Vec<Violation>,
}

/// A package from one entry of the history on.
#[derive(Clone, Copy)]
struct Moment<'a> {
    /// The number of that entry.
    entry: usize,
    /// The run whose request changed it; `None` for a person, or time.
    by: Option<usize>,
    /// The number of that request.
    request: Option<u64>,
    /// `None` if it is gone.
    package: Option<&'a Package>,
}

impl<'a> Case<'a> {
    fn new(schedule: &'a Schedule, history: &'a History) -> Self {
        let mut by_nonce: BTreeMap<&str, usize> = BTreeMap::new();
        let mut sent: BTreeMap<&str, usize> = BTreeMap::new();
        let mut spans = vec![(0, 0); history.runs.len()];
        for (n, entry) in history.entries.iter().enumerate() {
            match &entry.event {
                Event::Sent { run, nonce, .. } => {
                    by_nonce.insert(nonce, *run);
                    sent.insert(nonce, n);
                }
                Event::Started { run } => spans[*run].0 = n,
                Event::Ended { run } => spans[*run].1 = n,
                _ => {}
            }
        }
        let sender = |nonce: &Option<String>| by_nonce.get(nonce.as_deref()?).copied();
        let senders: BTreeMap<u64, usize> =
            history.requests.iter().filter_map(|logged| Some((logged.seq, sender(&logged.nonce)?))).collect();
        let nonces = history.requests.iter();
        let nonces = nonces.filter_map(|logged| Some((logged.seq, logged.nonce.as_deref()?))).collect();
        let bought = history.ledger.iter().filter(|order| order.kind == OrderKind::New);
        let orders = bought.map(|order| (senders[&order.request], order)).collect();
        let mut lives: BTreeMap<&str, Vec<Moment<'_>>> = BTreeMap::new();
        for (entry, what) in history.entries.iter().enumerate() {
            if let Event::Became { id, now, request } = &what.event {
                let by = request.and_then(|request| senders.get(&request).copied());
                lives.entry(id).or_default().push(Moment {
                    entry,
                    by,
                    request: *request,
                    package: now.as_deref(),
                });
            }
        }
        Self { schedule, history, senders, nonces, sent, orders, lives, spans, found: Vec::new() }
    }

    fn find(&mut self, law: Law, what: String) {
        self.found.push(Violation { law, what });
    }

    /// The packages that were there after an entry.
    fn there(&self, entry: usize) -> impl Iterator<Item = &'a Package> {
        self.lives.values().filter_map(move |life| {
            life.iter().take_while(|moment| moment.entry <= entry).last().and_then(|moment| moment.package)
        })
    }

    /// The states of a package between two entries, both included. `None` is a package that is not there.
    fn during(&self, id: &str, from: usize, to: usize) -> Vec<Option<&'a Package>> {
        let life = self.lives.get(id).map_or(&[][..], Vec::as_slice);
        let before = life.iter().take_while(|moment| moment.entry <= from).last();
        let within = life.iter().filter(|moment| moment.entry > from && moment.entry <= to);
        let first = before.and_then(|moment| moment.package);
        std::iter::once(first).chain(within.map(|moment| moment.package)).collect()
    }

    /// Reports whether the service refused a request with a code that leaves no doubt, whatever it did.
    fn is_denied(&self, seq: u64) -> bool {
        let logged = usize::try_from(seq - 1).ok().and_then(|at| self.history.requests.get(at));
        match logged.map(|logged| &logged.outcome) {
            Some(Outcome::Answered { status, code: Some(code) }) => {
                Fate::Answered { status: *status, code: code.clone() }.is_no()
            }
            _ => false,
        }
    }

    /// The changes by requests of a run, also after its end: each package before and after.
    fn done_by(&self, run: usize) -> impl Iterator<Item = (Option<&'a Package>, Option<&'a Package>)> {
        self.steps()
            .filter(move |(_, after)| after.by == Some(run))
            .filter(|(_, after)| !after.request.is_some_and(|seq| self.is_denied(seq)))
            .map(|(before, after)| (before, after.package))
    }

    /// Every change of every package: before and after.
    fn steps(&self) -> impl Iterator<Item = (Option<&'a Package>, Moment<'a>)> {
        self.lives.values().flat_map(|life| {
            (0..life.len()).map(|n| (n.checked_sub(1).and_then(|before| life[before].package), life[n]))
        })
    }

    /// The entry at which the package of an order appeared.
    fn order_entry(&self, order: &Order) -> usize {
        self.lives.get(order.package_id.as_str()).and_then(|life| life.first()).map_or(0, |first| first.entry)
    }

    /// The number of actions of a kind between two moments, both included.
    fn deeds(&self, from: u64, to: u64, kind: impl Fn(Act) -> bool) -> usize {
        let done = self.history.entries.iter().filter(|entry| (from..=to).contains(&entry.at));
        done.filter(|entry| matches!(&entry.event, Event::Did(deed) if kind(deed.what))).count()
    }

    /// Reports whether a package of an identity, or one found for its name, was changed during a run by a
    /// person, by time, or by a run of another commit. A purchase is no change.
    fn meddled(&self, n: usize, record: &Record, concerns: impl Fn(&Package) -> bool) -> bool {
        let (from, to) = self.spans[n];
        self.steps().any(|(before, after)| {
            let other = after.by.is_none_or(|run| self.history.runs[run].run.wish != record.run.wish);
            let during = after.entry > from && after.entry <= to;
            other && during && before.is_some_and(|it| concerns(it) || after.package.is_some_and(&concerns))
        })
    }
}

/// The identity of a package.
fn owner(package: &Package) -> Option<&str> {
    package.tag(IDENTITY_TAG)
}
