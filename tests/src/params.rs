//! Checks parameters before anything is done: only known names in their exact case, each value of its kind.
//!
//! A list is named with `N` for its positions, `Filter.N.Value.N`; positions count from 1 without a gap.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::wire::Refusal;

/// One parameter of an operation.
pub(crate) struct Param {
    name: &'static str,
    kind: Kind,
    required: bool,
    /// The highest first position, for lists; 0 for others.
    most: usize,
}

/// The kind of a value, which decides the error code.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// Anything.
    Text,
    /// A whole number in this range.
    Int(i64, i64),
    /// `true` or `false`; `True` and `False` too, because the vendor's Python SDKs send them so.
    Bool,
    /// One of these words, exactly.
    OneOf(&'static [&'static str]),
    /// Like `OneOf`, in any case.
    OneOfAnyCase(&'static [&'static str]),
    /// An area that is sold today, capitalised as the Create page has it.
    Area,
    /// Up to 128 characters.
    Name,
    /// Up to 256 characters.
    Description,
    /// Up to 64 ASCII characters.
    Token,
    /// 1 to 64 characters.
    TagKey,
    /// Up to 128 characters.
    TagValue,
    /// 1 to 128 characters: the newest Create page refuses an empty value, other pages allow it.
    NewTagValue,
    /// `YYYY-MM-DDThh:mm:ssZ`.
    Time,
    /// 2 to 64 letters, digits or any of `.@-_`.
    Session,
}

pub(crate) const fn required(name: &'static str, kind: Kind) -> Param {
    Param { name, kind, required: true, most: 0 }
}

pub(crate) const fn optional(name: &'static str, kind: Kind) -> Param {
    Param { name, kind, required: false, most: 0 }
}

pub(crate) const fn list(name: &'static str, kind: Kind, most: usize) -> Param {
    Param { name, kind, required: false, most }
}

/// The areas sold today; Australia and Middle-East are gone from the current pages.
pub(crate) const AREAS: [&str; 4] = ["China", "Asia-Pacific", "Europe", "North-America"];

/// Undocumented, optional, on every operation of the vendor's SDKs. `RegionId` is on none of the pages of these
/// operations but the classic SDK always adds it.
const EXTRAS: [&str; 5] = ["OwnerAccount", "OwnerId", "ResourceOwnerAccount", "ResourceOwnerId", "RegionId"];

/// The parameters of one request after every check.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Params(BTreeMap<String, String>);

