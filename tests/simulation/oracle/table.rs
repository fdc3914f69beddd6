//! The decision table as an outsider has it: the packages that a commit is about, and the reasons to hold it.

use cenbwp_tests::Package;

use super::owner;
use super::renewals::renews;
use crate::account::{Found, START, TEAM, areas, identity, old_identity, purchase_title};
use crate::schedule::{Manage, Name, Want, Wish};

/// Reports whether a package has every declared value of an entry.
pub(super) fn as_declared(package: &Package, want: &Want) -> bool {
    differing(package, want).is_empty()
}

/// Reports whether a package renews itself in another way than declared, and the billing service can set that.
fn renewal_differs(package: &Package, want: &Want) -> bool {
    want.kept_renewal().is_some_and(|declared| declared.missing(renews(package)).is_some())
}

/// The declared fields in which a package differs, but for its renewal.
fn differing(package: &Package, want: &Want) -> Vec<&'static str> {
    let fields = [
        ("bandwidth", lasting(package) == i64::from(want.mbps)),
        ("name", want.title.is_none_or(|title| package.name == title)),
        ("description", want.text.is_none_or(|text| package.description == text)),
        ("tags", want.team.is_none_or(|team| package.tag(TEAM) == team)),
        ("resourceGroupId", want.group.is_none_or(|group| package.resource_group_id == group)),
        ("cenId", want.cen.is_none_or(|cen| package.cen_ids.iter().map(String::as_str).eq(cen))),
    ];
    fields.into_iter().filter(|(_, same)| !same).map(|(field, _)| field).collect()
}

/// The permanent bandwidth of a package.
fn lasting(package: &Package) -> i64 {
    let reserved = package.reservation.as_ref().filter(|it| it.order_type == "TEMP_UPGRADE");
    reserved.and_then(|it| it.bandwidth.parse().ok()).unwrap_or(package.bandwidth)
}

/// Returns the reasons against executing a commit in this account: one for each entry that must be held.
pub(super) fn held(wish: &Wish, there: &[&Package]) -> Vec<String> {
    let entries = wish.iter();
    entries
        .filter_map(|(name, want)| Some(format!("{name}: {}", reason(*name, want, wish, there)?)))
        .collect()
}

fn reason(name: Name, want: &Want, wish: &Wish, there: &[&Package]) -> Option<&'static str> {
    let identity = identity(name, want);
    let carriers: Vec<&&Package> = there.iter().filter(|package| owner(package) == Some(&identity)).collect();
    let is_later = |package: &&&Package| {
        owner(package)
            .and_then(generation)
            .is_some_and(|(other, generation)| other == name && generation > want.generation)
    };
    if carriers.len() > 1 {
        return Some("two packages carry it");
    }
    if want.manage != Manage::Observe && there.iter().any(|package| is_later(&package)) {
        return Some("a later generation is there");
    }
    match (carriers.first(), want.manage, want.adopt) {
        (_, Manage::Observe, _) => None,
        (Some(one), _, Some(other)) if one.id != Found::id(other) => Some("it is another package"),
        (Some(_), ..) if has_old_key(want, there) => Some("the old key has a package too"),
        (Some(one), Manage::Full, _) => {
            obstacle(one, want, !as_declared(one, want) || renewal_differs(one, want))
        }
        (Some(one), Manage::Retire, _) if !one.cen_ids.is_empty() && one.given() > 0 => {
            Some("regions use what it would be detached from")
        }
        (None, Manage::Full, Some(other)) => {
            match there.iter().find(|package| package.id == Found::id(other)) {
                None => Some("there is nothing to adopt"),
                Some(one) if owner(one).is_some() => Some("what it adopts has an owner"),
                Some(one) if !same_areas(one, name) => Some("what it adopts has other areas"),
                Some(one) => obstacle(one, want, true),
            }
        }
        (None, Manage::Full, None) if want.moved.is_some() => immovable(name, want, there),
        (None, Manage::Full, None) if want.postpaid => Some("it cannot be bought"),
        (None, Manage::Full, None) => there
            .iter()
            .any(|package| looks_alike(package, name, want, wish))
            .then_some("a look-alike is there"),
        (None, Manage::Release | Manage::Retire, None) if has_old_key(want, there) => {
            Some("what it moves is there, and nothing moves it")
        }
        (None, Manage::Retire, Some(other)) => there
            .iter()
            .any(|package| package.id == Found::id(other) && owner(package).is_none())
            .then_some("what it adopts is there, and nothing adopts it"),
        (_, Manage::Release | Manage::Retire, _) => None,
    }
}

