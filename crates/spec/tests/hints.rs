//! The advice of every finding is followed to the letter, and the next run is better.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by failing")]

use std::collections::BTreeSet;

use cenbwp_spec::{Finding, Source, codes, includes, parse};

const SPEC: &str = "version: 1
stack: net
packages:
  x:
    areas: [China, Europe]
    bandwidth: 10
    autoPay: true
";

/// The last line of a package: more lines can stand in its place.
const LAST: &str = "    autoPay: true\n";

/// Codes with no edit to try, and the reason.
const NO_EDIT: [(&str, &str); 5] = [
    ("E0105", "only a program nests that deeply"),
    ("E0106", "the way out is another division into stacks"),
    ("E0108", "only a program repeats that often"),
    ("W0502", "a person decides which area replaces the one that is gone"),
    ("W0506", "the way out is to correct the findings that are shown"),
];

/// For each code: a part of the spec, what a user writes there, and what the user writes after reading the finding.
const EDITS: &[(&str, &str, &str, &str)] = &[
    ("E0101", "bandwidth: 10", "bandwidth:10", "bandwidth: 10"),
    ("E0101", LAST, "<<<<<<< HEAD\n    autoPay: true\n=======\n    autoPay: false\n>>>>>>> b\n", LAST),
    ("E0103", "stack: net", "stack: net # \u{202e}", "stack: net # "),
    ("E0104", "bandwidth: 10", "bandwidth:\t10", "bandwidth: 10"),
    ("E0107", "[China, Europe]", "*name", "&name [China, Europe]"),
    ("E0109", LAST, "    <<: {autoPay: true}\n", "defaults: {autoPay: true}\n"),
    ("E0110", "10", "!!int 10", "10"),
    ("E0201", "bandwidth", "bandwith", "bandwidth"),
    ("E0201", "bandwidth", "Bandwidth", "bandwidth"),
    ("E0201", LAST, "    autoPay: true\n    auto_renew: true\n", "    autoPay: true\n    autoRenew: true\n"),
    (
        "E0201",
        LAST,
        "    autoPay: true\n    payment_type: PREPAY\n",
        "    autoPay: true\n    chargeType: PREPAY\n",
    ),
    (
        "E0201",
        LAST,
        "    autoPay: true\n    BandwidthPackageChargeType: PREPAY\n",
        "    autoPay: true\n    chargeType: PREPAY\n",
    ),
    ("E0201", "areas: [China, Europe]", "geographicRegionAId: China", "areas: [China, Europe]"),
    ("E0202", "version: 1\n", "", "version: 1\n"),
    ("E0203", "stack: net", "stack: net\nstack: net", "stack: net"),
    ("E0204", "true", "yes", "true"),
    ("E0204", "10", "\"10\"", "10"),
    ("E0204", "10", "100Mbps", "100"),
    ("E0204", "10", "1Gbps", "1000"),
    ("E0205", "10", "010", "10"),
    (
        "E0206",
        LAST,
        "    autoPay: true\n    tags: {8080: web}\n",
        "    autoPay: true\n    tags: {\"8080\": web}\n",
    ),
    ("E0207", LAST, "    autoPay: true\n    cenId:\n", "    autoPay: true\n    cenId: null\n"),
    ("E0301", "version: 1", "version: 2", "version: 1"),
    ("E0302", "stack: net", "stack: Net", "stack: net"),
    ("E0303", "stack: net", "stack: net\naccount: me", "stack: net\naccount: \"1234567890123456\""),
    ("E0304", "bandwidth: 10", "bandwidth: 1", "bandwidth: 2"),
    (
        "E0304",
        LAST,
        "    autoPay: true\n    period: 12\n",
        "    autoPay: true\n    pricingCycle: Year\n    period: 1\n",
    ),
    (
        "E0305",
        LAST,
        "    autoPay: true\n    chargeType: PrePaid\n",
        "    autoPay: true\n    chargeType: PREPAY\n",
    ),
    ("E0305", LAST, "    autoPay: true\n    manage: retired\n", "    autoPay: true\n    manage: retire\n"),
    ("E0306", "China", "North America", "North-America"),
    ("E0307", LAST, "    autoPay: true\n    cenId: x\n", "    autoPay: true\n    cenId: cen-x\n"),
    ("E0308", LAST, "    autoPay: true\n    name: ''\n", "    autoPay: true\n    name: x\n"),
    ("E0309", LAST, "    autoPay: true\n    name: http://x\n", "    autoPay: true\n    name: x\n"),
    ("E0310", LAST, "    autoPay: true\n    tags: {cenbwp: x}\n", LAST),
    ("E0311", LAST, "    autoPay: true\n    name: ${NAME}\n", "    autoPay: true\n    name: x\n"),
    (
        "E0312",
        "stack: net",
        "stack: net\nlimits: {maxSpend: 5000}",
        "stack: net\nlimits: {maxSpend: 5000 CNY}",
    ),
    (
        "E0401",
        LAST,
        "    autoPay: true\n---\nversion: 1\nstack: net\npackages: {x: {areas: [China, China], bandwidth: 2, autoPay: true}}\n",
        LAST,
    ),
    (
        "E0402",
        "stack: net",
        "stack: net\naccount: \"1\"\npackages: {}\n---\nversion: 1\nstack: net\naccount: \"2\"",
        "stack: net\naccount: \"1\"\npackages: {}\n---\nversion: 1\nstack: net\naccount: \"1\"",
    ),
    (
        "E0403",
        "stack: net",
        "stack: net\nlimits: {maxPurchases: 1}\npackages: {}\n---\nversion: 1\nstack: net\nlimits: {maxPurchases: 2}",
        "stack: net\nlimits: {maxPurchases: 1}\npackages: {}\n---\nversion: 1\nstack: net",
    ),
    ("E0404", LAST, "", LAST),
    (
        "E0405",
        LAST,
        "    autoPay: true\n    period: 6\n    pricingCycle: Year\n",
        "    autoPay: true\n    period: 6\n    pricingCycle: Month\n",
    ),
    ("E0407", LAST, "    autoPay: true\n    chargeType: POSTPAY\n", "    chargeType: POSTPAY\n"),
    (
        "E0408",
        LAST,
        "    autoPay: true\n    cenId: cen-x\n  y: {areas: [China, Europe], bandwidth: 2, autoPay: true, cenId: cen-x}\n",
        "    autoPay: true\n    cenId: cen-x\n  y: {areas: [China, Europe], bandwidth: 2, autoPay: true, cenId: cen-y}\n",
    ),
    (
        "E0409",
        LAST,
        "    autoPay: true\n    adopt: cenbwp-1\n  y: {areas: [China, Europe], bandwidth: 2, autoPay: true, adopt: cenbwp-1}\n",
        "    autoPay: true\n    adopt: cenbwp-1\n  y: {areas: [China, Europe], bandwidth: 2, autoPay: true}\n",
    ),
    (
        "E0410",
        LAST,
        "    autoPay: true\n    adopt: cenbwp-1\n    distinctFrom: [cenbwp-1]\n",
        "    autoPay: true\n    adopt: cenbwp-1\n",
    ),
    (
        "E0411",
        LAST,
        "    autoPay: true\n    adopt: cenbwp-1\n    movedFrom: y\n",
        "    autoPay: true\n    movedFrom: y\n",
    ),
    (
        "E0412",
        LAST,
        "    autoPay: true\n    movedFrom: y\n  y: {areas: [China, Europe], bandwidth: 2, autoPay: true}\n",
        "    autoPay: true\n    movedFrom: y\n",
    ),
    (
        "E0413",
        LAST,
        "    autoPay: true\n    movedFrom: z\n  y: {areas: [China, Europe], bandwidth: 2, autoPay: true, movedFrom: z}\n",
        "    autoPay: true\n    movedFrom: z\n  y: {areas: [China, Europe], bandwidth: 2, autoPay: true}\n",
    ),
    ("W0501", "Europe", "Europa", "Europe"),
    ("W0501", "China", "cn-hangzhou", "China"),
    ("W0501", "Europe", "eu", "Europe"),
    (
        "W0503",
        LAST,
        "    autoPay: true\n    tags: {team: ''}\n",
        "    autoPay: true\n    tags: {team: null}\n",
    ),
    (
        "W0504",
        LAST,
        "    autoPay: true\n    autoRenewDuration: 1\n",
        "    autoPay: true\n    autoRenewDuration: 1\n    autoRenew: true\n",
    ),
    (
        "E0420",
        "stack: net",
        "stack: net\ninclude: [../defaults.yaml]",
        "stack: net\ninclude: [defaults.yaml]",
    ),
    ("E0421", "stack: net", "stack: net\ninclude: [absent.yaml]", "stack: net\ninclude: [defaults.yaml]"),
];

