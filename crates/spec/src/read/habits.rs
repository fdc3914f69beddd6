//! Words that users write by habit, from the API, from Terraform or from a form, and the spec's own.

use std::collections::BTreeMap;

use crate::findings::printable::quoted;
use crate::model::area::Area;

/// Returns advice about a field that the spec does not have, but the API or Terraform's provider has.
pub(super) fn field(name: &str) -> Option<&'static str> {
    // `GeographicRegionAId` and `geographic_region_a_id` alike.
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    Some(match &*name.to_ascii_lowercase() {
        "geographicregionaid"
        | "geographicregionbid"
        | "geographicregionids"
        | "geographicspanid"
        | "region"
        | "regionid"
        | "regions" => "both areas stand in one list: `areas: [China, Europe]`",
        "cenbandwidthpackagename" | "bandwidthpackagename" | "displayname" => "write `name`",
        "bandwidthpackagechargetype"
        | "cenbandwidthpackagechargetype"
        | "instancechargetype"
        | "paymenttype" => "write `chargeType`",
        "cenbandwidthpackageid" | "bandwidthpackageid" | "packageid" => {
            "to take over a package that exists, write `adopt: cenbwp-…`"
        }
        "instanceid" | "ceninstanceid" | "cenids" => "write `cenId`",
        "renewalduration" | "autorenewperiod" => "write `autoRenewDuration`",
        "renewalstatus" => "write `autoRenew: true` or `autoRenew: false`",
        _ => return None,
    })
}

/// Returns the area that is meant by a short form or by the id of a region.
pub(super) fn area(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase().replace([' ', '_'], "-");
    let known = Area::KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(&name));
    let meant = match &*name {
        "cn" | "prc" | "mainland" | "mainland-china" | "chinese-mainland" => "China",
        "ap" | "apac" | "asia" | "cn-hongkong" | "hongkong" => "Asia-Pacific",
        "eu" => "Europe",
        "us" | "usa" | "na" | "america" => "North-America",
        "sa" | "latam" => "South-America",
        "au" | "ap-southeast-2" => "Australia",
        "me" => "Middle-East",
        _ => match name.split_once('-').filter(|(_, rest)| !rest.is_empty())?.0 {
            "cn" => "China",
            "ap" => "Asia-Pacific",
            "eu" => "Europe",
            "us" => "North-America",
            "sa" => "South-America",
            "me" => "Middle-East",
            _ => return known,
        },
    };
    known.or(Some(meant))
}

impl Area {
    /// Returns the area that is probably meant by the name of this one, if it is not known: that of a short form or
    /// of a region, or the nearest of the known ones and of `others`.
    pub fn meant(&self, others: &[&Self]) -> Option<Self> {
        if self.is_known() || others.contains(&self) {
            return None;
        }
        let others = others.iter().map(|area| area.as_str());
        let names: BTreeMap<String, &str> =
            others.chain(Self::KNOWN).map(|name| (name.to_ascii_lowercase(), name)).collect();
        let lower: Vec<&str> = names.keys().map(String::as_str).collect();
        let near = || similar::get_close_matches(&*self.as_str().to_ascii_lowercase(), &lower, 1, 0.6).pop();
        area(self.as_str()).or_else(|| near().map(|near| names[near])).map(Self::new)
    }
}

/// Returns advice about a number that is written with its unit: `100Mbps`.
pub(super) fn unit(text: &str) -> Option<String> {
    let at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(at);
    let number: u64 = number.parse().ok()?;
    let factor = match &*unit.trim_start().to_ascii_lowercase() {
        "mbps" | "mbit/s" | "mbits" | "mbit" | "mb/s" | "mb" | "m" => 1,
        "gbps" | "gbit/s" | "gbits" | "gbit" | "gb/s" | "gb" | "g" => 1000,
        _ => return None,
    };
    Some(format!("write the number of Mbps alone: {}", quoted(&number.checked_mul(factor)?.to_string())))
}

/// Returns advice about a period that counts the months of whole years, as Terraform does.
pub(super) fn months(period: u32) -> Option<String> {
    let years = matches!(period, 12 | 24 | 36).then_some(period / 12)?;
    Some(format!("for {period} months write `pricingCycle: Year` and `period: {years}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_is_recognised_by_what_people_call_it() {
        for (name, meant) in [
            ("cn", Some("China")),
            ("cn-hangzhou", Some("China")),
            ("cn-hongkong", Some("Asia-Pacific")),
            ("EU", Some("Europe")),
            ("eu-central-1", Some("Europe")),
            ("us-east-1", Some("North-America")),
            ("ap-southeast-1", Some("Asia-Pacific")),
            ("ap-southeast-2", Some("Australia")),
            ("North America", Some("North-America")),
            ("asia_pacific", Some("Asia-Pacific")),
            ("Moon", None),
            ("far-away", None),
            ("cn-", None),
        ] {
            assert_eq!(area(name), meant, "{name}");
        }
    }

    #[test]
    fn an_unknown_area_is_taken_for_the_nearest_of_the_known_ones_and_of_those_that_are_there() {
        let live = Area::new("Africa");
        for (name, meant) in [
            ("Eruope", Some("Europe")),
            ("eu-central-1", Some("Europe")),
            ("Afrika", Some("Africa")),
            ("africa", None),
            ("Europe", None),
            ("Moon", None),
        ] {
            assert_eq!(Area::new(name).meant(&[&live]), meant.map(Area::new), "{name}");
        }
    }

    #[test]
    fn a_unit_is_taken_off() {
        assert_eq!(unit("100Mbps").as_deref(), Some("write the number of Mbps alone: `100`"));
        assert_eq!(unit("1 Gbps").as_deref(), Some("write the number of Mbps alone: `1000`"));
        for text in ["100", "Mbps", "100 apples", "99999999999999999999Mbps", "18446744073709551615g"] {
            assert_eq!(unit(text), None, "{text}");
        }
    }
}
