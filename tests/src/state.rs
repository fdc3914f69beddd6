//! The emulator's state between requests, in memory and in its state file.

use std::collections::BTreeSet;
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
}

impl State {
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
