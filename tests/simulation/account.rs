//! The account of a schedule: the specs, the packages that are there before the first run, and what people do
//! to them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use cenbwp_spec::Spec;
use cenbwp_tests::{Cen, IDENTITY_TAG, Order, Package, Renewal, Reservation, Tag, World};

use crate::common;
use crate::planted::Bug;
use crate::schedule::{Act, Name, Pin, Schedule, Want, Wish};

/// The time at which every history begins.
pub(crate) const START: &str = "2026-01-02T03:04:05Z";

/// A tag of other tools, on every package that is found. No spec declares it.
pub(crate) const FOREIGN: &str = "theirs";

/// The one tag that specs declare.
pub(crate) const TEAM: &str = "team";

/// A package that is there before the first run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The name whose areas it has; also in its id.
    pub(crate) name: Name,
    pub(crate) owner: Owner,
    pub(crate) mbps: u32,
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
    pub(crate) team: Option<&'static str>,
    pub(crate) cen: Option<&'static str>,
    /// The bandwidth that regions use, if it is attached to a CEN.
    pub(crate) used: u32,
    pub(crate) term: Term,
    /// The months of each renewal; 0 if it does not renew itself.
    pub(crate) renews: i64,
}

/// The owner of a found package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The identity of its name in this generation.
    Ours(u32),
    /// The identity of another name, of the first generation.
    Key(Name),
    Nobody,
    /// Another stack.
    Other,
}

/// The charge type and the state of a found package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    /// Prepaid and running.
    Runs,
    Postpaid,
    /// Prepaid, ended a month ago.
    Expired,
    /// Prepaid, running, locked.
    Locked,
    /// Prepaid and running, with more bandwidth for twenty minutes.
    Upgraded,
}

impl Found {
    /// A package of our stack, as a purchase for this entry leaves it.
    pub(crate) fn ours(name: Name, want: &Want) -> Self {
        Self {
            name,
            owner: Owner::Ours(want.generation),
            mbps: want.mbps,
            title: purchase_title(name),
            text: "",
            team: None,
            cen: None,
            used: 0,
            term: Term::Runs,
            renews: 0,
        }
    }

    /// The id of the package that is found for a name.
    pub(crate) fn id(name: Name) -> String {
        format!("{FOUND}{name}")
    }

    fn package(&self) -> Package {
        let [a, b] = areas(self.name).map(str::to_ascii_lowercase);
        let mut package = Package::new(&Self::id(self.name), [&a, &b], i64::from(self.mbps));
        self.title.clone_into(&mut package.name);
        self.text.clone_into(&mut package.description);
        package.cen_ids = self.cen.iter().map(|cen| (*cen).to_owned()).collect();
        package = package.tagged(FOREIGN, "kept");
        give(&mut package, i64::from(self.used));
        package = match self.owner {
            Owner::Ours(generation) => package.tagged(IDENTITY_TAG, &identity_of(self.name, generation)),
            Owner::Key(name) => package.tagged(IDENTITY_TAG, &identity_of(name, 1)),
            Owner::Nobody => package,
            Owner::Other => package.tagged(IDENTITY_TAG, &format!("other/{}", self.name)),
        };
        if let Some(team) = self.team {
            package = package.tagged(TEAM, team);
        }
        if self.renews > 0 {
            package.renewal = Renewal::every(self.renews);
        }
        match self.term {
            Term::Runs => {}
            Term::Postpaid => package.charge_type = "POSTPAY".to_owned(),
            Term::Expired => {
                package.expires = "2025-12-01T00:00:00Z".parse().expect("a fixed time");
                package.business_status = "FinancialLocked".to_owned();
            }
            Term::Locked => package.business_status = "SecurityLocked".to_owned(),
            Term::Upgraded => upgrade(&mut package),
        }
        package
    }
}

/// Returns the spec of a commit as the tool reads it. Each text is parsed once per thread.
pub(crate) fn spec_of(wish: &Wish, pin: Option<Pin>, bug: Option<Bug>) -> Spec {
    thread_local! {
        static PARSED: RefCell<BTreeMap<(Wish, Option<Pin>), Spec>> = RefCell::default();
    }
    let read = (as_read(wish, bug), pin);
    PARSED.with_borrow_mut(|parsed| {
        parsed.entry(read).or_insert_with_key(|(wish, pin)| common::spec(&text(wish, *pin, None))).clone()
    })
}

