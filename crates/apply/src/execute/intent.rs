//! A request that is about to leave, as it is recorded and shown.

use std::fmt;

use cenbwp_spec::{Identity, Mbps, PackageId};

use crate::cloud::{ClientToken, Write};

/// A request that is about to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The identity of the package.
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
    pub(super) fn new(identity: &Identity, write: &Write<'_>) -> Self {
        let identity = identity.clone();
        match write {
            Write::Purchase(purchase, token) => {
                let (mbps, client_token) = (Some(purchase.bandwidth), Some(token.clone()));
                Self { identity, action: "purchase", id: None, mbps, client_token }
            }
            Write::Change(id, _) => {
                let (action, id) = (write.operation(), Some(id.clone()));
                Self { identity, action, id, mbps: None, client_token: None }
            }
        }
    }
}

/// Names it for people: `net/x, client token cbwp1-…`.
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
