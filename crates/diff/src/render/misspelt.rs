//! The hint about an area that is spelled nearly as one that is known, or as one of the live package.
//!
//! It does not name the way to buy another package: for a slip of the pen that is the wrong one.

use cenbwp_spec::{Address, neutral};

use crate::{Delta, FixedDifference};

/// Returns the hint for a package that differs, if a misspelt area is the reason.
pub(super) fn areas(differences: &[FixedDifference], address: &Address) -> Option<String> {
    let meant = differences.iter().find_map(|difference| {
        let FixedDifference::Areas(Delta { from, to }) = difference else { return None };
        let meant = to.both().map(|area| area.meant(&from.both()).ok_or_else(|| area.clone()));
        meant.iter().any(Result::is_ok).then_some(meant)
    })?;
    let [a, b] = meant.map(|area| neutral(area.unwrap_or_else(|declared| declared).as_str()).into_owned());
    Some(format!("did you mean {a} - {b}? where {address} is declared, write `areas: [{a}, {b}]`"))
}
