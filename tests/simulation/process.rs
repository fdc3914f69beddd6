//! One process: it lists, plans, checks and executes, like the command line around the library.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use cenbwp::cloud::Cloud;
use cenbwp::execute::{self, ChangeResult, InFlight, Register, Settings};
use cenbwp::exit::{Exit, Failure};
use cenbwp::planned::Planned;
use cenbwp::report::Commands;
use cenbwp::report::outcomes::{Applied, End};
use cenbwp::situation::{Asks, Situation};
use cenbwp_diff::{Change, Options, Plan, Warning, WarningKind};
use cenbwp_spec::{Address, Source};

use crate::account::{spec_of, text};
use crate::common::{self, Approved};
use crate::history::{Event, Said};
use crate::planted::Bug;
use crate::schedule::{Mode, Part, Pin, Run};
use crate::signals::Signals;
use crate::wire::{Net, sleep};

/// One running process.
pub(crate) struct Process<'a> {
    pub(crate) n: usize,
    pub(crate) run: &'a Run,
    pub(crate) net: &'a Net,
    pub(crate) cloud: Cloud,
    /// The client of the machine that made the saved plan.
    pub(crate) planner: Cloud,
    pub(crate) signals: &'a Signals,
    pub(crate) in_flight: InFlight,
    pub(crate) told: RefCell<Said>,
    /// The report that a second signal would have given when it was last noted.
    pub(crate) stands: RefCell<Vec<ChangeResult>>,
}

