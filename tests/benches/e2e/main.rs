//! Measures the release binary against the emulator, beside other tools for the same work: `make bench-e2e`.
//!
//! Prints Markdown: the measurements, each beside its limit, and at the end every bar with PASS or FAIL. All
//! numbers are medians of several runs, and compared programs run in turn. With `--check` a FAIL is an error.
//!
//! | file | what |
//! |---|---|
//! | `small` | one package: the cost of an empty plan |
//! | `listing` | many live packages, at several round-trip times |
//! | `declared` | a spec of 10,000 packages |
//! | `purchases` | an apply of 100 purchases |
//! | `fleet` | many accounts, a process for each |
//! | `rivals` | the vendor's SDK, and Terraform's engine |
//! | `process`, `cloud` | running and measuring programs; the emulator |
//! | `bars` | the limits |

mod bars;
mod cloud;
mod declared;
mod fleet;
mod listing;
mod process;
mod purchases;
mod rivals;
mod small;
#[path = "../world.rs"]
mod world;

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use cenbwp_tests::sample;
use clap::{Parser, ValueEnum};
use tempfile::TempDir;

use bars::Bars;
use cloud::Cloud;
use process::Cost;
use rivals::Rivals;

/// The most packages that the spec declares in measurements of a listing: as many as one pipeline owns.
const DECLARED: usize = 50;

#[derive(Parser)]
#[command(about = "Measures the release binary end to end and prints Markdown")]
struct Args {
    /// Fail when a bar is not met
    #[arg(long)]
    check: bool,
    /// Run everything so often, and print medians
    #[arg(long, value_name = "N", default_value_t = 5)]
    runs: usize,
    /// Only these parts
    #[arg(long, value_name = "PART", value_enum)]
    only: Vec<Part>,
    /// Leave out listings of more packages than this
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    most: usize,
    /// A python3 that has the vendor's SDK; without it the SDK is not measured
    #[arg(long, value_name = "FILE", env = "CENBWP_SDK_PYTHON")]
    sdk_python: Option<PathBuf>,
    /// The part of a child process: the measuring process stays small, because the peak memory of a
    /// program that it starts is never shown below its own
    #[arg(long, hide = true)]
    child: Option<Child>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Child {
    Prepare,
    Engine,
}

/// A group of measurements.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Small,
    Listing,
    Declared,
    Purchases,
    Fleet,
    Terraform,
}

impl Part {
    /// Measures, and returns Markdown.
    fn measure(self, lab: &mut Lab) -> anyhow::Result<String> {
        match self {
            Self::Small => small::measure(lab),
            Self::Listing => listing::measure(lab),
            Self::Declared => declared::measure(lab),
            Self::Purchases => purchases::measure(lab),
            Self::Fleet => fleet::measure(lab),
            Self::Terraform => rivals::measure_terraform(lab),
        }
    }
}

/// The state that the parts share.
struct Lab {
    folder: TempDir,
    cenbwp: PathBuf,
    rivals: Rivals,
    runs: usize,
    most: usize,
    bars: Bars,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let ended = match args.child {
        Some(Child::Prepare) => prepare(),
        Some(Child::Engine) => declared::engine(),
        None => measure(&args),
    };
    match ended {
        Ok(code) => code,
        Err(error) => {
            tell(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &Args) -> anyhow::Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let cenbwp = binary("cenbwp")?;
    let mut lab = Lab {
        rivals: Rivals::find(folder.path(), args.sdk_python.as_deref()),
        folder,
        cenbwp,
        runs: args.runs.max(1),
        most: args.most,
        bars: Bars::default(),
    };
    child(&lab, "prepare").status().context("cannot prepare the inputs")?;
    print(&format!("{}\n", setting(&lab)))?;
    for part in Part::value_variants().iter().filter(|part| args.only.is_empty() || args.only.contains(part))
    {
        let name = part.to_possible_value().expect("no part is hidden");
        tell(&format!("measuring: {}", name.get_name()));
        print(&format!("{}\n", part.measure(&mut lab)?))?;
    }
    print(&lab.bars.table())?;
    tell(&format!("load {} when it ended", load()));
    Ok(if args.check && lab.bars.failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

impl Lab {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns `cenbwp` with these arguments, separated by blanks, in the folder of the inputs.
    fn tool(&self, arguments: &str) -> Command {
        let mut command = process::program(&self.cenbwp, self.folder.path());
        command.args(arguments.split_whitespace());
        command
    }

    /// Measures `cenbwp` with these arguments, without a cloud.
    fn offline(&self, arguments: &str) -> anyhow::Result<Cost> {
        let costs: anyhow::Result<Vec<Cost>> =
            (0..self.runs).map(|_| process::measure(&mut self.tool(arguments))).collect();
        Ok(Cost::median(&costs?))
    }

    /// Measures one empty plan against a cloud; the exit code proves that it is empty.
    fn plan(&self, cloud: &Cloud, spec: &str) -> anyhow::Result<Cost> {
        let mut command = self.tool(&format!("plan --detailed-exitcode -f {spec}"));
        process::measure(cloud.tell(&mut command))
    }
}

/// Writes the specs and recordings for the measurements.
fn prepare() -> anyhow::Result<ExitCode> {
    for n in [1, DECLARED, 100, 1_000, 10_000, 20_000] {
        fs::write(format!("spec-{n}.yaml"), sample::spec(n))?;
    }
    for live in listing::SIZES {
        let ours = live.min(DECLARED);
        fs::write(format!("live-{live}.json"), sample::recording(&sample::packages(ours, live - ours)))?;
    }
    for n in [1_000, 10_000] {
        fs::write(format!("declared-{n}.json"), sample::recording(&sample::packages(n, 0)))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Starts this program again, for work that takes memory.
fn child(lab: &Lab, what: &str) -> Command {
    let this = std::env::current_exe().expect("this program has a path");
    let mut command = process::program(&this, lab.folder.path());
    command.args(["--child", what]);
    command
}

/// Returns the path of a program that was built beside this one.
fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let this = std::env::current_exe().context("this program has a path")?;
    let path = this.ancestors().nth(2).context("it is built below the binaries")?.join(name);
    anyhow::ensure!(path.exists(), "{} is not there: cargo build --release -p {name}", path.display());
    Ok(path)
}

/// Describes the machine and the date.
fn setting(lab: &Lab) -> String {
    let date = cenbwp::clock::Clock::System.now().strftime("%Y-%m-%d");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let model = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(": ")?.1.to_owned())
    });
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{date}, {cores} cores ({}), Linux {}, load {} when it began, medians of {} runs. {}\n",
        model.as_deref().unwrap_or("unknown"),
        kernel.trim(),
        load(),
        lab.runs,
        lab.rivals.versions(),
    )
}

/// Returns the average number of processes that wanted a core in the last minute.
fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

fn print(text: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", text.trim_end_matches('\n'))?;
    writeln!(stdout)?;
    stdout.flush()
}

fn tell(text: &str) {
    // A closed stderr is no reason to stop.
    let _ = writeln!(std::io::stderr(), "{text}");
}
