//! Lists packages, in the exact shape of the wire: numbers that are strings, misspelt names, lists wrapped
//! twice.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::context::Context;
use crate::config::LimitsShown;
use crate::params::Params;
use crate::wire::{Answer, Refusal};
use crate::world::Package;

/// `DescribeCenBandwidthPackages`, the newest package first.
/// The narrow reading applies where the vendor's page is open: a package must have all tags, `IsOrKey` is
/// about filters only, names match exactly, and `TotalCount` counts the packages that pass the filters.
pub(super) fn packages(context: &mut Context<'_>) -> Result<Answer, Refusal> {
    let params = context.params;
    let wanted = Wanted::of(params);
    if let Some((key, _)) = wanted.filters.iter().find(|(_, values)| values.is_empty()) {
        return Err(Refusal::bad("InvalidParameter", format!("The filter {key} has no value.")));
    }
    context.world.count_listing(params.int("PageNumber"));
    let matching: Vec<&Package> = context
        .world
        .packages
        .iter()
        .filter(|package| context.exists(package) && wanted.matches(context, package))
        .collect();
    let (page, mut answer) = context.page(matching, context.listing.shift);

    let with_reservation = params.flag("IncludeReservationData");
    let mut items: Vec<Value> = page
        .into_iter()
        .map(|package| {
            let mut item = item(&context.shown(package), context.semantics.limits, with_reservation);
            if !context.tags_are_visible(package) {
                item.insert("Tags".into(), json!({ "Tag": [] }));
            }
            Value::Object(item)
        })
        .collect();
    for &index in &context.listing.unreadable {
        if let Some(item) = items.get_mut(index) {
            item["CenBandwidthPackageId"] = json!(42);
            item["Bandwidth"] = json!({ "Mbps": "many" });
        }
    }
    answer.insert("CenBandwidthPackages".into(), json!({ "CenBandwidthPackage": items }));
    if let Some(count) = context.listing.total_count {
        answer.insert("TotalCount".into(), count.into());
    }
    Ok(answer)
}

/// The packages that a request asks for, read once for all of them.
struct Wanted<'a> {
    filters: Vec<(&'a str, Vec<&'a str>)>,
    /// One filter is enough.
    any_filter: bool,
    tags: Vec<(&'a str, Option<&'a str>)>,
    group: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn of(params: &'a Params) -> Self {
        let filters = params.filters();
        let any_filter = params.flag("IsOrKey") && !filters.is_empty();
        Self { filters, any_filter, tags: params.tags(), group: params.text("ResourceGroupId") }
    }

    fn matches(&self, context: &Context<'_>, package: &Package) -> bool {
        let passes = |(key, values): &(&str, Vec<&str>)| {
            values.iter().any(|value| match *key {
                "CenId" => package.cen_ids.iter().any(|id| id == value),
                "Status" => status(package) == *value,
                "Name" => package.name == *value,
                _ => package.id == *value,
            })
        };
        let mut filters = self.filters.iter();
        let by_filter = if self.any_filter { filters.any(passes) } else { filters.all(passes) };
        let by_tag = self.tags.iter().all(|(key, wanted)| {
            context.tags_are_visible(package)
                && package.tag(key).is_some_and(|value| wanted.is_none_or(|wanted| wanted == value))
        });
        by_filter && by_tag && self.group.is_none_or(|group| group == package.resource_group_id)
    }
}

/// Renders one package as Describe shows it.
pub(crate) fn item(package: &Package, shown: LimitsShown, with_reservation: bool) -> Answer {
    let tags: Vec<Value> =
        package.tags.iter().map(|tag| json!({ "Key": tag.key, "Value": tag.value })).collect();
    let limits: Vec<Value> = package
        .limits
        .iter()
        .map(|limit| {
            let mbps = match shown {
                LimitsShown::Numbers => json!(limit.mbps),
                LimitsShown::Strings | LimitsShown::Absent => json!(limit.mbps.to_string()),
            };
            json!({
                "LocalRegionId": limit.local,
                "OppositeRegionId": limit.opposite,
                "GeographicSpanId": package.span(),
                "BandwidthLimit": mbps,
            })
        })
        .collect();
    let reservation = package.reservation.as_ref().filter(|_| with_reservation);
    let fields = json!({
        "CenBandwidthPackageId": package.id,
        "Name": package.name,
        "Description": package.description,
        "Bandwidth": package.bandwidth,
        "BandwidthPackageChargeType": package.charge_type,
        "GeographicRegionAId": package.area_a,
        "GeographicRegionBId": package.area_b,
        "GeographicSpanId": package.span(),
        "IsCrossBorder": (package.area_a == "china") != (package.area_b == "china"),
        "Status": status(package),
        "BusinessStatus": package.business_status,
        "CreationTime": minutes(package.created),
        "ExpiredTime": minutes(package.expires),
        "ResourceGroupId": package.resource_group_id,
        "HasReservationData": reservation.is_some().to_string(),
        "CenIds": { "CenId": package.cen_ids },
        "Tags": { "Tag": tags },
        "OrginInterRegionBandwidthLimits": { "OrginInterRegionBandwidthLimit": limits },
    });
    let Value::Object(mut item) = fields else { return Answer::new() };
    if shown == LimitsShown::Absent {
        item.remove("OrginInterRegionBandwidthLimits");
    }
    if let Some(reservation) = reservation {
        item.insert("ReservationActiveTime".into(), reservation.active_time.clone().into());
        item.insert("ReservationOrderType".into(), reservation.order_type.clone().into());
        item.insert("ReservationBandwidth".into(), reservation.bandwidth.clone().into());
        item.insert("ReservationInternetChargeType".into(), reservation.charge_type.clone().into());
    }
    item.extend(package.overrides.clone());
    item.retain(|field, _| !package.omitted.contains(field));
    item
}

fn status(package: &Package) -> &'static str {
    if package.cen_ids.is_empty() { "Idle" } else { "InUse" }
}

/// Renders a time to the minute, the service's form: `2021-09-08T16:00Z`.
pub(crate) fn minutes(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%MZ").to_string()
}
