//! The specs and the names of operations that many tests share.

/// `net/x`, 7 Mbps from China to Europe.
pub(crate) const ONE: &str =
    "{version: 1, stack: net, packages: {x: {areas: [China, Europe], bandwidth: 7, autoPay: true}}}";

/// `net/a`, `net/b` and `net/c`, 10 Mbps each.
pub(crate) const THREE: &str = "
version: 1
stack: net
defaults: { autoPay: true, bandwidth: 10 }
packages:
  a: { areas: [China, Europe] }
  b: { areas: [China, North-America] }
  c: { areas: [Europe, Europe] }
";

pub(crate) const CREATE: &str = "CreateCenBandwidthPackage";
pub(crate) const DESCRIBE: &str = "DescribeCenBandwidthPackages";
pub(crate) const ATTRIBUTE: &str = "ModifyCenBandwidthPackageAttribute";
pub(crate) const RESIZE: &str = "ModifyCenBandwidthPackageSpec";

/// Returns a spec of these packages of the stack `net`, each with its fields besides the areas.
pub(crate) fn net<F: std::fmt::Display>(packages: &[(&str, F)]) -> String {
    let entry = |(name, fields): &(&str, F)| format!("{name}: {{areas: [China, Europe], {fields}}}");
    let packages: Vec<String> = packages.iter().map(entry).collect();
    format!("{{version: 1, stack: net, packages: {{{}}}}}", packages.join(", "))
}
