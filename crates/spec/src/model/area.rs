//! Areas: the ends that a bandwidth package connects.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::ids::lowercase_bytes;

/// An area of the world, a set of regions.
///
/// Requests spell areas `North-America`, replies `north-america` (Create and Describe pages), so areas
/// compare without regard to case and print in the request's form. A name that is not known here is kept
/// as written: the vendor adds areas faster than clients are released.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(from = "String", into = "String")]
pub struct Area(Cow<'static, str>);

impl From<String> for Area {
    fn from(name: String) -> Self {
        Self::new(&name)
    }
}

impl From<Area> for String {
    fn from(area: Area) -> Self {
        area.0.into_owned()
    }
}

impl Area {
    /// Every area that some page of the vendor names, in the request's form.
    pub const KNOWN: [&'static str; 7] =
        ["China", "Asia-Pacific", "Europe", "North-America", "South-America", "Australia", "Middle-East"];
    /// Areas that the Create page no longer offers. Old packages may still have them.
    pub const REMOVED: [&'static str; 2] = ["Australia", "Middle-East"];

    /// Returns the area of this name, in any case.
    pub fn new(name: &str) -> Self {
        let known = Self::KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(name));
        Self(known.map_or_else(|| Cow::Owned(name.to_owned()), Cow::Borrowed))
    }

    /// True if a text can be the name of an area, known or not: letters, digits and hyphens.
    pub fn is_well_formed(name: &str) -> bool {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        (1..=64).contains(&name.len()) && name.bytes().all(fits)
    }

    /// The name in the request's form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if some page of the vendor names this area.
    pub fn is_known(&self) -> bool {
        Self::KNOWN.contains(&self.as_str())
    }

    /// True if this area was sold once and is no longer offered.
    pub fn is_removed(&self) -> bool {
        Self::REMOVED.contains(&self.as_str())
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for Area {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Area {}

impl PartialOrd for Area {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Area {
    fn cmp(&self, other: &Self) -> Ordering {
        // China sorts first, as the vendor's own provider sends it; the others by name.
        let first = |area: &Self| area.0 != "China";
        first(self).cmp(&first(other)).then_with(|| lowercase_bytes(&self.0).cmp(lowercase_bytes(&other.0)))
    }
}

/// The two areas that a package connects: unordered, and the same area twice is legal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(from = "(Area, Area)")]
pub struct AreaPair(Area, Area);

impl From<(Area, Area)> for AreaPair {
    fn from((one, other): (Area, Area)) -> Self {
        Self::new(one, other)
    }
}

impl AreaPair {
    /// Returns the pair of these areas, whichever is named first.
    pub fn new(one: Area, other: Area) -> Self {
        if other < one { Self(other, one) } else { Self(one, other) }
    }

    /// The area to send as A: China if it is one of the two.
    pub fn a(&self) -> &Area {
        &self.0
    }

    /// The area to send as B.
    pub fn b(&self) -> &Area {
        &self.1
    }

    /// True if exactly one of the two is China: the vendor sells such a package only to accounts that are qualified for it.
    pub fn is_cross_border(&self) -> bool {
        let china = Area::new("China");
        (self.0 == china) != (self.1 == china)
    }

    /// Both areas, A first.
    pub fn both(&self) -> [&Area; 2] {
        [&self.0, &self.1]
    }
}

impl fmt::Display for AreaPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} - {}", self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_case_nor_order_makes_a_difference() {
        let pair = |a, b| AreaPair::new(Area::new(a), Area::new(b));
        assert_eq!(pair("Europe", "China"), pair("china", "EUROPE"));
        assert_eq!(pair("europe", "china").to_string(), "China - Europe");
        assert_eq!(pair("north-america", "asia-pacific").to_string(), "Asia-Pacific - North-America");
        assert_eq!(Area::new("Mars"), Area::new("mars"));
        assert_eq!(Area::new("Mars").as_str(), "Mars");
    }

    #[test]
    fn a_pair_crosses_the_border_if_exactly_one_side_is_china() {
        for (a, b, expected) in [
            ("China", "Europe", true),
            ("europe", "china", true),
            ("Mars", "China", true),
            ("China", "CHINA", false),
            ("Europe", "North-America", false),
            ("Europe", "Europe", false),
        ] {
            assert_eq!(AreaPair::new(Area::new(a), Area::new(b)).is_cross_border(), expected, "{a} - {b}");
        }
    }
}
