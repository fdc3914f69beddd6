//! Judges the changes of packages that exist: only what the spec says, one at a time, and none repeated
//! blindly.

use std::collections::{BTreeMap, BTreeSet};

use cenbwp_tests::Package;

use super::renewals::{Reading, is_written as is_renewal_written, renews};
use super::{Case, Law, owner};
use crate::account::{Found, TEAM, identity, old_identity};
use crate::history::{Event, Fate};
use crate::schedule::{Action, Manage, Name, Want, What};

/// A request that changes a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request<'a> {
    pub(super) action: Action,
    pub(super) params: &'a [(String, String)],
}

impl<'a> Request<'a> {
    /// Reads a request; `None` for requests of other kinds.
    pub(super) fn of(action: &str, params: &'a [(String, String)]) -> Option<Self> {
        let action = Action::named(action).filter(|action| action.is_change())?;
        Some(Self { action, params })
    }

    pub(super) fn param(&self, name: &str) -> Option<&'a str> {
        self.params.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The package that it changes.
    pub(super) fn id(&self) -> &'a str {
        ["CenBandwidthPackageId", "ResourceId.1", "ResourceId", "InstanceIDs"]
            .iter()
            .find_map(|name| self.param(name))
            .unwrap_or_default()
    }

    fn cen(&self) -> Option<&'a str> {
        self.param("CenId")
    }

    fn tags(&self) -> Vec<(&'a str, &'a str)> {
        let keys = self.params.iter().filter(|(name, _)| name.starts_with("Tag.") && name.ends_with(".Key"));
        keys.map(|(name, key)| {
            (key.as_str(), self.param(&name.replace(".Key", ".Value")).unwrap_or_default())
        })
        .collect()
    }

    fn keys(&self) -> Vec<&'a str> {
        let keys = self.params.iter().filter(|(name, _)| name.starts_with("TagKey.") || name == "All");
        keys.map(|(_, key)| key.as_str()).collect()
    }

    /// Reports whether a field of a result is about this request.
    pub(super) fn is_for(&self, field: &str) -> bool {
        match field {
            "bandwidth" => self.action == Action::Spec,
            "name" => self.action == Action::Attribute && self.param("Name").is_some(),
            "description" => self.action == Action::Attribute && self.param("Description").is_some(),
            "tags" => matches!(self.action, Action::Tag | Action::Untag),
            "resourceGroupId" => self.action == Action::Move,
            "cenId" => matches!(self.action, Action::Attach | Action::Detach),
            "detach" => self.action == Action::Detach,
            "package" => self.action == Action::Delete,
            "autoRenew" => self.action == Action::Renew,
            _ => false,
        }
    }

    /// Reports whether a package has the values of this request.
    pub(super) fn holds(&self, package: Option<&Package>) -> bool {
        let Some(package) = package else { return self.action == Action::Delete };
        let reserved = package.reservation.as_ref().and_then(|it| it.bandwidth.parse().ok());
        let number = |name: &str| self.param(name).and_then(|text| text.parse::<i64>().ok());
        let on_cen = package.cen_ids.iter().any(|cen| Some(cen.as_str()) == self.cen());
        match self.action {
            Action::Attribute => {
                self.param("Name").is_none_or(|name| package.name == name)
                    && self.param("Description").is_none_or(|text| package.description == text)
            }
            Action::Spec => number("Bandwidth") == Some(reserved.unwrap_or(package.bandwidth)),
            Action::Tag => self.tags().iter().all(|(key, value)| package.tag(key) == Some(value)),
            Action::Untag => self.keys().iter().all(|key| package.tag(key).is_none()),
            Action::Move => self.param("NewResourceGroupId") == Some(&package.resource_group_id),
            Action::Attach => on_cen,
            Action::Detach => !on_cen,
            Action::Renew if self.param("RenewalStatus") == Some("AutoRenewal") => {
                let years = self.param("RenewalPeriodUnit") == Some("Y");
                number("RenewalPeriod") == Some(renews(package) / if years { 12 } else { 1 })
            }
            Action::Renew => renews(package) == 0,
            Action::Delete | Action::Create | Action::Describe | Action::Caller | Action::Bills => false,
        }
    }

    /// Reports whether an entry of a spec asks for this change of a package with one of these owners, whose renewal was
    /// read so.
    fn is_written(
        &self,
        name: Name,
        want: &Want,
        owners: &BTreeSet<Option<String>>,
        read: Option<&Reading>,
    ) -> bool {
        let identity = identity(name, want);
        let adopts = want.adopt.is_some_and(|other| Found::id(other) == self.id());
        let ours = owners.contains(&Some(identity.clone()));
        let moves = old_identity(want).is_some_and(|old| owners.contains(&Some(old)));
        let takes = adopts && owners.contains(&None) || moves;
        if !ours && (!takes || self.action != Action::Tag) {
            return false;
        }
        let full = want.manage == Manage::Full;
        let may_leave = |cen: &str| {
            let elsewhere = want.cen.is_some_and(|wanted| wanted != Some(cen));
            want.manage == Manage::Retire || (full && want.consent && elsewhere)
        };
        match self.action {
            Action::Spec => full && self.param("Bandwidth") == Some(&want.mbps.to_string()),
            Action::Attribute => {
                let said = |name, wanted: Option<&str>| self.param(name).is_none_or(|it| Some(it) == wanted);
                full && said("Name", want.title) && said("Description", want.text)
            }
            Action::Tag => {
                let is_said = |(key, value): &(&str, &str)| match *key {
                    "cenbwp" => (adopts || want.moved.is_some()) && *value == identity,
                    TEAM => want.team == Some(Some(value)),
                    _ => false,
                };
                full && self.tags().iter().all(is_said)
            }
            Action::Untag => {
                let is_said = |key: &&str| match *key {
                    "cenbwp" | "cenbwp-terms" => want.manage == Manage::Release,
                    TEAM => full && want.team == Some(None),
                    _ => false,
                };
                self.keys().iter().all(is_said)
            }
            Action::Move => full && self.param("NewResourceGroupId") == want.group,
            Action::Attach => full && self.cen().is_some() && Some(self.cen()) == want.cen,
            Action::Detach => self.cen().is_some_and(may_leave),
            Action::Delete => want.manage == Manage::Retire,
            Action::Renew => is_renewal_written(self, want, read),
            Action::Create | Action::Describe | Action::Caller | Action::Bills => false,
        }
    }
}

