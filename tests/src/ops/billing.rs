//! The billing service: the renewal of packages. Its version, envelope and refusals are not those of Cbn.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::context::Context;
use crate::auth::Caller;
use crate::params::missing;
use crate::renewal::{Renewal, RenewalSet};
use crate::wire::{Answer, Refusal};
use crate::world::{Hidden, Package};

/// The most ids of one request.
const MOST_IDS: usize = 100;

/// `QueryAvailableInstances`. Without `PageSize` a page has 20 rows, however many ids are asked for.
pub(super) fn instances(context: &mut Context<'_>) -> Result<Answer, Refusal> {
    let params = context.params;
    if params.text("Region").is_some() && params.text("ProductCode").is_none() {
        return Err(missing("ProductCode"));
    }
    let ids = ids(context)?;
    context.world.billing_reads += 1;
    let billing = &context.semantics.billing;
    let filters =
        ["ProductCode", "ProductType", "SubscriptionType", "RenewStatus"].map(|it| (it, params.text(it)));
    let wanted = |package: &&Package| ids.is_empty() || ids.contains(package.id.as_str());
    let listed = context.world.packages.iter().filter(|package| context.exists(package)).filter(wanted);
    let rows = listed.filter(|_| !billing.unlisted).map(|package| row(context, package));
    let rows = rows.filter(|row| filters.iter().all(|(name, value)| value.is_none_or(|it| row[name] == it)));
    let mut rows: Vec<Value> = rows.flat_map(|row| vec![row; billing.copies]).collect();
    for &index in &context.listing.unreadable {
        if let Some(row) = rows.get_mut(index) {
            row["InstanceID"] = json!(7);
        }
    }

    let number = params.int("PageNum").unwrap_or(1);
    let size = params.int("PageSize").unwrap_or(20);
    let total = i64::try_from(rows.len()).unwrap_or(i64::MAX).saturating_add(billing.miscount);
    let total = context.listing.total_count.unwrap_or(total);
    let start = usize::try_from((number - 1) * size).unwrap_or(usize::MAX);
    let page: Vec<Value> = rows.into_iter().skip(start).take(usize::try_from(size).unwrap_or(0)).collect();
    let list = billing.wrapper.map_or_else(|| json!(page), |wrapper| json!({ wrapper: page }));
    Ok(success(
        context,
        &json!({ "PageNum": number, "PageSize": size, "TotalCount": total, "InstanceList": list }),
    ))
}

/// `SetRenewal`: a state, so setting it again is no error. It charges nothing by itself.
pub(super) fn set_renewal(context: &mut Context<'_>) -> Result<Answer, Refusal> {
    let params = context.params;
    let ids = ids(context)?;
    let status = params.needed("RenewalStatus").to_owned();
    let (period, unit) = (params.int("RenewalPeriod"), params.text("RenewalPeriodUnit"));
    let months = match (status.as_str(), period, unit) {
        ("AutoRenewal", Some(period), Some(unit)) => Some(if unit == "Y" { period * 12 } else { period }),
        ("AutoRenewal", None, _) => return Err(missing("RenewalPeriod")),
        ("AutoRenewal", _, None) => return Err(missing("RenewalPeriodUnit")),
        (_, None, None) => None,
        _ => return Err(Refusal::bad("InvalidParameter", "A period is for AutoRenewal only.")),
    };
    for id in &ids {
        let index = context.package_index(id).ok_or_else(|| {
            Refusal::bad("ResourceNotExists", format!("The instance {id:?} does not exist."))
        })?;
        let package = &context.world.packages[index];
        if package.charge_type != "PREPAY" || params.text("SubscriptionType") == Some("PayAsYouGo") {
            return Err(Refusal::bad("ResourceStatusError", format!("{id} is not a subscription.")));
        }
        let (code, kind) = product(package);
        if params.needed("ProductCode") != code || params.text("ProductType").is_some_and(|it| it != kind) {
            return Err(Refusal::bad("ProductNotFind", format!("{id} is not of this product.")));
        }
    }
    let billing = &context.semantics.billing;
    let (reads, at, request) = (context.world.billing_reads, context.now, context.request);
    let hides = Hidden::after(reads, billing.shown_after_reads, at, billing.shown_after);
    for id in ids {
        let Some(package) = context.world.package_mut(&id) else { continue };
        if hides != Hidden::default() {
            package.renewal_before = Some((hides, package.shown_renewal(reads, at).clone()));
        }
        package.renewal = Renewal { status: status.clone(), months };
        context.world.renewals.push(RenewalSet {
            package_id: id,
            status: status.clone(),
            months,
            at,
            request,
        });
    }
    Ok(success(context, &Value::Bool(true)))
}

