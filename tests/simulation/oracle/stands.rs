//! Judges every moment at which a second signal may end a run: what it would report then, against what was
//! sent and answered.

use std::collections::{BTreeMap, BTreeSet};

use cenbwp::execute::{ChangeResult, FieldOutcome, FieldResult, Outcome};

use super::changes::Request;
use super::{Case, Law};
use crate::history::{Event, Fate, brief, tag_in};
use crate::schedule::{Action, End};

/// The actions that the schema of the events allows.
const ACTIONS: [&str; 6] = ["purchase", "update", "adopt", "move", "release", "retire"];

impl Case<'_> {
    pub(super) fn stands(&mut self) {
        let mut runs: BTreeMap<usize, Known<'_>> = BTreeMap::new();
        let mut found = Vec::new();
        for (n, entry) in self.history.entries.iter().enumerate() {
            let (run, lies) = match &entry.event {
                Event::Sent { run, action, nonce, params } => {
                    (*run, runs.entry(*run).or_default().sent(n, action, nonce, params))
                }
                Event::Replied { run, nonce, fate, bought } => {
                    runs.entry(*run).or_default().replied(nonce, fate, bought.as_ref());
                    continue;
                }
                Event::Showed { run, page } => {
                    runs.entry(*run).or_default().showed(page);
                    continue;
                }
                Event::Signalled { run } => {
                    runs.entry(*run).or_default().stopped = true;
                    continue;
                }
                Event::Intends { run, identity } => {
                    let known = runs.entry(*run).or_default();
                    known.began = true;
                    known.intended.insert(identity);
                    continue;
                }
                Event::Stands { run, results, code } => {
                    let known = runs.entry(*run).or_default();
                    let mut lies = known.lies(results);
                    lies.extend(self.promise_broken(*run, n, *code).map(|what| (Law::TellsTheTruth, what)));
                    lies.extend(self.done_in_part(*run, results, *code));
                    if *code == 7 && !known.began {
                        let what = "would end with 7, and nothing was sent".to_owned();
                        lies.push((Law::TellsTheTruth, what));
                    }
                    (*run, lies)
                }
                Event::Locked { run } => {
                    (*run, vec![(Law::Stops, "prints under a lock that a second signal needs".to_owned())])
                }
                Event::Ended { run } => {
                    let record = &self.history.runs[*run];
                    let known = runs.entry(*run).or_default();
                    let killed = record.said.code.is_none();
                    let mut lies = if killed { Vec::new() } else { known.lies(&record.said.results) };
                    if record.said.cut && !killed {
                        lies.extend(self.done_in_part(
                            *run,
                            &record.said.results,
                            record.said.code.unwrap_or(0),
                        ));
                    }
                    (*run, lies)
                }
                Event::Started { .. } | Event::Did(_) | Event::Became { .. } | Event::Billed { .. } => {
                    continue;
                }
            };
            found.extend(
                lies.into_iter().map(|(law, what)| (law, format!("run {run} at {} ms {what}", entry.at))),
            );
        }
        for (law, what) in found {
            self.find(law, what);
        }
        self.signals();
    }

    /// Finds an exit code that promises that nothing was bought or changed, although a request of the run did
    /// it, or does it later.
    fn promise_broken(&self, run: usize, entry: usize, code: u8) -> Option<String> {
        if !matches!(code, 1..=5 | 130) {
            return None;
        }
        let done = self.steps().find(|(_, after)| {
            after.by == Some(run)
                && after
                    .request
                    .is_some_and(|seq| !self.is_denied(seq) && self.sent_at(seq).is_some_and(|at| at < entry))
        });
        let (before, after) = done?;
        let id = before.or(after.package).map_or("a package", |package| package.id.as_str());
        Some(format!("would end with {code}, and a request of it made {id} what it is"))
    }

    /// The entry at which the request with this number was sent.
    fn sent_at(&self, seq: u64) -> Option<usize> {
        let nonce = self.nonces.get(&seq)?;
        self.sent.get(nonce).copied()
    }

    /// Finds an end that reports success while a planned change is not done.
    fn done_in_part(&self, run: usize, results: &[ChangeResult], code: u8) -> Option<(Law, String)> {
        let planned = &self.history.runs[run].said.planned;
        let is_done = |identity: &String| {
            results.iter().any(|result| result.is_success() && result.identity.to_string() == *identity)
        };
        let left = planned.iter().find(|(identity, _)| !is_done(identity)).filter(|_| code == 0)?;
        Some((Law::TellsTheTruth, format!("would end with 0, and {left:?} is not done")))
    }

    /// Every signal ends the run with a summary and a code, and at once only if it is a second one that
    /// counts.
    fn signals(&mut self) {
        let mut found = Vec::new();
        for (n, record) in self.history.runs.iter().enumerate() {
            let End::Signals(signal, second) = record.run.end else { continue };
            if record.said.code.is_none() || !record.said.summary {
                found.push(format!("run {n} ends without a summary: {}", record.said));
            }
            if record.said.cut && second.is_none_or(|after| after < signal.counts_after()) {
                found.push(format!("run {n} ends at once at {signal:?} and another after {second:?} ms"));
            }
        }
        for what in found {
            self.find(Law::Stops, what);
        }
    }
}