/// The text of a commit's spec, as the tool reads it.
pub(crate) fn text(wish: &Wish, pin: Option<Pin>, bug: Option<Bug>) -> String {
    let package = |(name, want): (&Name, &Want)| {
        let [a, b] = areas(*name);
        let terms = if want.postpaid { "" } else { "period: 1, " };
        format!("{name}: {{areas: [{a}, {b}], {terms}{want:?}}}")
    };
    let packages: Vec<String> = as_read(wish, bug).iter().map(package).collect();
    let pin = match pin {
        None => "",
        Some(Pin::Own) => "account: \"1234567890123456\", ",
        Some(Pin::Other) => "account: \"9999999999999999\", ",
    };
    format!("{{version: 1, stack: net, {pin}packages: {{{}}}}}", packages.join(", "))
}

fn as_read(wish: &Wish, bug: Option<Bug>) -> Wish {
    let mut read = wish.clone();
    if let Some(bug) = bug {
        read.iter_mut().for_each(|(name, want)| bug.reads(*name, want));
    }
    read
}

/// The areas of a declared package. All but one are alike but for their names.
pub(crate) fn areas(name: Name) -> [&'static str; 2] {
    if name == 'c' { ["China", "North-America"] } else { ["China", "Europe"] }
}

/// The identity of a declared package.
pub(crate) fn identity(name: Name, want: &Want) -> String {
    identity_of(name, want.generation)
}

/// The identity that the package of an entry had before it moved.
pub(crate) fn old_identity(want: &Want) -> Option<String> {
    want.moved.map(|old| identity_of(old, want.generation))
}

fn identity_of(name: Name, generation: u32) -> String {
    if generation == 1 { format!("net/{name}") } else { format!("net/{name}/{generation}") }
}

/// The display name of a purchase that declares none.
pub(crate) fn purchase_title(name: Name) -> &'static str {
    match name {
        'a' => "net-a",
        'b' => "net-b",
        'd' => "net-d",
        _ => "net-c",
    }
}

/// Reports whether an identity belongs to a name, in any generation.
pub(crate) fn is_of(identity: &str, name: Name) -> bool {
    identity.strip_prefix("net/").is_some_and(|rest| rest.starts_with(name))
}

/// Adds the packages and CENs that are there before the first run.
pub(crate) fn furnish(world: &mut World, schedule: &Schedule) {
    world.cens = vec![Cen::new("cen-1"), Cen::new("cen-2")];
    for n in 0..schedule.strangers {
        world.packages.push(stranger(n));
    }
    for found in &schedule.found {
        // The last item of a full first page: the one that slips away when the pages shift.
        world.packages.insert(world.packages.len().min(50), found.package());
    }
}

fn stranger(n: usize) -> Package {
    Package::new(&format!("cenbwp-stranger{n}"), ["china", "asia-pacific"], 5)
}

const BY_HAND: &str = "cenbwp-byhand";
const FOUND: &str = "cenbwp-found";

/// Reports whether a package was there before or was bought by a person, and not by a run.
pub(crate) fn is_by_hand(package: &Package) -> bool {
    package.id.starts_with(BY_HAND) || package.id.starts_with(FOUND)
}

fn by_hand(world: &World, name: Name, mbps: i64) -> Package {
    let [a, b] = areas(name).map(str::to_ascii_lowercase);
    let n = world.packages.iter().filter(|package| package.id.starts_with(BY_HAND)).count();
    let mut package = Package::new(&format!("{BY_HAND}{n}{name}"), [&a, &b], mbps);
    purchase_title(name).clone_into(&mut package.name);
    package
}

