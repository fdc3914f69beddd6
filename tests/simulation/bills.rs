//! The replies of the billing service, read from the vendor's pages once more, apart from the tool.

use std::collections::BTreeMap;

use cenbwp_tests::Config;
use serde_json::Value;

use crate::history::Fate;

/// The code of a reply that says neither yes nor no.
pub(crate) const NEITHER: &str = "neither yes nor no";

/// A package's row, if it is clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bill {
    /// The months of each renewal; 0 if it does not renew itself.
    pub(crate) months: i64,
    /// Its product, by code and type.
    pub(crate) product: [String; 2],
}

/// Returns what a reply with HTTP 200 says: a refusal may look like an answer.
pub(crate) fn verdict(reply: &Value) -> Fate {
    let code = match &reply["Code"] {
        Value::String(code) => code.clone(),
        Value::Number(code) => code.to_string(),
        _ => String::new(),
    };
    let good = ["success", "ok", "200", "0"].contains(&code.to_lowercase().as_str());
    let code = match reply["Success"].as_bool() {
        Some(true) if good => String::new(),
        Some(false) if !good && !code.is_empty() => code,
        _ => NEITHER.to_owned(),
    };
    Fate::Answered { status: 200, code }
}

/// Returns the clear rows of a reply: those of a page that holds all that it announces, one for each package.
pub(crate) fn bills(reply: &Value) -> BTreeMap<String, Bill> {
    let data = &reply["Data"];
    let list = &data["InstanceList"];
    let wrapped = list.as_object().and_then(|wrapper| wrapper.values().next());
    let rows = wrapped.unwrap_or(list).as_array().map_or(&[][..], Vec::as_slice);
    if data["TotalCount"].as_u64() != Some(rows.len() as u64) {
        return BTreeMap::new();
    }
    let of = |id: &str| rows.iter().filter(|row| row["InstanceID"] == *id).count();
    let ids = rows.iter().filter_map(|row| Some((row["InstanceID"].as_str()?, row)));
    ids.filter(|(id, _)| of(id) == 1).filter_map(|(id, row)| Some((id.to_owned(), bill(row)?))).collect()
}

fn bill(row: &Value) -> Option<Bill> {
    let text = |name: &str| row[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let owner = &row["OwnerId"];
    let is_ours = owner.is_null() || *owner == *Config::default().account_id;
    if !is_ours || row["SubscriptionType"] != "Subscription" {
        return None;
    }
    let months = match (row["RenewStatus"].as_str()?, row["RenewalDurationUnit"].as_str()) {
        ("ManualRenewal" | "NotRenewal", _) => 0,
        ("AutoRenewal", Some("M")) => row["RenewalDuration"].as_i64()?,
        ("AutoRenewal", Some("Y")) => row["RenewalDuration"].as_i64()? * 12,
        _ => return None,
    };
    Some(Bill { months, product: [text("ProductCode")?, text("ProductType")?] })
}
