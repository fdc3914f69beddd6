//! Equal changes of several packages, to be shown once.

use std::collections::BTreeMap;

use cenbwp_spec::Identity;

use crate::{Adoption, Change, FieldChange, Move, Release, Update};

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
    Update(&'a [FieldChange]),
    /// The tags, without the identity.
    Adoption(Vec<(&'a str, &'a str)>, &'a [FieldChange]),
    Move(&'a [FieldChange]),
    /// The keys of the removed tags.
    Release(Vec<&'a str>),
}

/// Returns the part of a change that packages can share. Each purchase and each retirement is shown by itself:
/// a purchase costs its own price, and a retirement has its own end.
pub(super) fn shared(change: &Change) -> Option<Shared<'_>> {
    match change {
        Change::Update(Update { identity: _, id: _, fields }) => Some(Shared::Update(fields)),
        Change::Adopt(Adoption { identity: _, id: _, tags, fields }) => {
            let tags = tags.iter().filter(|(key, _)| *key != Identity::TAG);
            Some(Shared::Adoption(tags.map(|(key, value)| (&**key, &**value)).collect(), fields))
        }
        Change::Move(Move { identity: _, from: _, id: _, fields }) => Some(Shared::Move(fields)),
        Change::Release(Release { identity: _, id: _, tag_keys }) => {
            Some(Shared::Release(tag_keys.iter().map(|key| &**key).collect()))
        }
        Change::Purchase(_) | Change::Retire(_) => None,
    }
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