impl Case<'_> {
    pub(super) fn changes(&mut self) {
        let mut runs: BTreeMap<usize, Requests<'_>> = BTreeMap::new();
        let mut found = Vec::new();
        for (n, entry) in self.history.entries.iter().enumerate() {
            match &entry.event {
                Event::Sent { run, action, nonce, params } => {
                    let requests = runs.entry(*run).or_default();
                    if let Some(request) = Request::of(action, params) {
                        let read = requests.read.get(request.id());
                        found.extend(Self::unread(*run, &request, read));
                        found.extend(self.unwritten(n, *run, requests.known_from, &request, read));
                        found.extend(
                            requests
                                .sent(nonce, request)
                                .map(|(law, what)| (law, format!("run {run} {what}"))),
                        );
                    } else if *action == Action::Describe.name() {
                        requests.listings.insert(nonce, n);
                    } else if *action == Action::Bills.name() {
                        let ids = params.iter().find(|(name, _)| name == "InstanceIDs");
                        found.extend(self.unasked(n, *run, ids.map_or("", |(_, ids)| ids)));
                    }
                }
                Event::Replied { run, nonce, fate, .. } => {
                    runs.entry(*run).or_default().replied(n, nonce, fate);
                }
                Event::Billed { run, nonce, asked, bills } => {
                    let (began, read) = (self.sent[nonce.as_str()], &mut runs.entry(*run).or_default().read);
                    for id in asked {
                        let next = Reading::next(read.get(id.as_str()), began, bills.get(id));
                        read.insert(id, next);
                    }
                }
                _ => {}
            }
        }
        found.extend(self.foreign_tags());
        for (law, what) in found {
            self.find(law, what);
        }
    }

    /// Finds a change that nothing in the run's spec asks for, given the states of the package since the
    /// run's last listing.
    fn unwritten(
        &self,
        n: usize,
        run: usize,
        known_from: usize,
        request: &Request<'_>,
        read: Option<&Reading>,
    ) -> Option<(Law, String)> {
        // Half a listing, or one with an item that cannot be read, may have missed it.
        let hidden = |what| matches!(what, What::Unreadable(_) | What::Miscounted);
        let whole =
            self.schedule.strangers == 0 && !self.schedule.faults.iter().any(|fault| hidden(fault.what));
        let from = if whole { known_from.max(self.spans[run].0) } else { self.spans[run].0 };
        let owners = self.during(request.id(), from, n);
        let owners: BTreeSet<Option<String>> =
            owners.into_iter().flatten().map(|package| owner(package).map(str::to_owned)).collect();
        // A package that is gone cannot be changed.
        let wish = self.history.runs[run].run.selected();
        let written = owners.is_empty()
            || wish.iter().any(|(name, want)| request.is_written(*name, want, &owners, read));
        let what = || {
            format!("run {run} sends {request:?}; it belongs to {owners:?}, {read:?}, declared is {wish:?}")
        };
        (!written).then(|| (Law::InWriting, what()))
    }

    /// Finds tags that were changed although no spec names them and they are not the tool's own.
    fn foreign_tags(&self) -> Vec<(Law, String)> {
        let foreign = |package: &Package| {
            let tags = package.tags.iter().filter(|tag| !tag.key.starts_with("cenbwp") && tag.key != TEAM);
            tags.map(|tag| (tag.key.clone(), tag.value.clone())).collect::<BTreeMap<_, _>>()
        };
        let changed =
            (0..self.history.runs.len()).flat_map(|run| self.done_by(run).map(move |step| (run, step)));
        let changed = changed.filter_map(|(run, step)| {
            let (before, after) = (step.0?, step.1?);
            let what = || format!("run {run} changed a tag of others on {}", before.id);
            (foreign(before) != foreign(after)).then(|| (Law::InWriting, what()))
        });
        changed.collect()
    }
}

