//! One package, no distance: the cost of an empty plan.

use crate::Lab;
use crate::cloud::Cloud;
use crate::process::{Cost, measure as run};

/// `version` and `validate`, and the empty plan of one package in clear and over TLS, beside the SDK's listing.
pub(crate) fn measure(lab: &mut Lab) -> anyhow::Result<String> {
    let folder = lab.folder.path();
    let plain = Cloud::start(folder, &["--sample", "1"])?;
    let encrypted = Cloud::start(folder, &["--sample", "1", "--tls-certificate", "certificate.pem"])?;
    let mut plans = [Vec::new(), Vec::new()];
    let mut sdk = Vec::new();
    // The first run of each warms the file cache and is not counted. Short runs can be many.
    for n in 0..=lab.runs * 4 {
        for (cloud, costs) in [&plain, &encrypted].into_iter().zip(&mut plans) {
            let cost = lab.plan(cloud, "spec-1.yaml")?;
            costs.extend((n > 0).then_some(cost));
        }
        if n % 4 == 1
            && let Some(mut command) = lab.rivals.sdk(1)
        {
            sdk.push(run(plain.tell(&mut command))?);
        }
    }
    let [plain, encrypted] = plans.map(|costs| Cost::median(&costs));
    let [version, validate] = [lab.offline("version")?, lab.offline("validate -f spec-1.yaml")?];

    let mut text =
        String::from("## One package, no distance\n\n| | wall ms | CPU ms | peak MiB |\n|---|---|---|---|\n");
    for (what, cost) in [
        ("`cenbwp version`", &version),
        ("`cenbwp validate`", &validate),
        ("`cenbwp plan`, http", &plain),
        ("`cenbwp plan`, TLS", &encrypted),
    ] {
        text.push_str(&format!("| {what} | {cost} |\n"));
    }
    if !sdk.is_empty() {
        text.push_str(&format!("| vendor's Python SDK, the listing alone | {} |\n", Cost::median(&sdk)));
    }
    let ms = |cost: &Cost| cost.wall.as_secs_f64() * 1e3;
    lab.bars.at_most("empty plan of 1 package, L = 0", 10.0, ms(&plain), "ms");
    lab.bars.at_most("its peak memory", 20.0, plain.mib(), "MiB");
    lab.bars.at_most("the same over TLS", 20.0, ms(&encrypted), "ms");
    Ok(text)
}
