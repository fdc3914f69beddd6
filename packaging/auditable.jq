# From the CycloneDX list of crates to what cargo-auditable puts into a binary. Dependencies are places in the list.
([.metadata.component + {root: true}] + .components | sort_by(.name, .version)) as $all
| ($all | to_entries | map({key: .value["bom-ref"], value: .key}) | from_entries) as $at
| (.dependencies | map({key: .ref, value: .dependsOn}) | from_entries) as $needs
| {packages: [$all[]
    | {name, version, source: (if .purl then "crates.io" else "local" end)}
    + if .scope == "excluded" then {kind: "build"} else {} end
    + ($needs[."bom-ref"] | map($at[.]) | sort | if . == [] then {} else {dependencies: .} end)
    + if .root then {root: true} else {} end]}
