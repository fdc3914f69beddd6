//! The process's environment, read once.

use crate::cloud::Environment;

impl Environment {
    /// Returns the environment of this process. A variable that is not Unicode counts as empty: no variable
    /// that this tool reads can hold such a value.
    pub fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().unwrap_or_default()))
        };
        Self::new(std::env::vars_os().filter_map(text))
    }
}
