//! The record of a request.

use std::collections::BTreeMap;

use serde::Serialize;

/// One request as it was received.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Logged {
    /// Counted from 1, in the order of arrival.
    pub seq: u64,
    /// The emulator's time when it arrived.
    pub at: jiff::Timestamp,
    /// The operation, if the request named one.
    pub action: String,
    /// Its parameters, without those of the signature.
    pub params: BTreeMap<String, String>,
    /// The signature's nonce.
    pub nonce: Option<String>,
    /// The outcome of the request.
    pub outcome: Outcome,
}

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Not answered yet.
    Pending,
    /// Answered, with an error code or without.
    Answered {
        /// HTTP status.
        status: u16,
        /// The error code.
        code: Option<String>,
    },
    /// The connection was closed.
    Cut,
}