fn findings(bytes: impl Into<Vec<u8>>) -> Vec<Finding> {
    findings_beside("version: 1\ndefaults: {period: 1}\n", bytes)
}

/// Returns the findings of a spec beside a file that it may include, `defaults.yaml`.
fn findings_beside(defaults: &str, bytes: impl Into<Vec<u8>>) -> Vec<Finding> {
    let source = |name: &str, bytes: Vec<u8>| Source { name: name.to_owned(), bytes };
    let mut sources = vec![source("net.yaml", bytes.into())];
    if includes(&sources).contains("defaults.yaml") {
        sources.push(source("defaults.yaml", defaults.into()));
    }
    parse(&sources).findings
}

/// Returns the texts between backticks: what a hint gives to be written.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_advice_of_a_finding_ends_it() {
    assert_eq!(findings(SPEC), []);
    for (code, part, wrong, right) in EDITS {
        let found = findings(SPEC.replacen(part, wrong, 1));
        let Some(finding) = found.iter().find(|finding| finding.code.as_str() == *code) else {
            panic!("{wrong:?} gives no {code}: {found:?}")
        };
        let advice = finding.hint.as_deref().unwrap_or_default();
        assert!(
            finding.hint.is_some() || finding.expected.is_some() || finding.code.as_str() > "E03",
            "{finding:?}"
        );
        // The advice is followed to the letter: what it quotes is written, unless it is to be taken away.
        let given = quoted(advice);
        let is_followed = given.is_empty()
            || advice.ends_with("or write the value")
            || advice.starts_with("give it here")
            || given.iter().any(|line| right.contains(line))
            || ["remove", "keep one", "put shared"].iter().any(|verb| advice.starts_with(verb));
        assert!(is_followed, "{code}: {advice:?} is not what {right:?} does");
        assert_eq!(findings(SPEC.replacen(part, right, 1)), [], "{code}: after {advice:?}");
    }
}

