//! Exports from a listing of the account.

use std::collections::BTreeMap;

use cenbwp_diff::{BusinessStatus, Live, LiveCharge, Observed, Owner, when};
use cenbwp_spec::{AccountId, Address, ChargeType, Generation, Identity, Mbps, StackName, TermsTag};
use jiff::Timestamp;

use super::Export;
use super::builder::{Builder, Draft};
use super::entry::{Entry, Optional, Terms};
use super::names::Names;

/// The packages to export, and the stack that gets them.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    /// The stack that packages without an owner go to.
    pub stack: StackName,
    /// True to export packages with an identity tag, too, each under its identity.
    pub all: bool,
}

/// Returns a spec that adopts the packages without an owner and, with [`Scope::all`], declares those that
/// have an identity tag.
///
/// A plan of this spec from the same listing at the same time adopts the former, changes nothing of the
/// latter, and does nothing else, if the listing is whole and every item of it could be read. The spec pins
/// `account`, if given. It declares every resource group in the listing: a listing does not show which one is
/// the account's default.
pub(crate) fn of_account(
    observed: &Observed,
    account: Option<&AccountId>,
    scope: &Scope,
    now: Timestamp,
) -> Export {
    let mut packages: Vec<(&Live, Owner)> =
        observed.packages.iter().map(|live| (live, live.owner())).collect();
    packages.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id));
    let carriers = carriers(&packages);
    let mut names = Names::default();
    for identity in carriers.keys().filter(|identity| identity.address.stack == scope.stack) {
        names.reserve(identity.address.package.clone());
    }
    let mut builder = Builder::default();
    for (live, owner) in packages {
        match owner {
            Owner::Nobody => match in_the_way(live, now) {
                Some(why) => builder.leave_out(live.id.as_str(), &why),
                None => {
                    let package = names.take(&[&live.name, live.id.as_str()]);
                    let address = Address { stack: scope.stack.clone(), package };
                    add(&mut builder, live, Identity { address, generation: Generation::FIRST }, true);
                }
            },
            Owner::Identity(_) if !scope.all => {}
            Owner::Identity(identity) => match not_declarable(&identity, &carriers) {
                Some(why) => builder.leave_out(live.id.as_str(), &why),
                None => add(&mut builder, live, identity, false),
            },
            Owner::Malformed(tag) => {
                let why = format!("its tag {} is {tag:?}, which is not STACK/PACKAGE{HOLDS}", Identity::TAG);
                builder.leave_out(live.id.as_str(), &why);
            }
        }
    }
    for item in &observed.unreadable {
        let about = item.id.as_ref().map_or("an item without an id", |id| id.as_str());
        builder.leave_out(about, &format!("it cannot be read{HOLDS}: {}", item.reason));
    }
    builder.finish(&scope.stack, account)
}

/// The end of a note about a package whose owner cannot be read: it may be any package that a plan looks for.
const HOLDS: &str = ", and a plan holds every adoption while that is so";

/// Returns the number of packages with each identity.
fn carriers(packages: &[(&Live, Owner)]) -> BTreeMap<Identity, usize> {
    let mut carriers = BTreeMap::new();
    for (_, owner) in packages {
        if let Owner::Identity(identity) = owner {
            *carriers.entry(identity.clone()).or_default() += 1;
        }
    }
    carriers
}

/// Returns why a package cannot be adopted as it is. A plan would hold it for the same reason.
fn in_the_way(live: &Live, now: Timestamp) -> Option<String> {
    if let (Some(end), true) = (live.expires, live.expired(now)) {
        return Some(format!("it expired {}; renew it, and export again", when(end)));
    }
    match &live.business {
        BusinessStatus::Normal => None,
        BusinessStatus::Locked(word) => {
            Some(format!("it is {word}; unlock it in the console, and export again"))
        }
    }
}

/// Returns why a package with an identity tag cannot be declared under that identity.
fn not_declarable(identity: &Identity, carriers: &BTreeMap<Identity, usize>) -> Option<String> {
    let same = |other: &Identity| other.address == identity.address;
    let latest = carriers.keys().rfind(|other| same(other))?;
    if latest != identity {
        return Some(format!("{identity} is superseded by {latest}"));
    }
    (carriers.get(identity) > Some(&1))
        .then(|| format!("more than one package carries the identity {identity}"))
}

