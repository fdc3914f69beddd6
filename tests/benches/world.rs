//! The inputs of a plan: a spec, the live packages and the options.

#![allow(dead_code, reason = "each program that measures uses a part of it")]

use std::sync::Arc;

use cenbwp::cloud::{self, Credentials, decode_recording};
use cenbwp::planned::Planned;
use cenbwp::situation::Situation;
use cenbwp_diff::{Observed, Options, Plan};
use cenbwp_spec::{Source, Spec};
use cenbwp_tests::{Config, Package, sample};
use jiff::{SignedDuration, Timestamp};

pub(crate) const NOW: Timestamp = Timestamp::constant(1_767_323_045, 0);

/// The inputs of a plan.
pub(crate) struct World {
    pub(crate) spec: Spec,
    pub(crate) observed: Observed,
    pub(crate) options: Options,
}

impl World {
    /// Returns a world in which all of `n` declared packages are in sync.
    pub(crate) fn as_declared(n: usize) -> Self {
        Self::new(n, &sample::packages(n, 0))
    }

    /// Returns a world in which all of `n` declared packages have another bandwidth and another name.
    pub(crate) fn drifted(n: usize) -> Self {
        let mut packages = sample::packages(n, 0);
        for package in &mut packages {
            package.bandwidth += 1;
            package.name.push_str("-old");
        }
        Self::new(n, &packages)
    }

    /// Returns a world in which fifty declared packages are in sync, beside `others` of another stack.
    pub(crate) fn beside(others: usize) -> Self {
        Self::new(50, &sample::packages(50, others))
    }

    /// Returns a world in which none of `n` declared packages is live.
    pub(crate) fn empty(n: usize) -> Self {
        Self::new(n, &[])
    }

    fn new(n: usize, packages: &[Package]) -> Self {
        let observed = if packages.is_empty() {
            Observed {
                packages: Vec::new(),
                unreadable: Vec::new(),
                complete: true,
                pairs: None,
                prices: None,
            }
        } else {
            decode_recording(sample::recording(packages).as_bytes()).expect("a recording")
        };
        let spec = cenbwp_spec::parse(&sources(n)).spec.expect("a valid spec");
        let options = Options {
            now: NOW,
            targets: None,
            skip_held: false,
            expiring_within: SignedDuration::ZERO,
            max_purchases: None,
            max_new_mbps: None,
        };
        Self { spec, observed, options }
    }

    pub(crate) fn plan(&self) -> Plan {
        cenbwp_diff::plan(&self.spec, &self.observed, &self.options)
    }

    /// The plan with everything that it is made of.
    pub(crate) fn planned(self, sources: Vec<Source>) -> Planned {
        let Self { spec, observed, options } = self;
        let plan = cenbwp_diff::plan(&spec, &observed, &options);
        let situation = Situation { account: None, endpoint: None, caller: None, observed };
        Planned::new(sources.into(), spec.into(), options, situation, plan).read_from(Arc::default())
    }
}

/// Returns the sample spec of `n` packages as the parser takes it.
pub(crate) fn sources(n: usize) -> Vec<Source> {
    vec![Source { name: "spec.yaml".to_owned(), bytes: sample::spec(n).into_bytes() }]
}

/// The emulator's access key.
pub(crate) fn credentials() -> Credentials {
    let environment = cloud::Environment::new([
        ("ALIBABA_CLOUD_ACCESS_KEY_ID".to_owned(), Config::KEY_ID.to_owned()),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET".to_owned(), Config::KEY_SECRET.to_owned()),
    ]);
    let search = cloud::Search { environment: &environment, profile: None, sts: None };
    let source = search.source().expect("both variables are set");
    source.key().expect("a key in the environment").clone()
}
