//! Judges the requests to the billing service: it is asked about what declares a renewal, and a renewal is set that the
//! run's last reading shows otherwise.

use std::collections::BTreeMap;

use cenbwp_tests::Package;

use super::changes::Request;
use super::{Case, Law, owner};
use crate::account::{Found, identity, old_identity};
use crate::bills::Bill;
use crate::history::{Event, Record};
use crate::schedule::{Action, Name, Part, Renews, Want};

/// The last answer to a question about a package.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// The entry at which it was asked.
    pub(super) began: usize,
    /// The package's row, if the answer had a clear one.
    pub(super) bill: Option<Bill>,
    /// True if this or an earlier answer to the run showed that it does not renew itself.
    pub(super) was_off: bool,
}

impl Reading {
    /// The reading after this one.
    pub(super) fn next(before: Option<&Self>, began: usize, bill: Option<&Bill>) -> Self {
        let was_off =
            before.is_some_and(|before| before.was_off) || bill.is_some_and(|bill| bill.months == 0);
        Self { began, bill: bill.cloned(), was_off }
    }
}

/// Reports whether an entry of a spec asks for this setting of a renewal, where the last reading is this one.
pub(super) fn is_written(request: &Request<'_>, want: &Want, read: Option<&Reading>) -> bool {
    let number = |name: &str| request.param(name).and_then(|text| text.parse::<i64>().ok());
    let unit = match request.param("RenewalPeriodUnit") {
        Some("M") => 1,
        Some("Y") => 12,
        _ => 0,
    };
    let months = match request.param("RenewalStatus") {
        Some("NotRenewal") if unit == 0 => Some(0),
        Some("AutoRenewal") => number("RenewalPeriod").map(|period| period * unit),
        _ => None,
    };
    let Some(Reading { bill: Some(bill), was_off, .. }) = read else { return true };
    let product = [request.param("ProductCode"), request.param("ProductType")];
    let of_it = product.iter().zip(&bill.product).all(|(said, it)| *said == Some(it));
    let missing = match want.kept_renewal() {
        // A plan that was made while it was off is for a month, whatever the duration is by now.
        Some(Renews::On) if *was_off => Some(1).filter(|_| bill.months != 1),
        kept => kept.and_then(|renews| renews.missing(bill.months)),
    };
    let prepaid = request.param("SubscriptionType") == Some("Subscription");
    of_it && prepaid && missing.is_some() && missing == months
}

/// Returns the months that a package renews itself for; 0 for not at all.
pub(crate) fn renews(package: &Package) -> i64 {
    let renews = package.renewal.status == "AutoRenewal";
    package.renewal.months.filter(|_| renews).unwrap_or(0)
}