/// Carries out one action of a person.
pub(crate) fn do_deed(world: &mut World, act: Act) {
    let on_second = |package: &&Package| package.cen_ids.iter().any(|cen| cen == "cen-2");
    let taken: Vec<String> =
        world.packages.iter().filter(on_second).map(|package| package.area_b.clone()).collect();
    let mut each = |name: Name, change: &dyn Fn(&mut Package)| {
        let is_meant = |package: &&mut Package| {
            package.id == Found::id(name) || package.tag(IDENTITY_TAG).is_some_and(|tag| is_of(tag, name))
        };
        world.packages.iter_mut().filter(is_meant).for_each(change);
    };
    match act {
        Act::Untag(name) => {
            each(name, &|package| package.tags.retain(|tag| tag.key != IDENTITY_TAG));
        }
        Act::Reassign(name) => each(name, &|package| set_tag(package, IDENTITY_TAG, "other/x")),
        Act::Resize(name) => each(name, &|package| package.bandwidth = 30),
        Act::Rename(name) => each(name, &|package| package.name = "by hand".to_owned()),
        Act::Retag(name) => each(name, &|package| set_tag(package, TEAM, "people")),
        // The service demands the first before the second.
        Act::Detach(name) => each(name, &|package| {
            package.limits.clear();
            package.cen_ids.clear();
        }),
        Act::Give(name) => each(name, &|package| give(package, package.bandwidth.min(10))),
        Act::Take(name) => each(name, &|package| package.limits.clear()),
        Act::Attach(name) => {
            each(name, &|package| {
                if package.cen_ids.is_empty() && !taken.contains(&package.area_b) {
                    package.cen_ids = vec!["cen-2".to_owned()];
                }
            });
        }
        Act::Upgrade(name) => each(name, &|package| {
            if package.reservation.is_none() {
                upgrade(package);
            }
        }),
        Act::Renew(name) => each(name, &|package| package.renewal = Renewal::every(6)),
        Act::Lapse(name) => each(name, &|package| package.renewal = Renewal::default()),
        Act::Vanish(name) => world.packages.retain(|package| {
            package.id != Found::id(name) && package.tag(IDENTITY_TAG).is_none_or(|tag| !is_of(tag, name))
        }),
        Act::Pay(name) => {
            let of_name = |order: &&Order| order.identity.as_deref().is_some_and(|it| is_of(it, name));
            let unpaid = |order: &&Order| !order.paid && of_name(order);
            if let Some(order) = world.orders.iter().find(unpaid).map(|order| order.order_id.clone()) {
                world.pay(&order);
            }
        }
        Act::LookAlike(name) => world.packages.insert(0, by_hand(world, name, 10)),
        Act::Tagged(name) => {
            let package = by_hand(world, name, 10).tagged(IDENTITY_TAG, &format!("net/{name}"));
            world.packages.insert(0, package);
        }
        Act::Churn => churn(world),
    }
}

fn churn(world: &mut World) {
    let is_stranger = |package: &Package| package.id.starts_with("cenbwp-stranger");
    if let Some(first) = world.packages.iter().position(is_stranger) {
        world.packages.remove(first);
        let number =
            |package: &Package| package.id.trim_start_matches("cenbwp-stranger").parse().unwrap_or(0);
        let last: usize =
            world.packages.iter().filter(|package| is_stranger(package)).map(number).max().unwrap_or(0);
        world.packages.push(stranger(last + 1));
    }
}

fn upgrade(package: &mut Package) {
    package.reservation = Some(Reservation {
        order_type: "TEMP_UPGRADE".to_owned(),
        bandwidth: package.bandwidth.to_string(),
        active_time: "2026-01-02T03:24:00Z".to_owned(),
        charge_type: "PREPAY".to_owned(),
    });
    package.bandwidth = 50;
}

/// Gives bandwidth of a package to two regions, if it is attached to a CEN.
fn give(package: &mut Package, mbps: i64) {
    package.limits.clear();
    if mbps > 0 && !package.cen_ids.is_empty() {
        *package = package.clone().used("cn-hangzhou", "eu-central-1", mbps);
    }
}

fn set_tag(package: &mut Package, key: &str, value: &str) {
    package.tags.retain(|tag| tag.key != key);
    package.tags.push(Tag { key: key.to_owned(), value: value.to_owned() });
}
