//! JSON whose strings are borrowed from the reply, so that reading a page copies only what is kept.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A value in a reply, nested at most 128 levels deep.
#[derive(Debug, PartialEq)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    /// The members in the order of the reply. One whose name occurs twice is [`Json::Unclear`].
    Object(Vec<(Name<'a>, Json<'a>)>),
    /// A member without one clear value, and why: two JSON parsers may choose different ones.
    Unclear(&'static str),
}

#[derive(Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Json<'a> {
    /// Returns true if a member of this object has no clear value.
    fn has_unclear(&self) -> bool {
        matches!(self, Self::Object(members) if members.iter().any(|(_, value)| matches!(value, Self::Unclear(_))))
    }

    /// Returns the member of this name; null if there is none, or this is not an object.
    pub(super) fn get(&self, name: &str) -> &Self {
        self.member(name).unwrap_or(&Json::Null)
    }

    /// Returns the member of this name, if this is an object that has one. A member whose name differs only
    /// in case is not missing, it is unclear.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        if let Some((_, value)) = members.iter().find(|(other, _)| other.0 == name) {
            return Some(value);
        }
        let alike = members.iter().any(|(other, _)| other.0.eq_ignore_ascii_case(name));
        alike.then_some(&Self::Unclear("written in another case"))
    }
}

/// Reads a body that is a JSON object, as every reply of the service is. Returns `None` if a name occurs
/// twice, because it is not known which value counts.
pub(super) fn object(body: &[u8]) -> Option<Value> {
    match serde_json::from_slice(body).ok()? {
        reply @ Json::Object(_) if !reply.has_unclear() => Some(Value::from(&reply)),
        _ => None,
    }
}

/// Copies it, to show.
impl From<&Json<'_>> for Value {
    fn from(json: &Json<'_>) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(truth) => Self::Bool(*truth),
            Json::Number(number) => Self::Number(number.clone()),
            Json::Unclear(why) => Self::String((*why).to_owned()),
            Json::Text(text) => Self::String(text.to_string()),
            Json::List(items) => Self::Array(items.iter().map(Self::from).collect()),
            Json::Object(members) => {
                let members = members.iter().map(|(name, value)| (name.0.to_string(), value.into()));
                Self::Object(members.collect::<Map<_, _>>())
            }
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson)
    }
}

struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(truth))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json<'de>, E> {
        Ok(Number::from_f64(number).map_or(Json::Null, Json::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = object.next_entry()? {
            members.push(member);
        }
        mark_unclear(&mut members);
        Ok(Json::Object(members))
    }
}

/// The most members that are compared pair by pair, without allocating. An item of the listing has about 25.
const FEW: usize = 64;

/// Marks the members whose names are equal, or differ only in case.
fn mark_unclear(members: &mut [(Name<'_>, Json<'_>)]) {
    let twice: Vec<usize> = if members.len() <= FEW {
        let alike = |one: usize, other: usize| members[one].0.0.eq_ignore_ascii_case(&members[other].0.0);
        let is_twice = |one: &usize| (0..members.len()).any(|other| other != *one && alike(*one, other));
        (0..members.len()).filter(is_twice).collect()
    } else {
        let mut numbers: HashMap<String, Vec<usize>> = HashMap::new();
        for (n, (name, _)) in members.iter().enumerate() {
            numbers.entry(name.0.to_ascii_lowercase()).or_default().push(n);
        }
        numbers.into_values().filter(|numbers| numbers.len() > 1).flatten().collect()
    };
    for n in twice {
        members[n].1 = Json::Unclear("given twice");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_read_as_serde_json_reads_it() {
        for text in [
            "null",
            r#"{"a": [1, -2, 2.5, 18446744073709551615, 1e30, true, null, "x\ny"], "b": {"c": {}, "d": []}}"#,
            r#"{"other": 2, "esc\u0061ped": "\ud83d\ude00"}"#,
        ] {
            let json: Json<'_> = serde_json::from_str(text).unwrap();
            assert_eq!(Value::from(&json), serde_json::from_str::<Value>(text).unwrap(), "{text}");
        }
    }

    #[test]
    fn of_two_members_with_one_name_neither_counts() {
        let many: String = (0..100).map(|n| format!(r#","m{n}":{n}"#)).collect();
        for more in ["", &many] {
            for twice in [
                r#""a": 1, "a": null"#,
                r#""a": null, "a": 1"#,
                r#""a": 1, "A": 1"#,
                r#""a": 1, "\u0061": 1"#,
            ] {
                let text = format!(r#"{{"b": 2, {twice}{more}}}"#);
                let json: Json<'_> = serde_json::from_str(&text).unwrap();
                assert_eq!(json.get("a"), &Json::Unclear("given twice"), "{text}");
                assert_eq!(json.member("b"), Some(&Json::Number(2.into())), "{text}");
                assert_eq!((json.get("c"), json.member("c")), (&Json::Null, None), "{text}");
                assert_eq!(object(text.as_bytes()), None, "{text}");
            }
        }
        let json: Json<'_> = serde_json::from_str(r#"{"tags": 1}"#).unwrap();
        assert_eq!(json.get("Tags"), &Json::Unclear("written in another case"));
        assert_eq!(object(br#"{"Code": "a", "Data": {"x": 1}}"#).unwrap()["Data"]["x"], 1);
    }

    #[test]
    fn plain_text_is_not_copied() {
        let text = r#"{"Name": "backbone"}"#;
        let json: Json<'_> = serde_json::from_str(text).unwrap();
        assert!(matches!(json.get("Name"), Json::Text(Cow::Borrowed("backbone"))));
    }

    #[test]
    fn what_is_broken_or_too_deep_is_no_json() {
        for text in ["", "{", "[1,]", "{\"a\"}", "nul", &"[".repeat(100_000)] {
            assert!(serde_json::from_str::<Json<'_>>(text).is_err(), "{text:.20}");
        }
    }
}
