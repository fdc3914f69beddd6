//! An apply of 100 purchases, each visible five seconds after its order.

use crate::Lab;
use crate::cloud::Cloud;
use crate::process::{Cost, measure as run};

const PURCHASES: usize = 100;

/// Buys them in an empty account, a new one for every run.
pub(crate) fn measure(lab: &mut Lab) -> anyhow::Result<String> {
    let mut costs = Vec::new();
    let mut requests = [0; 3];
    for _ in 0..lab.runs.min(3) {
        let cloud = Cloud::start(lab.folder.path(), &["--latency", "100ms", "--visible-after", "5s"])?;
        let mut command = lab.tool(&format!("apply --auto-approve --quiet -f spec-{PURCHASES}.yaml"));
        costs.push(run(cloud.tell(&mut command))?);
        for (count, action) in requests.iter_mut().zip(["Create", "Describe", ""]) {
            *count = cloud.requests(action)?;
        }
    }
    let cost = Cost::median(&costs);
    let [creates, listings, all] = requests;
    lab.bars.at_most("100 purchases, L = 100 ms, visible after 5 s", 12.0, cost.wall.as_secs_f64(), "s");
    let per_package = f64::from(u32::try_from(creates)?);
    lab.bars.at_most("their Create requests", 100.0, per_package, "");
    Ok(format!(
        "## Apply of {PURCHASES} purchases, L = 100 ms, each visible after 5 s\n\n\
         | wall ms | CPU ms | peak MiB | creates | pages listed | requests |\n|---|---|---|---|---|---|\n\
         | {cost} | {creates} | {listings} | {all} |\n"
    ))
}
