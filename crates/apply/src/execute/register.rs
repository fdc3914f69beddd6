//! What a run has done so far: in memory for a run that is cut short, and in the journal if there is one.

use std::collections::BTreeMap;
use std::fmt;
use std::io;

use cenbwp_spec::{Identity, Mbps, PackageId};
use jiff::Timestamp;

use super::job::Request;
use super::journal::Journal;
use super::outcome::{ChangeResult, Outcome};
use crate::cloud::ClientToken;

/// A request that is about to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Whose package.
    pub identity: Identity,
    /// `purchase`, or the operation on a package that exists.
    pub action: &'static str,
    /// That package.
    pub id: Option<PackageId>,
    /// The Mbps that are bought.
    pub mbps: Option<Mbps>,
    /// The token of a purchase.
    pub client_token: Option<ClientToken>,
}

impl Intent {
    pub(super) fn new(identity: &Identity, request: &Request<'_>) -> Self {
        let identity = identity.clone();
        match request {
            Request::Buy(purchase, token) => {
                let (mbps, client_token) = (Some(purchase.bandwidth), Some(token.clone()));
                Self { identity, action: "purchase", id: None, mbps, client_token }
            }
            Request::Change(id, call) => {
                let (action, id) = (call.request(id).action, Some(id.clone()));
                Self { identity, action, id, mbps: None, client_token: None }
            }
        }
    }

    /// What is known of it from before it leaves until something proves otherwise: nothing.
    fn unknown(&self) -> ChangeResult {
        let Self { identity, action, id, mbps, client_token } = self.clone();
        ChangeResult {
            identity,
            action,
            outcome: Outcome::Unknown,
            id,
            mbps,
            order_id: None,
            client_token,
            request_id: None,
            detail: Some("sent, and nothing proves yet what became of it".to_owned()),
            hint: None,
            may_have_bought: false,
            fields: Vec::new(),
        }
    }
}

/// Names it to a person: `net/x, client token cbwp1-…`.
impl fmt::Display for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { identity, action, id, mbps: _, client_token } = self;
        match (client_token, id) {
            (Some(token), _) => write!(f, "{identity}, client token {token}"),
            (None, Some(id)) => write!(f, "{identity}, {action} of {id}"),
            (None, None) => write!(f, "{identity}, {action}"),
        }
    }
}

/// What was sent and is not settled, and what is.
///
/// **Invariant:** a request is entered, and its intent on disk if there is a journal, before it leaves.
#[derive(Debug, Default)]
pub struct Register {
    sent: BTreeMap<Identity, Intent>,
    settled: BTreeMap<Identity, ChangeResult>,
    journal: Option<Journal>,
}

impl Register {
    /// Nothing yet; what comes is also written to this journal.
    pub fn recorded_in(journal: Option<Journal>) -> Self {
        Self { journal, ..Self::default() }
    }

    /// The journal, if there is one.
    pub fn journal(&mut self) -> Option<&mut Journal> {
        self.journal.as_mut()
    }

    /// What became of each change that was begun or settled, as far as it is known.
    pub fn results(&self) -> Vec<ChangeResult> {
        let mut results = self.settled.clone();
        results.extend(self.sent.iter().map(|(identity, intent)| (identity.clone(), intent.unknown())));
        results.into_values().collect()
    }

    /// What was sent and is not settled.
    pub fn iter(&self) -> impl Iterator<Item = &Intent> {
        self.sent.values()
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
    pub(super) fn enter(&mut self, now: Timestamp, intent: &Intent) -> io::Result<()> {
        if let Some(journal) = &mut self.journal {
            journal.intent(now, intent)?;
        }
        self.sent.insert(intent.identity.clone(), intent.clone());
        Ok(())
    }

    /// Takes in an outcome. The cloud is as it is: a journal that cannot take it changes nothing.
    pub(super) fn settle(&mut self, now: Timestamp, result: &ChangeResult) {
        if !result.is_unknown() {
            self.sent.remove(&result.identity);
        }
        self.settled.insert(result.identity.clone(), result.clone());
        if let Some(journal) = &mut self.journal
            && let Err(error) = journal.result(now, result)
        {
            tracing::error!(identity = %result.identity, outcome = result.outcome.word(), %error, "not recorded");
        }
    }
}
