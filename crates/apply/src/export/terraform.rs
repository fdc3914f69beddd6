//! Exports from a Terraform state (version 4), or from the output of `terraform show -json` for a state or a
//! plan.
//!
//! Only the attributes that a spec can declare are read, and no message contains the value of any other: a
//! state may hold secrets. Attribute names are those of the alicloud provider, its deprecated ones included.

mod state;

use std::collections::{BTreeMap, BTreeSet};

use cenbwp_spec::{
    Address, Area, AreaPair, CenId, ChargeType, Generation, Identity, Mbps, PackageId, Renewal, StackName,
    Term,
};
use serde_json::Value;

use super::Export;
use super::builder::{Builder, Draft};
use super::entry::{Entry, Optional, Terms};
use super::names::Names;
use state::{ATTACHMENT, Instance, PACKAGE, instances, list};

/// Returns a spec that adopts every package of a Terraform state. Sends no request: a plan compares the spec
/// with the live packages.
///
/// # Errors
/// When the bytes are not a state that can be read; the message names what was found and what was expected.
pub(crate) fn of_terraform(bytes: &[u8], stack: &StackName) -> Result<Export, String> {
    // The parser's own message names a place and never a value.
    let root: Value = serde_json::from_slice(bytes).map_err(|error| format!("not JSON: {error}"))?;
    let mut instances = instances(&root)?;
    instances.sort_by(|one, other| one.address.cmp(&other.address));
    let mut builder = Builder::default();
    let attached = attached(&instances, &mut builder);
    let mut names = Names::default();
    for instance in instances.iter().filter(|instance| instance.kind == PACKAGE) {
        if let Some(key) = instance.deposed {
            let id = instance.text("id").and_then(|id| id.parse::<PackageId>().ok());
            let id = id.map_or("a package without an id".to_owned(), |id| id.to_string());
            let why = format!("{id} is a deposed object ({key}), which Terraform meant to destroy");
            builder.leave_out(&instance.address, &why);
            continue;
        }
        let wish = instance.name_hint.as_str();
        match draft(instance, &attached, || Address { stack: stack.clone(), package: names.take(&[wish]) }) {
            Ok(draft) => builder.add(draft),
            Err(why) => builder.leave_out(&instance.address, &why),
        }
    }
    Ok(builder.finish(stack, None))
}

/// Returns the CENs that each package is attached to, by the state's attachments.
fn attached(instances: &[Instance<'_>], builder: &mut Builder) -> BTreeMap<PackageId, BTreeSet<CenId>> {
    let ids = |kind| instances.iter().filter(move |it| it.kind == kind && it.deposed.is_none());
    let packages: BTreeSet<PackageId> = ids(PACKAGE).filter_map(|it| it.text("id")?.parse().ok()).collect();
    let mut attached: BTreeMap<PackageId, BTreeSet<CenId>> = BTreeMap::new();
    for instance in ids(ATTACHMENT) {
        let package: Option<PackageId> = instance.text("bandwidth_package_id").and_then(|id| id.parse().ok());
        let cen: Option<CenId> = instance.text("instance_id").and_then(|id| id.parse().ok());
        match (package, cen) {
            (Some(package), Some(cen)) if packages.contains(&package) => {
                attached.entry(package).or_default().insert(cen);
            }
            (Some(package), Some(_)) => {
                builder.leave_out(
                    &instance.address,
                    &format!("it attaches {package}, which is not in this state"),
                );
            }
            _ => {
                builder
                    .leave_out(&instance.address, "it does not say which package it attaches to which CEN");
            }
        }
    }
    attached
}

/// Returns the adoption of one package.
///
/// # Errors
/// The reason why it cannot be adopted.
fn draft(
    instance: &Instance<'_>,
    attached: &BTreeMap<PackageId, BTreeSet<CenId>>,
    address: impl FnOnce() -> Address,
) -> Result<Draft, String> {
    let id = instance.text("id").ok_or("it has no id: it does not exist yet")?;
    let id: PackageId = id.parse().map_err(|invalid| format!("its id is not one: {invalid}"))?;
    let areas = areas(instance).ok_or("its areas are not in the state")?;
    let bandwidth =
        bandwidth(&instance.attributes["bandwidth"]).ok_or("its bandwidth is not in the state")?;
    let (mut reservations, mut notes) = (Vec::new(), Vec::new());
    let paid = paid(instance, &mut reservations);
    let mut entry = Entry::new(&areas, bandwidth, paid);
    entry.adopt = Some(id.clone());
    entry.optional = Optional {
        name: instance.first(["cen_bandwidth_package_name", "name"]).map(str::to_owned),
        description: instance.text("description").map(str::to_owned),
        terms: terms(instance, paid, &mut reservations, &mut notes),
        cen_id: attached.get(&id).and_then(|cens| only(cens, &mut reservations)),
        ..Optional::default()
    };
    if instance.tainted {
        reservations
            .push("tainted in Terraform, which would have replaced it; it is adopted as it is".to_owned());
    }
    let identity = Identity { address: address(), generation: Generation::FIRST };
    let (about, comments) = (instance.address.clone(), vec![instance.address.clone()]);
    Ok(Draft { about, identity, id, areas, entry, comments, reservations, notes })
}

/// Returns both areas. The deprecated set holds one element if they are the same.
fn areas(instance: &Instance<'_>) -> Option<AreaPair> {
    let pair = |one: &str, other: &str| AreaPair::new(Area::new(one), Area::new(other));
    let ends = instance.text("geographic_region_a_id").zip(instance.text("geographic_region_b_id"));
    if let Some((one, other)) = ends {
        return Some(pair(one, other));
    }
    let set = list(&instance.attributes["geographic_region_ids"]);
    match *set.iter().map(Value::as_str).collect::<Option<Vec<_>>>()? {
        [both] => Some(pair(both, both)),
        [one, other] => Some(pair(one, other)),
        _ => None,
    }
}

fn bandwidth(value: &Value) -> Option<Mbps> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    u32::try_from(number).ok().map(Mbps)
}

