//! The process's environment, read once.

use crate::cloud::Environment;

impl Environment {
    /// The environment of this process. Variables that are not Unicode are left out: none of ours can be.
    pub fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self::new(std::env::vars_os().filter_map(text))
    }
}
