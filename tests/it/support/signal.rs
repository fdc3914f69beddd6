//! Sends signals without a program that has to start first.

use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};

/// Sends a signal to a program that has not been waited for.
pub(crate) fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("the program is there");
}

/// Sends a signal again and again until the program has ended: the program decides which of them is the
/// second one.
pub(crate) fn signal_until_it_ends(child: &mut Child, again: Signal) {
    while child.try_wait().expect("the program is ours").is_none() {
        signal(child, again);
        std::thread::yield_now();
    }
}
