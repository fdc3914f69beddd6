//! A person at a terminal: a pseudo-terminal whose other end the test reads and types into.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// A program on a terminal.
pub(crate) struct Terminal {
    child: Child,
    screen: File,
    seen: String,
}

impl Terminal {
    /// Starts the command with stdin, stdout and stderr on a new terminal.
    pub(crate) fn start(command: &mut Command) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
            .expect("a pseudo-terminal");
        grantpt(&controller).and_then(|()| unlockpt(&controller)).expect("a usable pseudo-terminal");
        let name = ptsname(&controller, Vec::new()).expect("its other end has a name");
        let path = name.to_str().expect("a plain path").to_owned();
        let end = || File::options().read(true).write(true).open(&path).expect("its other end");
        command.stdin(Stdio::from(end())).stdout(Stdio::from(end())).stderr(Stdio::from(end()));
        let child = command.spawn().expect("the binary is built");
        // The command keeps its copies of the other end, which would hide the end of the output.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { child, screen: File::from(controller), seen: String::new() }
    }

    /// Starts the command as a session that this terminal controls: a typed key may be a signal.
    pub(crate) fn control(command: &Command) -> Self {
        let mut session = Command::new("setsid");
        session.arg("--ctty").arg(command.get_program()).args(command.get_args()).env_clear();
        session.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Self::start(session.current_dir(command.get_current_dir().expect("a lab's folder")))
    }

    /// Reads until this text has been printed.
    pub(crate) fn wait_for(&mut self, text: &str) {
        while !self.seen.contains(text) {
            assert!(self.read(), "{text:?} was never printed:\n{}", self.seen);
        }
    }

    /// Reads until this text has been printed, and returns what came before it since the last such call.
    pub(crate) fn until(&mut self, text: &str) -> String {
        self.wait_for(text);
        let (before, after) = self.seen.split_once(text).expect("it was waited for");
        let (before, after) = (before.replace("\r\n", "\n"), after.to_owned());
        self.seen = after;
        before
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, line: &str) {
        self.screen.write_all(format!("{line}\n").as_bytes()).expect("the terminal takes input");
    }

    /// Sends the program a signal, such as `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.expect("kill is there").success());
    }

    /// Presses Ctrl-C.
    pub(crate) fn press_ctrl_c(&mut self) {
        self.screen.write_all(b"\x03").expect("the terminal takes input");
    }

    /// Sends the program a signal again and again until it has ended.
    pub(crate) fn signal_until_it_ends(&mut self, signal: Signal) {
        super::signal_until_it_ends(&mut self.child, signal);
    }

    /// Returns everything that was printed, without its colours, and the exit code.
    pub(crate) fn end(self) -> (String, i32) {
        let (screen, code) = self.end_in_colour();
        let mut parts = screen.split("\u{1b}[");
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            match part.split_once('m') {
                Some((colour, rest)) if colour.bytes().all(|byte| byte.is_ascii_digit()) => {
                    text.push_str(rest);
                }
                _ => text.push_str(&format!("\u{1b}[{part}")),
            }
        }
        (text, code)
    }

    /// Returns everything that was printed, and the exit code.
    pub(crate) fn end_in_colour(mut self) -> (String, i32) {
        while self.read() {}
        let status = self.child.wait().expect("the program ends");
        let (seen, code) = (self.seen.replace("\r\n", "\n"), status.code().unwrap_or(-1));
        if code == 7 {
            super::check_doubt(&seen);
        }
        (seen, code)
    }

    /// Reads some more; returns false at the end, which Linux reports as an error.
    fn read(&mut self) -> bool {
        let mut buffer = [0; 4096];
        let read = self.screen.read(&mut buffer).unwrap_or(0);
        self.seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
        read > 0
    }
}
