//! A hook that sees the world whenever it may have changed.

use std::fmt;
use std::sync::Arc;

use crate::world::World;

type Look = dyn Fn(&World, Option<u64>) + Send + Sync;

/// Called with the world just before and just after each request is carried out; after it with the request's
/// number. A change between two requests was made by time or by a person.
#[derive(Clone)]
pub(crate) struct Watcher(Arc<Look>);

impl Watcher {
    pub(crate) fn new(look: impl Fn(&World, Option<u64>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(look))
    }

    pub(crate) fn look(&self, world: &World, request: Option<u64>) {
        (self.0)(world, request);
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watcher")
    }
}
