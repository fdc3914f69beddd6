//! Many live packages, at several round-trip times.

use std::time::Duration;

use crate::cloud::{Cloud, PAGE};
use crate::process::{Cost, measure as run, median, ms};
use crate::{DECLARED, Lab, tell};

/// The numbers of live packages.
pub(crate) const SIZES: [usize; 5] = [1, 50, 500, 5_000, 20_000];
const DISTANCES: [u64; 3] = [0, 20, 100];
/// The concurrency that the tool reaches without throttling.
const CONCURRENCY: usize = 48;
/// The most runs of a rival, because the rivals are slow.
const RIVAL_RUNS: usize = 3;

const HEAD: &str = "\
## Empty plan of N live packages, of which 50 are declared, at round-trip time L

| N | L ms | requests | wall ms | CPU ms | peak MiB | bound ms | × bound | bare reader ms | SDK ms | SDK MiB | SDK / tool | SDK, 8 threads ms | SDK 8 / tool |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
";

/// The measurements of one size at one distance.
struct Cell {
    live: usize,
    distance: Duration,
    requests: usize,
    tool: Cost,
    bound: Duration,
    bare: Duration,
    /// The SDK, page by page, and with eight threads.
    sdk: Option<[Cost; 2]>,
}

/// Measures every size at every distance.
pub(crate) fn measure(lab: &mut Lab) -> anyhow::Result<String> {
    let mut text = HEAD.to_owned();
    let (connect, most) = (connecting(lab)?, lab.most);
    for live in SIZES.into_iter().filter(|live| *live <= most) {
        let offline = lab.offline(&format!("plan -f {} --live-from live-{live}.json", spec(live)))?;
        for distance in DISTANCES {
            tell(&format!("  {live} packages, {distance} ms"));
            let distance = Duration::from_millis(distance);
            let bound = offline.wall + connect + distance * rounds(live);
            let cell = cell(lab, live, distance, bound)?;
            text.push_str(&cell.row());
            cell.judge(lab);
        }
    }
    Ok(text)
}

fn spec(live: usize) -> String {
    format!("spec-{}.yaml", if live < DECLARED { 1 } else { DECLARED })
}

/// Measures how much longer a plan of one package takes with a cloud on this machine than with a recording.
fn connecting(lab: &Lab) -> anyhow::Result<Duration> {
    let cloud = Cloud::start(lab.folder.path(), &["--sample", "1"])?;
    let online: anyhow::Result<Vec<Cost>> = (0..lab.runs).map(|_| lab.plan(&cloud, "spec-1.yaml")).collect();
    let offline = lab.offline("plan -f spec-1.yaml --live-from live-1.json")?;
    Ok(Cost::median(&online?).wall.saturating_sub(offline.wall))
}

/// Returns the number of round trips of a listing: its first page, and the others side by side.
fn rounds(live: usize) -> u32 {
    let others = live.div_ceil(PAGE).max(1) - 1;
    u32::try_from(1 + others.div_ceil(CONCURRENCY)).expect("a few")
}

fn cell(lab: &Lab, live: usize, distance: Duration, bound: Duration) -> anyhow::Result<Cell> {
    let (ours, latency) = (live.min(DECLARED), format!("{}ms", distance.as_millis()));
    let sample = format!("{ours}+{}", live - ours);
    let cloud = Cloud::start(lab.folder.path(), &["--sample", &sample, "--latency", &latency])?;
    // The first reading lets the emulator write every page once.
    cloud.bare(live, CONCURRENCY)?;
    let before = cloud.requests("")?;
    let mut tool = vec![lab.plan(&cloud, &spec(live))?];
    let requests = cloud.requests("")? - before;
    let (mut bare, mut sdk) = (Vec::new(), [Vec::new(), Vec::new()]);
    for n in 0..lab.runs {
        tool.push(lab.plan(&cloud, &spec(live))?);
        bare.push(cloud.bare(live, CONCURRENCY)?);
        for (threads, costs) in [1, 8].into_iter().zip(&mut sdk) {
            if n < RIVAL_RUNS
                && let Some(mut command) = lab.rivals.sdk(threads)
            {
                costs.push(run(cloud.tell(&mut command))?);
            }
        }
    }
    let sdk = (!sdk[0].is_empty()).then(|| sdk.map(|costs| Cost::median(&costs)));
    Ok(Cell { live, distance, requests, tool: Cost::median(&tool[1..]), bound, bare: median(bare), sdk })
}

impl Cell {
    fn over_bound(&self) -> f64 {
        self.tool.wall.as_secs_f64() / self.bound.as_secs_f64()
    }

    fn row(&self) -> String {
        let Self { live, distance, requests, tool, bound, bare, sdk } = self;
        let sdk = match sdk {
            None => "– | – | – | – | –".to_owned(),
            Some([one, eight]) => format!(
                "{} | {:.1} | {:.1} | {} | {:.1}",
                ms(one.wall),
                one.mib(),
                ratio(one, tool),
                ms(eight.wall),
                ratio(eight, tool)
            ),
        };
        let (over, bound, bare) = (self.over_bound(), ms(*bound), ms(*bare));
        format!(
            "| {live} | {} | {requests} | {tool} | {bound} | {over:.2} | {bare} | {sdk} |\n",
            distance.as_millis()
        )
    }

    /// Adds the bars, which are about the largest account.
    fn judge(&self, lab: &mut Lab) {
        if self.live != 20_000 {
            return;
        }
        let at = format!("20,000 live packages, L = {} ms", self.distance.as_millis());
        lab.bars.at_most(format!("{at}: peak memory"), 64.0, self.tool.mib(), "MiB");
        let faster = match self.distance.as_millis() {
            20 => 12.0,
            100 => 20.0,
            _ => return,
        };
        lab.bars.at_most(format!("{at}: times the bound"), 1.3, self.over_bound(), "");
        if let Some([one, eight]) = &self.sdk {
            lab.bars.at_least(
                format!("{at}: faster than the SDK, one by one"),
                faster,
                ratio(one, &self.tool),
                "×",
            );
            lab.bars.at_least(
                format!("{at}: faster than the SDK, 8 threads"),
                4.0,
                ratio(eight, &self.tool),
                "×",
            );
        }
    }
}

fn ratio(slow: &Cost, fast: &Cost) -> f64 {
    slow.wall.as_secs_f64() / fast.wall.as_secs_f64()
}
