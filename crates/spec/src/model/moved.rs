//! The key that a package had before.

use std::str::FromStr;

use super::ids::{Address, PackageName, ParseError, StackName};

/// The address that a package had before, as the spec writes it: `PACKAGE` in the same stack, or
/// `STACK/PACKAGE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MovedFrom {
    stack: Option<StackName>,
    package: PackageName,
}

impl MovedFrom {
    /// Returns the address that an entry of this stack means.
    pub(crate) fn seen_from(&self, stack: &StackName) -> Address {
        let stack = self.stack.as_ref().unwrap_or(stack);
        Address { stack: stack.clone(), package: self.package.clone() }
    }
}

impl FromStr for MovedFrom {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text.split_once('/') {
            Some((stack, package)) => Ok(Self { stack: Some(stack.parse()?), package: package.parse()? }),
            None => Ok(Self { stack: None, package: text.parse()? }),
        }
    }
}
