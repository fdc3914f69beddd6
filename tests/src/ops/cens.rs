//! Lists CENs, and the pairs of areas on sale.

use serde_json::{Value, json};

use super::billing::replace;
use super::context::Context;
use crate::params::AREAS;
use crate::wire::{Answer, Refusal};
use crate::world::Cen;

/// `DescribeCens`.
pub(super) fn cens(context: &mut Context<'_>) -> Result<Answer, Refusal> {
    let params = context.params;
    let filters = params.filters();
    let wanted = |cen: &&Cen| {
        filters
            .iter()
            .all(|(key, values)| values.contains(&if *key == "CenId" { cen.id.as_str() } else { &cen.name }))
            && params.text("ResourceGroupId").is_none_or(|group| group == cen.resource_group_id)
            && params.tags().iter().all(|(key, value)| {
                cen.tags.iter().any(|tag| tag.key == *key && value.is_none_or(|value| value == tag.value))
            })
    };
    let found: Vec<&Cen> = context.world.cens.iter().filter(wanted).collect();
    let (page, mut answer) = context.page(found, 0);
    let items: Vec<Value> = page.into_iter().map(|cen| item(context, cen)).collect();
    answer.insert("Cens".into(), json!({ "Cen": items }));
    Ok(answer)
}

fn item(context: &Context<'_>, cen: &Cen) -> Value {
    let packages = context.world.packages.iter().filter(|package| package.cen_ids.contains(&cen.id));
    let package_ids: Vec<&str> = packages.map(|package| package.id.as_str()).collect();
    let tags: Vec<Value> = cen.tags.iter().map(|tag| json!({ "Key": tag.key, "Value": tag.value })).collect();
    json!({
        "CenId": cen.id,
        "Name": cen.name,
        "Description": cen.description,
        "Status": cen.status,
        "CreationTime": "2025-01-01T00:00Z",
        "ProtectionLevel": "REDUCED",
        "Ipv6Level": "DISABLED",
        "ResourceGroupId": cen.resource_group_id,
        "CenBandwidthPackageIds": { "CenBandwidthPackageId": package_ids },
        "Tags": { "Tag": tags },
    })
}

/// `DescribeCenGeographicSpans`: every pair of areas that is sold, same-area pairs too.
pub(super) fn spans(context: &mut Context<'_>) -> Result<Answer, Refusal> {
    let wanted = context.params.text("GeographicSpanId").filter(|id| !id.is_empty());
    let spans = &context.semantics.spans;
    let all = || AREAS.iter().enumerate().flat_map(|(n, a)| AREAS[n..].iter().map(|b| [*a, *b])).collect();
    let pairs: Vec<[&str; 2]> = spans.pairs.clone().unwrap_or_else(all);
    let spelt = |area: &str| if spans.capitalised { area.to_owned() } else { area.to_ascii_lowercase() };
    let item = |[a, b]: [&str; 2]| {
        let (local, opposite) = if (a < b) == spans.turned { (b, a) } else { (a, b) };
        let id = format!("{opposite}_{local}").to_ascii_lowercase();
        let mut item = json!({
            "GeographicSpanId": id, "LocalGeoRegionId": spelt(local), "OppositeGeoRegionId": spelt(opposite),
        });
        replace(&mut item, &spans.row);
        item
    };
    let items = pairs.into_iter().map(item);
    let items: Vec<Value> =
        items.filter(|item| wanted.is_none_or(|wanted| item["GeographicSpanId"] == wanted)).collect();
    let (page, mut answer) = context.page(items, 0);
    let total = answer["TotalCount"].as_i64().unwrap_or(0).saturating_add(spans.miscount);
    answer.insert("TotalCount".into(), total.into());
    answer.insert("GeographicSpanModels".into(), json!({ "GeographicSpanModel": page }));
    Ok(answer)
}