impl Case<'_> {
    /// A renewal is set only where the run's last reading of it is clear.
    pub(super) fn unread(run: usize, request: &Request<'_>, read: Option<&Reading>) -> Option<(Law, String)> {
        let known = read.is_some_and(|reading| reading.bill.is_some());
        (request.action == Action::Renew && !known).then(|| {
            (Law::KnownRenewal, format!("run {run} sends {request:?}, and its last reading is {read:?}"))
        })
    }

    /// Finds packages that a run asks the billing service about although no entry that it is about declares their
    /// renewal or ends them.
    pub(super) fn unasked(&self, entry: usize, run: usize, ids: &str) -> Option<(Law, String)> {
        let wish = self.history.runs[run].run.selected();
        let from = self.spans[run].0;
        let is_declared = |id: &str| {
            let owners = self.during(id, from, entry);
            let owners: Vec<Option<&str>> = owners.into_iter().flatten().map(owner).collect();
            wish.iter().any(|(name, want)| {
                let (own, old) = (identity(*name, want), old_identity(want));
                let adopted = want.adopt.is_some_and(|other| Found::id(other) == id);
                let named = owners.iter().flatten().any(|it| *it == own || Some(*it) == old.as_deref());
                want.asks_for_renewal() && (adopted || named)
            })
        };
        let other = ids.split(',').find(|id| !is_declared(id))?;
        let what = format!("run {run} asks for the renewal of {other:?}, and declares {wish:?}");
        Some((Law::KnownRenewal, what))
    }

    /// The last reading of each package by a run.
    fn readings(&self, n: usize) -> BTreeMap<&str, Option<&Bill>> {
        let mut readings = BTreeMap::new();
        for entry in &self.history.entries {
            if let Event::Billed { run, asked, bills, .. } = &entry.event
                && *run == n
            {
                readings.extend(asked.iter().map(|id| (id.as_str(), bills.get(id))));
            }
        }
        readings
    }

    /// Finds the package of an entry that does not renew itself as declared at the end of a run that reports success.
    /// An unclear answer of the billing service is excused: the renewal stays as it was.
    pub(super) fn renewal_amiss(
        &self,
        n: usize,
        record: &Record,
        (name, want): (Name, &Want),
        carriers: &[&Package],
    ) -> Option<String> {
        let ([package], Some(declared)) = (carriers, want.kept_renewal()) else { return None };
        let missing = declared.missing(renews(package))?;
        let reading = self.readings(n).get(package.id.as_str()).copied();
        let is_unknown = matches!(reading, Some(None));
        // A run that does not wait, or does not pay, knows of an order and never sees its package.
        let unseen = record.run.wait.is_none() || !want.auto_pay;
        let ordered = self.ordered_by(n).contains(&identity(name, want));
        // A purchase says itself whether it renews; what became of that before it is listed, only a later run reads.
        let first = self.lives[package.id.as_str()][0].package;
        let as_bought = first.is_some_and(|bought| declared.missing(renews(bought)).is_none());
        let amiss = !is_unknown && !(ordered && (unseen || as_bought));
        amiss.then(|| {
            format!(
                "run {n} says done, {name} is to renew for {missing} months, it read {reading:?}, and there is {package:?}"
            )
        })
    }

    /// Finds a run that ends with an error of the billing service: what it says holds nothing else back.
    pub(super) fn stopped_by_billing(&mut self, n: usize, record: &Record) {
        let words = ["renewal is not known", Action::Bills.name(), Action::Renew.name()];
        let named = words.iter().any(|word| record.said.error.contains(word));
        // A saved plan that switches a renewal is refused where it cannot be read.
        if named && record.said.code != Some(5) {
            self.find(
                Law::Converges,
                format!("run {n} ends with {:?}: {}", record.said.code, record.said.error),
            );
        }
    }

    /// Nothing changes that a run is not about, by any of its requests.
    pub(super) fn of_its_part(&mut self, n: usize, record: &Record) {
        if record.run.part == Part::All {
            return;
        }
        let (wish, from) = (record.run.selected(), self.spans[n].0);
        let is_meant = |package: &Package| {
            wish.iter().any(|(name, want)| {
                let adopted = want.adopt.is_some_and(|other| Found::id(other) == package.id);
                let own = [Some(identity(*name, want)), old_identity(want)];
                adopted || own.iter().flatten().any(|it| owner(package) == Some(it))
            })
        };
        // A person may give it to another owner while a request is under way.
        let last = self.history.entries.len();
        let changed = self.done_by(n).filter_map(|(before, after)| Some(&before.or(after)?.id));
        let other = |id: &&String| !self.during(id, from, last).into_iter().flatten().any(is_meant);
        let changed: Vec<String> = changed.filter(other).map(|id| format!("changes {id}")).collect();
        let named = record
            .said
            .planned
            .iter()
            .filter(|(it, _)| !wish.iter().any(|(name, want)| identity(*name, want) == *it));
        let named: Vec<String> = named.map(|it| format!("plans {it:?}")).collect();
        for what in changed.into_iter().chain(named) {
            self.find(Law::OfItsPart, format!("run {n}, about {:?}: {what}", record.run.part));
        }
    }
}