/// The requests of one run and what the run knows.
#[derive(Default)]
struct Requests<'a> {
    /// Open listings, and the entry at which each began.
    listings: BTreeMap<&'a str, usize>,
    /// The entry at which the last complete listing began.
    known_from: usize,
    /// The last reading of each package by the billing service.
    read: BTreeMap<&'a str, Reading>,
    open: BTreeMap<&'a str, Request<'a>>,
    /// Requests that were carried out, or may have been, and the entry at which the run learned it.
    done: Vec<(usize, Request<'a>)>,
}

impl<'a> Requests<'a> {
    fn sent(&mut self, nonce: &'a str, request: Request<'a>) -> Option<(Law, String)> {
        let (id, cen) = (request.id(), request.cen());
        let beside = |other: &&Request<'_>| other.id() == id || (cen.is_some() && other.cen() == cen);
        let overlapping = self.open.values().find(beside);
        // A listing that began before the reply arrived may have missed the change. No listing shows a renewal.
        let known_from = match request.action {
            Action::Renew => self.read.get(id).map_or(0, |reading| reading.began),
            _ => self.known_from,
        };
        let again = self.done.iter().any(|(heard, other)| *other == request && known_from < *heard);
        let found = match overlapping {
            Some(other) => Some((Law::OneAtATime, format!("sends {request:?} beside {other:?}"))),
            None => {
                again.then(|| (Law::NoBlindRepeat, format!("sends {request:?} again without having looked")))
            }
        };
        self.open.insert(nonce, request);
        found
    }

    fn replied(&mut self, n: usize, nonce: &str, fate: &Fate) {
        if let Some(began) = self.listings.remove(nonce).filter(|_| fate.is_yes()) {
            self.known_from = began;
        }
        if let Some(request) = self.open.remove(nonce).filter(|_| fate.is_doubt() || fate.is_yes()) {
            self.done.push((n, request));
        }
    }
}
