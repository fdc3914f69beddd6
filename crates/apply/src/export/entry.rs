//! One package as an entry under `packages`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use cenbwp_spec::{AreaPair, CenId, ChargeType, Cycle, Generation, Identity, Mbps, PackageId, Renewal, Term};
use cenbwp_spec::{Severity, Source};
use serde::Serialize;
use serde_yaml::FlowSeq;

use crate::disarm;

/// The fields of a package that a spec declares, in the order in which they are written.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt: Option<PackageId>,
    #[serde(skip_serializing_if = "is_first")]
    pub generation: Generation,
    areas: FlowSeq<[String; 2]>,
    bandwidth: Mbps,
    #[serde(skip_serializing_if = "Option::is_none")]
    charge_type: Option<&'static str>,
    #[serde(flatten)]
    pub optional: Optional,
}

/// The optional fields of a package.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Optional {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(flatten)]
    pub terms: Terms,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cen_id: Option<CenId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_group_id: Option<String>,
}

/// The terms of a purchase, which the service never returns.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Terms {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pricing_cycle: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_renew: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_renew_duration: Option<u32>,
}

fn is_first(generation: &Generation) -> bool {
    *generation == Generation::FIRST
}

impl Entry {
    /// Returns an entry with the fields that every package has.
    pub(super) fn new(areas: &AreaPair, bandwidth: Mbps, paid: ChargeType) -> Self {
        Self {
            adopt: None,
            generation: Generation::FIRST,
            areas: FlowSeq(areas.both().map(ToString::to_string)),
            bandwidth,
            charge_type: (paid == ChargeType::Postpay).then_some(paid.as_str()),
            optional: Optional::default(),
        }
    }

    /// Returns the entry as YAML under `packages`, ending in a line feed.
    pub(super) fn text(&self, identity: &Identity) -> String {
        // One line per value: the indentation that is added here would change a block scalar.
        let options = serde_yaml::ser_options! { prefer_block_scalars: false };
        let fields = serde_yaml::to_string_with_options(self, options).expect("fields are text and numbers");
        if disarm::is_armed(&fields) {
            // JSON is YAML, too, and any character of its strings may be written as an escape. The values
            // stay the same.
            let fields = serde_json::to_string(self).expect("fields are text and numbers");
            let fields: String = disarm::json(&fields).chars().map(visible).collect();
            return format!("  {}: {fields}\n", scalar(identity.address.package.as_str()));
        }
        let lines = fields.lines().map(|line| format!("    {line}\n"));
        format!("  {}:\n{}", scalar(identity.address.package.as_str()), lines.collect::<String>())
    }

    /// Returns the parser's reason why a spec cannot declare this entry; `None` if it can.
    pub(super) fn refusal(&self, identity: &Identity) -> Option<String> {
        let stack = scalar(identity.address.stack.as_str());
        let text = format!("version: 1\nstack: {stack}\n{DEFAULTS}packages:\n{}", self.text(identity));
        let parsed = cenbwp_spec::parse(&[Source { name: String::new(), bytes: text.into_bytes() }]);
        let error = parsed.findings.into_iter().find(|finding| finding.severity == Severity::Error)?;
        Some(match error.expected {
            Some(expected) => format!("{}, expected {expected}", error.message),
            None => error.message,
        })
    }

    /// Returns the entry with every optional part that a spec can declare, and a reason for each part left
    /// out. `Err` if the entry cannot be declared even without them.
    pub(super) fn accepted(&self, identity: &Identity) -> Result<(Self, Vec<String>), String> {
        if self.refusal(identity).is_none() {
            return Ok((self.clone(), Vec::new()));
        }
        let mut kept = Self { optional: Optional::default(), ..self.clone() };
        if let Some(why) = kept.refusal(identity) {
            return Err(why);
        }
        let mut lost = Vec::new();
        for (what, set) in self.optional.parts() {
            let mut more = kept.clone();
            set(&mut more.optional);
            match more.refusal(identity) {
                None => kept = more,
                Some(why) => lost.push(format!("{what} is not carried over: {why}")),
            }
        }
        Ok((kept, lost))
    }
}

/// Returns a character of a quoted string, escaped if it is invisible: a spec refuses invisible characters.
fn visible(c: char) -> Cow<'static, str> {
    match cenbwp_spec::neutral(c.encode_utf8(&mut [0; 4])) {
        Cow::Borrowed(_) => c.to_string().into(),
        Cow::Owned(_) => format!("\\U{:08x}", u32::from(c)).into(),
    }
}

