//! Makes one package of its fields: applies the defaults and checks the rules across fields.

use crate::findings::Finding;
use crate::findings::catalogue::{
    ADOPTED_AND_DISTINCT, ADOPTED_AND_MOVED, MISSING_VALUE, PERIOD, POSTPAY_TERMS, RENEWAL_OFF, TOO_MANY_TAGS,
};
use crate::findings::collect::Report;
use crate::model::area::AreaPair;
use crate::model::ids::{Address, CenId, Generation, Identity, PackageId};
use crate::model::package::{Charge, ChargeType, Desired, Manage, Package};
use crate::model::terms::{Cycle, DeclaredRenewal, Prepay, Renewal, Term};

use crate::read::fields::Fields;
use crate::read::slot::{At, Slot};
use crate::source::Mark;

/// The most tags that a package can declare: the service allows 20 (Create page), two of them are ours.
pub(super) const MOST_TAGS: usize = 20 - [Identity::TAG, Identity::TERMS_TAG].len();

/// A declared package, and the fields that the rules across packages need even if it has errors.
pub(crate) struct Declared {
    pub(crate) mark: Mark,
    pub(crate) address: Option<Address>,
    pub(crate) areas: Option<AreaPair>,
    /// The CEN that it stays attached to.
    pub(crate) cen: Option<At<CenId>>,
    pub(crate) adopt: Option<At<PackageId>>,
    pub(crate) moved_from: Option<At<Address>>,
    /// `None` if it has an error.
    pub(crate) package: Option<Package>,
}

/// Applies the defaults and checks the rules across fields. `mark` is the package's key.
pub(crate) fn resolve(
    address: Option<Address>,
    mark: Mark,
    own: Fields,
    defaults: &Fields,
    report: &mut Report,
) -> Declared {
    postpay_terms(&own, defaults, report);
    renewal(&own, defaults, report);
    let fields = own.or_defaults(defaults);
    let manage = fields.manage.value().copied().unwrap_or(Manage::Full);
    tag_count(&fields, mark, report);
    adopted_and_distinct(&fields, report);
    adopted_and_moved(&fields, report);
    require(&fields, manage, mark, report);
    let charge = charge(&fields, report);
    let cen = match &fields.cen {
        Slot::Given(At { value: Desired::Present(cen), mark }) if manage != Manage::Retire => {
            Some(At { value: cen.clone(), mark: *mark })
        }
        _ => None,
    };
    let (areas, adopt) = (fields.areas.value().cloned(), fields.adopt.given().cloned());
    let moved_from = address.as_ref().zip(fields.moved_from.given());
    let moved_from = moved_from
        .map(|(address, At { value, mark })| At { value: value.seen_from(&address.stack), mark: *mark });
    let package =
        address.clone().zip(charge).and_then(|(address, charge)| build(address, mark, charge, fields));
    Declared { mark, address, areas, cen, adopt, moved_from, package }
}

/// Reports terms on a package that is not bought. In `defaults` they are for the other packages.
fn postpay_terms(own: &Fields, defaults: &Fields, report: &mut Report) {
    let charge_type = own.charge_type.given().or(defaults.charge_type.given());
    let Some(At { value: ChargeType::Postpay, mark: said }) = charge_type else { return };
    let terms = [
        ("period", own.period.given().map(|at| at.mark)),
        ("pricingCycle", own.cycle.given().map(|at| at.mark)),
        ("autoPay", own.auto_pay.given().map(|at| at.mark)),
        ("autoRenew", own.auto_renew.given().map(|at| at.mark)),
        ("autoRenewDuration", own.auto_renew_duration.given().map(|at| at.mark)),
    ];
    for (field, mark) in terms {
        let Some(mark) = mark else { continue };
        let finding =
            Finding::new(POSTPAY_TERMS, mark, format!("`{field}` is given for a pay-as-you-go package"));
        report.add(finding.other(*said, "POSTPAY is said here").hint("remove it"));
    }
}

/// Warns of a renewal duration that does nothing. A package that turns off the renewal of the defaults does
/// so on purpose.
fn renewal(own: &Fields, defaults: &Fields, report: &mut Report) {
    let Some(duration) = own.auto_renew_duration.given().or(defaults.auto_renew_duration.given()) else {
        return;
    };
    let turned_off_here = !own.auto_renew.is_missing() && own.auto_renew_duration.is_missing();
    let renews = own.auto_renew.clone().or(&defaults.auto_renew);
    let off = matches!(renews, Slot::Missing | Slot::Given(At { value: false, .. }));
    if off && !turned_off_here {
        let finding = Finding::new(
            RENEWAL_OFF,
            duration.mark,
            "`autoRenewDuration` is given and `autoRenew` is not on",
        );
        report.add(finding.hint("add `autoRenew: true`, or remove it"));
    }
}

fn tag_count(fields: &Fields, mark: Mark, report: &mut Report) {
    let count = fields.tags.value().map_or(0, |tags| tags.values().filter(|at| at.value.is_some()).count());
    if count > MOST_TAGS {
        let finding = Finding::new(TOO_MANY_TAGS, mark, format!("the package has {count} tags"));
        report.add(finding.expected(format!("at most {MOST_TAGS}, those from `defaults` included")));
    }
}

