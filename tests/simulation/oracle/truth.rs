//! Judges what a run reports about itself, against what it did.

use std::collections::BTreeSet;

use cenbwp::execute::{ChangeResult, FieldOutcome, Outcome};
use cenbwp_tests::Order;

use super::changes::Request;
use super::{Case, Law, owner};
use crate::account::is_of;
use crate::history::{Entry, Event, Record};
use crate::schedule::{Act, Action, End, Mode, Pin};

impl Case<'_> {
    /// Everything that a run reports about itself is true.
    pub(super) fn truth(&mut self, n: usize, record: &Record) {
        let said = &record.said;
        let mut lies = Vec::new();
        let ordered: Vec<&Order> =
            self.orders.iter().filter(|(run, _)| *run == n).map(|(_, order)| *order).collect();
        let ordered: Vec<&Order> =
            ordered.into_iter().filter(|order| !self.is_denied(order.request)).collect();
        if let Some(code @ (1..=5 | 130)) = said.code {
            let bought = ordered.iter().map(|order| format!("ordered {:?}", order.identity));
            let changed = self.done_by(n).filter_map(|(before, _)| Some(format!("changed {}", before?.id)));
            if let Some(what) = bought.chain(changed).next() {
                lies.push(format!("says with exit {code} that nothing was bought or changed, and {what}"));
            }
        }
        let unknown = said.results.iter().any(ChangeResult::is_unknown);
        if !said.cut && unknown != (said.code == Some(7)) {
            lies.push(format!("exits with {:?}; one of its results is unknown: {unknown}", said.code));
        }
        let told: Vec<(String, &str)> =
            said.results.iter().map(|result| (result.identity.to_string(), result.action)).collect();
        if !said.cut && told != said.planned {
            lies.push(format!("planned {:?} and tells of {told:?}", said.planned));
        }
        for result in &said.results {
            if result.action == "purchase" {
                lies.extend(self.lie_about_purchase(n, record, result, &ordered));
            }
            lies.extend(self.lie_about_changes(n, result));
        }
        for what in lies {
            self.find(Law::TellsTheTruth, format!("run {n} {what}"));
        }
    }

    /// A plan whose spec pins another account, and a saved plan that is too old or from the future, are
    /// refused before anything is sent.
    pub(super) fn of_this_plan(&mut self, n: usize, record: &Record) {
        let age = record.run.mode.age().unwrap_or(0);
        // The time that passes between the two looks at the clock.
        let slack = 120;
        let of_now = (-Mode::FARTHEST..=Mode::OLDEST - slack).contains(&age);
        let surely_not = age < -Mode::FARTHEST - slack || age > Mode::OLDEST;
        let pinned = record.run.pin == Some(Pin::Other);
        let spends = |entry: &&Entry| matches!(&entry.event, Event::Sent { run, action, .. } if *run == n && Action::named(action).is_some_and(Action::spends));
        let spent = self.history.entries.iter().find(spends);
        if (pinned || surely_not) && !record.quiet {
            if let Some(spent) = spent {
                self.find(
                    Law::OfThisPlan,
                    format!("run {n}, pinned {:?}, of a plan {age} s old: {spent}", record.run.pin),
                );
            }
            if let Some(code @ (0 | 6 | 7)) = record.said.code {
                self.find(
                    Law::OfThisPlan,
                    format!("run {n}, pinned {:?}, of a plan {age} s old, exits with {code}", record.run.pin),
                );
            }
        } else if of_now && record.said.error.contains("the plan is of") {
            self.find(Law::Converges, format!("run {n} refuses a plan {age} s old"));
        }
    }

    /// The changes that a run requested, each once, at the entry of the first request.
    fn sent_by(&self, n: usize) -> Vec<(usize, Request<'_>)> {
        let mut sent: Vec<(usize, Request<'_>)> = Vec::new();
        for (at, entry) in self.history.entries.iter().enumerate() {
            if let Event::Sent { run, action, params, .. } = &entry.event
                && *run == n
                && let Some(request) = Request::of(action, params)
                && sent.iter().all(|(_, other)| *other != request)
            {
                sent.push((at, request));
            }
        }
        sent
    }

    /// Finds the contradiction between a result and what became of its package.
    fn lie_about_changes(&self, n: usize, result: &ChangeResult) -> Option<String> {
        let id = result.id.as_ref()?.as_str();
        let (word, end) = (result.outcome.as_str(), self.spans[n].1);
        let sent: Vec<(usize, Request<'_>)> =
            self.sent_by(n).into_iter().filter(|(_, request)| request.id() == id).collect();
        let attempted: Vec<_> =
            result.fields.iter().filter(|field| field.outcome != FieldOutcome::NotAttempted).collect();
        let mut requests = sent.iter().peekable();
        let mut pairs = Vec::new();
        for field in attempted {
            match requests.next_if(|(_, request)| request.is_for(field.field)) {
                Some(request) => pairs.push((field, request)),
                // A listing showed the value before it was requested.
                None if field.outcome == FieldOutcome::Done => {}
                None => return Some(format!("tells of {field:?} and sent {sent:?}")),
            }
        }
        if let Some(untold) = requests.next().filter(|_| !self.history.runs[n].said.cut) {
            return Some(format!("sent {untold:?} and tells of {:?}", result.fields));
        }
        let billing = &self.schedule.service.billing;
        let is_late = billing.shown_after_reads > 0 || !billing.shown_after.is_zero();
        for (field, (from, request)) in pairs {
            // What the billing service shows late may have been so before.
            let from = if request.action == Action::Renew && is_late { 0 } else { *from };
            let life = self.during(id, from, end);
            let held = life.iter().any(|moment| request.holds(*moment));
            match field.outcome {
                FieldOutcome::Done if !held => {
                    return Some(format!("says done of {request:?}, and it never was so: {life:?}"));
                }
                FieldOutcome::Failed if self.did(n, request) => {
                    return Some(format!("says failed of {request:?}, and did it"));
                }
                FieldOutcome::Failed if self.was_so_already(n, request) => {
                    return Some(format!("says failed of {request:?}, and it was so all the while"));
                }
                FieldOutcome::Done
                | FieldOutcome::Failed
                | FieldOutcome::Unknown
                | FieldOutcome::NotAttempted => {}
            }
        }
        let identity = result.identity.to_string();
        let life = self.during(id, self.spans[n].0, end);
        let ever = |test: &dyn Fn(&cenbwp_tests::Package) -> bool| life.iter().flatten().any(|it| test(it));
        let gone = life.iter().any(Option::is_none);
        let so = match result.outcome {
            Outcome::Adopted | Outcome::Moved => ever(&|package| owner(package) == Some(&identity)),
            Outcome::Released => gone || ever(&|package| owner(package) != Some(&identity)),
            Outcome::Retiring => gone || ever(&|package| package.cen_ids.is_empty()),
            Outcome::Retired => gone,
            Outcome::Created
            | Outcome::Ordered
            | Outcome::Updated
            | Outcome::AlreadyPresent
            | Outcome::UnpaidOrder
            | Outcome::Failed
            | Outcome::NotAttempted
            | Outcome::Unknown => true,
        };
        (!so).then(|| format!("says {word} of {identity}, and {id} never was so"))
    }

    /// Reports whether the service refused a request because the value was so already, it stayed so, and the
    /// run had a minute of listings that show it.
    fn was_so_already(&self, n: usize, request: &Request<'_>) -> bool {
        let (run, service) = (&self.history.runs[n].run, &self.schedule.service);
        let in_time = run.wait >= Some(60)
            && run.end == End::Own
            && service.values_after.as_secs() <= 20
            && service.values_after_listings <= 3;
        let listings = self.history.entries.iter().filter_map(|entry| match &entry.event {
            Event::Sent { run, action, nonce, .. } if *run == n && *action == Action::Describe.name() => {
                Some(nonce)
            }
            _ => None,
        });
        let listings: BTreeSet<&String> = listings.collect();
        let is_blind = self.history.entries.iter().any(|entry| {
            matches!(&entry.event, Event::Replied { nonce, fate, .. } if listings.contains(nonce) && !fate.is_yes())
        });
        let mut nonces = BTreeSet::new();
        in_time
            && !is_blind
            && self.history.entries.iter().enumerate().any(|(at, entry)| match &entry.event {
                Event::Sent { run, action, nonce, params } if *run == n => {
                    if Request::of(action, params).as_ref() == Some(request) {
                        nonces.insert(nonce);
                    }
                    false
                }
                Event::Replied { nonce, fate, .. } => {
                    let life = self.during(request.id(), at, self.spans[n].1);
                    nonces.contains(nonce)
                        && fate.is_so_already()
                        && life.iter().all(|moment| request.holds(*moment))
                }
                _ => false,
            })
    }

    /// Reports whether a request of a run, however often it was sent, changed its package.
    fn did(&self, n: usize, request: &Request<'_>) -> bool {
        let is_it = |seq: &u64| {
            let logged = self.history.requests.iter().find(|logged| logged.seq == *seq);
            logged.is_some_and(|logged| {
                logged.action == request.action.name()
                    && request.params.iter().all(|(name, value)| logged.params.get(name) == Some(value))
            })
        };
        self.history.entries.iter().any(|entry| match &entry.event {
            Event::Became { id, request: Some(seq), .. } => {
                id == request.id() && self.senders.get(seq) == Some(&n) && is_it(seq) && !self.is_denied(*seq)
            }
            _ => false,
        })
    }

    /// Finds the contradiction between the result of a purchase and the ledger.
    fn lie_about_purchase(
        &self,
        n: usize,
        record: &Record,
        result: &ChangeResult,
        ordered: &[&Order],
    ) -> Option<String> {
        let identity = result.identity.to_string();
        let own = ordered.iter().find(|order| order.identity.as_deref() == Some(&identity));
        let word = result.outcome.as_str();
        match result.outcome {
            Outcome::Failed if own.is_some() => Some(format!("says {word} of {identity}, and ordered it")),
            Outcome::NotAttempted if self.ordered_by(n).contains(&identity) => {
                Some(format!("says {word} of {identity}, and sent an order"))
            }
            Outcome::Created | Outcome::Ordered | Outcome::UnpaidOrder => {
                let id = result.id.as_ref().map_or("none", |id| id.as_str());
                // A request whose reply was lost may have placed the order, whichever run it belongs to in
                // the end.
                let of_it =
                    |order: &Order| order.package_id == id && order.identity.as_deref() == Some(&identity);
                let named =
                    self.may_have_ordered(n, &identity) && self.orders.iter().any(|(_, order)| of_it(order));
                let tagged =
                    self.deeds(0, u64::MAX, |act| matches!(act, Act::Tagged(name) if is_of(&identity, name)));
                (!named && tagged == 0)
                    .then(|| format!("says {word} of {identity}, and no order of its own was for {id}"))
            }
            Outcome::AlreadyPresent => {
                let there = self.there(self.spans[n].1).any(|package| owner(package) == Some(&identity));
                // A replaying service also accepts the order of another run. A run that then sees another
                // bandwidth than it ordered cannot know that a person or a run changed it.
                let meddled = self.meddled(n, record, |package| owner(package) == Some(&identity));
                if own.is_some_and(|order| self.was_told_of(order) && !meddled) {
                    Some(format!("says {word} of {identity}, and ordered it"))
                } else {
                    (!there && !meddled).then(|| format!("says {word} of {identity}, and nothing is there"))
                }
            }
            Outcome::Updated
            | Outcome::Adopted
            | Outcome::Moved
            | Outcome::Released
            | Outcome::Retired
            | Outcome::Retiring
            | Outcome::Failed
            | Outcome::NotAttempted
            | Outcome::Unknown => None,
        }
    }
}
