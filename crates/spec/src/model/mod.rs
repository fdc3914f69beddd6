//! The values of a spec. Nothing here knows YAML or findings.

pub(crate) mod area;
pub(crate) mod ids;
pub(crate) mod money;
pub(crate) mod moved;
pub(crate) mod package;
pub(crate) mod spec;
pub(crate) mod tags;
pub(crate) mod terms;