/// The requests and replies of one run, and what it has reported of them.
#[derive(Default)]
struct Known<'a> {
    stopped: bool,
    /// True if it has reported that a request is about to leave.
    began: bool,
    /// Requests without a reply yet, and the identity or package of each.
    open: BTreeMap<&'a str, About<'a>>,
    /// The identities for which a request is about to leave, with no reply since.
    intended: BTreeSet<&'a str>,
    orders: BTreeMap<String, Ordered>,
    /// The requested changes of each package.
    changes: BTreeMap<&'a str, Vec<Request<'a>>>,
    /// The packages that listings have shown, with their identities.
    shown: BTreeSet<(&'a str, &'a str)>,
    /// The identities that a whole listing has shown.
    recognised: BTreeSet<&'a str>,
    /// True if an item of the last listing could not be read.
    blind: bool,
    /// The results that were reported as good.
    good: BTreeMap<String, Outcome>,
    done: BTreeSet<(String, &'static str)>,
}

#[derive(Clone)]
enum About<'a> {
    Order(String),
    Change(&'a str),
}

/// The orders that a run sent for one identity.
#[derive(Default)]
struct Ordered {
    mbps: String,
    tokens: BTreeSet<String>,
    open: usize,
    /// True if a reply was lost, or leaves open what was done.
    doubt: bool,
    refused: bool,
    yes: Option<(String, String)>,
}

