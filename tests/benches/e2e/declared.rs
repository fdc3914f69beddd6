//! A spec of 10,000 packages: the engine alone, the commands, and the growth of both.

use std::io::Write as _;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use cenbwp_diff::Style;
use cenbwp_tests::sample;

use crate::cloud::Cloud;
use crate::process::{Cost, computed, ms, program, timed};
use crate::world::{World, sources};
use crate::{Lab, child};

const PACKAGES: usize = 10_000;
const RUNS: usize = 9;

/// Times every step of the engine in a process of its own and prints a line for each.
pub(crate) fn engine() -> anyhow::Result<ExitCode> {
    let recording = sample::recording(&sample::packages(PACKAGES, 0));
    let sources = sources(PACKAGES);
    let (same, drifted, empty) =
        (World::as_declared(PACKAGES), World::drifted(PACKAGES), World::empty(PACKAGES));
    let (changes, purchases) = (drifted.plan(), empty.plan());
    let style = Style::plain();
    let steps: [(&str, &dyn Fn()); 8] = [
        ("parse and check", &|| drop(cenbwp_spec::parse(&sources))),
        ("decode a listing", &|| drop(cenbwp::cloud::decode_recording(recording.as_bytes()))),
        ("diff, nothing to do", &|| drop(same.plan())),
        ("diff, every package differs", &|| drop(drifted.plan())),
        ("diff, every package is bought", &|| drop(empty.plan())),
        ("audit, every package differs", &|| {
            drop(cenbwp_diff::audit(&changes, &drifted.spec, &drifted.observed, &drifted.options));
        }),
        ("render, every package differs", &|| drop(cenbwp_diff::render(&changes, &style))),
        ("render, every package is bought", &|| drop(cenbwp_diff::render(&purchases, &style))),
    ];
    for (name, step) in steps {
        let times: Vec<[Duration; 2]> = (0..RUNS)
            .map(|_| {
                let before = computed();
                let (wall, ()) = timed(step);
                [wall, computed() - before]
            })
            .collect();
        // Other work on the machine only adds, so the least of them is the step's own cost.
        let [wall, cpu] =
            [0, 1].map(|which| times.iter().map(|time| time[which].as_nanos()).min().unwrap_or_default());
        writeln!(std::io::stdout(), "{name}\t{wall}\t{cpu}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The engine's steps, the commands, and the instructions of ten times the input.
pub(crate) fn measure(lab: &mut Lab) -> anyhow::Result<String> {
    let mut text = String::from(
        "## A spec of 10,000 packages\n\n| step of the engine | wall ms | CPU ms |\n|---|---|---|\n",
    );
    let steps = steps(lab)?;
    for Step { name, wall, cpu } in &steps {
        text.push_str(&format!("| {name} | {} | {} |\n", ms(*wall), ms(*cpu)));
    }
    text.push_str("\n| command | wall ms | CPU ms | peak MiB |\n|---|---|---|---|\n");
    for (what, arguments) in [
        ("`cenbwp validate`", "validate -f spec-10000.yaml"),
        (
            "`cenbwp plan --live-from`, nothing to do",
            "plan -f spec-10000.yaml --live-from declared-10000.json",
        ),
        ("`cenbwp plan --live-from`, 9,950 purchases", "plan -f spec-10000.yaml --live-from live-50.json"),
    ] {
        text.push_str(&format!("| {what} | {} |\n", lab.offline(arguments)?));
    }
    let everything = Cloud::start(lab.folder.path(), &["--sample", "20000", "--latency", "20ms"])?;
    everything.bare(20_000, 48)?;
    let costs: anyhow::Result<Vec<Cost>> =
        (0..lab.runs).map(|_| lab.plan(&everything, "spec-20000.yaml")).collect();
    let cost = Cost::median(&costs?);
    text.push_str(&format!("| `cenbwp plan`, 20,000 declared and live, L = 20 ms | {cost} |\n"));
    lab.bars.at_most("20,000 packages declared and live: peak memory", 64.0, cost.mib(), "MiB");
    // A step never waits: on an idle machine the wall time is the computing time.
    let worst = |start: &str| {
        let times = steps.iter().filter(|step| step.name.starts_with(start)).map(|step| step.cpu);
        times.max().unwrap_or_default().as_secs_f64() * 1e3
    };
    lab.bars.at_most("10,000 packages: parse and check, CPU", 100.0, worst("parse"), "ms");
    lab.bars.at_most("10,000 packages: the slowest diff, CPU", 30.0, worst("diff"), "ms");
    lab.bars.at_most("10,000 packages: the slowest render, CPU", 50.0, worst("render"), "ms");
    text.push_str(&growth(lab)?);
    Ok(text)
}

struct Step {
    name: String,
    wall: Duration,
    cpu: Duration,
}

fn steps(lab: &Lab) -> anyhow::Result<Vec<Step>> {
    let output = child(lab, "engine").stdout(Stdio::piped()).output().context("cannot run the engine")?;
    anyhow::ensure!(output.status.success(), "the engine: {}", output.status);
    let text = String::from_utf8(output.stdout)?;
    let step = |line: &str| {
        let mut fields = line.split('\t');
        let mut field = || fields.next().context("a step and its times");
        let (name, wall, cpu) = (field()?.to_owned(), field()?.parse()?, field()?.parse()?);
        Ok(Step { name, wall: Duration::from_nanos(wall), cpu: Duration::from_nanos(cpu) })
    };
    text.lines().map(step).collect()
}

/// Counts the instructions for ten times the packages, with valgrind, whose count is the same in every run.
fn growth(lab: &mut Lab) -> anyhow::Result<String> {
    let mut text = String::from(
        "\n| command | 1,000 packages, instructions | 10,000 packages | × |\n|---|---|---|---|\n",
    );
    for (what, arguments) in [
        ("`cenbwp validate`", "validate -f spec-N.yaml"),
        ("`cenbwp plan --live-from`, nothing to do", "plan -f spec-N.yaml --live-from declared-N.json"),
        ("`cenbwp plan --live-from`, purchases", "plan -f spec-N.yaml --live-from live-1.json"),
    ] {
        let count = |n: &str| instructions(lab, &arguments.replace('N', n));
        let (Some(few), Some(many)) = (count("1000")?, count("10000")?) else {
            return Ok("\nInstructions: skipped, there is no valgrind.\n".to_owned());
        };
        #[expect(clippy::cast_precision_loss, reason = "it is shown with two digits")]
        let ratio = many as f64 / few as f64;
        text.push_str(&format!("| {what} | {few} | {many} | {ratio:.2} |\n"));
        lab.bars.at_most(format!("{what}: instructions of 10 × the input"), 11.0, ratio, "×");
    }
    Ok(text)
}

fn instructions(lab: &Lab, arguments: &str) -> anyhow::Result<Option<u64>> {
    let mut command = program(Path::new("valgrind"), lab.folder.path());
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.arg(&lab.cenbwp).args(arguments.split_whitespace()).stderr(Stdio::piped());
    let Ok(output) = command.env("PATH", &lab.rivals.path).output() else { return Ok(None) };
    anyhow::ensure!(output.status.success(), "{command:?}: {}", output.status);
    let report = String::from_utf8_lossy(&output.stderr);
    let collected = report.lines().find_map(|line| line.split_once("Collected : "));
    let (_, count) = collected.context("valgrind does not say how many instructions it counted")?;
    Ok(Some(count.trim().parse()?))
}
