//! Reads the instances of a state, from the state file or from the output of `terraform show -json`.

use std::collections::BTreeSet;

use serde_json::Value;

pub(super) const PACKAGE: &str = "alicloud_cen_bandwidth_package";
pub(super) const ATTACHMENT: &str = "alicloud_cen_bandwidth_package_attachment";

/// Returns every instance of the two resources, from either form.
pub(super) fn instances(root: &Value) -> Result<Vec<Instance<'_>>, String> {
    const EXPECTED: &str = "expected a Terraform state of version 4, or what terraform show -json prints";
    if let Some(version) = root["version"].as_u64() {
        if version != 4 {
            return Err(format!("a state of version {version}; {EXPECTED}"));
        }
        return of_state(root);
    }
    if !root["format_version"].is_string() {
        return Err(EXPECTED.to_owned());
    }
    // For a plan, first the instances that exist now. Those that it would create come last, and have no id
    // yet.
    let mut found = Vec::new();
    for values in [&root["values"], &root["prior_state"]["values"], &root["planned_values"]] {
        of_module(&values["root_module"], "", &mut found);
    }
    let mut seen = BTreeSet::new();
    found.retain(|instance: &Instance<'_>| seen.insert((instance.address.clone(), instance.deposed)));
    Ok(found)
}

/// One instance of one of the two resources.
pub(super) struct Instance<'a> {
    /// The address, such as `module.net["a"].alicloud_cen_bandwidth_package.main[0]`.
    pub address: String,
    /// The source of the package's name: module, resource and key.
    pub name_hint: String,
    pub kind: &'a str,
    pub attributes: &'a Value,
    pub tainted: bool,
    pub deposed: Option<&'a str>,
}

impl<'a> Instance<'a> {
    /// Returns a text attribute, if it is there and not empty.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.attributes[name].as_str().filter(|text| !text.is_empty())
    }

    /// Returns the first of these attributes that is there: the current name, then the deprecated one.
    pub(super) fn first(&self, names: [&str; 2]) -> Option<&'a str> {
        names.iter().find_map(|name| self.text(name))
    }
}

fn of_state(root: &Value) -> Result<Vec<Instance<'_>>, String> {
    let mut found = Vec::new();
    for resource in list(&root["resources"]).iter().filter(|resource| resource["mode"] == "managed") {
        let Some(kind) = kind(resource) else { continue };
        let module = resource["module"].as_str().unwrap_or_default();
        let name = resource["name"].as_str().unwrap_or_default();
        for instance in list(&resource["instances"]) {
            let index = index(&instance["index_key"]);
            let path = if module.is_empty() { String::new() } else { format!("{module}.") };
            let address = format!("{path}{kind}.{name}{index}");
            if instance["attributes"].is_null() {
                return Err(format!(
                    "{address}: written by a Terraform before 0.12; run terraform apply -refresh-only once"
                ));
            }
            found.push(Instance {
                address,
                name_hint: name_hint(module, name, &index),
                kind,
                attributes: &instance["attributes"],
                tainted: instance["status"] == "tainted",
                deposed: instance["deposed"].as_str(),
            });
        }
    }
    Ok(found)
}

/// Adds the instances of a module and of its child modules. The JSON parser limits the depth of this
/// recursion.
fn of_module<'a>(module: &'a Value, path: &str, found: &mut Vec<Instance<'a>>) {
    for resource in list(&module["resources"]).iter().filter(|resource| resource["mode"] == "managed") {
        let Some(kind) = kind(resource) else { continue };
        let name = resource["name"].as_str().unwrap_or_default();
        found.push(Instance {
            address: resource["address"].as_str().unwrap_or_default().to_owned(),
            name_hint: name_hint(path, name, &index(&resource["index"])),
            kind,
            attributes: &resource["values"],
            tainted: resource["tainted"] == true,
            deposed: resource["deposed_key"].as_str(),
        });
    }
    for child in list(&module["child_modules"]) {
        of_module(child, child["address"].as_str().unwrap_or_default(), found);
    }
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn kind(resource: &Value) -> Option<&'static str> {
    [PACKAGE, ATTACHMENT].into_iter().find(|kind| resource["type"] == *kind)
}

/// Returns `[0]`, `["a"]`, or nothing for a resource without count and `for_each`.
fn index(key: &Value) -> String {
    if key.is_null() { String::new() } else { format!("[{key}]") }
}

fn name_hint(module: &str, name: &str, index: &str) -> String {
    format!("{} {name} {index}", module.replace("module.", " "))
}
