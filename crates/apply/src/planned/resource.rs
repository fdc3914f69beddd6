//! Packages as data, in the spec's field names.

use std::collections::BTreeMap;

use cenbwp_diff::{Delta, FieldChange, Live, LiveCharge, Purchase};
use cenbwp_spec::{AreaPair, ChargeType, Field, Renewal};
use serde_json::{Map, Value, json};

/// Returns the package that a purchase asks for.
pub(super) fn of_purchase(purchase: &Purchase) -> Value {
    let Purchase { identity: _, areas, bandwidth, name, description, terms, tags, follow_ups, price: _ } =
        purchase;
    let mut fields = json!({
        "areas": self::areas(areas),
        "bandwidth": bandwidth,
        "name": name,
        "description": description.as_deref().unwrap_or_default(),
        "chargeType": ChargeType::Prepay.as_str(),
        "period": terms.term.period(),
        "pricingCycle": terms.term.cycle().as_str(),
        "autoPay": terms.auto_pay,
        "tags": tags,
    });
    set_renewal(&mut fields, terms.renewal);
    apply(&mut fields, follow_ups);
    fields
}

/// Returns a package as the listing shows it.
pub(super) fn of_live(live: &Live) -> Value {
    let Live {
        id,
        name,
        description,
        areas,
        cens,
        resource_group,
        tags,
        expires,
        // Through the methods below.
        bandwidth: _,
        reservation: _,
        charge: _,
        // States, which a held item names. The digest covers what is here.
        business: _,
        shares: _,
        // Shown where it changes only: an approval does not depend on whether it could be read.
        renewal: _,
    } = live;
    json!({
        "id": id,
        "areas": self::areas(areas),
        "bandwidth": live.permanent_bandwidth(),
        "name": name,
        "description": description,
        "chargeType": charge_type(live),
        "tags": tags,
        "cenId": cens.first(),
        "resourceGroupId": resource_group,
        "expires": expires,
    })
}

/// Returns the same package with these fields changed.
pub(super) fn changed(mut before: Value, changes: &[FieldChange], tags: &BTreeMap<String, String>) -> Value {
    for (key, value) in tags {
        before["tags"][key] = json!(value);
    }
    apply(&mut before, changes);
    before
}

/// Returns a field's name, and its value before and after.
pub(super) fn field(change: &FieldChange) -> (String, Value, Value) {
    let name = match change {
        FieldChange::Tag { key, .. } => format!("{}.{key}", Field::Tags.as_str()),
        other => other.field().as_str().to_owned(),
    };
    let Delta { from, to } = change.values();
    (name, json!(from), json!(to))
}

fn apply(package: &mut Value, changes: &[FieldChange]) {
    for change in changes {
        match change {
            FieldChange::Tag { key, value } => set_tag(package, key, value.to.as_ref()),
            FieldChange::AutoRenew { value, .. } => set_renewal(package, value.to),
            other => package[other.field().as_str()] = field(change).2,
        }
    }
}

/// Returns the package with the renewal that these fields change, as it was before.
pub(super) fn before(mut package: Value, changes: &[FieldChange]) -> Value {
    for change in changes {
        if let FieldChange::AutoRenew { value, .. } = change {
            set_renewal(&mut package, value.from);
        }
    }
    package
}

fn set_renewal(package: &mut Value, renewal: Renewal) {
    package["autoRenew"] = json!(renewal != Renewal::Off);
    if let Some(fields) = package.as_object_mut() {
        match renewal {
            Renewal::Months(months) => fields.insert("autoRenewDuration".to_owned(), json!(months)),
            Renewal::Off => fields.remove("autoRenewDuration"),
        };
    }
}

fn set_tag(package: &mut Value, key: &str, value: Option<&String>) {
    let tags = package["tags"].as_object_mut().map(std::mem::take);
    let mut tags: Map<String, Value> = tags.unwrap_or_default();
    match value {
        Some(value) => tags.insert(key.to_owned(), json!(value)),
        None => tags.remove(key),
    };
    package["tags"] = Value::Object(tags);
}

/// The word of the service for the way a package is paid for.
pub(super) fn charge_type(live: &Live) -> &str {
    match &live.charge {
        LiveCharge::Prepay => ChargeType::Prepay.as_str(),
        LiveCharge::Postpay => ChargeType::Postpay.as_str(),
        LiveCharge::Other(word) => word,
    }
}

pub(super) fn areas(pair: &AreaPair) -> [&str; 2] {
    [pair.a().as_str(), pair.b().as_str()]
}
