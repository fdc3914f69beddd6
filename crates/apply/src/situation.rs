//! The live state: the account and its packages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cenbwp_diff::{Observed, Options, Plan};
use cenbwp_spec::{AccountId, Address, AreaPair, Spec, Stack, StackName};

use crate::cloud::{self, Caller, Cloud};
use crate::exit::{Exit, Failure};
use crate::files::{self, shown};

/// The account and its packages.
#[derive(Clone, Debug)]
pub struct Situation {
    /// The account that the packages belong to; `None` for a recording.
    pub account: Option<AccountId>,
    /// The endpoint that listed them; `None` for a recording.
    pub endpoint: Option<String>,
    /// The caller that listed them; `None` for a recording.
    pub caller: Option<Caller>,
    /// The packages.
    pub observed: Observed,
}

impl Situation {
    /// Reads the live state for a spec.
    ///
    /// # Errors
    /// Those of [`Situation::look`]; exit 4 when a selected stack is pinned to another account.
    pub async fn ask(
        cloud: &Cloud,
        spec: &Spec,
        targets: Option<&BTreeSet<Address>>,
    ) -> Result<Self, Failure> {
        cloud.hint_size(spec.packages().count());
        let mut situation = Self::look(cloud).await?;
        situation.account.iter().try_for_each(|account| check_pins(spec, targets, account))?;
        situation.read_renewals(cloud, spec, targets).await;
        Ok(situation)
    }

    /// Reads the account and the full listing from the service, at the same time.
    ///
    /// # Errors
    /// Exit 1 when there are no credentials, or the service cannot be reached or refuses.
    pub async fn look(cloud: &Cloud) -> Result<Self, Failure> {
        cloud.ready().await.map_err(Failure::with(Exit::Error))?;
        let (account, observed) = tokio::join!(cloud.account(), cloud.list());
        let account = account.map_err(cloud_failure)?;
        let endpoint = Some(cloud.endpoint().to_string());
        let observed = observed.map_err(cloud_failure)?;
        Ok(Self { account: Some(account), endpoint, caller: cloud.caller(), observed })
    }

    /// Reads the renewal of the live packages for which the spec declares one, once of each. Without such an entry nothing
    /// is sent.
    pub async fn read_renewals(&mut self, cloud: &Cloud, spec: &Spec, targets: Option<&BTreeSet<Address>>) {
        let wanted = cenbwp_diff::renewals_wanted(spec, &self.observed, targets);
        if let Some(account) = self.account.as_ref().filter(|_| !wanted.is_empty()) {
            let read = cloud.renewals(account, &wanted).await;
            self.observed.set_renewals(read);
        }
    }

    /// Reads a recording of Describe replies.
    ///
    /// # Errors
    /// Exit 3 when the file cannot be read or is no such recording.
    pub fn replay(path: &Path) -> Result<Self, Failure> {
        let bytes = files::read_named(path, MOST_RECORDED).and_then(files::text_of);
        let bytes = bytes.map_err(|why| Failure::unreadable(path, &why))?;
        let observed = cloud::decode_recording(&bytes)
            .map_err(|why| Failure::new(Exit::Invalid, format_args!("{}: {why}", shown(path))))?;
        Ok(Self { account: None, endpoint: None, caller: None, observed })
    }

    /// Plans for this situation. If the plan buys something and the listing could have missed a package, a
    /// second listing has to confirm it; the renewal of a package that only that one shows is read, too. The pairs of
    /// areas on sale are asked for at the same time as that listing, and prices, where they are wanted, after it.
    ///
    /// # Errors
    /// Exit 1 when the listing fails or keeps changing.
    pub async fn plan(
        &mut self,
        cloud: Option<&Cloud>,
        spec: &Spec,
        options: &Options,
        Asks { pairs, prices }: Asks,
    ) -> Result<Plan, Failure> {
        let are_wanted = cloud.is_some() && prices.are_wanted(spec, options);
        if are_wanted {
            self.observed.prices = Some(BTreeMap::new());
        }
        let plan = checked_plan(spec, &self.observed, options)?;
        let Some(cloud) = cloud.filter(|_| plan.purchases().next().is_some()) else { return Ok(plan) };
        // A listing is compared with another one, and none shows renewal, pairs or a price.
        let (renewals, prices) = (self.observed.take_renewals(), self.observed.prices.take());
        let (confirmed, pairs) = tokio::join!(cloud.confirm(&mut self.observed), pairs.read(cloud));
        confirmed.map_err(cloud_failure)?;
        self.observed.set_renewals(renewals);
        (self.observed.pairs, self.observed.prices) = (pairs, prices);
        self.read_renewals(cloud, spec, options.targets.as_ref()).await;
        let plan = checked_plan(spec, &self.observed, options)?;
        if !are_wanted || plan.purchases().next().is_none() {
            return Ok(plan);
        }
        self.observed.prices = Some(cloud.prices(plan.purchases()).await);
        checked_plan(spec, &self.observed, options)
    }
}

