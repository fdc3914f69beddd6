//! The emulator's state between requests, in memory and in its state file.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use crate::access::Access;
use crate::again::Memory;
use crate::fault::Queued;
use crate::log::Logged;
use crate::watch::Watcher;
use crate::world::World;

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) memory: Memory,
    pub(crate) access: Access,
    pub(crate) log: Vec<Logged>,
    pub(crate) faults: Vec<Queued>,
    pub(crate) nonces: BTreeSet<(String, String)>,
    pub(crate) draws: u64,
    pub(crate) watcher: Option<Watcher>,
    pub(crate) state_file: Option<PathBuf>,
    /// The worlds of the other accounts, by account.
    others: BTreeMap<String, Account>,
}

/// All that belongs to one account alone.
#[derive(Debug, Default)]
struct Account {
    world: World,
    memory: Memory,
}

impl State {
    /// A state without packages, with this access.
    pub(crate) fn of_access(access: Access) -> Self {
        Self { access, ..Self::default() }
    }

    /// Acts on the world of an account; `None` is the first one. The others change places with it meanwhile.
    pub(crate) fn of<T>(&mut self, account: Option<&str>, act: impl FnOnce(&mut Self) -> T) -> T {
        self.change_places(account);
        let result = act(self);
        self.change_places(account);
        result
    }

    fn change_places(&mut self, account: Option<&str>) {
        let Some(account) = account else { return };
        let other = self.others.entry(account.to_owned()).or_default();
        std::mem::swap(&mut self.world, &mut other.world);
        std::mem::swap(&mut self.memory, &mut other.memory);
    }

    /// The world of every account, the first one's first.
    pub(crate) fn worlds(&self) -> impl Iterator<Item = &World> {
        std::iter::once(&self.world).chain(self.others.values().map(|account| &account.world))
    }

    /// Returns the world for a change.
    pub(crate) fn changing(&mut self) -> &mut World {
        self.memory.clear();
        &mut self.world
    }

    pub(crate) fn watched(&self, request: Option<u64>) {
        if let Some(watcher) = &self.watcher {
            watcher.look(&self.world, request);
        }
    }
}

pub(crate) fn to_json(world: &World) -> String {
    serde_json::to_string_pretty(world).expect("a world has nothing that JSON cannot say")
}

/// Writes a new file and moves it over the old one, so that a reader never sees half of it.
pub(crate) fn write_state(state: &State) -> io::Result<()> {
    let Some(file) = &state.state_file else { return Ok(()) };
    let mut beside = file.clone().into_os_string();
    beside.push(".new");
    std::fs::write(&beside, to_json(&state.world))?;
    std::fs::rename(&beside, file)
}