/// Reports whether a package carries the key that an entry is moved from.
fn has_old_key(want: &Want, there: &[&Package]) -> bool {
    old_identity(want).is_some_and(|old| there.iter().any(|package| owner(package) == Some(&old)))
}

/// Returns the reason for which no package can be moved to an entry.
fn immovable(name: Name, want: &Want, there: &[&Package]) -> Option<&'static str> {
    let old = old_identity(want)?;
    let of_key =
        |package: &&&Package| owner(package).and_then(generation).map(|(name, _)| name) == want.moved;
    let all: Vec<&&Package> = there.iter().filter(of_key).collect();
    let later = |package: &&&&Package| {
        owner(package).and_then(generation).is_some_and(|(_, number)| number > want.generation)
    };
    let carriers: Vec<&&&Package> = all.iter().filter(|package| owner(package) == Some(&old)).collect();
    match &carriers[..] {
        _ if all.iter().any(|package| later(&package)) => Some("a later generation of the old key is there"),
        [] => Some("there is nothing to move"),
        [one] if !same_areas(one, name) => Some("what it moves has other areas"),
        [one] => obstacle(one, want, true),
        _ => Some("two packages carry the old key"),
    }
}

/// Returns the reason that blocks a change, if a change is needed.
fn obstacle(package: &Package, want: &Want, needed: bool) -> Option<&'static str> {
    let start = START.parse().expect("a fixed time");
    if (package.charge_type == "POSTPAY") != want.postpaid {
        return Some("it is paid for otherwise");
    }
    if !needed {
        return None;
    }
    let differing = differing(package, want);
    let leaves = !package.cen_ids.is_empty() && differing.contains(&"cenId");
    let shrinks = differing.contains(&"bandwidth") && i64::from(want.mbps) < package.given();
    let obstacles = [
        (package.expires <= start, "it has expired"),
        (package.business_status != "Normal", "it is locked"),
        (leaves && !want.consent, "it leaves its CEN without consent"),
        (leaves && package.given() > 0, "regions use it on its CEN"),
        (shrinks, "regions use more than is declared"),
    ];
    obstacles.into_iter().find_map(|(is_there, reason)| is_there.then_some(reason))
}

/// Reports whether a package may be the one that would be bought for an entry of a commit: it has the same
/// name, or the same areas on the same CEN, or the same areas and bandwidth, and no owner that is known to be
/// another one.
pub(super) fn looks_alike(package: &Package, name: Name, want: &Want, wish: &Wish) -> bool {
    let takes_over = |other: &Want| {
        other.adopt.is_some_and(|other| Found::id(other) == package.id)
            || old_identity(other).is_some_and(|old| owner(package) == Some(&old))
    };
    if wish.values().any(|other| other.manage == Manage::Full && takes_over(other)) {
        return false;
    }
    let named = package.name == want.title.unwrap_or(purchase_title(name));
    let attached = want.cen.flatten().is_some_and(|cen| package.cen_ids.iter().any(|other| other == cen));
    let named = named || attached && same_areas(package, name);
    let mbps = i64::from(want.mbps);
    let shaped = same_areas(package, name) && (package.bandwidth == mbps || lasting(package) == mbps);
    match owner(package).map(generation) {
        None => named || shaped,
        // Of our stack: known, unless this commit does not declare it.
        Some(Some((other, number))) => {
            wish.get(&other).is_none_or(|want| want.generation < number) && (named || shaped)
        }
        // Of another stack.
        Some(None) => named,
    }
}

fn same_areas(package: &Package, name: Name) -> bool {
    let [a, b] = areas(name).map(str::to_ascii_lowercase);
    package.area_a == a && package.area_b == b
}

/// The name and the generation of an identity of our stack.
fn generation(identity: &str) -> Option<(Name, u32)> {
    let rest = identity.strip_prefix("net/")?;
    let name = rest.chars().next()?;
    Some((name, rest.split_once('/').map_or(Some(1), |(_, number)| number.parse().ok())?))
}
