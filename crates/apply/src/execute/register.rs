//! The record of a run: its requests and what is proved of each. It is in memory, for a run that is cut
//! short, and in the journal if there is one.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use cenbwp_spec::Identity;
use jiff::Timestamp;

use super::intent::Intent;
use super::journal::Journal;
use super::outcome::ChangeResult;
use crate::cloud::{Answer, Recorded, Write, Yes};

/// A register, shared with the code that ends a run which is cut short.
pub type InFlight = Arc<Mutex<Register>>;

/// One change for which a request has left.
#[derive(Debug)]
struct Entry {
    /// The last request.
    intent: Intent,
    /// The result that is true if the process ends now.
    result: ChangeResult,
}

/// The requests that were sent, and what is proved of each at this moment.
///
/// **Invariant:** before a request leaves, it is entered, and its intent is on disk if there is a journal:
/// only the register makes a [`Recorded`], and a writer sends nothing else.
#[derive(Debug, Default)]
pub struct Register {
    entries: BTreeMap<Identity, Entry>,
    /// Results of changes for which no request was sent.
    unsent: BTreeMap<Identity, ChangeResult>,
    journal: Option<Journal>,
}

impl Register {
    /// Returns an empty register that also writes to this journal.
    pub fn recorded_in(journal: Option<Journal>) -> Self {
        Self { journal, ..Self::default() }
    }

    /// Returns the journal, if there is one.
    pub fn journal(&mut self) -> Option<&mut Journal> {
        self.journal.as_mut()
    }

    /// Returns the result of each change that was begun or settled, as it would be true if the run ended now.
    pub fn results(&self) -> Vec<ChangeResult> {
        let begun = self.entries.iter().map(|(identity, entry)| (identity, &entry.result));
        let results: BTreeMap<&Identity, &ChangeResult> = self.unsent.iter().chain(begun).collect();
        results.into_values().cloned().collect()
    }

    /// Returns true if no request is on record: none has left.
    pub fn sent_nothing(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the requests whose outcome is not known.
    pub fn iter(&self) -> impl Iterator<Item = &Intent> {
        self.entries.values().filter(|entry| entry.result.is_unknown()).map(|entry| &entry.intent)
    }

    /// Returns the number of requests whose outcome is not known.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Returns true if the outcome of every request is known.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Records a request that is about to leave; `if_cut` is the result if its answer never arrives. After an
    /// error it must not leave, and cannot.
    pub(super) fn enter<'p>(
        &mut self,
        now: Timestamp,
        intent: &Intent,
        if_cut: ChangeResult,
        write: Write<'p>,
    ) -> io::Result<Recorded<'p>> {
        Recorded::by(write, |_| {
            if let Some(journal) = &mut self.journal {
                journal.intent(now, intent)?;
            }
            let entry = Entry { intent: intent.clone(), result: if_cut };
            self.entries.insert(intent.identity.clone(), entry);
            Ok(())
        })
    }

    /// Takes in an answer, at the moment it arrives.
    pub(super) fn answered(&mut self, now: Timestamp, answer: &Answer<Yes>, if_cut: ChangeResult) {
        if let Some(entry) = self.entries.get_mut(&if_cut.identity) {
            if let Some(journal) = &mut self.journal {
                noted(&if_cut.identity, journal.answer(now, &entry.intent, Some(answer)));
            }
            entry.result = if_cut;
        }
    }

    /// Records that a request which was entered did not leave.
    pub(super) fn withdrawn(&mut self, now: Timestamp, intent: &Intent) {
        if let Some(journal) = &mut self.journal {
            noted(&intent.identity, journal.answer(now, intent, None));
        }
    }

    /// Takes in the result of a change that was begun, when something else than an answer proves it.
    pub(super) fn proved(&mut self, if_cut: ChangeResult) {
        if let Some(entry) = self.entries.get_mut(&if_cut.identity) {
            entry.result = if_cut;
        }
    }

    pub(super) fn settle(&mut self, now: Timestamp, result: &ChangeResult) {
        match self.entries.get_mut(&result.identity) {
            Some(entry) => entry.result = result.clone(),
            None => drop(self.unsent.insert(result.identity.clone(), result.clone())),
        }
        if let Some(journal) = &mut self.journal {
            noted(&result.identity, journal.result(now, result));
        }
    }
}

/// Warns if the journal could not be written. The request has had its effect already, so the run goes on.
fn noted(identity: &Identity, written: io::Result<()>) {
    if let Err(error) = written {
        tracing::error!(%identity, %error, "not recorded");
    }
}
