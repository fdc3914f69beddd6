//! Two benches: the library on paused time in this process, and the real binary over a socket. And their
//! counterparts: a server that is not the service, and a person at a terminal.

mod bench;
mod forger;
mod lab;
mod rogue;
mod signal;
mod specs;
mod terminal;

pub(crate) use crate::common::spec;
pub(crate) use bench::{Bench, Run, purchases};
pub(crate) use forger::Forged;
pub(crate) use lab::{Lab, Ran, binaries, check_doubt, repository};
pub(crate) use rogue::{Rogue, nobody};
pub(crate) use signal::{signal, signal_until_it_ends};
pub(crate) use specs::{ATTRIBUTE, CREATE, DESCRIBE, ONE, RESIZE, THREE, net};
pub(crate) use terminal::Terminal;
