//! Every form of report, written by the real binary at every kind of end.

use std::io::Write;
use std::process::{Command, Stdio};

use cenbwp_tests::Package;
use serde_json::Value;

use crate::support::{Lab, ONE, Ran, nobody, purchases};

const FORMS: [&str; 8] = ["human", "json", "markdown", "github", "gitlab", "sarif", "junit", "html"];

/// Returns the command with every form, each into its file.
fn with_every_form(command: &str) -> String {
    FORMS.iter().fold(command.to_owned(), |command, form| format!("{command} --report {form}=out.{form}"))
}

/// Checks that every form is there, and that every one except the numbers for GitLab has each of these.
#[track_caller]
fn check_reports(lab: &Lab, ran: &Ran, code: i32, texts: &[&str]) {
    assert_eq!(ran.code, code, "{}", ran.stderr);
    for form in FORMS {
        let report = lab.read(&format!("out.{form}"));
        for text in texts.iter().filter(|_| form != "gitlab") {
            assert!(report.contains(text), "{text:?} is not in {form}:\n{report}");
        }
        if ["json", "gitlab", "sarif"].contains(&form) {
            serde_json::from_str::<Value>(&report)
                .unwrap_or_else(|error| panic!("{form}: {error}\n{report}"));
        }
    }
}

#[test]
fn every_form_is_there_after_a_run_of_every_command() {
    let lab = Lab::of(ONE);
    check_reports(&lab, &lab.run(&with_every_form("validate")), 0, &[]);
    check_reports(&lab, &lab.run(&with_every_form("plan --out plan.json")), 0, &[]);
    assert_eq!(lab.read("out.json"), lab.read("plan.json"));
    assert_eq!(lab.read("out.gitlab"), "{\"create\":1,\"delete\":0,\"update\":0}\n");
    let plan = lab.read("out.markdown").lines().next().map(str::to_owned);
    check_reports(&lab, &lab.run(&with_every_form("show plan.json")), 0, &[]);
    assert_eq!(lab.read("out.markdown").lines().next().map(str::to_owned), plan);
    check_reports(&lab, &lab.run(&with_every_form("apply plan.json")), 0, &[]);
    assert!(lab.read("out.markdown").starts_with("### Apply complete: 1 created."));
}

#[test]
fn every_form_is_there_when_the_spec_is_wrong() {
    for command in ["validate", "plan", "apply --auto-approve"] {
        let lab = Lab::of(&ONE.replace("bandwidth", "bandwith"));
        check_reports(&lab, &lab.run(&with_every_form(command)), 3, &["E0201", "did you mean", "bandwidth"]);
        assert!(lab.emulator.requests().is_empty());
    }
    let lab = Lab::of(ONE);
    let ran = lab.run(&with_every_form("plan -f no/such.yaml"));
    check_reports(&lab, &ran, 3, &["no/such.yaml", "-f PATH"]);
}

#[test]
fn every_form_is_there_when_the_network_is_not() {
    let mut lab = Lab::of(ONE);
    let url = nobody();
    lab.set("CENBWP_ENDPOINT", Some(&url));
    lab.set("CENBWP_STS_ENDPOINT", Some(&url));
    for command in ["plan --max-retries 0", "apply --auto-approve --max-retries 0"] {
        check_reports(&lab, &lab.run(&with_every_form(command)), 1, &["the service"]);
        assert!(!lab.read("out.gitlab").contains("create"), "zeros would say that nothing is to be done");
    }
}

#[test]
fn every_form_is_there_when_the_plan_is_refused() {
    let lab = Lab::of(ONE);
    lab.emulator.edit(|world| world.packages.push(Package::new("cenbwp-twin", ["china", "europe"], 7)));
    let ran = lab.run(&with_every_form("apply --auto-approve"));
    check_reports(&lab, &ran, 4, &["1 change is held", "cenbwp-twin", "adopt: cenbwp-twin", "--skip-held"]);
    assert!(purchases(&lab.emulator).is_empty());
}

#[test]
fn every_form_is_there_when_the_plan_is_stale() {
    let lab = Lab::of(ONE);
    assert_eq!(lab.run("plan --out plan.json").code, 0);
    lab.file("cenbwp.yaml", &ONE.replace('7', "8"));
    let ran = lab.run(&with_every_form("apply plan.json"));
    check_reports(&lab, &ran, 5, &["the spec changed after the plan was made", "--without-spec"]);
}

#[test]
fn every_form_says_that_nothing_was_left_to_do() {
    let lab = Lab::of(ONE);
    assert_eq!(lab.run("plan --out plan.json").code, 0);
    assert_eq!(lab.run("apply plan.json").code, 0);
    let ran = lab.run("apply plan.json --report github --report markdown=again.md");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for text in [ran.stdout, lab.read("again.md")] {
        assert!(text.contains("Apply complete: no changes."), "{text}");
    }
    assert_eq!(purchases(&lab.emulator).len(), 1);
}

