//! What is in flight: in memory for the second signal, and in the journal if there is one.

use std::collections::BTreeMap;
use std::io;

use cenbwp_diff::Purchase;
use cenbwp_spec::Identity;
use jiff::Timestamp;

use super::journal::Journal;
use super::outcome::{ChangeResult, Outcome};
use crate::cloud::ClientToken;

/// The requests whose outcome is not known yet, with the tokens they were sent with.
///
/// **Invariant:** a request is entered, and its intent on disk if there is a journal, before it leaves.
#[derive(Debug, Default)]
pub struct Unsettled {
    sent: BTreeMap<Identity, ClientToken>,
    journal: Option<Journal>,
}

impl Unsettled {
    /// Nothing yet; what comes is also written to this journal.
    pub fn recorded_in(journal: Option<Journal>) -> Self {
        Self { sent: BTreeMap::new(), journal }
    }

    /// The journal, if there is one.
    pub fn journal(&mut self) -> Option<&mut Journal> {
        self.journal.as_mut()
    }

    /// Who was sent with which token.
    pub fn iter(&self) -> impl Iterator<Item = (&Identity, &ClientToken)> {
        self.sent.iter()
    }

    /// How many are not settled.
    pub fn len(&self) -> usize {
        self.sent.len()
    }

    /// Tells whether everything that was sent is settled.
    pub fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    /// Enters a request that is about to leave. On an error it must not leave.
    pub(super) fn enter(
        &mut self,
        now: Timestamp,
        purchase: &Purchase,
        token: &ClientToken,
    ) -> io::Result<()> {
        if let Some(journal) = &mut self.journal {
            journal.intent(now, purchase, token)?;
        }
        self.sent.insert(purchase.identity.clone(), token.clone());
        Ok(())
    }

    /// Takes in an outcome. The cloud is as it is: a journal that cannot take it changes nothing.
    pub(super) fn settle(&mut self, now: Timestamp, result: &ChangeResult) {
        if result.outcome != Outcome::Unknown {
            self.sent.remove(&result.identity);
        }
        if let Some(journal) = &mut self.journal
            && let Err(error) = journal.result(now, result)
        {
            tracing::error!(identity = %result.identity, outcome = result.outcome.word(), %error, "not recorded");
        }
    }
}
