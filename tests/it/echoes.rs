//! A listing that echoes secrets of the run: decisions use the received text, and the output holds no secret.

use cenbwp_tests::{Config, Package, auth::AccessKey};

use crate::support::{Lab, purchases};

const TOKEN: &str = "CAISechoedToken0/+=abcdefghijklmnop";
const SECRET: &str = "echoedSecret0abcdefghijklmnopqr";

fn lab() -> Lab {
    let key = AccessKey { security_token: Some(TOKEN.to_owned()), ..AccessKey::new(Config::KEY_ID, SECRET) };
    let mut lab = Lab::with(Config { keys: vec![key], ..Config::default() });
    lab.set("ALIBABA_CLOUD_SECURITY_TOKEN", Some(TOKEN));
    lab
}

/// Returns a package that shows secrets wherever a service can.
fn echoing(id: &str, owner: Option<&str>) -> Package {
    let mut package = Package::new(id, ["china", "europe"], 7).tagged("echo", TOKEN).tagged(SECRET, "x");
    (package.name, package.description) = (TOKEN.to_owned(), format!("by {SECRET} with {TOKEN}"));
    owner.into_iter().fold(package, |package, owner| package.tagged("cenbwp", owner))
}

fn with(mut package: Package, field: &str) -> Package {
    package.overrides.insert(field.to_owned(), TOKEN.into());
    package
}

#[track_caller]
fn check(lab: &Lab, command: &str, code: i32) -> String {
    let ran = lab.run(command);
    let all = ran.stdout + &ran.stderr;
    assert_eq!(ran.code, code, "{command}\n{all}");
    check_hidden(&all, command);
    for entry in std::fs::read_dir(lab.folder()).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        check_hidden(
            &std::fs::read_to_string(&path).unwrap_or_default(),
            &format!("{} of {command}", path.display()),
        );
    }
    all
}

#[track_caller]
fn check_hidden(text: &str, whence: &str) {
    for secret in ["CAISechoed", "echoedSecret0"] {
        assert!(!text.contains(secret), "{secret} in {whence}:\n{text}");
    }
}

#[test]
fn secrets_that_a_listing_echoes_are_shown_by_no_command_and_in_no_form() {
    let lab = lab();
    lab.file(
        "cenbwp.yaml",
        "version: 1
stack: net
defaults: { areas: [China, Europe], bandwidth: 9, autoPay: true, name: plain, description: plain, tags: { echo: plain } }
packages: { a: {}, status: {}, charge: {}, area: {}, group: {}, time: {}, cen: {}, new: { areas: [China, China] } }
"
        .replace("areas: [China, Europe], ", "")
        .replace("{}", "{ areas: [China, Europe] }")
        .as_str(),
    );
    let packages = [
        echoing("cenbwp-a", Some("net/a")),
        echoing("cenbwp-free", None),
        with(echoing("cenbwp-status", Some("net/status")), "BusinessStatus"),
        with(echoing("cenbwp-charge", Some("net/charge")), "BandwidthPackageChargeType"),
        with(echoing("cenbwp-area", Some("net/area")), "GeographicRegionAId"),
        with(echoing("cenbwp-group", Some("net/group")), "ResourceGroupId"),
        with(echoing("cenbwp-time", Some("net/time")), "ExpiredTime"),
        with(echoing("cenbwp-number", Some("net/number")), "Bandwidth"),
        with(echoing("cenbwp-id", Some("net/id")), "CenBandwidthPackageId"),
        echoing("cenbwp-owner", Some(TOKEN)),
    ];
    lab.emulator.edit(|world| world.packages.extend(packages));
    for form in ["", " --json", " -vvv --log-format json"] {
        check(&lab, &format!("status --all{form}"), 0);
        check(&lab, &format!("plan{form}"), 0);
    }
    check(&lab, "export --all", 0);
    check(&lab, "export --all --out exported.yaml", 0);
    for form in ["human", "json", "markdown", "github", "gitlab", "sarif", "junit", "html"] {
        check(&lab, &format!("plan --report {form}"), 0);
        check(&lab, &format!("plan --report {form}={form}.report"), 0);
    }
    check(&lab, "plan --skip-held --expiring-within 99999d", 0);
    // A plan without the secret would be another plan.
    let said = check(&lab, "plan --out plan.json", 1);
    assert!(
        said.contains("plan.json: the listing echoes a secret of this run, so the plan was not saved"),
        "{said}"
    );
    assert!(!lab.path("plan.json").exists());
}

/// The declared name happens to be the id of the key.
#[test]
fn what_is_decided_goes_by_what_was_received() {
    let lab = lab();
    let mut same = Package::new("cenbwp-same", ["china", "europe"], 7).tagged("cenbwp", "net/same");
    same.name = Config::KEY_ID.to_owned();
    let mut other = Package::new("cenbwp-other", ["china", "china"], 7).tagged("cenbwp", "net/other");
    other.name = "[redacted]".to_owned();
    lab.emulator.edit(|world| world.packages.extend([same, other]));
    let spec = "version: 1
stack: net
defaults: { bandwidth: 7, autoPay: true, name: KEY }
packages: { same: { areas: [China, Europe] }, other: { areas: [China, China] } }
";
    lab.file("cenbwp.yaml", &spec.replace("KEY", Config::KEY_ID));
    let ran = lab.run("apply --auto-approve");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(!(ran.stdout.clone() + &ran.stderr).contains(Config::KEY_ID), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("net/other: updated") || ran.stderr.contains("net/other: updated"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("net/same"), "{}", ran.stderr);
    let names: Vec<_> = lab.emulator.packages().into_iter().map(|package| package.name).collect();
    assert_eq!(names, [Config::KEY_ID, Config::KEY_ID]);
    assert!(purchases(&lab.emulator).is_empty());
}
