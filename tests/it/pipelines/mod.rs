//! The pipelines that users copy, each run as far as possible without its platform: the test does the
//! platform's part, and the pipeline's own scripts run unchanged against the emulated cloud.

mod airflow;
mod cluster;
mod feeds;
mod github;
mod gitlab;
mod own;
mod servers;

use std::path::PathBuf;

use cenbwp_tests::{Config, Provider, Role};
use serde_json::{Value, json};

use crate::packaging::pack;
use crate::policies;
use crate::support::{Lab, Ran, purchases, repository};

/// The spec of such a repository, in the folder that the pipelines name.
const SPEC: &str = "\
version: 1
stack: net
packages:
  cn-eu: { areas: [China, Europe], bandwidth: 100, autoPay: true, autoRenew: true, tags: { team: network } }
";

/// The checksum that users replace.
const NO_CHECKSUM: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn example(name: &str) -> String {
    let path = repository().join("examples/pipelines").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The documents of a YAML file.
fn documents(text: &str) -> Vec<Value> {
    text.split("\n---\n").map(|text| serde_yaml::from_str(text).expect("YAML")).collect()
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(|item| item.as_str().expect("a text")).collect()
}

/// A checkout, and the two releases at the places from which the pipelines fetch them.
struct Site {
    lab: Lab,
    checksum: String,
    conftest_checksum: String,
}

impl Site {
    fn new() -> Self {
        let lab = Lab::new();
        lab.file("cen/network.yaml", SPEC);
        let archive = pack(&lab, "release");
        let sums = std::fs::read_to_string(format!("{}.sha256", archive.display())).expect("the checksum");
        let checksum = sums.split_whitespace().next().expect("a checksum").to_owned();
        judge(&lab);
        let packed = lab.finish(lab.command("sh").args([
            "-c",
            "tar --create --gzip --directory bin --file conftest.tar.gz conftest && sha256sum < conftest.tar.gz && rm bin/conftest",
        ]));
        let conftest_checksum = packed.stdout.split_whitespace().next().expect("a checksum").to_owned();
        let (release, conftest) = (archive.display(), lab.path("conftest.tar.gz"));
        lab.program(
            "bin/curl",
            &format!(
                "while [ \"$1\" != --output ]; do shift; done
                case $3 in *conftest*) cp {} \"$2\" ;; *) cp {release} \"$2\" ;; esac\n",
                conftest.display()
            ),
        );
        Self { lab, checksum, conftest_checksum }
    }

    /// Runs a script like the runners do. The tool is not there until the script has installed it.
    fn bash(&self, script: &str, path: &[PathBuf], variables: &[(String, String)]) -> Ran {
        let mut bash = self.lab.command("bash");
        let own = [self.lab.path("bin")];
        let system = ["/usr/local/bin", "/usr/bin", "/bin"].map(PathBuf::from);
        let path = std::env::join_paths(path.iter().chain(&own).chain(&system)).expect("plain paths");
        bash.env("PATH", path).envs(variables.iter().cloned());
        self.lab.finish(bash.args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]))
    }
}

/// Makes the account trust this provider with the two roles, the one for plans first, and removes the lab's
/// own keys.
fn trust(lab: &mut Lab, provider: &str, roles: [&str; 2]) {
    for name in ["ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"] {
        lab.set(name, None);
    }
    lab.emulator.edit_access(|access| {
        provider.clone_into(&mut access.providers[0].arn);
        for (role, arn) in access.roles.iter_mut().zip(roles) {
            arn.clone_into(&mut role.arn);
            role.trusts = vec![provider.to_owned()];
        }
    });
}

/// Lets the token of the lab take two roles of each account, by a provider of that account, and removes the lab's own keys.
fn trust_in_each(lab: &mut Lab, provider: &str, accounts: &[&str]) {
    trust(lab, "", ["", ""]);
    lab.emulator.edit_access(|access| {
        let first = access.providers[0].clone();
        let arn = |account: &str| format!("acs:ram::{account}:{provider}");
        let of = |account: &&str| Provider { arn: arn(account), ..first.clone() };
        access.providers = accounts.iter().map(of).collect();
        access.roles.clear();
        for (account, name) in accounts.iter().flat_map(|it| [(it, "cenbwp-plan"), (it, "cenbwp-apply")]) {
            let arns = (format!("acs:ram::{account}:role/{name}"), vec![arn(account)]);
            access.roles.push(Role { arn: arns.0, trusts: arns.1, subject: None, most_seconds: 3600 });
        }
    });
}