fn add(builder: &mut Builder, live: &Live, identity: Identity, adopt: bool) {
    let Live {
        id,
        name,
        description,
        areas,
        charge,
        cens,
        resource_group,
        tags,
        // Through `settled_bandwidth`.
        bandwidth: now,
        reservation: _,
        // The terms tag tells what was bought; nothing asks the billing service here.
        renewal: _,
        // States: `in_the_way` has judged them.
        business: _,
        expires: _,
        shares: _,
    } = live;
    let paid = match charge {
        LiveCharge::Prepay => ChargeType::Prepay,
        LiveCharge::Postpay => ChargeType::Postpay,
        LiveCharge::Other(word) => {
            return builder.leave_out(id.as_str(), &format!("its charge type {word:?} is not known here"));
        }
    };
    let (mut comments, mut reservations) = (Vec::new(), Vec::new());
    let bandwidth = settled_bandwidth(live);
    if bandwidth != *now {
        comments.push(format!("it has {now} now and will have {bandwidth}: a change is ordered"));
    }
    let cen_id = match &cens[..] {
        [] | [_] => cens.first().cloned(),
        several => {
            let cens: Vec<&str> = several.iter().map(|cen| cen.as_str()).collect();
            reservations
                .push(format!("the CEN is not carried over: it is attached to {}", cens.join(" and ")));
            None
        }
    };
    let terms = tags.get(Identity::TERMS_TAG).filter(|_| paid == ChargeType::Prepay);
    let users = tags.iter().filter(|(key, _)| !Identity::is_reserved(key));
    let mut entry = Entry::new(areas, bandwidth, paid);
    entry.adopt = adopt.then(|| id.clone());
    entry.generation = identity.generation;
    entry.optional = Optional {
        name: Some(name.clone()).filter(|name| !name.is_empty()),
        description: Some(description.clone()).filter(|text| !text.is_empty()),
        terms: terms.and_then(|text| read_terms(text)).unwrap_or_default(),
        tags: users.map(|(key, value)| (key.clone(), value.clone())).collect(),
        cen_id,
        resource_group_id: resource_group.clone(),
    };
    let (id, areas) = (id.clone(), areas.clone());
    let (about, notes) = (id.to_string(), Vec::new());
    builder.add(Draft { about, identity, id, areas, entry, comments, reservations, notes });
}

/// Returns the bandwidth after every reservation: a temporary upgrade has ended, an ordered change is in
/// force.
fn settled_bandwidth(live: &Live) -> Mbps {
    live.reservation.as_ref().and_then(|reservation| reservation.bandwidth).unwrap_or(live.bandwidth)
}

/// Reads the terms tag; `None` if another text is in it, of which a plan warns.
fn read_terms(text: &str) -> Option<Terms> {
    let TermsTag { term, renewal } = text.parse().ok()?;
    Some(Terms::new(Some(term), Some(renewal)))
}

#[cfg(test)]
mod tests {

    use cenbwp_diff::{Change, HeldReason, LiveRenewal, Options, Reservation, ReservationKind};
    use cenbwp_spec::{Area, AreaPair, Source, Tags};
    use jiff::SignedDuration;

    use super::*;
    use crate::situation::checked_plan;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    fn plain(id: &str) -> Live {
        Live {
            id: id.parse().unwrap(),
            name: String::new(),
            description: String::new(),
            areas: AreaPair::new(Area::new("China"), Area::new("Europe")),
            bandwidth: Mbps(7),
            charge: LiveCharge::Prepay,
            cens: Vec::new(),
            resource_group: None,
            tags: Tags::default(),
            business: BusinessStatus::Normal,
            expires: None,
            reservation: None,
            shares: None,
            renewal: LiveRenewal::NotAsked,
        }
    }

    /// Returns each of these packages with each of these values of one more field.
    fn times<T>(packages: &[Live], values: &[T], set: impl Fn(&mut Live, &T)) -> Vec<Live> {
        let with = |live: &Live, value| {
            let mut live = live.clone();
            set(&mut live, value);
            live
        };
        packages.iter().flat_map(|live| values.iter().map(move |value| with(live, value))).collect()
    }

    fn owners(packages: &[Live]) -> Vec<Live> {
        let owners = [None, Some("imported/x"), Some("net/x"), Some("net/x/2"), Some("by hand")];
        times(packages, &owners, |live, owner| {
            live.tags.extend(owner.map(|owner| (Identity::TAG.to_owned(), owner.to_owned())));
        })
    }

    fn attached(packages: &[Live]) -> Vec<Live> {
        times(packages, &[&[][..], &["cen-1"], &["cen-1", "cen-2"]], |live, cens| {
            live.cens = cens.iter().map(|cen| cen.parse().unwrap()).collect();
        })
    }

    /// Returns one package in every combination of the fields that may matter.
    fn singles() -> Vec<Live> {
        let reserved = |kind, bandwidth: Option<u32>| {
            Some(Reservation { kind, bandwidth: bandwidth.map(Mbps), at: None })
        };
        let reservations = [
            None,
            reserved(ReservationKind::TempUpgrade, Some(5)),
            reserved(ReservationKind::Upgrade, Some(50)),
            reserved(ReservationKind::Other("RENEW".into()), Some(50)),
            reserved(ReservationKind::Other("RENEW".into()), None),
        ];
        let charges = [LiveCharge::Prepay, LiveCharge::Postpay, LiveCharge::Other("BARTER".into())];
        let states = [BusinessStatus::Normal, BusinessStatus::Locked("FinancialLocked".into())];
        let ends = [None, Some("2025-12-31T00:00:00Z".parse().unwrap())];
        let packages = attached(&owners(&[plain("cenbwp-1")]));
        let packages =
            times(&packages, &["", "on", "http://name"], |live, name| live.name = (*name).to_owned());
        let packages = times(&packages, &charges, |live, charge| live.charge = charge.clone());
        let packages = times(&packages, &states, |live, business| live.business = business.clone());
        let packages = times(&packages, &ends, |live, end| live.expires = *end);
        times(&packages, &reservations, |live, reservation| live.reservation.clone_from(reservation))
    }

