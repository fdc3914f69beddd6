//! Atlantis and Jenkins, whose servers run the commands.

use std::os::unix::fs::symlink;

use super::{SPEC, assert_bought_once, assert_judged, documents, example, judge, texts};
use crate::policies;
use crate::support::Lab;

#[test]
fn atlantis_plans_checks_and_applies_where_it_expects_terraform() {
    let lab = Lab::new();
    lab.file("cen/network.yaml", SPEC);
    let server = documents(&example("atlantis/repos.yaml")).remove(0);
    let project = documents(&example("atlantis/atlantis.yaml")).remove(0);
    let project = &project["projects"][0];
    let folder = lab.path(project["dir"].as_str().expect("a folder"));
    let repo = &server["repos"][0];
    assert!(texts(&repo["apply_requirements"]).contains(&"approved"));
    assert_eq!(repo["allow_custom_workflows"], false, "a pull request must not bring its own commands");
    let workflow = &server["workflows"][repo["workflow"].as_str().expect("a name")];
    let run = |stage: &str| {
        for step in workflow[stage]["steps"].as_array().expect("steps") {
            let Some(script) = step["run"].as_str() else { continue };
            let mut shell = lab.command("sh");
            shell.args(["-c", script]).current_dir(&folder);
            shell.env("PLANFILE", folder.join("default.tfplan")).env("SHOWFILE", folder.join("default.json"));
            let ran = lab.finish(&mut shell);
            assert_eq!(ran.code, 0, "{script}: {}{}", ran.stdout, ran.stderr);
        }
    };
    run("plan");
    run("policy_check");
    let checked = lab.read("cen/default.json");
    assert_eq!(policies::says("main.deny", &checked), serde_json::json!([]));
    run("apply");
    assert_bought_once(&lab);
}

#[test]
fn atlantis_shows_no_secret_of_its_server_to_a_pull_request() {
    let mut lab = Lab::new();
    lab.set("ATLANTIS_GH_TOKEN", Some("canary-of-the-server"));
    let server = documents(&example("atlantis/repos.yaml")).remove(0);
    let script = server["workflows"]["cenbwp"]["plan"]["steps"][1]["run"].as_str().expect("a command");
    for (link, target) in [("x.yaml", "/proc/self/environ"), ("x", "/proc/self"), ("x.yaml", ".git/config")] {
        lab.file("cen/network.yaml", SPEC).file(
            "cen/.git/config",
            "[http]
	extraheader = canary-of-the-server",
        );
        symlink(target, lab.path("cen").join(link)).expect("a link");
        let mut shell = lab.command("sh");
        shell.args(["-c", script]).current_dir(lab.path("cen")).env("PLANFILE", lab.path("default.tfplan"));
        let ran = lab.finish(&mut shell);
        assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
        let said = ran.stdout + &ran.stderr;
        assert!(said.contains(&format!("./{link}: a link that leads to nothing inside .")), "{said}");
        assert!(!said.contains("canary"), "{said}");
        assert!(!lab.path("default.tfplan").exists());
        std::fs::remove_file(lab.path("cen").join(link)).expect("the next one");
    }
}

#[test]
fn jenkins_asks_before_it_applies_the_plan_that_it_showed() {
    let lab = Lab::new();
    lab.file("cen/network.yaml", SPEC);
    judge(&lab);
    let text = example("jenkins/Jenkinsfile");
    assert_eq!(text.matches('{').count(), text.matches('}').count());
    let mut ran = Vec::new();
    for (at, _) in text.match_indices(" sh '") {
        let script = text[at + 5..].split('\'').next().expect("a text");
        let end = lab.finish(lab.command("sh").args(["-c", &format!("PATH=bin:$PATH; {script}")]));
        assert_eq!(end.code, 0, "{script}: {}{}", end.stdout, end.stderr);
        ran.push((at, script));
    }
    let [_, (planned, _), (judged, _), (applied, apply)] = ran[..] else { panic!("four commands: {ran:?}") };
    assert!(apply.starts_with("cenbwp apply plan.json"));
    for guard in ["branch 'main'", "input {", "lock('cenbwp-production')"] {
        assert!(text[judged..applied].contains(guard), "{guard} stands between plan and apply");
    }
    assert!(planned < judged, "a plan is judged before it is approved");
    assert_judged(&lab);
    assert!(lab.path("plan.md").exists() && lab.path("junit.xml").exists());
    assert_bought_once(&lab);
}

#[test]
fn jenkins_holds_no_executor_while_a_plan_waits_for_its_approval() {
    let text = example("jenkins/Jenkinsfile");
    let (top, stages) = text.split_once("stages {").expect("stages");
    assert!(top.contains("agent none"));
    let agents = stages.matches("agent { label").count();
    assert_eq!(agents, stages.matches("stage('").count(), "each stage asks for an agent of its own");
    let apply = stages.split_once("stage('Apply')").expect("the stage").1;
    for early in ["beforeAgent true", "beforeInput true", "unstash 'plan'"] {
        assert!(apply.contains(early), "{early}");
    }
    // The plan may be as old as the build that made it can be.
    let days = |before: &str, after: &str| {
        let rest = text.split_once(before).expect("it is set").1;
        rest.split_once(after).expect("it ends").0.trim().to_owned()
    };
    assert_eq!(days("timeout(time:", ", unit: 'DAYS')"), days("--plan-ttl", "d "));
}

#[test]
fn atlantis_is_told_to_check_policies_by_the_flag_without_which_it_does_not() {
    let text = example("atlantis/repos.yaml");
    assert_eq!(documents(&text)[0]["repos"][0]["policy_check"], true);
    assert!(text.contains("--enable-policy-checks"), "without the flag the server skips the step");
}
