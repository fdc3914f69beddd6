# From `cargo metadata` to CycloneDX. $linked and $built are lines such as `serde v1.0.229 (proc-macro)`, $lock is Cargo.lock,
# $epoch the time of the list in seconds.
def names: [splits("\n") | select(. != "") | split(" ") | {key: "\(.[0]) \(.[1] | ltrimstr("v"))", value: true}] | from_entries;
def name: "\(.name) \(.version)";
def purl: "pkg:cargo/\(.name)@\(.version)";

($linked | names) as $linked
| ($built | names) as $built
| ([$lock | scan("name = \"([^\"]+)\"\nversion = \"([^\"]+)\"\nsource = \"[^\"]+\"\nchecksum = \"([^\"]+)\"")
    | {key: "\(.[0]) \(.[1])", value: .[2]}] | from_entries) as $sums
| ([.packages[] | select($built[name])] | sort_by(.name, .version)) as $packages
| ($packages | map({key: .id, value: purl}) | from_entries) as $refs
| def component: {
    "bom-ref": purl,
    type: (if .name == "cenbwp" then "application" else "library" end),
    name: .name,
    version: .version,
    licenses: [{expression: (.license | gsub("/"; " OR "))}]
  } + if $sums[name] then {purl: purl, hashes: [{alg: "SHA-256", content: $sums[name]}]} else {} end;
{
  bomFormat: "CycloneDX",
  specVersion: "1.4",
  version: 1,
  metadata: {timestamp: ($epoch | todate), component: ($packages[] | select(.name == "cenbwp") | component)},
  components: [$packages[] | select(.name != "cenbwp")
    | component + {scope: (if $linked[name] then "required" else "excluded" end)}],
  dependencies: [.resolve.nodes[] | select($refs[.id]) | {
    ref: $refs[.id],
    dependsOn: [.deps[] | select(any(.dep_kinds[]; .kind != "dev")) | $refs[.pkg] | values] | unique
  }] | sort_by(.ref)
}