fn paid(instance: &Instance<'_>, reservations: &mut Vec<String>) -> ChargeType {
    match instance.first(["payment_type", "charge_type"]) {
        Some(word) if word.eq_ignore_ascii_case("PostPaid") || word.eq_ignore_ascii_case("POSTPAY") => {
            reservations.push("paid by use: it can be adopted, and no longer be bought".to_owned());
            ChargeType::Postpay
        }
        Some(word) if word.eq_ignore_ascii_case("PrePaid") || word.eq_ignore_ascii_case("PREPAY") => {
            ChargeType::Prepay
        }
        _ => {
            reservations
                .push("how it is paid is not in the state: taken as prepaid, and a plan compares".to_owned());
            ChargeType::Prepay
        }
    }
}

/// Returns the terms in the Terraform state. Terraform's period is always in months.
fn terms(
    instance: &Instance<'_>,
    paid: ChargeType,
    reservations: &mut Vec<String>,
    notes: &mut Vec<String>,
) -> Terms {
    if paid == ChargeType::Postpay {
        return Terms::default();
    }
    let months = instance.attributes["period"].as_u64().filter(|months| *months != 0);
    let term = months.and_then(|months| match u8::try_from(months).ok()? {
        years @ (12 | 24 | 36) => Some(Term::Years(years / 12)),
        months if Term::MONTHS.contains(&months) => Some(Term::Months(months)),
        _ => None,
    });
    if months.is_some() && term.is_none() {
        reservations.push("the period is not carried over: it is not sold".to_owned());
    }
    let renewal = match instance.attributes["auto_renew"].as_bool() {
        Some(true) => Some(Renewal::Months(1)),
        Some(false) => Some(Renewal::Off),
        None => None,
    };
    if term.is_some() || renewal.is_some() {
        notes.push(
            "period and renewal are those of the Terraform state; the service does not return them, so they are not checked"
                .to_owned(),
        );
    }
    Terms::new(term, renewal)
}

