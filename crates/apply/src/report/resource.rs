//! Packages as data, in the spec's field names.

use std::collections::BTreeMap;

use cenbwp_diff::{FieldChange, Live, LiveCharge, Purchase};
use cenbwp_spec::{AreaPair, ChargeType, Field, Renewal};
use serde_json::{Map, Value, json};

/// Returns the package that a purchase asks for.
pub(super) fn of_purchase(purchase: &Purchase) -> Value {
    let terms = purchase.terms;
    let mut fields = json!({
        "areas": areas(&purchase.areas),
        "bandwidth": purchase.bandwidth,
        "name": purchase.name,
        "description": purchase.description.clone().unwrap_or_default(),
        "chargeType": ChargeType::Prepay.as_str(),
        "period": terms.term.period(),
        "pricingCycle": terms.term.cycle().as_str(),
        "autoPay": terms.auto_pay,
        "autoRenew": terms.renewal != Renewal::Off,
        "tags": purchase.tags,
    });
    if let Renewal::Months(months) = terms.renewal {
        fields["autoRenewDuration"] = json!(months);
    }
    apply(&mut fields, &purchase.follow_ups);
    fields
}

/// Returns a package as the listing shows it.
pub(super) fn of_live(live: &Live) -> Value {
    json!({
        "id": live.id,
        "areas": areas(&live.areas),
        "bandwidth": live.permanent_bandwidth(),
        "name": live.name,
        "description": live.description,
        "chargeType": charge_type(live),
        "tags": live.tags,
        "cenId": live.cens.first(),
        "resourceGroupId": live.resource_group,
        "expires": live.expires,
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
    let (from, to) = match change {
        FieldChange::Bandwidth(delta) => (json!(delta.from), json!(delta.to)),
        FieldChange::Name(delta) | FieldChange::Description(delta) => (json!(delta.from), json!(delta.to)),
        FieldChange::Tag { value, .. } => (json!(value.from), json!(value.to)),
        FieldChange::Cen(delta) => (json!(delta.from), json!(delta.to)),
        FieldChange::ResourceGroup(delta) => (json!(delta.from), json!(delta.to)),
    };
    (name, from, to)
}

fn apply(package: &mut Value, changes: &[FieldChange]) {
    for change in changes {
        match change {
            FieldChange::Tag { key, value } => set_tag(package, key, value.to.as_ref()),
            other => package[other.field().as_str()] = field(change).2,
        }
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