/// The questions of a plan that buys, besides the listing. A plan that buys nothing asks none.
#[derive(Clone, Debug)]
pub struct Asks {
    /// The pairs of areas on sale.
    pub pairs: Pairs,
    /// The prices of the purchases.
    pub prices: Prices,
}

impl Asks {
    /// Asks for the prices that a limit depends on. The pairs are those of an earlier plan, or are not known.
    pub fn for_limits(pairs: Option<BTreeSet<AreaPair>>) -> Self {
        Self { pairs: Pairs::Known(pairs), prices: Prices::WhereLimited }
    }
}

/// The wish of a run to know what purchases cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prices {
    /// They are not asked for.
    Never,
    /// They are asked for if a stack of the run has a limit on what it spends.
    WhereLimited,
    /// They are asked for.
    Always,
}

impl Prices {
    fn are_wanted(self, spec: &Spec, options: &Options) -> bool {
        match self {
            Self::Never => false,
            Self::WhereLimited => {
                selected(spec, options.targets.as_ref()).any(|(_, stack)| stack.limits.max_spend.is_some())
            }
            Self::Always => true,
        }
    }
}

/// The source of the pairs of areas on sale, about which a plan that buys may warn.
#[derive(Clone, Debug)]
pub enum Pairs {
    /// The service.
    Ask,
    /// An earlier plan, or none.
    Known(Option<BTreeSet<AreaPair>>),
}

impl Pairs {
    /// Returns the pairs. If the service does not name them, nothing is said about any: they decide nothing.
    async fn read(self, cloud: &Cloud) -> Option<BTreeSet<AreaPair>> {
        match self {
            Self::Known(pairs) => pairs,
            Self::Ask => {
                let read = cloud.pairs().await;
                read.inspect_err(|error| tracing::info!(%error, "the pairs of areas on sale are not known"))
                    .ok()
            }
        }
    }
}

/// The largest recording that is read. 100,000 packages with a few tags each take about 150 MB.
const MOST_RECORDED: u64 = 256 << 20;

/// Plans, and checks the plan by rules that were written independently of the planner.
pub(crate) fn checked_plan(spec: &Spec, observed: &Observed, options: &Options) -> Result<Plan, Failure> {
    let plan = cenbwp_diff::plan(spec, observed, options);
    match cenbwp_diff::audit(&plan, spec, observed, options).first() {
        None => Ok(plan),
        Some(flaw) => {
            Err(Failure::new(Exit::Error, format_args!("the plan contradicts its own laws: {flaw}"))
                .hint("nothing was sent; please report this with the spec and the output of --live-from"))
        }
    }
}

/// Returns the stacks that a run is about: those with a selected package, or all.
pub(crate) fn selected<'s>(
    spec: &'s Spec,
    targets: Option<&BTreeSet<Address>>,
) -> impl Iterator<Item = (&'s StackName, &'s Stack)> {
    let names = targets.map(|targets| targets.iter().map(|it| &it.stack).collect::<BTreeSet<_>>());
    spec.stacks.iter().filter(move |(name, _)| names.as_ref().is_none_or(|names| names.contains(name)))
}

/// Refuses a selected stack that the spec pins to another account.
///
/// # Errors
/// Exit 4.
pub(crate) fn check_pins(
    spec: &Spec,
    targets: Option<&BTreeSet<Address>>,
    account: &AccountId,
) -> Result<(), Failure> {
    for (name, stack) in selected(spec, targets) {
        if let Some(pin) = stack.account.as_ref().filter(|pin| *pin != account) {
            let message = format!(
                "stack {name} belongs to account {pin}, and these credentials are of account {account}"
            );
            let mut hint = format!(
                "use credentials of account {pin}, or, where {name} is declared, write `account: \"{account}\"`"
            );
            if selected(spec, targets).any(|(_, other)| other.account.as_ref() == Some(account)) {
                hint.push_str(&format!("; `--account {account}` leaves the stacks of other accounts out"));
            }
            return Err(Failure::new(Exit::Refused, message).hint(hint));
        }
    }
    Ok(())
}

/// Returns the failure for an error of a read: nothing was bought or changed.
fn cloud_failure(error: cloud::Error) -> Failure {
    let hint = Some(error.hint().to_owned());
    Failure { exit: Exit::Error, error: error.into(), hint }
}
