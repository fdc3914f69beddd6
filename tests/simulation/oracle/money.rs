//! Judges purchases: at most one each, with the declared parameters, never on doubt.

use std::collections::{BTreeMap, BTreeSet};

use cenbwp_tests::Order;

use super::table::looks_alike;
use super::{Case, Law, owner};
use crate::account::{TEAM, areas, identity, is_by_hand, is_of, purchase_title};
use crate::history::{Event, Fate, tag_in};
use crate::schedule::{Act, Action, Manage, Name, Want};

impl Case<'_> {
    pub(super) fn purchases(&mut self) {
        self.at_most_one();
        self.as_asked();
        self.no_purchase_on_doubt();
        self.repeated_on_doubt();
    }

    /// One order for each identity; one more for each time that its package vanished from a service that
    /// forgets.
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

    /// Every order has, parameter by parameter, what the spec of its run declares. Nothing is bought for an
    /// entry that adopts, moves, observes, releases or retires.
    fn as_asked(&mut self) {
        for (run, order) in self.orders.clone() {
            let Some((name, want)) = self.entry_of(run, order) else {
                let what = format!("run {run} ordered {:?}, which it does not declare", order.identity);
                self.find(Law::AsAsked, what);
                continue;
            };
            if want.manage != Manage::Full || want.adopt.or(want.moved).is_some() || want.postpaid {
                let what = format!("run {run} ordered {:?}, declared is {want:?}", order.identity);
                self.find(Law::AsAsked, what);
            }
            let (mut expected, mut given) = (parameters(name, &want), order.parameters.clone());
            let mut tags = taken_tags(&mut given);
            // The value of the terms tag is the tool's own; only its presence is checked.
            expected.insert("terms", tags.remove("cenbwp-terms").is_some().to_string());
            given.insert("terms".to_owned(), true.to_string());
            let mut declared = BTreeMap::from([("cenbwp".to_owned(), identity(name, &want))]);
            declared.extend(want.team.flatten().map(|team| (TEAM.to_owned(), team.to_owned())));
            if !given
                .iter()
                .map(|(name, value)| (name.as_str(), value))
                .eq(expected.iter().map(|(k, v)| (*k, v)))
                || tags != declared
            {
                let what =
                    format!("run {run} ordered {given:?} {tags:?}, declared is {expected:?} {declared:?}");
                self.find(Law::AsAsked, what);
            }
        }
    }

    /// Nothing is bought that was there by another hand from before the run began until it ordered, with our tag or
    /// looking alike. A listing shows tags at once and may be late with a name or a bandwidth: what was changed a moment
    /// before the run began need not look alike yet, and an older name can stand beside the newest tags.
    fn no_purchase_on_doubt(&mut self) {
        for (run, order) in self.orders.clone() {
            let Some((name, want)) = self.entry_of(run, order) else { continue };
            let wish = &self.history.runs[run].run.wish;
            let (from, to) = (self.spans[run].0, self.order_entry(order));
            let speaks_against = |package: &cenbwp_tests::Package| {
                is_by_hand(package)
                    && (owner(package) == order.identity.as_deref()
                        || looks_alike(package, name, &want, wish))
            };
            let listed = self.listed_from(from);
            let always = |package: &&cenbwp_tests::Package| {
                let appeared = self.lives[package.id.as_str()][0].entry;
                let moments = |since: usize| self.during(&package.id, since.max(appeared), to);
                let values = if listed < from { moments(listed) } else { Vec::new() };
                moments(from).into_iter().all(|now| {
                    now.is_some_and(|now| {
                        let shown = |then: &cenbwp_tests::Package| {
                            let mut shown = then.clone();
                            shown.tags.clone_from(&now.tags);
                            shown
                        };
                        let late = |then: &Option<&_>| then.is_some_and(|then| speaks_against(&shown(then)));
                        speaks_against(now) && values.iter().all(late)
                    })
                })
            };
            let seen = self.there(from).find(always);
            if let Some(seen) = seen {
                let what = format!("run {run} ordered {:?}, and {} was there", order.identity, seen.id);
                self.find(Law::NoPurchaseOnDoubt, what);
            }
        }
    }

    /// The first entry whose values a listing may still show at this one.
    fn listed_from(&self, entry: usize) -> usize {
        let service = &self.schedule.service;
        if service.values_after_listings > 0 {
            return 0;
        }
        let late = u64::try_from(service.values_after.as_millis()).unwrap_or(u64::MAX);
        let since = self.history.entries[entry].at.saturating_sub(late);
        self.history.entries.iter().position(|other| other.at >= since).unwrap_or(entry).min(entry)
    }

    /// Judges the requests alone: after a refusal of the account a run sends nothing that changes something,
    /// and an order in doubt is not sent again before a listing was read.
    fn repeated_on_doubt(&mut self) {
        let mut refused: BTreeSet<usize> = BTreeSet::new();
        let mut doubts: BTreeSet<(usize, String)> = BTreeSet::new();
        let mut sent: BTreeMap<&str, (Option<Action>, String)> = BTreeMap::new();
        let mut found = Vec::new();
        for entry in &self.history.entries {
            match &entry.event {
                Event::Sent { run, action, nonce, params } => {
                    let (named, identity) = (Action::named(action), tag_in(params));
                    let spends = named.is_some_and(Action::spends);
                    if spends && refused.contains(run) {
                        found.push((
                            Law::EndOfMoney,
                            format!("run {run} sends {action} after the account was refused"),
                        ));
                    }
                    if named == Some(Action::Create) && doubts.contains(&(*run, identity.clone())) {
                        let what = format!("run {run} orders {identity} again without having looked");
                        found.push((Law::NoPurchaseOnDoubt, what));
                    }
                    sent.insert(nonce, (named, identity));
                }
                Event::Replied { run, nonce, fate, .. } => match &sent[nonce.as_str()] {
                    (Some(Action::Describe), _) if fate.is_yes() => doubts.retain(|(other, _)| other != run),
                    (Some(action), identity) if *action == Action::Create || action.is_change() => {
                        // A refusal by the billing service says nothing about the other one.
                        if fate.refuses_the_account() && *action != Action::Renew {
                            refused.insert(*run);
                        } else if fate.is_doubt() && *action == Action::Create {
                            doubts.insert((*run, identity.clone()));
                        }
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        for (law, what) in found {
            self.find(law, what);
        }
    }

    /// The entry that an order is for, in the spec of the run that placed it.
    fn entry_of(&self, run: usize, order: &Order) -> Option<(Name, Want)> {
        let wish = self.history.runs[run].run.selected();
        wish.into_iter().find(|(name, want)| order.identity == Some(identity(*name, want)))
    }

    /// The identities that a run sent orders for.
    pub(super) fn ordered_by(&self, n: usize) -> BTreeSet<String> {
        let creates = self.history.entries.iter().filter_map(move |entry| match &entry.event {
            Event::Sent { run, action, params, .. } if *run == n && *action == Action::Create.name() => {
                Some(tag_in(params))
            }
            _ => None,
        });
        creates.collect()
    }

    /// Reports whether a run heard that an order for an identity succeeded, or did not hear what became of
    /// one.
    pub(super) fn may_have_ordered(&self, n: usize, identity: &str) -> bool {
        let mut open: BTreeSet<&str> = BTreeSet::new();
        let mut heard = false;
        for entry in &self.history.entries {
            match &entry.event {
                Event::Sent { run, nonce, params, .. } if *run == n && tag_in(params) == identity => {
                    open.insert(nonce);
                }
                Event::Replied { nonce, fate, .. } if open.remove(nonce.as_str()) => {
                    heard |= fate.is_doubt() || fate.is_yes();
                }
                _ => {}
            }
        }
        heard
    }

    /// Reports whether a successful reply to the request of an order arrived.
    pub(super) fn was_told_of(&self, order: &Order) -> bool {
        let logged = self.history.requests.iter().find(|logged| logged.seq == order.request);
        let placed = logged.and_then(|logged| logged.nonce.as_ref());
        self.history.entries.iter().any(|entry| match &entry.event {
            Event::Replied { nonce, fate, .. } => Some(nonce) == placed && fate.is_yes(),
            _ => false,
        })
    }
}

impl Fate {
    fn refuses_the_account(&self) -> bool {
        matches!(self, Self::Answered { code, .. } if code.starts_with("PayFor") || code == "Forbidden.RAM")
    }
}

/// Takes the tags out of a request's parameters.
fn taken_tags(given: &mut BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    for n in 1..=20 {
        if let Some(key) = given.remove(&format!("Tag.{n}.Key")) {
            tags.insert(key, given.remove(&format!("Tag.{n}.Value")).unwrap_or_default());
        }
    }
    tags
}

/// The parameters that the vendor's page of the operation asks for, for a declared package, without tags and
/// token.
fn parameters(name: Name, want: &Want) -> BTreeMap<&'static str, String> {
    let [a, b] = areas(name);
    let renews = want.renews.map_or(0, |renews| renews.bought());
    let mut parameters = BTreeMap::from([
        ("AutoPay", want.auto_pay.to_string()),
        ("AutoRenew", (renews > 0).to_string()),
        ("Bandwidth", want.mbps.to_string()),
        ("BandwidthPackageChargeType", "PREPAY".to_owned()),
        ("GeographicRegionAId", a.to_owned()),
        ("GeographicRegionBId", b.to_owned()),
        ("Name", want.title.unwrap_or(purchase_title(name)).to_owned()),
        ("Period", "1".to_owned()),
        ("PricingCycle", "Month".to_owned()),
    ]);
    parameters.extend((renews > 0).then(|| ("AutoRenewDuration", renews.to_string())));
    parameters.extend(want.text.filter(|text| !text.is_empty()).map(|text| ("Description", text.to_owned())));
    parameters
}
