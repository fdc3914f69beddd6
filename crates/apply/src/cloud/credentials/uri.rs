//! A server that hands out credentials, such as one beside a container.

use std::fmt;

use super::context::Context;
use super::{CredentialsError, Lease, failed, temporary};
use crate::cloud::transport::{Address, Fetch};

pub(super) const CREDENTIALS_URI: &str = "ALIBABA_CLOUD_CREDENTIALS_URI";

/// The address of such a server. Its query may hold a secret, so only its root is ever shown.
pub(super) struct Server(Address);

impl Server {
    /// Reads an address.
    pub(super) fn new(uri: &str) -> Result<Self, String> {
        let invalid = |invalid: cenbwp_spec::ParseError| format!("not a usable address, {invalid}");
        uri.parse().map(Self).map_err(invalid)
    }

    /// Gets the server's credentials.
    pub(super) async fn lease(&self, origin: &str, context: &Context<'_>) -> Result<Lease, CredentialsError> {
        context.secrets.learn_query(self.0.target());
        let fetch = Fetch::new("GET", self.0.clone());
        let reply = context.fetch("the credentials URI", &fetch).await;
        let reply = reply.map_err(|error| failed(origin, error.to_string()))?;
        if reply["Code"] != "Success" {
            return Err(failed(origin, "the reply's Code is not Success"));
        }
        temporary(origin, &reply)
    }
}

/// Shows the root of the address.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
