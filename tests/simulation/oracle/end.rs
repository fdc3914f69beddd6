//! Judges the results: of each run that reports success, and of all commits in the end.

use cenbwp_tests::{Billing, LimitsShown, Package, TokenRecord, TokenSemantics, TokenState};

use super::table::{as_declared, held};
use super::{Case, Law, owner};
use crate::account::{Found, START, identity, is_of, old_identity};
use crate::history::Record;
use crate::schedule::{Act, Manage, Name, Want, Wish};

impl Case<'_> {
    /// A run that reports success has what its spec asks for, unless someone else changed it meanwhile.
    pub(super) fn done_as_declared(&mut self, n: usize, record: &Record) {
        if record.said.code != Some(0) || self.deeds(record.started, record.ended, |_| true) > 0 {
            return;
        }
        let there: Vec<&Package> = self.there(self.spans[n].1).collect();
        for (name, want) in &record.run.selected() {
            let identity = identity(*name, want);
            let (adopted, old) = (want.adopt.map(Found::id), old_identity(want));
            let concerns = |package: &Package| {
                let owner = owner(package);
                owner == Some(&identity)
                    || adopted.as_ref() == Some(&package.id)
                    || owner.is_some() && owner == old.as_deref()
            };
            // A run that does not buy cannot know of a purchase that another commit makes meanwhile.
            let bought = want.manage != Manage::Full || want.adopt.or(want.moved).is_some();
            if self.meddled(n, record, concerns)
                || self.is_outdated(record, concerns)
                || (bought && self.is_bought_meanwhile(n, record, &identity))
            {
                continue;
            }
            let carriers: Vec<&Package> =
                there.iter().copied().filter(|package| owner(package) == Some(&identity)).collect();
            // An unpaid order that is not listed yet is not known to a run that gives its package up.
            let listed = |package: &&&Package| package.paid || self.schedule.service.list_unpaid;
            let fine = match want.manage {
                Manage::Full => self.is_there(record, *name, want, &carriers),
                Manage::Observe => true,
                Manage::Release => !carriers.iter().any(|package| listed(&package)),
                Manage::Retire => carriers.iter().filter(listed).all(|package| is_left_to_expire(package)),
            };
            if !fine {
                let what =
                    format!("run {n} says done, {identity} is to be {want:?}, and there is {carriers:?}");
                self.find(Law::Converges, what);
            }
            if let Some(what) = self.renewal_amiss(n, record, (*name, want), &carriers) {
                self.find(Law::Converges, what);
            }
        }
    }

    /// Reports whether the service lists values late and a run of another commit changed such a package: a
    /// plan of this run cannot know it.
    fn is_outdated(&self, record: &Record, concerns: impl Fn(&Package) -> bool) -> bool {
        let service = &self.schedule.service;
        let billing = &service.billing;
        let listings = service.values_after_listings + billing.shown_after_reads;
        let is_late = listings > 0 || !(service.values_after + billing.shown_after).is_zero();
        is_late
            && self.steps().any(|(before, after)| {
                let other = after.by.is_some_and(|run| self.history.runs[run].run.wish != record.run.wish);
                other && before.is_some_and(|it| concerns(it) || after.package.is_some_and(&concerns))
            })
    }

    /// Reports whether a run of another commit bought it during this run, or before this run while the
    /// service does not list it yet, or not with its tags.
    fn is_bought_meanwhile(&self, n: usize, record: &Record, identity: &str) -> bool {
        let late = self.lags();
        self.orders.iter().any(|(run, order)| {
            let other = self.history.runs[*run].run.wish != record.run.wish;
            let since = late || self.order_entry(order) > self.spans[n].0;
            other && since && order.identity.as_deref() == Some(identity)
        })
    }

    /// Reports whether the service lists purchases late, or without their tags at first.
    fn lags(&self) -> bool {
        let service = &self.schedule.service;
        let listings = service.visible_after_listings.max(service.tags_after_listings);
        listings > 0 || !service.visible_after.max(service.tags_after).is_zero()
    }

    fn is_there(&self, record: &Record, name: Name, want: &Want, carriers: &[&Package]) -> bool {
        let identity = identity(name, want);
        // A run that does not wait, or does not pay, knows of an order and never sees its package.
        let unseen = record.run.wait.is_none() || !want.auto_pay;
        let ordered = self.orders.iter().any(|(_, order)| order.identity.as_deref() == Some(&identity));
        // No client can see a second package, tagged by a person or adopted by another commit, while the
        // first is not listed yet, or not with its tags.
        let adopts = |other: &Record| {
            other.run.wish != record.run.wish
                && other.run.wish.get(&name).is_some_and(|other| other.adopt.is_some())
        };
        let tagged = self.deeds(0, u64::MAX, |act| act == Act::Tagged(name)) > 0
            || (self.lags() && self.history.runs.iter().any(adopts));
        match carriers {
            [one] if as_declared(one, want) => true,
            _ if unseen && ordered => true,
            several => tagged && several.iter().any(|one| as_declared(one, want)),
        }
    }

    /// The last, quiet rerun of a commit sees everything. It is refused only if something speaks against it;
    /// otherwise it succeeds and the plan after it is empty.
    pub(super) fn reached(&mut self) {
        let quiet: Vec<(usize, &Record)> =
            self.history.runs.iter().enumerate().filter(|(_, record)| record.quiet).collect();
        for (at, (n, record)) in quiet.iter().enumerate() {
            let is_last = quiet.get(at + 1).is_none_or(|(_, next)| next.run.wish != record.run.wish);
            let wish = &record.run.wish;
            let excused = wish.iter().any(|(name, want)| self.is_spent(*name, want));
            // An unpaid package that is listed before its tags looks like a stranger's. One that is listed
            // later is not known yet, and no run waits for it.
            let service = &self.schedule.service;
            let strange = service.list_unpaid && self.lags();
            if !is_last || excused {
                continue;
            }
            if record.said.code == Some(7) {
                self.find(
                    Law::NothingAbandoned,
                    format!("run {n} leaves something unknown: {}", record.said),
                );
                continue;
            }
            let there: Vec<&Package> =
                self.there(self.spans[*n].0).filter(|package| package.paid || service.list_unpaid).collect();
            let unseen =
                service.limits == LimitsShown::Absent && there.iter().any(|package| package.given() > 0);
            if strange || unseen || self.is_crowded(*n, record) {
                continue;
            }
            let reasons = held(&self.as_known(wish), &there);
            let expected = if reasons.is_empty() { Some(0) } else { Some(4) };
            if record.said.code != expected {
                let what = format!(
                    "run {n}, quiet and alone, ends so: {} and this held it: {reasons:?}",
                    record.said
                );
                self.find(Law::Converges, what);
            }
            // An unpaid order is requested again with the same token.
            let paid = wish.values().all(|want| want.auto_pay);
            if record.said.code == Some(0) && paid && !record.left.is_empty() {
                self.find(
                    Law::Converges,
                    format!("run {n} is done, and then there is to do: {}", record.left),
                );
            }
        }
    }

    /// The commit as a run that sees everything can know it: where the billing service says nothing, no renewal is
    /// compared.
    fn as_known(&self, wish: &Wish) -> Wish {
        let Billing { home, unlisted, copies, miscount, row, envelope, .. } = &self.schedule.service.billing;
        let is_clear = *home != Some("elsewhere") && !unlisted && *copies == 1 && *miscount == 0;
        let is_clear = is_clear && row.is_empty() && envelope.is_empty();
        let known = |want: &Want| Want { renews: want.renews.filter(|_| is_clear), ..*want };
        wish.iter().map(|(name, want)| (*name, known(want))).collect()
    }

    /// Reports whether a package is to be attached to a CEN that keeps another one of the same areas: the
    /// service refuses that.
    fn is_crowded(&self, n: usize, record: &Record) -> bool {
        let there: Vec<&Package> = self.there(self.spans[n].1).collect();
        record.run.wish.iter().any(|(name, want)| {
            let identity = identity(*name, want);
            let Some(Some(cen)) = want.cen else { return false };
            let on_it = |package: &&&Package| package.cen_ids.iter().any(|other| other == cen);
            let own = there.iter().find(|package| owner(package) == Some(&identity));
            let areas = crate::account::areas(*name)[1].to_ascii_lowercase();
            let other = |package: &&&Package| {
                own.is_none_or(|own| own.id != package.id) && package.area_b == areas && on_it(package)
            };
            want.manage == Manage::Full && there.iter().any(|package| other(&package))
        })
    }

    /// Reports whether the service can never say more about an identity. Its token is spent with other
    /// parameters on an order that failed or is unpaid, on four orders that failed, or on a package that is
    /// gone or lost the tag.
    fn is_spent(&self, name: Name, want: &Want) -> bool {
        let identity = identity(name, want);
        let tokens = self.history.tokens.iter();
        let of_it = tokens.filter(|token| token.parameters.values().any(|value| *value == identity));
        let (lost, open): (Vec<&TokenRecord>, Vec<&TokenRecord>) =
            of_it.partition(|token| self.is_lost(token, &identity));
        let never_listed = |token: &&&TokenRecord| token.state == TokenState::Failed || !want.auto_pay;
        let spent: Vec<_> = open.iter().filter(never_listed).collect();
        let strict = self.schedule.service.tokens == TokenSemantics::Strict;
        let renews = want.renews.map_or(0, |renews| renews.bought());
        let differs = |token: &TokenRecord| {
            let number = |name: &str| token.parameters.get(name).and_then(|text| text.parse::<i64>().ok());
            number("Bandwidth") != Some(want.mbps.into())
                || number("AutoRenewDuration").unwrap_or(0) != renews
        };
        let act = |act| matches!(act, Act::Vanish(other) | Act::Untag(other) | Act::Reassign(other) if other == name);
        spent.len() == 4
            || !lost.is_empty()
            || (strict && spent.iter().any(|token| differs(token)))
            || (self.deeds(0, u64::MAX, act) > 0
                && self
                    .orders
                    .iter()
                    .any(|(_, order)| order.identity.as_deref().is_some_and(|it| is_of(it, name))))
    }

    /// Reports whether the package that a token bought no longer has the identity.
    fn is_lost(&self, token: &TokenRecord, identity: &str) -> bool {
        let TokenState::Answered(answer) = &token.state else { return false };
        let id = answer.get("CenBandwidthPackageId").and_then(|id| id.as_str()).unwrap_or_default();
        let last = self.lives.get(id).and_then(|life| life.last());
        last.is_none_or(|last| last.package.is_none_or(|package| owner(package) != Some(identity)))
    }
}

/// Reports whether a package is detached and cannot be deleted before it expires.
fn is_left_to_expire(package: &Package) -> bool {
    let start = START.parse().expect("a fixed time");
    package.cen_ids.is_empty() && package.charge_type == "PREPAY" && package.expires > start
}