impl<'a> Known<'a> {
    fn sent(
        &mut self,
        _at: usize,
        action: &str,
        nonce: &'a str,
        params: &'a [(String, String)],
    ) -> Vec<(Law, String)> {
        let mut found = Vec::new();
        let named = Action::named(action);
        let spends = named.is_some_and(Action::spends);
        if spends && self.stopped {
            found.push((Law::Stops, format!("sends {action} after the request to stop")));
        }
        if named == Some(Action::Create) {
            let identity = tag_in(params);
            if self.recognised.contains(identity.as_str()) {
                found.push((Law::NoPurchaseOnDoubt, format!("orders {identity}, which a listing has shown")));
            }
            if self.blind {
                let what = format!("orders {identity}, which the last listing may hide");
                found.push((Law::NoPurchaseOnDoubt, what));
            }
            let ordered = self.orders.entry(identity.clone()).or_default();
            let param =
                |name: &str| params.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone());
            ordered.mbps = param("Bandwidth").unwrap_or_default();
            ordered.tokens.extend(param("ClientToken"));
            ordered.open += 1;
            self.open.insert(nonce, About::Order(identity));
        } else if let Some(request) = Request::of(action, params) {
            let id = request.id();
            let changes = self.changes.entry(id).or_default();
            if !changes.contains(&request) {
                changes.push(request);
            }
            self.open.insert(nonce, About::Change(id));
        }
        found
    }

    fn replied(&mut self, nonce: &str, fate: &Fate, bought: Option<&(String, String)>) {
        let Some(About::Order(identity)) = self.open.remove(nonce) else { return };
        self.intended.remove(identity.as_str());
        let ordered = self.orders.entry(identity).or_default();
        ordered.open -= 1;
        ordered.yes = bought.cloned().or(ordered.yes.take());
        ordered.refused |= fate.is_no();
        ordered.doubt |= !fate.is_no() && !fate.is_yes();
    }

    fn showed(&mut self, page: &'a crate::history::Page) {
        self.blind = page.has_unreadable;
        for (id, owner) in &page.packages {
            let Some(owner) = owner else { continue };
            self.shown.insert((id, owner));
            if page.is_whole {
                self.recognised.insert(owner);
            }
        }
    }

    /// Finds the contradictions between the results and what is known here.
    fn lies(&mut self, results: &[ChangeResult]) -> Vec<(Law, String)> {
        let mut lies = Vec::new();
        for result in results {
            if !ACTIONS.contains(&result.action) {
                lies.push(format!("names the action {:?}", result.action));
            }
            lies.extend(self.unproved(result));
            lies.extend(self.forgotten(result));
        }
        let named = |identity: &str| results.iter().find(|result| result.identity.to_string() == *identity);
        for (identity, ordered) in &self.orders {
            match named(identity) {
                None => lies.push(format!("would not name the order for {identity}")),
                Some(result) => lies.extend(ordered.lie(result, self.intended.contains(identity.as_str()))),
            }
        }
        for (id, changes) in &self.changes {
            let of_it =
                |result: &&ChangeResult| result.id.as_ref().is_some_and(|other| other.as_str() == *id);
            let Some(result) = results.iter().find(of_it) else {
                lies.push(format!("would not name {changes:?}"));
                continue;
            };
            let tried =
                result.fields.iter().filter(|field| field.outcome != FieldOutcome::NotAttempted).count();
            let open = self.open.values().any(|about| matches!(about, About::Change(other) if other == id));
            if tried + usize::from(open) < changes.len() {
                lies.push(format!("has sent {changes:?} and would say {}", brief(result)));
            }
        }
        lies.into_iter().map(|what| (Law::TellsTheTruth, what)).collect()
    }

    /// Finds a package that is reported as created although no listing showed it as ours.
    fn unproved(&self, result: &ChangeResult) -> Option<String> {
        let identity = result.identity.to_string();
        let id = result.id.as_ref().map_or("", |id| id.as_str());
        let proved = result.outcome != Outcome::Created || self.shown.contains(&(id, identity.as_str()));
        (!proved).then(|| format!("says {}, and no listing has shown it", brief(result)))
    }

    /// Finds a proven result that is no longer reported.
    fn forgotten(&mut self, result: &ChangeResult) -> Option<String> {
        let identity = result.identity.to_string();
        let before = self.good.get(&identity).copied();
        let bad = matches!(result.outcome, Outcome::Unknown | Outcome::Failed | Outcome::NotAttempted);
        if matches!(result.outcome, Outcome::Created | Outcome::AlreadyPresent) {
            self.good.insert(identity.clone(), result.outcome);
        }
        let mut missing = None;
        for (whose, field) in &self.done {
            let is_done = |it: &FieldResult| it.field == *field && it.outcome == FieldOutcome::Done;
            if *whose == identity && !result.fields.iter().any(is_done) {
                missing = Some(format!("has said that {field} is done, and would say {}", brief(result)));
            }
        }
        // A change that was only accepted may disappear from a later listing.
        let done = |field: &&FieldResult| field.outcome == FieldOutcome::Done && field.detail.is_none();
        let done = result.fields.iter().filter(done);
        self.done.extend(done.map(|field| (identity.clone(), field.field)));
        match before.filter(|_| bad) {
            Some(before) => Some(format!("has said {}, and would say {}", before.as_str(), brief(result))),
            None => missing,
        }
    }
}

impl Ordered {
    /// Finds the contradiction between a result and the requests and replies.
    fn lie(&self, result: &ChangeResult, intended: bool) -> Option<String> {
        let would = || brief(result);
        let token = result.client_token.as_ref().map(ToString::to_string);
        if !token.is_some_and(|token| self.tokens.contains(&token)) && (self.yes.is_some() || self.open > 0) {
            return Some(format!("does not name the token {:?}: {}", self.tokens, would()));
        }
        if result.mbps.map(|mbps| mbps.0.to_string()).as_deref() != Some(&self.mbps) {
            return Some(format!("does not name the {} Mbps that it ordered: {}", self.mbps, would()));
        }
        if let Some((id, order)) = &self.yes
            && result.outcome != Outcome::AlreadyPresent
        {
            let named = result.id.as_ref().is_some_and(|it| it.as_str() == id);
            if !named || result.order_id.as_ref() != Some(order) {
                return Some(format!("has heard of {id} by order {order}, and says {}", would()));
            }
        }
        let answered = self.refused && !self.doubt && self.yes.is_none() && self.open == 0 && !intended;
        (answered && result.outcome == Outcome::Unknown)
            .then(|| format!("was refused, nothing is in doubt, and it says {}", would()))
    }
}