/// The ids of a request, each once.
fn ids(context: &Context<'_>) -> Result<BTreeSet<String>, Refusal> {
    let Some(text) = context.params.text("InstanceIDs") else { return Ok(BTreeSet::new()) };
    let invalid = |why: &str| Refusal::bad("InvalidParameter", format!("InstanceIDs {why}."));
    let list: Vec<&str> = text.split(',').collect();
    if list.len() > MOST_IDS {
        return Err(invalid(&format!("has {} ids, at most {MOST_IDS} are allowed", list.len())));
    }
    if list.iter().any(|id| id.is_empty() || id.trim() != *id) {
        return Err(invalid("has an id that is empty, or blanks around one"));
    }
    let ids: BTreeSet<String> = list.iter().map(|id| (*id).to_owned()).collect();
    if ids.len() < list.len() { Err(invalid("has an id twice")) } else { Ok(ids) }
}

/// Product code and type. They differ between two kinds of packages, as the vendor's codes do, and are not the
/// vendor's own: a client has to take them from the row.
fn product(package: &Package) -> (&'static str, &'static str) {
    let crosses = (package.area_a == "china") != (package.area_b == "china");
    ("cbn", if crosses { "emulated_cross_border" } else { "emulated_bwp" })
}

fn row(context: &Context<'_>, package: &Package) -> Value {
    let billing = &context.semantics.billing;
    let (code, kind) = product(package);
    let is_prepaid = package.charge_type == "PREPAY";
    let time = |time: jiff::Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut row = json!({
        "InstanceID": package.id,
        "OwnerId": context.caller.and_then(Caller::account).unwrap_or(context.account_id),
        "ProductCode": code,
        "ProductType": kind,
        "SubscriptionType": if is_prepaid { "Subscription" } else { "PayAsYouGo" },
        "Status": "Normal",
        "CreateTime": time(package.created),
        "Seller": "26842",
        "Region": "cn-hangzhou",
    });
    if is_prepaid {
        let Renewal { status, months } = package.shown_renewal(context.world.billing_reads, context.now);
        row["EndTime"] = time(package.expires).into();
        row["RenewStatus"] = status.as_str().into();
        if let Some(months) = months {
            let in_years = billing.years && months % 12 == 0;
            row["RenewalDuration"] = if in_years { months / 12 } else { *months }.into();
            row["RenewalDurationUnit"] = if in_years { "Y" } else { "M" }.into();
        }
    }
    replace(&mut row, &billing.row);
    row
}

fn success(context: &Context<'_>, data: &Value) -> Answer {
    let billing = &context.semantics.billing;
    let mut answer =
        json!({ "Success": true, "Code": billing.code, "Message": "Successful！", "Data": data });
    replace(&mut answer, &billing.envelope);
    if let Value::Object(answer) = answer { answer } else { Answer::new() }
}

/// Replaces members of an object; null removes one.
pub(super) fn replace(object: &mut Value, with: &std::collections::BTreeMap<String, Value>) {
    let Some(object) = object.as_object_mut() else { return };
    for (name, value) in with {
        match value {
            Value::Null => object.remove(name),
            value => object.insert(name.clone(), value.clone()),
        };
    }
}
