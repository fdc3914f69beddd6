//! Two benches: the library on paused time in this process, and the real binary over a socket.

mod bench;
mod lab;
mod terminal;

pub(crate) use bench::{Bench, Run, purchases, spec};
pub(crate) use lab::{Lab, binaries};
pub(crate) use terminal::Terminal;
