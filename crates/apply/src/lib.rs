//! The library behind `cenbwp`: the service's client, and what the commands are made of.

pub mod clock;
pub mod cloud;
pub mod random;