fn adopted_and_distinct(fields: &Fields, report: &mut Report) {
    if let (Some(adopt), Some(distinct)) = (fields.adopt.given(), fields.distinct_from.given())
        && distinct.value.contains(&adopt.value)
    {
        let message = format!("{} is adopted and named in `distinctFrom`", adopt.value);
        let finding = Finding::new(ADOPTED_AND_DISTINCT, adopt.mark, message);
        report.add(finding.other(distinct.mark, "said to be another one here").hint("remove one of the two"));
    }
}

fn adopted_and_moved(fields: &Fields, report: &mut Report) {
    if let (Some(adopt), Some(moved)) = (fields.adopt.given(), fields.moved_from.given()) {
        let finding = Finding::new(ADOPTED_AND_MOVED, moved.mark, "`movedFrom` stands beside `adopt`");
        report.add(finding.other(adopt.mark, "adopted here").hint("remove one of the two"));
    }
}

/// Reports required values that neither the package nor the defaults give.
fn require(fields: &Fields, manage: Manage, mark: Mark, report: &mut Report) {
    let mut missing = |message: &str, expected: &str| {
        let finding = Finding::new(MISSING_VALUE, mark, message).expected(expected);
        report.add(finding.hint("give it here or in `defaults`"));
    };
    if fields.bandwidth.is_missing() {
        missing("the package has no `bandwidth`", "`bandwidth`, in Mbps");
    }
    let prepay = matches!(fields.charge_type.value(), None | Some(ChargeType::Prepay));
    if fields.auto_pay.is_missing() && prepay && manage == Manage::Full {
        missing(
            "the package has no `autoPay`",
            "`autoPay: true` or `autoPay: false`: it decides whether money moves",
        );
    }
}

/// Returns the charge; `None` if a term is wrong.
fn charge(fields: &Fields, report: &mut Report) -> Option<Charge> {
    match fields.charge_type {
        Slot::Wrong => return None,
        Slot::Given(At { value: ChargeType::Postpay, .. }) => return Some(Charge::Postpay),
        Slot::Missing | Slot::Given(At { value: ChargeType::Prepay, .. }) => {}
    }
    let period = fields.period.value_or(1)?;
    let term = match fields.cycle.value_or(Cycle::Month)? {
        Cycle::Month if Term::MONTHS.contains(&period) => Term::Months(period),
        Cycle::Year if Term::YEARS.contains(&period) => Term::Years(period),
        // A period that no cycle has is reported by its reader, so this is 6 years.
        Cycle::Month | Cycle::Year => {
            let mark = fields.period.given()?.mark;
            let finding = Finding::new(PERIOD, mark, format!("a period of {period} years is not sold"));
            report.add(finding.expected("1, 2 or 3 with `pricingCycle: Year`"));
            return None;
        }
    };
    let renewal = match fields.auto_renew.value_or(false)? {
        true => Renewal::Months(fields.auto_renew_duration.value_or(1)?),
        false => Renewal::Off,
    };
    // `autoPay` is missing only on a package that is not bought.
    Some(Charge::Prepay(Prepay { term, auto_pay: fields.auto_pay.value_or(false)?, renewal }))
}

/// Returns the renewal to keep. A duration alone declares none: it does nothing, as its finding says.
fn declared_renewal(charge: &Charge, fields: &Fields) -> Option<DeclaredRenewal> {
    let renews = matches!(charge, Charge::Prepay(_)).then(|| fields.auto_renew.value()).flatten()?;
    Some(if *renews {
        DeclaredRenewal::On(fields.auto_renew_duration.value().copied())
    } else {
        DeclaredRenewal::Off
    })
}

fn build(address: Address, mark: Mark, charge: Charge, fields: Fields) -> Option<Package> {
    let renewal = declared_renewal(&charge, &fields);
    let optional = |slot: &Slot<String>| slot.clone().map(Some).value_or(None);
    let moved_from = fields.moved_from.map(Some).value_or(None)?.map(|old| old.seen_from(&address.stack));
    Some(Package {
        address,
        generation: fields.generation.value_or(Generation::FIRST)?,
        name: optional(&fields.name)?,
        description: optional(&fields.description)?,
        resource_group: optional(&fields.resource_group)?,
        adopt: fields.adopt.map(Some).value_or(None)?,
        moved_from,
        areas: fields.areas.value()?.clone(),
        bandwidth: *fields.bandwidth.value()?,
        charge,
        renewal,
        tags: fields
            .tags
            .value_or(Default::default())?
            .into_iter()
            .map(|(key, at)| (key, at.value))
            .collect(),
        cen: fields.cen.value_or(Desired::Unmanaged)?,
        distinct_from: fields.distinct_from.value_or(Default::default())?,
        ignore: fields.ignore.value_or(Default::default())?,
        allow_interruption: fields.allow_interruption.value_or(false)?,
        manage: fields.manage.value_or(Manage::Full)?,
        place: mark.into(),
    })
}