#[test]
fn every_form_is_there_when_a_signal_ends_the_run() {
    for (command, signal) in [("plan", "INT"), ("apply --auto-approve", "TERM")] {
        let lab = Lab::of(ONE);
        lab.emulator.fault("*:latency=60s".parse().expect("a fault"));
        let arguments = with_every_form(command);
        let mut command = lab.command("cenbwp");
        command.args(arguments.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("the binary is built");
        while lab.emulator.requests().is_empty() {
            std::thread::yield_now();
        }
        let sent = Command::new("kill").arg(format!("-{signal}")).arg(child.id().to_string()).status();
        assert!(sent.expect("kill is there").success());
        let ran = Ran::from(child.wait_with_output().expect("it ends"));
        check_reports(&lab, &ran, 130, &["interrupted; nothing was bought or changed"]);
    }
}

#[test]
fn killed_run_leaves_no_report_of_an_earlier_one() {
    let lab = Lab::of(ONE);
    check_reports(&lab, &lab.run(&with_every_form("plan")), 0, &[]);
    lab.emulator.fault("*:latency=60s".parse().expect("a fault"));
    let before = lab.emulator.requests().len();
    let arguments = with_every_form("apply --auto-approve");
    let mut command = lab.command("cenbwp");
    command.args(arguments.split_whitespace()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the binary is built");
    while lab.emulator.requests().len() == before {
        std::thread::yield_now();
    }
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    for form in FORMS {
        let report = lab.read(&format!("out.{form}"));
        assert!(
            report.contains("it has begun; its end replaces this, unless it was killed"),
            "{form}: {report}"
        );
    }
}

#[test]
fn text_of_others_gives_the_runner_no_commands() {
    let mut lab = Lab::of(&ONE.replace("bandwidth: 7", "bandwidth: 7, name: x"));
    let name = format!("{} ::error::obeyed ##[add-mask]obeyed", "x".repeat(90));
    lab.emulator.edit(|world| {
        let mut package = Package::new("cenbwp-x", ["china", "europe"], 7).tagged("cenbwp", "net/x");
        package.name = name;
        world.packages.push(package);
    });
    let obeyed = |lab: &Lab| {
        let ran = lab.run("plan --report github");
        let printed = ran.stdout + &ran.stderr;
        let ours = |line: &&str| {
            line.trim_start().starts_with("::") && line.contains("obeyed") || line.contains("##[")
        };
        printed.lines().filter(ours).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(obeyed(&lab), Vec::<String>::new(), "it is the same everywhere");
    lab.set("GITHUB_ACTIONS", Some("true"));
    assert_eq!(obeyed(&lab), Vec::<String>::new());
}

#[test]
fn jq_line_of_gitlab_gives_the_numbers_of_the_report() {
    const LINE: &str = r#"([.resource_changes[]?.change.actions?]|flatten)|{"create":(map(select(.=="create"))|length),"update":(map(select(.=="update"))|length),"delete":(map(select(.=="delete"))|length)}"#;
    let lab = Lab::of(
        "
version: 1
stack: net
defaults: { autoPay: true }
packages:
  same: { areas: [China, Europe], bandwidth: 7 }
  more: { areas: [China, Europe], bandwidth: 9 }
  ends: { areas: [China, Europe], bandwidth: 7, manage: retire }
  goes: { areas: [China, Europe], bandwidth: 7, manage: release }
  new: { areas: [China, China], bandwidth: 3 }
  takes: { areas: [Europe, Europe], bandwidth: 4, adopt: cenbwp-free }
",
    );
    lab.emulator.edit(|world| {
        let ours = ["same", "more", "ends", "goes"].map(|name| {
            Package::new(&format!("cenbwp-{name}"), ["china", "europe"], 7)
                .tagged("cenbwp", &format!("net/{name}"))
        });
        world.packages.extend(ours);
        world.packages[2].cen_ids = vec!["cen-1".into()];
        world.packages.push(Package::new("cenbwp-free", ["europe", "europe"], 4));
    });
    let ran = lab.run("plan --report json=plan.json --report gitlab=plan.gitlab");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let ours: Value = serde_json::from_str(&lab.read("plan.gitlab")).expect("JSON");
    let plan: Value = serde_json::from_str(&lab.read("plan.json")).expect("JSON");
    assert_eq!(ours, counted(&plan), "{}", ran.stdout);
    assert_eq!(ours, serde_json::json!({ "create": 1, "update": 2, "delete": 1 }));
    // The line itself, if jq is installed.
    let jq = lab.command("jq").args(["-r", LINE]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut jq) = jq else { return };
    jq.stdin.take().expect("a pipe").write_all(lab.read("plan.json").as_bytes()).expect("jq reads");
    let said = Ran::from(jq.wait_with_output().expect("jq ends"));
    assert_eq!(serde_json::from_str::<Value>(&said.stdout).expect("JSON"), ours);
}

/// Computes the same numbers as the line.
fn counted(plan: &Value) -> Value {
    let rows = plan["resource_changes"].as_array().into_iter().flatten();
    let actions: Vec<&Value> = rows.filter_map(|row| row["change"]["actions"].as_array()).flatten().collect();
    let count = |action: &str| actions.iter().filter(|it| **it == action).count();
    serde_json::json!({ "create": count("create"), "update": count("update"), "delete": count("delete") })
}

#[test]
fn summary_of_the_step_is_added_to() {
    let mut lab = Lab::of(ONE);
    lab.file("summary.md", "earlier");
    lab.set("GITHUB_STEP_SUMMARY", Some(&lab.path("summary.md").display().to_string()));
    let ran = lab.run("plan --report github");
    assert!(ran.stdout.contains("Plan: 1 to buy"), "{}", ran.stdout);
    assert!(ran.stdout.contains("\n::notice title=cenbwp plan::Plan: 1 to buy"), "{}", ran.stdout);
    lab.run("plan --report github=commands.txt --report markdown=plan.md");
    assert!(lab.read("commands.txt").starts_with("::notice "));
    let plan = lab.read("plan.md");
    assert_eq!(lab.read("summary.md"), format!("earlier\n{plan}\n{plan}"));
    lab.run("plan --report markdown=plan.md");
    assert_eq!(lab.read("summary.md"), format!("earlier\n{plan}\n{plan}"), "nobody asked for it");
    lab.file("summary.md", &"x".repeat((1 << 20) - 200));
    assert_eq!(lab.run("plan --report github").code, 0);
    let full = lab.read("summary.md");
    assert!(full.ends_with("\n### Plan: 1 to buy (7 Mbps, 1 month).\n\n*The summary is full.*\n"));
    lab.file("summary.md", &"x".repeat(1 << 20));
    assert_eq!(lab.run("plan --report github").code, 0);
    assert_eq!(lab.read("summary.md").len(), 1 << 20);
}

#[test]
fn commit_and_job_are_named_where_the_platform_names_them() {
    let github = [
        ("GITHUB_SHA", "1f0c2b1"),
        ("GITHUB_SERVER_URL", "https://github.test"),
        ("GITHUB_REPOSITORY", "acme/network"),
        ("GITHUB_RUN_ID", "42"),
    ];
    let gitlab = [("CI_COMMIT_SHA", "1f0c2b1"), ("CI_JOB_URL", "https://gitlab.test/acme/network/-/jobs/42")];
    let pages = |variables: &[(&str, &str)]| {
        let mut lab = Lab::of(ONE);
        variables.iter().for_each(|(name, value)| lab.set(name, Some(value)));
        assert_eq!(lab.run("plan --report markdown=plan.md --report html=plan.html").code, 0);
        [lab.read("plan.md"), lab.read("plan.html")]
    };
    for (variables, job) in [
        (&github[..], "https://github.test/acme/network/actions/runs/42"),
        (&gitlab, "https://gitlab.test/acme/network/-/jobs/42"),
    ] {
        let [markdown, html] = pages(variables);
        assert!(
            markdown.contains("Commit `1f0c2b1`") && markdown.contains(&format!("({job})")),
            "{markdown}"
        );
        assert!(html.contains("1f0c2b1") && html.contains(&format!("href=\"{job}\"")), "{html}");
    }
    let hostile = [("CI_COMMIT_SHA", "`<b>"), ("CI_JOB_URL", "javascript:alert(1)")];
    let [markdown, html] = pages(&hostile);
    assert!(markdown.contains("Commit ``` `<b> ```") || markdown.contains("Commit `` `<b> ``"), "{markdown}");
    assert!(html.contains("`&lt;b&gt;"), "{html}");
    assert!(!markdown.contains("javascript") && !html.contains("javascript"));
}

#[test]
fn places_are_told_from_where_the_reader_is() {
    let mut lab = Lab::new();
    lab.file("infra/net/cenbwp.yaml", &ONE.replace("bandwidth", "bandwith"));
    lab.set("GITHUB_WORKSPACE", Some(&lab.folder().display().to_string()));
    let absolute = lab.path("infra/net/cenbwp.yaml").display().to_string();
    for file in ["./net/cenbwp.yaml", "net/../net/cenbwp.yaml", &absolute] {
        let arguments = format!("validate -f {file} --report github=commands --report sarif=log.sarif");
        let mut command = lab.command("cenbwp");
        command.args(arguments.split_whitespace()).current_dir(lab.path("infra"));
        assert_eq!(lab.finish(&mut command).code, 3);
        let commands = lab.read("infra/commands");
        assert!(
            commands.contains("file=infra/net/") && commands.contains("cenbwp.yaml,line=1,"),
            "{commands}"
        );
        let log: Value = serde_json::from_str(&lab.read("infra/log.sarif")).expect("JSON");
        let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().expect("a URI");
        assert!(uri.starts_with("net/"), "{uri}");
    }
}