/// Returns text as one YAML scalar, quoted if a YAML reader could take it for another type: `on`, `null`.
pub(super) fn scalar(text: &str) -> String {
    serde_yaml::to_string(&text).expect("text can be written").trim_end().to_owned()
}

/// The defaults in an exported spec, for packages that are bought later.
pub(super) const DEFAULTS: &str = "\
defaults:
  # Whether a purchase is paid at once cannot be read back. Nothing below is bought while it exists; decide
  # before you declare a package that does not.
  autoPay: false
";

/// One optional part: its name for notes, and a function that copies it into an entry.
type Part<'a> = (String, Box<dyn Fn(&mut Optional) + 'a>);

impl Optional {
    /// Returns every part, each tag as a part of its own.
    fn parts(&self) -> Vec<Part<'_>> {
        let Self { name, description, terms, tags, cen_id, resource_group_id } = self;
        let mut parts: Vec<Part<'_>> = vec![
            ("the name".to_owned(), Box::new(|to| to.name.clone_from(name))),
            ("the description".to_owned(), Box::new(|to| to.description.clone_from(description))),
            ("the CEN".to_owned(), Box::new(|to| to.cen_id.clone_from(cen_id))),
            (
                "the resource group".to_owned(),
                Box::new(|to| to.resource_group_id.clone_from(resource_group_id)),
            ),
            ("what it was bought for".to_owned(), Box::new(|to| to.terms = terms.clone())),
        ];
        for (key, value) in tags {
            let set = |to: &mut Self| {
                to.tags.insert(key.clone(), value.clone());
            };
            parts.push((format!("the tag \"{}\"", cenbwp_diff::neutral(key)), Box::new(set)));
        }
        parts
    }
}

impl Terms {
    /// Converts a term and a renewal to the spec's fields.
    pub(super) fn new(term: Option<Term>, renewal: Option<Renewal>) -> Self {
        let renews = renewal.map(|renewal| renewal != Renewal::Off);
        Self {
            period: term.map(Term::period),
            pricing_cycle: term.map(Term::cycle).filter(|cycle| *cycle != Cycle::Month).map(Cycle::as_str),
            auto_renew: renews,
            auto_renew_duration: match renewal {
                Some(Renewal::Months(months)) if months != 1 => Some(months),
                _ => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use cenbwp_spec::{Address, Area};

    use super::*;

    /// Characters with a meaning in YAML, and some that only look like others.
    const ALPHABET: [char; 26] = [
        'a', '0', ' ', '\n', '-', ':', '#', '"', '\'', '\\', ',', '[', '}', '&', '*', '!', '|', '>', '%',
        '@', '`', '?', '~', '.', '\u{a0}', '日',
    ];

    /// Returns every text of up to three of them.
    fn texts() -> Vec<String> {
        let mut texts = vec![String::new()];
        let mut last = texts.clone();
        for _ in 0..3 {
            last = last.iter().flat_map(|text| ALPHABET.map(|c| format!("{text}{c}"))).collect();
            texts.extend(last.iter().cloned());
        }
        // The spec refuses a text that looks like a placeholder, so it is not carried over.
        texts.retain(|text| text.len() < 3 || !text.starts_with('%') || !text.ends_with('%'));
        texts
    }

    #[test]
    fn any_text_is_read_back_as_it_was_written() {
        let address = Address { stack: "on".parse().unwrap(), package: "null".parse().unwrap() };
        let identity = Identity { address: address.clone(), generation: Generation::FIRST };
        let areas = AreaPair::new(Area::new("China"), Area::new("Europe"));
        for text in texts() {
            let mut entry = Entry::new(&areas, Mbps(2), ChargeType::Prepay);
            entry.optional.description = Some(text.clone());
            let line = text.replace('\n', "_");
            entry.optional.tags = [(format!("{line}k"), line.clone())].into();
            let written = entry.text(&identity);
            let document = format!("version: 1\nstack: \"on\"\n{DEFAULTS}packages:\n{written}");
            let source = Source { name: String::new(), bytes: document.into_bytes() };
            let parsed = cenbwp_spec::parse(&[source]);
            let spec = parsed.spec.unwrap_or_else(|| panic!("{written}{:?}", parsed.findings));
            let package = spec.get(&address).unwrap_or_else(|| panic!("{written}"));
            assert_eq!(package.description.as_ref(), Some(&text), "{written}");
            assert_eq!(package.tags, [(format!("{line}k"), Some(line))].into(), "{written}");
        }
    }
}