    /// Exports, plans the export against the same listing, and checks the promises of [`of_account`].
    fn check(packages: Vec<Live>, all: bool) {
        let observed =
            Observed { packages, unreadable: Vec::new(), complete: true, pairs: None, prices: None };
        let scope = Scope { stack: crate::export::default_stack(), all };
        let export = of_account(&observed, None, &scope, now());
        let sources = [Source { name: "spec.yaml".to_owned(), bytes: export.text.clone().into_bytes() }];
        let parsed = cenbwp_spec::parse(&sources);
        let spec = parsed.spec.unwrap_or_else(|| panic!("{}\n{:?}", export.text, parsed.findings));
        let options = Options {
            now: now(),
            targets: None,
            skip_held: false,
            expiring_within: SignedDuration::ZERO,
            max_purchases: None,
            max_new_mbps: None,
        };
        let plan = checked_plan(&spec, &observed, &options).unwrap();
        let context = || format!("{}\n{observed:?}\n{plan:?}", export.text);
        let as_it_is = |change: &Change| matches!(change, Change::Adopt(it) if it.fields.is_empty());
        assert!(plan.changes.iter().all(as_it_is), "{}", context());
        let unclear = observed.packages.iter().any(|live| matches!(live.owner(), Owner::Malformed(_)));
        if unclear {
            let doubt = |held: &cenbwp_diff::Held| matches!(held.reason, HeldReason::Unreadable { .. });
            assert!(plan.held.iter().all(doubt), "{}", context());
        } else {
            assert_eq!((plan.held.len(), plan.changes.len()), (0, export.adopted), "{}", context());
        }
        assert_eq!(plan.in_sync.len(), export.owned, "{}", context());
        for live in &observed.packages {
            let wanted = all || !matches!(live.owner(), Owner::Identity(_));
            let exported = spec.packages().any(|package| {
                package.adopt.as_ref() == Some(&live.id)
                    || live.owner() == Owner::Identity(package.identity())
            });
            let named = export.notes.iter().any(|note| note.about == live.id.as_str());
            assert!(!wanted || exported || named, "{} is lost: {}", live.id, context());
        }
    }

    #[test]
    fn any_package_is_adopted_or_declared_as_it_is_or_named() {
        let packages = singles();
        assert_eq!(packages.len(), 5 * 3 * 3 * 3 * 2 * 2 * 5);
        for live in packages {
            check(vec![live.clone()], false);
            check(vec![live], true);
        }
    }

    #[test]
    fn any_two_packages_are_too() {
        let of = |id: &str| {
            let packages = attached(&owners(&[plain(id)]));
            times(&packages, &["x", "X!", ""], |live, name| live.name = (*name).to_owned())
        };
        for one in of("cenbwp-1") {
            for other in of("cenbwp-2") {
                check(vec![one.clone(), other], true);
            }
        }
    }

    #[test]
    fn what_no_spec_can_say_is_named() {
        let observed = |live: Live| Observed {
            packages: vec![live],
            unreadable: Vec::new(),
            complete: true,
            pairs: None,
            prices: None,
        };
        let check = |change: &dyn Fn(&mut Live), expected: &str| {
            let mut live = plain("cenbwp-1");
            change(&mut live);
            let scope = Scope { stack: crate::export::default_stack(), all: false };
            let export = of_account(&observed(live), None, &scope, now());
            let notes: Vec<&str> = export.notes.iter().map(|note| note.text.as_str()).collect();
            assert_eq!(notes, if expected.is_empty() { vec![] } else { vec![expected] }, "{}", export.text);
        };
        check(&|_| {}, "");
        check(
            &|live| live.bandwidth = Mbps(1),
            "left out: `bandwidth` is `1`, expected a whole number from 2 to 10000",
        );
        check(
            &|live| live.description = "x".repeat(257),
            "the description is not carried over: `description` has 257 characters, expected 0 to 256 characters",
        );
        check(
            &|live| live.tags = (0..19).map(|n| (format!("k{n:02}"), "v".to_owned())).collect(),
            "the tag \"k18\" is not carried over: the package has 19 tags, expected at most 18, those from `defaults` included",
        );
        check(
            &|live| live.resource_group = Some("default".to_owned()),
            "the resource group is not carried over: `resourceGroupId` is `default`, expected a resource group id: rg-…",
        );
        let system = ["acs:rm:x", "aliyun-y", "cenbwp-terms"].map(|key| (key.to_owned(), "v".to_owned()));
        check(&|live| live.tags = system.clone().into(), "");
        let terms = [(Identity::TERMS_TAG.to_owned(), "PREPAY 5 Month renew off".to_owned())];
        check(
            &|live| live.tags = terms.clone().into(),
            "what it was bought for is not carried over: `period` is `5`, expected 1, 2, 3 or 6 months, or 1, 2 or 3 years",
        );
    }
}
