//! Runs programs and measures them.

use std::fmt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use wait4::Wait4 as _;

/// The cost of one run of a program.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cost {
    /// The time from its start to its end.
    pub(crate) wall: Duration,
    /// User and system time together.
    pub(crate) cpu: Duration,
    /// The most memory that it had, in bytes.
    pub(crate) peak: u64,
}

impl Cost {
    /// The median of each number over several runs.
    pub(crate) fn median(costs: &[Self]) -> Self {
        Self {
            wall: median(costs.iter().map(|cost| cost.wall)),
            cpu: median(costs.iter().map(|cost| cost.cpu)),
            peak: median(costs.iter().map(|cost| cost.peak)),
        }
    }

    pub(crate) fn mib(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "it is shown with one digit behind the point")]
        let bytes = self.peak as f64;
        bytes / f64::from(1 << 20)
    }
}

/// `wall | CPU | peak`, three cells of a row.
impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} | {} | {:.1}", ms(self.wall), ms(self.cpu), self.mib())
    }
}

/// Renders milliseconds, with a digit behind the point below 100.
pub(crate) fn ms(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    if ms < 100.0 { format!("{ms:.1}") } else { format!("{ms:.0}") }
}

/// The value in the middle; of an even number, the lower one.
pub(crate) fn median<T: Ord>(values: impl IntoIterator<Item = T>) -> T {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort();
    let middle = (values.len() - 1) / 2;
    values.swap_remove(middle)
}

/// Returns a program in a clean environment, with its output discarded.
pub(crate) fn program(path: &Path, folder: &Path) -> Command {
    let mut command = Command::new(path);
    command.env_clear().env("HOME", folder).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Runs a command to its end, which must be a success.
#[expect(clippy::disallowed_methods, reason = "measuring time is what this program is for")]
pub(crate) fn measure(command: &mut Command) -> anyhow::Result<Cost> {
    let start = Instant::now();
    let child = command.spawn().with_context(|| format!("cannot run {command:?}"))?;
    let used = child.wait4().with_context(|| format!("cannot wait for {command:?}"))?;
    let wall = start.elapsed();
    ensure!(used.status.success(), "{command:?}: {}", used.status);
    Ok(Cost { wall, cpu: used.rusage.utime + used.rusage.stime, peak: used.rusage.maxrss })
}

/// Measures the cost of a closure.
#[expect(clippy::disallowed_methods, reason = "measuring time is what this program is for")]
pub(crate) fn timed<T>(run: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = run();
    (start.elapsed(), result)
}

/// Returns the computing time of this thread so far; always zero if the kernel does not report it.
pub(crate) fn computed() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

/// A process that is killed when it is dropped.
pub(crate) struct Ended(pub(crate) Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
