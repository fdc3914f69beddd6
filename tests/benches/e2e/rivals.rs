//! The other tools for the same work, if they are installed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;

use crate::cloud::Cloud;
use crate::process::{Cost, measure as run, program};
use crate::{Lab, tell};

/// The vendor's SDK, and Terraform.
pub(crate) struct Rivals {
    folder: PathBuf,
    python: Option<PathBuf>,
    terraform: Option<String>,
    /// The search path of programs.
    pub(crate) path: String,
}

impl Rivals {
    #[expect(clippy::disallowed_methods, reason = "where programs are is the machine's business")]
    pub(crate) fn find(folder: &Path, python: Option<&Path>) -> Self {
        let path = std::env::var("PATH").unwrap_or_default();
        let version = program(Path::new("terraform"), folder)
            .arg("version")
            .env("PATH", &path)
            .stdout(Stdio::piped())
            .output();
        let terraform = version
            .ok()
            .filter(|output| output.status.success())
            .and_then(|output| Some(String::from_utf8(output.stdout).ok()?.lines().next()?.to_owned()));
        let python = python.filter(|python| python.exists()).map(Path::to_owned);
        Self { folder: folder.to_owned(), python, terraform, path }
    }

    /// Renders their versions.
    pub(crate) fn versions(&self) -> String {
        let sdk = match &self.python {
            Some(_) => "SDK: the packages of tests/sdk/requirements.txt",
            None => "SDK: skipped, it is not installed",
        };
        let terraform = self.terraform.as_deref().unwrap_or("Terraform: skipped, it is not on PATH");
        format!("{sdk}. {terraform}.")
    }

    /// Returns the SDK's listing of an account, with this many threads.
    pub(crate) fn sdk(&self, threads: usize) -> Option<Command> {
        let mut command = program(self.python.as_ref()?, &self.folder);
        command.arg("-B").arg(script()).arg(threads.to_string());
        Some(command)
    }
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/sdk.py")
}

/// One resource per package, of the kind that is built into Terraform: no provider, no network.
const CONFIGURATION: &str = r#"variable "n" { type = number }
resource "terraform_data" "package" {
  for_each = { for i in range(var.n) : format("p%05d", i) => i }
  input    = { bandwidth = 100, areas = ["china", "europe"], name = "fleet-${each.key}" }
}
"#;

/// Measures the empty plan of Terraform's engine, beside the whole empty plan of as many declared packages.
pub(crate) fn measure_terraform(lab: &mut Lab) -> anyhow::Result<String> {
    let head = "## Empty plan of N declared: Terraform's engine alone, and the tool with its listing, no distance\n\n";
    if lab.rivals.terraform.is_none() {
        return Ok(format!("{head}skipped: there is no terraform on PATH\n"));
    }
    let mut text = format!(
        "{head}| N | terraform wall ms | CPU ms | peak MiB | cenbwp wall ms | CPU ms | peak MiB |\n|---|---|---|---|---|---|---|\n"
    );
    let folder = lab.path("terraform");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("main.tf"), CONFIGURATION)?;
    let terraform = |arguments: &str| {
        let mut command = program(Path::new("terraform"), &folder);
        command
            .args(arguments.split_whitespace())
            .env("PATH", &lab.rivals.path)
            .env("CHECKPOINT_DISABLE", "1");
        command
    };
    run(&mut terraform("init -input=false")).context("terraform init")?;
    for n in [1, 50, 100, 1_000] {
        tell(&format!("  {n} resources"));
        run(&mut terraform(&format!("apply -input=false -auto-approve -var n={n}")))?;
        let cloud = Cloud::start(lab.folder.path(), &["--sample", &n.to_string()])?;
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..lab.runs.min(3) {
            theirs.push(run(&mut terraform(&format!("plan -input=false -detailed-exitcode -var n={n}")))?);
            ours.push(lab.plan(&cloud, &format!("spec-{n}.yaml"))?);
        }
        text.push_str(&format!("| {n} | {} | {} |\n", Cost::median(&theirs), Cost::median(&ours)));
    }
    Ok(text)
}