/// Returns the CEN, if there is exactly one.
fn only(cens: &BTreeSet<CenId>, reservations: &mut Vec<String>) -> Option<CenId> {
    if cens.len() > 1 {
        reservations.push("the CEN is not carried over: the state attaches it to more than one".to_owned());
        return None;
    }
    cens.first().cloned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn attributes(change: &Value) -> Value {
        let mut attributes = json!({
            "id": "cenbwp-1", "bandwidth": 7, "cen_bandwidth_package_name": "uplink", "name": "uplink", "description": "d",
            "geographic_region_a_id": "China", "geographic_region_b_id": "Europe",
            "geographic_region_ids": ["China", "Europe"], "payment_type": "PrePaid", "charge_type": "PrePaid",
            "period": 1, "auto_renew": true, "secret": "s3cret",
        });
        for (name, value) in change.as_object().unwrap() {
            attributes[name] = value.clone();
        }
        attributes
    }

    fn export(root: &Value) -> Export {
        of_terraform(root.to_string().as_bytes(), &super::super::default_stack()).unwrap()
    }

    fn state(attributes: &Value) -> Value {
        let instance = json!({ "attributes": attributes });
        json!({ "version": 4, "resources": [{ "mode": "managed", "type": PACKAGE, "name": "x", "instances": [instance] }] })
    }

    /// Returns the fields of the only package, without the head.
    fn entry(export: &Export) -> &str {
        export.text.split_once("packages:\n").unwrap().1
    }

    /// Asserts that with these attributes changed the entry has these lines, and lacks those with a `!`.
    #[track_caller]
    fn check(change: &Value, lines: &[&str]) {
        let export = export(&state(&attributes(change)));
        for line in lines {
            let (line, wanted) = line.strip_prefix('!').map_or((*line, true), |line| (line, false));
            let found = export.text.lines().any(|other| other.trim_start().starts_with(line));
            assert_eq!(found, wanted, "{line}\n{}", export.text);
        }
        assert!(!format!("{export:?}").contains("s3cret"), "{}", export.text);
    }

    #[test]
    fn attributes_become_fields() {
        let export = export(&state(&attributes(&json!({}))));
        let expected = "  # alicloud_cen_bandwidth_package.x
  x:
    adopt: cenbwp-1
    areas: [China, Europe]
    bandwidth: 7
    name: uplink
    description: d
    period: 1
    autoRenew: true
";
        assert_eq!(entry(&export), expected);
    }

    #[test]
    fn older_names_and_forms_of_attributes_are_read() {
        check(&json!({"cen_bandwidth_package_name": null, "name": "old"}), &["name: old"]);
        check(&json!({"payment_type": null, "charge_type": "PostPaid"}), &["chargeType: POSTPAY", "!period"]);
        check(&json!({"payment_type": "POSTPAY"}), &["chargeType: POSTPAY", "# paid by use"]);
        check(&json!({"payment_type": "", "charge_type": null}), &["!chargeType", "# how it is paid is not"]);
        let by_set = |set: Value| json!({ "geographic_region_a_id": null, "geographic_region_b_id": "", "geographic_region_ids": set });
        check(&by_set(json!(["Europe", "China"])), &["areas: [China, Europe]"]);
        check(&by_set(json!(["europe"])), &["areas: [Europe, Europe]"]);
        check(&json!({"bandwidth": "7"}), &["bandwidth: 7"]);
        check(
            &json!({"description": "", "name": "", "cen_bandwidth_package_name": ""}),
            &["!description", "!name"],
        );
    }

    #[test]
    fn terms_are_those_that_terraform_was_told() {
        check(
            &json!({"period": 6, "auto_renew": false}),
            &["period: 6", "!pricingCycle", "autoRenew: false"],
        );
        check(&json!({"period": 24, "auto_renew": null}), &["period: 2", "pricingCycle: Year", "!autoRenew"]);
        check(&json!({"period": null}), &["!period", "autoRenew: true"]);
        check(&json!({"period": 0, "auto_renew": null}), &["!period", "!autoRenew"]);
        check(&json!({"period": 9}), &["!period: 9", "# the period is not carried over: it is not sold"]);
    }

    #[test]
    fn what_cannot_be_adopted_is_left_out_and_named() {
        let left_out = |change: Value, why: &str| {
            let export = export(&state(&attributes(&change)));
            assert_eq!(export.adopted, 0, "{}", export.text);
            let notes: Vec<&str> = export.notes.iter().map(|note| note.text.as_str()).collect();
            assert_eq!(notes, [format!("left out: {why}")]);
            assert!(
                export.text.contains(&format!("#   alicloud_cen_bandwidth_package.x: {why}\n")),
                "{}",
                export.text
            );
            assert!(!format!("{export:?}").contains("s3cret"), "{}", export.text);
        };
        left_out(json!({"id": null}), "it has no id: it does not exist yet");
        left_out(json!({"id": "s3cret"}), "its id is not one: expected a package id: cenbwp-…");
        left_out(json!({"bandwidth": "s3cret"}), "its bandwidth is not in the state");
        left_out(json!({"bandwidth": 1}), "`bandwidth` is `1`, expected a whole number from 2 to 10000");
        let nowhere = json!({"geographic_region_a_id": null, "geographic_region_ids": ["a", "b", "c"]});
        left_out(nowhere, "its areas are not in the state");
    }

    #[test]
    fn attachments_become_the_cen_of_their_package() {
        let with = |attachments: &[(&str, &str)]| {
            let mut state = state(&attributes(&json!({})));
            let instances: Vec<Value> = attachments
                .iter()
                .enumerate()
                .map(|(n, (package, cen))| {
                    json!({ "index_key": n, "attributes": { "bandwidth_package_id": package, "instance_id": cen } })
                })
                .collect();
            let resource =
                json!({ "mode": "managed", "type": ATTACHMENT, "name": "x", "instances": instances });
            state["resources"].as_array_mut().unwrap().push(resource);
            export(&state)
        };
        assert!(entry(&with(&[("cenbwp-1", "cen-1")])).contains("    cenId: cen-1\n"));
        let two = with(&[("cenbwp-1", "cen-1"), ("CENBWP-1", "cen-2")]);
        assert!(!entry(&two).contains("cenId"));
        assert!(two.notes.iter().any(|note| note.text.contains("attaches it to more than one")));
        let elsewhere = with(&[("cenbwp-2", "cen-1")]);
        assert!(elsewhere.notes.iter().any(|note| note.about == format!("{ATTACHMENT}.x[0]")));
    }

    #[test]
    fn one_package_is_adopted_once() {
        let mut state = state(&attributes(&json!({})));
        let again = state["resources"][0].clone();
        state["resources"].as_array_mut().unwrap().push(again);
        state["resources"][1]["module"] = json!("module.net");
        let export = export(&state);
        assert_eq!(export.adopted, 1);
        assert!(export.notes.iter().any(|note| note.text == "left out: cenbwp-1 is exported already"));
    }

    #[test]
    fn a_plan_exports_what_exists_and_names_what_would_be_made() {
        let resource = |name: &str, values: Value| json!({ "address": format!("{PACKAGE}.{name}"), "mode": "managed", "type": PACKAGE, "name": name, "values": values });
        let module = |resources: Vec<Value>| json!({ "root_module": { "resources": resources } });
        let plan = json!({
            "format_version": "1.2",
            "planned_values": module(vec![
                resource("there", attributes(&json!({ "bandwidth": 100 }))),
                resource("new", attributes(&json!({ "id": null }))),
            ]),
            "prior_state": { "values": module(vec![resource("there", attributes(&json!({})))]) },
        });
        let exported = export(&plan);
        assert!(entry(&exported).contains("    bandwidth: 7\n"), "{}", exported.text);
        let notes: Vec<String> =
            exported.notes.iter().map(|note| format!("{}: {}", note.about, note.text)).collect();
        assert!(
            notes.contains(&format!("{PACKAGE}.new: left out: it has no id: it does not exist yet")),
            "{notes:?}"
        );
        assert_eq!(export(&json!({ "format_version": "1.0" })).adopted, 0);
    }

    #[test]
    fn names_come_from_module_resource_and_key() {
        let named = |module: &str, name: &str, key: Value| {
            let mut state = state(&attributes(&json!({})));
            state["resources"][0]["module"] = json!(module);
            state["resources"][0]["name"] = json!(name);
            state["resources"][0]["instances"][0]["index_key"] = key;
            let export = export(&state);
            let lines: Vec<&str> = entry(&export).lines().take(2).map(str::trim).collect();
            lines.join(" ")
        };
        assert_eq!(named("", "main", Value::Null), format!("# {PACKAGE}.main main:"));
        assert_eq!(named("", "on", Value::Null), format!("# {PACKAGE}.on \"on\":"));
        assert_eq!(
            named("module.net[\"eu\"].module.ring[1]", "main", json!("a.b \"c\"")),
            format!(
                "# module.net[\"eu\"].module.ring[1].{PACKAGE}.main[\"a.b \\\"c\\\"\"] net-eu-ring-1-main-a-b-c:"
            )
        );
        assert_eq!(named("", "main", json!(0)), format!("# {PACKAGE}.main[0] main-0:"));
        assert!(
            named("", "main", json!("\u{1b}[31m\n")).contains("main[\"\\u001b[31m\\n\"] main-u001b-31m-n:")
        );
    }
}
