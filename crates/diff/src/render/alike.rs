//! Equal changes of several packages, to be shown once.

use std::collections::BTreeMap;

use cenbwp_spec::{AreaPair, Identity, Mbps};

use crate::{Adoption, Change, FieldChange, Move, Price, Purchase, Release, Update};

/// From this many packages on, what is equal is shown once. Fewer are as easily read one by one, and are
/// shown with their ids.
const MANY: usize = 4;

/// Groups equal items, each group in the place of its first item. Items that have no key, and those of groups
/// that are smaller than [`MANY`], stay alone in their own place.
pub(super) fn grouped<'a, T, K: Ord>(items: &'a [T], key: impl Fn(&'a T) -> Option<K>) -> Vec<Vec<&'a T>> {
    let mut numbers: BTreeMap<K, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<&T>> = Vec::new();
    let number_of: Vec<Option<usize>> = items
        .iter()
        .map(|item| {
            let number = *numbers.entry(key(item)?).or_insert(groups.len());
            if number == groups.len() {
                groups.push(Vec::new());
            }
            groups[number].push(item);
            Some(number)
        })
        .collect();
    let mut shown = Vec::new();
    for (item, number) in items.iter().zip(number_of) {
        match number.filter(|number| groups[*number].len() >= MANY) {
            None => shown.push(vec![item]),
            Some(number) if std::ptr::eq(groups[number][0], item) => shown.push(groups[number].clone()),
            Some(_) => {}
        }
    }
    shown
}

/// The part of a change that packages can share.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shared<'a> {
    /// Everything but the identity and the name; the terms are in words.
    Purchase(
        &'a AreaPair,
        Mbps,
        Option<&'a str>,
        (String, Option<&'a Price>),
        Vec<(&'a str, &'a str)>,
        &'a [FieldChange],
    ),
    /// The fields, and what regions use.
    Update(&'a [FieldChange], Option<Mbps>),
    /// The tags, without the identity, the fields, and what regions use.
    Adoption(Vec<(&'a str, &'a str)>, &'a [FieldChange], Option<Mbps>),
    Move(&'a [FieldChange], Option<Mbps>),
    /// The keys of the removed tags.
    Release(Vec<&'a str>),
}

/// Returns the part of a change that packages can share. Each retirement is shown by itself: it has its own end.
pub(super) fn shared(change: &Change) -> Option<Shared<'_>> {
    match change {
        Change::Purchase(purchase) => {
            let Purchase {
                identity: _,
                areas,
                bandwidth,
                name: _,
                description,
                terms,
                tags,
                follow_ups,
                price,
            } = purchase;
            let terms = (super::terms(terms), price.as_ref());
            Some(Shared::Purchase(
                areas,
                *bandwidth,
                description.as_deref(),
                terms,
                without_identity(tags),
                follow_ups,
            ))
        }
        Change::Update(Update { identity: _, id: _, fields, allocated: _ }) => {
            Some(Shared::Update(fields, change.allocated()))
        }
        Change::Adopt(Adoption { identity: _, id: _, tags, fields, allocated: _ }) => {
            Some(Shared::Adoption(without_identity(tags), fields, change.allocated()))
        }
        Change::Move(Move { identity: _, from: _, id: _, fields, allocated: _ }) => {
            Some(Shared::Move(fields, change.allocated()))
        }
        Change::Release(Release { identity: _, id: _, tag_keys }) => {
            Some(Shared::Release(tag_keys.iter().map(|key| &**key).collect()))
        }
        Change::Retire(_) => None,
    }
}

fn without_identity(tags: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    let others = tags.iter().filter(|(key, _)| *key != Identity::TAG);
    others.map(|(key, value)| (&**key, &**value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_four_stand_where_their_first_item_stood() {
        let key = |c: &char| c.is_lowercase().then_some(*c);
        for (items, expected) in [
            ("", ""),
            ("aaa", "a a a"),
            ("aaaa", "aaaa"),
            ("bababab", "bbbb a a a"),
            ("XaXaXaXaX", "X aaaa X X X X"),
            ("abababab", "aaaa bbbb"),
        ] {
            let items: Vec<char> = items.chars().collect();
            let groups: Vec<String> =
                grouped(&items, key).into_iter().map(|group| group.into_iter().collect()).collect();
            assert_eq!(groups.join(" "), expected);
        }
    }
}
