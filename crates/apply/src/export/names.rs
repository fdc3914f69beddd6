//! Package names made from other names.

use std::collections::{BTreeMap, BTreeSet};

use cenbwp_spec::PackageName;

/// The longest name of a package.
const LONGEST: usize = 40;

/// The package names of one stack, each given out once. The same requests in the same order get the same
/// names.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    taken: BTreeSet<PackageName>,
    /// The next number to try for a name. Kept, because a thousand packages may have the same name.
    next: BTreeMap<String, u64>,
}

impl Names {
    /// Reserves a name, so that it is not given out.
    pub(super) fn reserve(&mut self, name: PackageName) {
        self.taken.insert(name);
    }

    /// Returns a new name, made from the first of `wishes` that contains a letter or a digit. A number makes
    /// it unique.
    pub(super) fn take(&mut self, wishes: &[&str]) -> PackageName {
        let base = wishes.iter().find_map(|wish| slug(wish)).unwrap_or_else(|| "package".to_owned());
        let next = self.next.entry(base.clone()).or_insert(1);
        loop {
            let name = match *next {
                1 => base.clone(),
                n => format!("{}-{n}", shortened(&base, LONGEST - format!("-{n}").len())),
            };
            *next += 1;
            let name: PackageName = name.parse().expect("a slug is a name");
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }
}

/// Reduces text to letters, digits and single hyphens, starting with a letter; `None` if nothing is left.
fn slug(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let joined = words.join("-");
    let first = joined.chars().next()?;
    let joined = if first.is_ascii_lowercase() { joined } else { format!("p-{joined}") };
    Some(shortened(&joined, LONGEST))
}

/// Shortens a slug from the front, at a hyphen if there is one: the end of a name is its most specific part.
fn shortened(slug: &str, longest: usize) -> String {
    if slug.len() <= longest {
        return slug.to_owned();
    }
    let starts = |at: usize| slug.as_bytes().get(at).is_some_and(u8::is_ascii_lowercase);
    let tail = |at: &usize| slug.len() - at <= longest && starts(*at);
    let cuts = slug.match_indices('-').map(|(at, _)| at + 1);
    let word = cuts.into_iter().find(tail);
    match word.or_else(|| (slug.len() - longest..slug.len()).find(|at| starts(*at))) {
        Some(at) => slug[at..].to_owned(),
        None => slug[..longest].trim_end_matches('-').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wishes: &[&str], expected: &str) {
        assert_eq!(Names::default().take(wishes).as_str(), expected, "{wishes:?}");
    }

    #[test]
    fn a_name_is_made_of_what_may_be_in_one() {
        check(&["Frankfurt  Uplink #2"], "frankfurt-uplink-2");
        check(&["--NO: {on}--"], "no-on");
        check(&["12:30"], "p-12-30");
        check(&["日本", "cenbwp-4C2zaa****"], "cenbwp-4c2zaa");
        check(&["Zürich"], "z-rich");
        check(&["", "\u{1b}"], "package");
    }

    #[test]
    fn a_long_name_keeps_its_end() {
        check(
            &["production-network-backbone-europe-main-frankfurt"],
            "network-backbone-europe-main-frankfurt",
        );
        check(&[&"a".repeat(41)], &"a".repeat(40));
        check(&[&format!("a{}", "1".repeat(60))], &format!("a{}", "1".repeat(39)));
        check(&[&format!("{}-x{}", "a".repeat(20), "1".repeat(30))], &format!("x{}", "1".repeat(30)));
    }

    #[test]
    fn no_name_is_given_twice() {
        let mut names = Names::default();
        names.reserve("a-2".parse().unwrap());
        let given: Vec<String> = (0..3).map(|_| names.take(&["A"]).to_string()).collect();
        assert_eq!(given, ["a", "a-3", "a-4"]);
        let long = "x".repeat(40);
        let mut names = Names::default();
        let given: BTreeSet<String> = (0..12).map(|_| names.take(&[&long]).to_string()).collect();
        assert_eq!(given.len(), 12);
        assert!(given.iter().all(|name| name.len() == LONGEST), "{given:?}");
    }
}
