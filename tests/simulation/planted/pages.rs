//! The listings and the rows of the billing service, as tools with a bug read them.

use cenbwp::cloud::Reply;
use serde_json::{Value, json};

use super::Bug;

impl Bug {
    /// Changes the rows of the billing service to what this tool reads.
    pub(super) fn rows(self, params: &[(String, String)], mut reply: Reply) -> Reply {
        let Ok(mut page) = serde_json::from_slice::<Value>(&reply.body) else { return reply };
        let Some(rows) = page["Data"]["InstanceList"].as_array_mut() else { return reply };
        let month =
            || json!({ "RenewStatus": "AutoRenewal", "RenewalDuration": 1, "RenewalDurationUnit": "M" });
        if self == Self::RenewalBelieved {
            let each = rows.iter_mut().filter_map(Value::as_object_mut);
            each.for_each(|row| row.extend(month().as_object().cloned().unwrap_or_default()));
        } else {
            let asked = params.iter().find(|(name, _)| name == "InstanceIDs").map_or("", |(_, ids)| ids);
            rows.retain(|row| row["InstanceID"].is_string());
            for id in asked.split(',') {
                if !rows.iter().any(|row| row["InstanceID"] == *id) {
                    rows.push(
                        json!({ "InstanceID": id, "SubscriptionType": "Subscription", "ProductCode": "cbn",
                        "ProductType": "emulated_cross_border", "RenewStatus": "ManualRenewal" }),
                    );
                }
            }
            page["Data"]["TotalCount"] = json!(page["Data"]["InstanceList"].as_array().map_or(0, Vec::len));
        }
        reply.body = page.to_string().into_bytes();
        reply
    }

    /// Changes a page of the listing to what this tool reads.
    pub(super) fn listing(self, mut reply: Reply) -> Reply {
        let Ok(mut page) = serde_json::from_slice::<Value>(&reply.body) else { return reply };
        let page_number = page["PageNumber"].as_u64().unwrap_or(1);
        let items = page["CenBandwidthPackages"]["CenBandwidthPackage"].as_array_mut();
        let Some(items) = items else { return reply };
        let before = items.len();
        let ours = |item: &Value| item["Tags"].to_string().contains("\"cenbwp\"");
        match self {
            Self::FirstPageOnly if page_number > 1 => items.clear(),
            Self::UnreadableLeftOut => items.retain(|item| item["CenBandwidthPackageId"].is_string()),
            Self::OnlyTagged => items.retain(ours),
            Self::ListingNeverShowsOurs => items.retain(|item| !ours(item)),
            Self::BandwidthBelieved => {
                items.iter_mut().filter(|item| ours(item)).for_each(|item| item["Bandwidth"] = json!(20));
            }
            Self::SharesUnread => items.iter_mut().for_each(|item| {
                item["OrginInterRegionBandwidthLimits"] = json!({ "OrginInterRegionBandwidthLimit": [] });
            }),
            Self::OthersAreFree => items.iter_mut().for_each(|item| {
                if item["Tags"].to_string().contains("\"other/") {
                    item["Tags"] = json!({ "Tag": [] });
                }
            }),
            Self::CensApart => items.iter_mut().for_each(apart),
            Self::TextsBelieved => items.iter_mut().filter(|item| ours(item)).for_each(|item| {
                item["Name"] = json!("one");
                item["Description"] = json!("said");
            }),
            _ => {}
        }
        let (left, total) = (items.len(), page["TotalCount"].as_u64().unwrap_or(0));
        page["TotalCount"] = match self {
            // A later page is asked for where the first one is full.
            Self::FirstPageOnly => json!(if page_number > 1 { 50 } else { left }),
            _ => json!(total.saturating_sub((before - left) as u64)),
        };
        reply.body = page.to_string().into_bytes();
        reply
    }
}

/// Gives the package's CEN a name of its own.
fn apart(item: &mut Value) {
    let id = item["CenBandwidthPackageId"].as_str().unwrap_or_default();
    let last = id.chars().last().unwrap_or_default();
    for cen in item["CenIds"]["CenId"].as_array_mut().into_iter().flatten() {
        *cen = json!(format!("{}-{last}", cen.as_str().unwrap_or_default()));
    }
}

/// Returns the page of the listing without the packages of these identities.
pub(super) fn without(mut reply: Reply, identities: &[String]) -> Reply {
    let Ok(mut page) = serde_json::from_slice::<Value>(&reply.body) else { return reply };
    let Some(items) = page["CenBandwidthPackages"]["CenBandwidthPackage"].as_array_mut() else {
        return reply;
    };
    let before = items.len();
    let named =
        |item: &Value| identities.iter().any(|it| item["Tags"].to_string().contains(&format!("\"{it}\"")));
    items.retain(|item| !named(item));
    let gone = (before - items.len()) as u64;
    page["TotalCount"] = json!(page["TotalCount"].as_u64().unwrap_or(0).saturating_sub(gone));
    reply.body = page.to_string().into_bytes();
    reply
}