#[test]
fn what_is_not_text_is_converted_as_the_hint_says() {
    let wide: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(SPEC.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert!(
        findings(wide).iter().any(|finding| finding.hint.as_deref().unwrap().contains("iconv -f UTF-16"))
    );
    assert_eq!(findings("# nothing\n")[0].code.as_str(), "W0505");
    let tags: Vec<String> = (0..19).map(|n| format!("k{n}: v")).collect();
    let spec = |tags: &[String]| format!("{SPEC}    tags: {{{}}}\n", tags.join(", "));
    assert_eq!(findings(spec(&tags))[0].code.as_str(), "E0406");
    assert_eq!(findings(spec(&tags[..18])), []);
}

#[test]
fn what_an_included_file_holds_too_much_is_moved_as_the_hint_says() {
    let spec = |head: &str| format!("{head}include: [defaults.yaml]\n{SPEC}");
    let found = findings_beside("version: 1\naccount: \"1\"\ndefaults: {}\n", spec(""));
    assert_eq!(found[0].code.as_str(), "E0422");
    assert!(found[0].hint.as_deref().unwrap().starts_with("move it into a document that includes this file"));
    assert_eq!(findings_beside("version: 1\ndefaults: {}\n", spec("account: \"1\"\n")), []);
    // A file that is not included is no spec.
    let alone = findings("version: 1\ndefaults: {}\n");
    assert!(alone[0].hint.as_deref().unwrap().contains("is named under `include` in another one"));
}

/// The codes of the tests above.
const APART: [&str; 4] = ["E0102", "E0406", "E0422", "W0505"];

#[test]
fn the_advice_of_every_code_is_tried_or_there_is_a_reason() {
    let tried = EDITS.iter().map(|(code, ..)| *code).chain(APART);
    let all: BTreeSet<&str> = tried.chain(NO_EDIT.iter().map(|(code, _)| *code)).collect();
    let explained: BTreeSet<&str> = codes().map(|row| row.name).collect();
    assert_eq!(all, explained, "each code has an edit here, or a reason why there is none");
}
