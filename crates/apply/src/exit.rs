//! Exit codes, and the failures that end a command early.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use cenbwp_spec::Explanation;

use crate::catalogue;
use crate::cloud::Secrets;
use crate::files::{Unreadable, shown};

/// The end of a command: one table of exit codes for all commands.
///
/// Codes 1 to 5 and 130 promise that this run bought and changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Credentials, network, a refusal by the service, or a bug of ours.
    Error = 1,
    /// Changes are pending; only with `--detailed-exitcode`.
    Pending = 2,
    /// The spec, a flag or a target cannot be used.
    Invalid = 3,
    /// A limit, a held item, the wrong account, or no approval.
    Refused = 4,
    /// The account is no longer as it was when the plan was approved.
    Stale = 5,
    /// Something was bought or changed, and something planned was not.
    Partial = 6,
    /// A request was sent and its outcome is not known.
    Unknown = 7,
    /// Interrupted before anything was sent.
    Interrupted = 130,
}

impl Exit {
    /// Its explanation.
    pub fn rule(self) -> &'static Explanation {
        match self {
            Self::Done => &catalogue::EXIT_0,
            Self::Error => &catalogue::EXIT_1,
            Self::Pending => &catalogue::EXIT_2,
            Self::Invalid => &catalogue::EXIT_3,
            Self::Refused => &catalogue::EXIT_4,
            Self::Stale => &catalogue::EXIT_5,
            Self::Partial => &catalogue::EXIT_6,
            Self::Unknown => &catalogue::EXIT_7,
            Self::Interrupted => &catalogue::EXIT_130,
        }
    }

    /// Returns the number that the process ends with.
    pub fn code(self) -> u8 {
        self as u8
    }
}

/// The code in a word or two.
impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rule().title)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// The reason for which a command ends early. Returned only before the first request that changes something.
#[derive(Debug)]
pub struct Failure {
    /// The code to end with.
    pub exit: Exit,
    /// The problem and its place, causes included.
    pub error: anyhow::Error,
    /// The next command or edit.
    pub hint: Option<String>,
}

impl Failure {
    /// Returns a failure with this code and message.
    pub fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self { exit, error: anyhow::anyhow!("{message}"), hint: None }
    }

    /// Returns exit 3: a file that was named cannot be read.
    pub fn unreadable(path: &Path, why: &Unreadable) -> Self {
        let failure = Self::new(Exit::Invalid, format_args!("{}: {why}", shown(path)));
        Self { hint: why.hint(path), ..failure }
    }

    /// Returns the same failure without these secrets: an error can quote the file that it is about.
    pub fn without(&self, secrets: &Secrets) -> Self {
        let Self { exit, error, hint } = self;
        let hint = hint.as_ref().map(|hint| secrets.hidden_in(hint));
        Self { exit: *exit, error: anyhow::anyhow!(secrets.hidden_in(&format!("{error:#}"))), hint }
    }

    /// Returns the same failure with this hint.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Turns an error into a failure with this code.
    pub fn with<E: Into<anyhow::Error>>(exit: Exit) -> impl FnOnce(E) -> Self {
        move |error| Self { exit, error: error.into(), hint: None }
    }
}