impl Process<'_> {
    /// Runs the process: list, plan, check, execute.
    pub(crate) async fn work(&self) -> Result<Applied, Failure> {
        let (run, stop) = (self.run, &self.signals.stop);
        let spec = spec_of(&run.wish, run.pin, self.net.bug);
        let targets = self.targets();
        let planning = async {
            let planned = match run.mode {
                Mode::Direct { stall } => {
                    let planned = common::plan(&self.cloud, &spec, targets.as_ref()).await?;
                    self.check_applyable(&planned.1)?;
                    sleep(stall).await;
                    planned
                }
                Mode::Saved { stall, .. } => self.saved_plan(stall).await?,
            };
            self.signals.planning();
            Ok(planned)
        };
        let (situation, plan) = tokio::select! {
            biased;
            () = stop.requested() => {
                return Err(Failure::new(Exit::Interrupted, "interrupted"));
            }
            planned = planning => planned?,
        };
        self.told.borrow_mut().planned = plan.changes.iter().map(planned).collect();
        let settings = Settings {
            parallelism: run.parallelism,
            wait: run.wait.is_some(),
            wait_timeout: Duration::from_secs(run.wait.unwrap_or(0)),
            max_retries: run.retries,
        };
        let tell = |event: execute::Event<'_>| self.tell(&event);
        let targets = targets.as_ref();
        let approved = Approved { spec: &spec, situation: &situation, plan: &plan, targets };
        Ok(common::execute(&approved, &self.cloud, &settings, &self.in_flight, stop, &tell).await)
    }

    /// Takes in what the execution prints. A signal may come at that moment.
    fn tell(&self, event: &execute::Event<'_>) {
        if let execute::Event::Start(intent) = event {
            self.net.note(Event::Intends { run: self.n, identity: intent.identity.to_string() });
        }
        self.look();
        self.signals.printing();
        if let execute::Event::Result(result) = event {
            self.told.borrow_mut().results.push(ChangeResult::clone(result));
        }
    }

    /// Notes what a second signal would report now, if that has changed.
    pub(crate) fn look(&self) {
        let Ok(register) = self.in_flight.try_lock() else {
            self.net.note(Event::Locked { run: self.n });
            return;
        };
        let mut results = known(&register);
        drop(register);
        let mut stands = self.stands.borrow_mut();
        if *stands != results {
            stands.clone_from(&results);
            if let Some(bug) = self.net.bug {
                results.iter_mut().for_each(|result| bug.stands(result));
            }
            let code = code_of(&results);
            self.net.note(Event::Stands { run: self.n, results, code });
        }
    }

    /// Saves a plan, reads it after a while, and plans again. Returns the part of it that is still to be
    /// done.
    async fn saved_plan(&self, stall: u64) -> Result<(Situation, Plan), Failure> {
        let (Run { wish, pin, .. }, bug) = (self.run, self.net.bug);
        let spec = spec_of(wish, *pin, bug);
        let (cloud, targets) = (&self.planner, self.targets());
        let options = common::options(cloud, targets.as_ref());
        let (situation, plan) = match pin {
            // Forged: planned without the check of the account, from the spec as it is.
            Some(Pin::Other) => {
                let mut situation = Situation::look(cloud).await?;
                situation.read_renewals(cloud, &spec, targets.as_ref()).await;
                let plan = situation.plan(Some(cloud), &spec, &options, Asks::for_limits(None)).await?;
                (situation, plan)
            }
            _ => common::plan(cloud, &spec, targets.as_ref()).await?,
        };
        let sources =
            vec![Source { name: "spec.yaml".to_owned(), bytes: text(wish, *pin, bug).into_bytes() }];
        let saved = Planned::new(sources.into(), spec.clone().into(), options, situation, plan);
        self.check_applyable(&saved.plan)?;
        let file = saved.document().to_text();
        sleep(stall).await;
        let read = Planned::read(file.as_bytes())?;
        self.check_age(&read)?;
        let mut situation = Situation::look(&self.cloud).await?;
        self.check_account(&read, &situation)?;
        let options = Options { now: self.cloud.clock().now(), ..read.options.clone() };
        situation.read_renewals(&self.cloud, &spec, options.targets.as_ref()).await;
        let fresh = situation.plan(Some(&self.cloud), &spec, &options, Asks::for_limits(None)).await?;
        Ok((situation, read.still_approved(&fresh)?))
    }

    /// The entries that the run is about; `None` for all of its commit.
    fn targets(&self) -> Option<BTreeSet<Address>> {
        if self.run.part == Part::All || self.net.bug == Some(Bug::PartIsAll) {
            return None;
        }
        let names = self.run.selected().into_keys();
        Some(names.map(|name| format!("net/{name}").parse().expect("an address")).collect())
    }

    /// Refuses a plan with held items before anything is sent, as `apply` does.
    fn check_applyable(&self, plan: &Plan) -> Result<(), Failure> {
        let is_unknown = |warning: &Warning| matches!(warning.kind, WarningKind::RenewalUnknown { .. });
        if self.net.bug == Some(Bug::UnknownRenewalHolds) && plan.warnings.iter().any(is_unknown) {
            return Err(Failure::new(Exit::Error, "a renewal is not known"));
        }
        if plan.is_applyable() {
            return Ok(());
        }
        let held: Vec<String> =
            plan.held.iter().map(|held| format!("{} {}", held.identity, held.reason.rule().name)).collect();
        Err(Failure::new(Exit::Refused, format_args!("held: {}", held.join(", "))))
    }

    /// Refuses a plan of another time, as `apply PLAN` does.
    fn check_age(&self, read: &Planned) -> Result<(), Failure> {
        let now = self.cloud.clock().now();
        if self.net.bug == Some(Bug::FutureIsYoung) && now < read.options.now {
            return Ok(());
        }
        read.check_age(now, Duration::from_secs(Mode::OLDEST.unsigned_abs()))
    }

    /// Refuses a plan of another account, as `apply PLAN` does.
    fn check_account(&self, read: &Planned, situation: &Situation) -> Result<(), Failure> {
        let pinned = self.run.pin == Some(Pin::Other);
        let unread = pinned && self.net.bug == Some(Bug::PinIsNotRead);
        let account = situation.account.iter().filter(|_| !unread);
        account.into_iter().try_for_each(|account| read.check_account(account))
    }
}

/// The results in the summary after a second signal: none if nothing was begun.
pub(crate) fn known(register: &Register) -> Vec<ChangeResult> {
    if register.sent_nothing() { Vec::new() } else { register.results() }
}

/// The outcome of a run that a second signal ends, with these results.
pub(crate) fn cut_short(results: Vec<ChangeResult>) -> Applied {
    let (digest, commands) = (String::new(), Commands::default());
    Applied { digest, results, left: None, left_out: 0, price: None, end: End::Left, commands }
}

/// The exit code of that end.
fn code_of(results: &[ChangeResult]) -> u8 {
    if results.is_empty() {
        return Exit::Interrupted.code();
    }
    cut_short(results.to_vec()).exit().code()
}

fn planned(change: &Change) -> (String, &'static str) {
    let action = match change {
        Change::Purchase(_) => "purchase",
        Change::Update(_) => "update",
        Change::Adopt(_) => "adopt",
        Change::Move(_) => "move",
        Change::Release(_) => "release",
        Change::Retire(_) => "retire",
    };
    (change.identity().to_string(), action)
}