/// The stacks of a repository that is of two accounts, and those.
const FLEET: [(&str, &str); 2] = [("branches", "6543210987654321"), ("core", "1234567890123456")];

/// Returns the spec of such a stack.
fn fleet_spec(stack: &str, account: &str) -> String {
    SPEC.replace("stack: net", &format!("stack: {stack}\naccount: \"{account}\""))
}

/// Returns an identity token, as a platform gives one to a job.
fn token(lab: &Lab, audience: &str) -> String {
    let now = lab.emulator.now();
    lab.emulator
        .edit_access(|access| access.id_token(now, |claims| audience.clone_into(&mut claims.audience)))
}

/// Runs `cenbwp` with the keys of the account, outside the pipeline.
fn by_hand(lab: &Lab, arguments: &str) -> Ran {
    let mut command = lab.command("cenbwp");
    command.env("ALIBABA_CLOUD_ACCESS_KEY_ID", Config::KEY_ID);
    command.env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", Config::KEY_SECRET);
    lab.finish(command.args(arguments.split_whitespace()))
}

/// Returns the roles that were assumed, in order.
fn roles(lab: &Lab) -> Vec<String> {
    let requests = lab.emulator.requests();
    let taken = requests.iter().filter(|request| request.action == "AssumeRoleWithOIDC");
    taken.filter_map(|request| request.params.get("RoleArn").cloned()).collect()
}

/// Installs Conftest's part. It keeps the plan that it was asked to judge, and denies it if a file `denied` is there.
fn judge(lab: &Lab) {
    lab.program(
        "bin/conftest",
        &format!(
            "[ \"$1 $2 $3\" = 'test --no-color --policy' ] || exit 9
            cp \"$5\" {} && [ ! -e {} ]\n",
            lab.path("judged.json").display(),
            lab.path("denied").display()
        ),
    );
}

/// Checks that the rules were asked about a plan that they allow.
#[track_caller]
fn assert_judged(lab: &Lab) {
    assert_eq!(policies::says("main.deny", &lab.read("judged.json")), json!([]));
}

/// Checks the state that every pipeline leaves when it has applied.
#[track_caller]
fn assert_bought_once(lab: &Lab) {
    assert_eq!(purchases(&lab.emulator), ["net/cn-eu"]);
}

#[test]
fn pre_commit_refuses_a_spec_with_an_error_and_asks_nobody() {
    let lab = Lab::new();
    let config = documents(&example("pre-commit/.pre-commit-config.yaml")).remove(0);
    let hook = &config["repos"][0]["hooks"][0];
    assert_eq!(hook["pass_filenames"], false, "one file cannot tell what is declared twice");
    let entry = hook["entry"].as_str().expect("a command");
    for (spec, code) in [(SPEC, 0), ("version: 1\nstack: net\npackages: {x: {}}\n", 3)] {
        lab.file("cen/network.yaml", spec);
        assert_eq!(lab.finish(lab.command("sh").args(["-c", entry])).code, code);
    }
    assert!(lab.emulator.requests().is_empty());
}

/// A version in the documentation is the one that ran.
#[test]
fn page_names_the_versions_of_the_tools_that_are_run() {
    let page = std::fs::read_to_string(repository().join("docs/pipelines.md")).expect("the page");
    let mut tools = 0;
    for (list, between) in [("requirements.txt", "=="), ("npm.txt", "@"), ("airflow.txt", "==")] {
        let whole = list;
        let list =
            std::fs::read_to_string(repository().join("tests/pipelines").join(list)).expect("the list");
        for (name, version) in list.lines().filter_map(|line| line.split_once(between)) {
            // Node.js only runs a tool, and all else in Airflow's list is what it needs.
            if !name.starts_with("node") && (whole != "airflow.txt" || name == "apache-airflow") {
                let name = name.trim_end_matches("-bin").trim_end_matches("-py");
                assert!(page.contains(&format!("| {name} {version} |")), "{name} {version}");
                tools += 1;
            }
        }
    }
    assert_eq!(tools, 8);
}
