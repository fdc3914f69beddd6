//! JSON as it stands in a reply: texts are borrowed from it, so reading a page copies only what is kept.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A value of a reply. What is nested deeper than 128 levels is not read.
#[derive(Debug, PartialEq)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    /// The members in the order in which they stand; of two with one name the last counts.
    Object(Vec<(Name<'a>, Json<'a>)>),
}

/// The name of a member.
#[derive(Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Json<'a> {
    /// The member of this name; null if there is none, or this is no object.
    pub(super) fn get(&self, name: &str) -> &Self {
        self.member(name).unwrap_or(&Json::Null)
    }

    /// The member of this name, if this is an object that has one.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().rev().find(|(other, _)| other.0 == name).map(|(_, value)| value)
    }
}

/// A copy, to show.
impl From<&Json<'_>> for Value {
    fn from(json: &Json<'_>) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(truth) => Self::Bool(*truth),
            Json::Number(number) => Self::Number(number.clone()),
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
        Ok(Json::Object(members))
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
            r#"{"twice": 1, "other": 2, "twice": "the last counts", "esc\u0061ped": "\ud83d\ude00"}"#,
        ] {
            let json: Json<'_> = serde_json::from_str(text).unwrap();
            assert_eq!(Value::from(&json), serde_json::from_str::<Value>(text).unwrap(), "{text}");
        }
        let twice: Json<'_> = serde_json::from_str(r#"{"a": 1, "a": null, "b": 2}"#).unwrap();
        assert_eq!((twice.get("a"), twice.get("c")), (&Json::Null, &Json::Null));
        assert_eq!((twice.member("a"), twice.member("c")), (Some(&Json::Null), None));
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