impl Params {
    /// Checks everything that does not depend on the world.
    pub(crate) fn check(action: &str, schema: &[Param], sent: &[(String, String)]) -> Result<Self, Refusal> {
        let mut checked = BTreeMap::new();
        for (name, value) in sent {
            let pattern = pattern_of(name);
            let is_own = schema.iter().any(|param| param.name == pattern);
            if !is_own && EXTRAS.contains(&name.as_str()) {
                continue;
            }
            let param = schema
                .iter()
                .find(|param| param.name == pattern)
                .ok_or_else(|| unknown(action, name, schema))?;
            check_position(name, param.most)?;
            check_value(name, value, param.kind)?;
            if checked.insert(name.clone(), value.clone()).is_some() {
                return Err(invalid(name, "it is given twice"));
            }
        }
        for param in schema.iter().filter(|param| param.required) {
            if checked.get(param.name).is_none_or(String::is_empty) {
                return Err(missing(param.name));
            }
        }
        let params = Self(checked);
        params.check_positions(schema)?;
        params.check_tags()?;
        Ok(params)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns a parameter that the schema requires.
    pub(crate) fn needed(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }

    pub(crate) fn int(&self, name: &str) -> Option<i64> {
        self.text(name).and_then(|value| value.parse().ok())
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// `prefix.1`, `prefix.2`, … in order.
    pub(crate) fn list(&self, prefix: &str) -> Vec<&str> {
        (1..).map_while(|n| self.text(&format!("{prefix}.{n}"))).collect()
    }

    /// `Tag.N.Key` with its value; an absent value is `None`.
    pub(crate) fn tags(&self) -> Vec<(&str, Option<&str>)> {
        (1..)
            .map_while(|n| Some((self.text(&format!("Tag.{n}.Key"))?, self.text(&format!("Tag.{n}.Value")))))
            .collect()
    }

    /// `Filter.N.Key` with its `Filter.N.Value.M`.
    pub(crate) fn filters(&self) -> Vec<(&str, Vec<&str>)> {
        (1..)
            .map_while(|n| {
                Some((self.text(&format!("Filter.{n}.Key"))?, self.list(&format!("Filter.{n}.Value"))))
            })
            .collect()
    }

    /// The parameters that a token stands for.
    pub(crate) fn without_token(&self) -> BTreeMap<String, String> {
        self.0
            .iter()
            .filter(|(name, _)| *name != "ClientToken")
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect()
    }

    /// The first positions of each list are 1, 2, 3… without a gap.
    fn check_positions(&self, schema: &[Param]) -> Result<(), Refusal> {
        let prefixes: BTreeSet<&str> = schema
            .iter()
            .filter(|param| param.most > 0)
            .filter_map(|param| param.name.split_once('.'))
            .map(|p| p.0)
            .collect();
        for prefix in prefixes {
            let positions: BTreeSet<usize> =
                self.0.keys().filter_map(|name| position_of(name, prefix)).collect();
            if positions.iter().copied().ne(1..=positions.len()) {
                return Err(invalid(&format!("{prefix}.N"), "its positions must be 1, 2, 3… without a gap"));
            }
        }
        Ok(())
    }

    fn check_tags(&self) -> Result<(), Refusal> {
        let mut seen = BTreeSet::new();
        for (name, value) in &self.0 {
            if pattern_of(name) == "Tag.N.Value" && !self.0.contains_key(&name.replace(".Value", ".Key")) {
                return Err(Refusal::bad("IllegalParam.TagKey", format!("{name} has no key.")));
            }
            if pattern_of(name) == "Tag.N.Key" && !seen.insert(value) {
                return Err(Refusal::bad(
                    "IllegalParam.TagKey",
                    format!("The tag key {value} is given twice."),
                ));
            }
        }
        Ok(())
    }
}

/// `Filter.1.Value.2` → `Filter.N.Value.N`.
fn pattern_of(name: &str) -> String {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    name.split('.').map(|part| if is_number(part) { "N" } else { part }).collect::<Vec<_>>().join(".")
}

fn position_of(name: &str, prefix: &str) -> Option<usize> {
    let rest = name.strip_prefix(prefix)?.strip_prefix('.')?;
    rest.split('.').next()?.parse().ok()
}

fn check_position(name: &str, most: usize) -> Result<(), Refusal> {
    let prefix = name.split('.').next().unwrap_or_default();
    match position_of(name, prefix) {
        Some(position) if position == 0 || position > most => {
            let code = if prefix == "Tag" { "IllegalParam.TagKey" } else { "InvalidParameter" };
            Err(Refusal::bad(code, format!("{name}: at most {most} are allowed, counted from 1.")))
        }
        _ => Ok(()),
    }
}

fn invalid(name: &str, why: &str) -> Refusal {
    Refusal::bad("InvalidParameter", format!("The specified parameter {name} is not valid: {why}."))
}

pub(crate) fn missing(name: &str) -> Refusal {
    let message = format!(
        "The input parameter \"{name}\" that is mandatory for processing this request is not supplied."
    );
    Refusal::bad("MissingParameter", message)
}

fn unknown(action: &str, name: &str, schema: &[Param]) -> Refusal {
    match schema.iter().find(|param| param.name.eq_ignore_ascii_case(&pattern_of(name))) {
        Some(param) => invalid(name, &format!("its name is written {}", param.name)),
        None => invalid(name, &format!("{action} has no such parameter")),
    }
}

fn check_value(name: &str, value: &str, kind: Kind) -> Result<(), Refusal> {
    let characters = value.chars().count();
    let is_url = value.starts_with("http://") || value.starts_with("https://");
    let fine = match kind {
        Kind::Text => true,
        Kind::Int(low, high) => {
            value.bytes().all(|byte| byte.is_ascii_digit())
                && value.parse().is_ok_and(|number| (low..=high).contains(&number))
        }
        Kind::Bool => matches!(value, "true" | "false" | "True" | "False"),
        Kind::OneOf(words) => words.contains(&value),
        Kind::OneOfAnyCase(words) => words.iter().any(|word| word.eq_ignore_ascii_case(value)),
        Kind::Area => AREAS.contains(&value),
        Kind::Name => characters <= 128 && !is_url,
        Kind::Description => characters <= 256 && !is_url,
        Kind::Token => value.len() <= 64 && value.is_ascii(),
        Kind::TagKey => (1..=64).contains(&characters) && is_tag_text(value),
        Kind::TagValue => characters <= 128 && is_tag_text(value),
        Kind::NewTagValue => (1..=128).contains(&characters) && is_tag_text(value),
        Kind::Session => {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".@-_".contains(&byte);
            (2..=64).contains(&characters) && value.bytes().all(is_plain)
        }
        Kind::Time => value.len() == 20 && value.ends_with('Z') && value.parse::<Timestamp>().is_ok(),
    };
    if fine { Ok(()) } else { Err(refuse_value(name, value, kind)) }
}

/// `aliyun` and `acs:` are the vendor's own; links are refused anywhere.
fn is_tag_text(text: &str) -> bool {
    !text.starts_with("aliyun")
        && !text.starts_with("acs:")
        && !text.contains("http://")
        && !text.contains("https://")
}

fn refuse_value(name: &str, value: &str, kind: Kind) -> Refusal {
    let (code, expected) = match kind {
        Kind::Text => ("InvalidParameter", String::new()),
        Kind::Int(low, high) => ("InvalidParameter", format!("a whole number from {low} to {high}")),
        Kind::Bool => ("InvalidParameter", "true or false".into()),
        Kind::OneOf(words) | Kind::OneOfAnyCase(words) => {
            ("InvalidParameter", format!("one of {}", words.join(", ")))
        }
        Kind::Area => ("ParameterIllegal.GeoRegionId", format!("one of {}", AREAS.join(", "))),
        Kind::Name => ("InvalidName", "up to 128 characters, not beginning with http:// or https://".into()),
        Kind::Description => {
            ("InvalidDescription", "up to 256 characters, not beginning with http:// or https://".into())
        }
        Kind::Token => ("InvalidParameter", "up to 64 ASCII characters".into()),
        Kind::TagKey => {
            ("IllegalParam.TagKey", "1 to 64 characters without the vendor's prefixes and links".into())
        }
        Kind::TagValue => {
            ("IllegalParam.TagValue", "up to 128 characters without the vendor's prefixes and links".into())
        }
        Kind::NewTagValue => {
            ("IllegalParam.TagValue", "1 to 128 characters without the vendor's prefixes and links".into())
        }
        Kind::Time => ("InvalidParameter", "YYYY-MM-DDThh:mm:ssZ".into()),
        Kind::Session => {
            ("InvalidParameter.RoleSessionName", "2 to 64 letters, digits or any of .@-_".into())
        }
    };
    Refusal::bad(
        code,
        format!("The specified parameter {name} is not valid: {value:?}, expected {expected}."),
    )
}
