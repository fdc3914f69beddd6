//! Tags in little memory: a run over 20,000 packages has 40,000 of these lists, most with one to three tags.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

/// The tags of a package: each key once, sorted by key. A live package has a string for each key; a declared
/// one can also require that a key is absent.
///
/// A sorted list, because a tree takes half a kilobyte for the first tag.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "BTreeMap<String, V>")]
pub struct Tags<V = String>(Vec<(String, V)>);

impl<V> Tags<V> {
    /// The value of this key.
    pub fn get(&self, key: &str) -> Option<&V> {
        self.find(key).ok().map(|at| &self.0[at].1)
    }

    /// True if there is a tag with this key.
    pub fn contains_key(&self, key: &str) -> bool {
        self.find(key).is_ok()
    }

    /// The keys and values, by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&String, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// The keys, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.iter().map(|(key, _)| key)
    }

    /// Sets a tag and returns the value that it had.
    pub fn insert(&mut self, key: String, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                self.0.insert(at, (key, value));
                None
            }
        }
    }

    /// Removes a tag and returns the value that it had.
    pub fn remove(&mut self, key: &str) -> Option<V> {
        self.find(key).ok().map(|at| self.0.remove(at).1)
    }

    /// Keeps only the tags for which `keeps` is true.
    pub fn retain(&mut self, keeps: impl Fn(&str) -> bool) {
        self.0.retain(|(key, _)| keeps(key));
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.as_str().cmp(key))
    }
}

impl<V> Default for Tags<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V> From<BTreeMap<String, V>> for Tags<V> {
    fn from(tags: BTreeMap<String, V>) -> Self {
        Self(tags.into_iter().collect())
    }
}

impl<V: Serialize> Serialize for Tags<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// Of two tags with the same key, the last counts.
impl<V> FromIterator<(String, V)> for Tags<V> {
    fn from_iter<I: IntoIterator<Item = (String, V)>>(tags: I) -> Self {
        tags.into_iter().collect::<BTreeMap<_, _>>().into()
    }
}

impl<V> Extend<(String, V)> for Tags<V> {
    fn extend<I: IntoIterator<Item = (String, V)>>(&mut self, tags: I) {
        for (key, value) in tags {
            self.insert(key, value);
        }
    }
}

impl<V, const N: usize> From<[(String, V); N]> for Tags<V> {
    fn from(tags: [(String, V); N]) -> Self {
        tags.into_iter().collect()
    }
}
