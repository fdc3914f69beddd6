//! The service that estimates what the resources of a template would cost. It makes none of them.

use serde_json::{Map, Value, json};

use super::billing::replace;
use super::context::Context;
use crate::config::Estimates;
use crate::wire::{Answer, Refusal};

/// The longest template, in bytes.
const LONGEST: usize = 524_288;
/// The most resources of a template.
const MOST: usize = 200;
/// The only kind of resource that this emulator knows.
const PACKAGE: &str = "ALIYUN::CEN::CenBandwidthPackage";
/// The members that a resource of this kind must have here. Name, tags and renewal are no part of a price.
const PROPERTIES: [&str; 7] = [
    "AutoPay",
    "Bandwidth",
    "BandwidthPackageChargeType",
    "GeographicRegionAId",
    "GeographicRegionBId",
    "Period",
    "PricingCycle",
];

/// `GetTemplateEstimateCost`.
pub(super) fn cost(context: &mut Context<'_>) -> Result<Answer, Refusal> {
    let estimates = &context.semantics.estimates;
    let text = context.params.needed("TemplateBody");
    if text.len() > LONGEST {
        return Err(invalid(format!("it has {} bytes, at most {LONGEST} are allowed", text.len())));
    }
    let template: Value =
        serde_json::from_str(text).map_err(|error| invalid(format!("it is no JSON: {error}")))?;
    if template["ROSTemplateFormatVersion"] != "2015-09-01" {
        return Err(invalid("ROSTemplateFormatVersion is not 2015-09-01"));
    }
    let resources = template["Resources"].as_object().filter(|all| !all.is_empty());
    let resources = resources.ok_or_else(|| invalid("it has no Resources"))?;
    if resources.len() > MOST {
        return Err(invalid(format!("it has {} resources, at most {MOST} are allowed", resources.len())));
    }
    let mut priced = Map::new();
    for (name, resource) in resources {
        let price = price(estimates, name, resource)?;
        if !estimates.unlisted {
            priced.insert(name.clone(), price);
        }
    }
    let mut answer = Answer::new();
    answer.insert("Resources".to_owned(), Value::Object(priced));
    Ok(answer)
}

fn invalid(why: impl Into<String>) -> Refusal {
    Refusal::bad("InvalidTemplate", format!("The template is invalid: {}.", why.into()))
}

fn price(estimates: &Estimates, name: &str, resource: &Value) -> Result<Value, Refusal> {
    let failed = |why: String| {
        Refusal::bad("StackValidationFailed", format!("Property error: Resources.{name}.Properties: {why}"))
    };
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(invalid(format!("{name:?} is no name of a resource")));
    }
    if resource["Type"] != PACKAGE {
        return Err(invalid(format!("the type of {name} is unknown")));
    }
    let properties = resource["Properties"].as_object();
    let properties = properties.ok_or_else(|| invalid(format!("{name} has no Properties")))?;
    if properties.keys().ne(PROPERTIES) {
        return Err(failed(format!("expected exactly {}", PROPERTIES.join(", "))));
    }
    let number = |name: &str| properties[name].as_i64().unwrap_or(-1);
    let (mbps, period) = (number("Bandwidth"), number("Period"));
    if !(2..=10_000).contains(&mbps) {
        return Err(failed("Bandwidth must be from 2 to 10000".to_owned()));
    }
    for area in ["GeographicRegionAId", "GeographicRegionBId"] {
        let known = properties[area].as_str().is_some_and(|area| estimates.areas.contains(&area));
        if !known {
            return Err(failed(format!("{area} must be one of {}", estimates.areas.join(", "))));
        }
    }
    if properties["BandwidthPackageChargeType"] != "PREPAY" || properties["AutoPay"] != false {
        return Err(failed("only PREPAY without AutoPay is known here".to_owned()));
    }
    let (months, periods): (i64, &[i64]) = match properties["PricingCycle"].as_str() {
        Some("Month") => (1, &[1, 2, 3, 6]),
        Some("Year") => (12, &[1, 2, 3]),
        _ => return Err(failed("PricingCycle must be Month or Year".to_owned())),
    };
    if !periods.contains(&period) {
        return Err(failed("Period does not fit PricingCycle".to_owned()));
    }
    let months = if estimates.of_one_period { months } else { months * period };
    let original = mbps * estimates.cents_per_mbps * months;
    let discount = original / 10;
    let amount = |cents: i64| {
        let text = format!("{}.{:02}", cents / 100, cents % 100);
        if estimates.strings { json!(text) } else { serde_json::from_str(&text).unwrap_or_default() }
    };
    let mut order = json!({
        "Currency": estimates.currency,
        "OriginalAmount": amount(original),
        "DiscountAmount": amount(discount),
        "TradeAmount": amount(original - discount),
    });
    replace(&mut order, &estimates.order);
    let mut priced = json!({
        "Type": PACKAGE, "Success": true, "Result": { "Order": order, "Rules": { "Rule": [] } },
    });
    replace(&mut priced, &estimates.resource);
    Ok(priced)
}
