//! Many accounts, each planned by a process of its own: the jobs of a matrix on one machine.

use std::fs;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use cenbwp_tests::{Config, sample};
use serde_json::Value;

use crate::Lab;
use crate::cloud::Cloud;
use crate::process::{Cost, measure as run, ms, timed};

const ACCOUNTS: usize = 300;
const PACKAGES: usize = 5;
/// The processes at once; for the vendor's SDK threads of one process.
const AT_ONCE: usize = 32;

/// Plans every account that `cenbwp stacks` names, in sync, and lists them with the vendor's SDK.
pub(crate) fn measure(lab: &mut Lab) -> anyhow::Result<String> {
    let accounts: Vec<String> = (0..ACCOUNTS).map(|n| format!("2{n:015}")).collect();
    let folder = lab.path("fleet");
    fs::create_dir_all(&folder)?;
    for account in &accounts {
        let stack = sample::stack_in(account);
        let pin = format!("stack: {stack}\naccount: \"{account}\"\n");
        let spec = sample::spec_of(&stack, PACKAGES).replace(&format!("stack: {stack}\n"), &pin);
        fs::write(folder.join(format!("{account}.yaml")), spec)?;
    }
    let mut arguments =
        vec!["--latency".to_owned(), "100ms".to_owned(), "--sample".to_owned(), PACKAGES.to_string()];
    arguments.extend(accounts.iter().map(|account| format!("--other-account={account}")));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let cloud = Cloud::start(lab.folder.path(), &arguments)?;
    let (wall, costs) = timed(|| plan_each(lab, &cloud));
    let costs = costs?;
    let cpu: Duration = costs.iter().map(|cost| cost.cpu).sum();
    let peak = costs.iter().map(Cost::mib).fold(0.0, f64::max);
    lab.bars.at_most("plans of 300 accounts, 32 at once, L = 100 ms", 6.0, wall.as_secs_f64(), "s");
    lab.bars.at_most("the largest of them", 12.0, peak, "MiB");
    let sdk = match lab.rivals.sdk(AT_ONCE) {
        None => "skipped | |".to_owned(),
        Some(mut command) => {
            let cost = run(cloud
                .tell(command.args(&accounts))
                .env("ALIBABA_CLOUD_ACCESS_KEY_ID", Config::USER_ID)
                .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", Config::USER_SECRET))?;
            cost.to_string()
        }
    };
    Ok(format!(
        "## {ACCOUNTS} accounts of {PACKAGES} packages, L = 100 ms\n\n\
         | | wall ms | CPU ms | peak MiB |\n|---|---|---|---|\n\
         | `cenbwp stacks`, then {AT_ONCE} at once of `cenbwp plan --account ID --assume-role …` | {} | {} | {peak:.1} each |\n\
         | vendor's Python SDK, the roles and the listings alone, {AT_ONCE} threads of one process | {sdk} |\n",
        ms(wall),
        ms(cpu),
    ))
}

/// Plans each account; the exit code proves that nothing is to do. Returns the cost of each process.
fn plan_each(lab: &Lab, cloud: &Cloud) -> anyhow::Result<Vec<Cost>> {
    let listed = lab.tool("stacks -f fleet --json").stdout(Stdio::piped()).output()?;
    let listed: Value = serde_json::from_slice(&listed.stdout)?;
    let stacks = listed["stacks"].as_array().context("a list of stacks")?;
    let jobs: Option<Vec<(&str, &str)>> =
        stacks.iter().map(|stack| Some((stack["account"].as_str()?, stack["files"][0].as_str()?))).collect();
    let jobs = jobs.context("accounts and files")?;
    let (next, costs) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || -> anyhow::Result<()> {
        while let Some((account, file)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let role = "acs:ram::{account}:role/cenbwp";
            let mut command = lab.tool(&format!(
                "plan --detailed-exitcode -f {file} --account {account} --assume-role {role}"
            ));
            cloud.tell(&mut command).env("ALIBABA_CLOUD_ACCESS_KEY_ID", Config::USER_ID);
            let cost = run(command.env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", Config::USER_SECRET))?;
            costs.lock().expect("no thread panics").push(cost);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))
    })?;
    Ok(costs.into_inner().expect("no thread panics"))
}
