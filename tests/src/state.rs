//! The emulator's state between requests, in memory and in its state file.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::json;

use crate::access::Access;
use crate::again::Memory;
use crate::fault::Queued;
use crate::log::{Logged, Outcome};
use crate::watch::Watcher;
use crate::wire::{Reply, Request};
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

    /// Logs a request as it arrives, and returns its number.
    pub(crate) fn log(
        &mut self,
        at: Timestamp,
        action: String,
        params: BTreeMap<String, String>,
        nonce: Option<String>,
    ) -> u64 {
        let seq = self.log.len() as u64 + 1;
        self.log.push(Logged { seq, at, action, params, nonce, outcome: Outcome::Pending });
        seq
    }

    /// Logs the reply to a request, and the code of its refusal.
    pub(crate) fn note(&mut self, seq: u64, reply: &Reply, code: Option<String>) {
        let outcome = match reply.status() {
            Some(status) => Outcome::Answered { status, code },
            None => Outcome::Cut,
        };
        let index = usize::try_from(seq - 1).expect("it was counted in memory");
        self.log[index].outcome = outcome;
    }

    /// Answers `GET /_emulator/…`, unsigned and not logged, for scripts that look inside.
    pub(crate) fn look_inside(&self, request: &Request) -> Option<Reply> {
        let what = request.path().strip_prefix("/_emulator/")?;
        let document = match (request.method.as_str(), what) {
            ("GET", "ledger") => json!(self.worlds().flat_map(|world| &world.orders).collect::<Vec<_>>()),
            ("GET", "requests") => json!(self.log),
            ("GET", "packages") => {
                json!(self.worlds().flat_map(|world| &world.packages).collect::<Vec<_>>())
            }
            _ => {
                return Some(Reply::json(
                    404,
                    &json!({ "expected": "GET /_emulator/ledger, requests or packages" }),
                ));
            }
        };
        Some(Reply::json(200, &document))
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
