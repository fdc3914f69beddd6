//! Compares an approved plan with the run, the account and the live state in which it is to be applied.

use std::collections::BTreeMap;
use std::time::Duration;

use cenbwp_diff::{Change, FieldChange, Plan, Style, Update, WarningKind};
use cenbwp_spec::{AccountId, Identity};
use jiff::{SignedDuration, Timestamp};

use super::Planned;
use crate::clock;
use crate::exit::{Exit, Failure};
use crate::situation::check_pins;

/// The longest time that a plan may be dated ahead, because the clocks of two machines differ; the service
/// allows signed requests the same difference. A larger value would let a wrong clock, or a stranger, keep a
/// plan valid for that much longer.
const CLOCKS_MAY_DIFFER: SignedDuration = SignedDuration::from_mins(15);

/// Every hint of these refusals ends in the words "plan again". The run adds its command.
impl Planned {
    /// Refuses a plan that is too old, or dated in the future, because such a plan would never get too old.
    ///
    /// # Errors
    /// Exit 5.
    pub fn check_age(&self, now: Timestamp, ttl: Duration) -> Result<(), Failure> {
        let age = now.duration_since(self.options.now);
        let made = clock::for_people(self.options.now);
        if -age > CLOCKS_MAY_DIFFER {
            let ahead = clock::rough(-age);
            let message = format!(
                "the plan is of {made}, {ahead} in the future: a clock is wrong, here or where it was made"
            );
            return Err(Failure::new(Exit::Stale, message).hint("set the clock, and plan again"));
        }
        let ttl = SignedDuration::try_from(ttl).unwrap_or(SignedDuration::MAX);
        if age <= ttl {
            return Ok(());
        }
        let (age, allowed) = (clock::rough(age), clock::rough(ttl));
        let enough = now.duration_since(self.options.now).as_hours() + 1;
        let message = format!("the plan is of {made}, {age} old, and may be {allowed} old");
        Err(Failure::new(Exit::Stale, message)
            .hint(format!("allow its age with --plan-ttl {enough}h or plan again")))
    }

    /// Refuses a plan that was made at another endpoint. A plan of a recording has no endpoint.
    ///
    /// # Errors
    /// Exit 5.
    pub fn check_endpoint(&self, endpoint: &str) -> Result<(), Failure> {
        match self.situation.endpoint.as_deref().filter(|planned| *planned != endpoint) {
            Some(planned) => {
                let message = format!("the plan was made at {planned}, and this is {endpoint}");
                Err(Failure::new(Exit::Stale, message).hint(
                    "nothing was sent; name that endpoint with --endpoint or CENBWP_ENDPOINT, or, for this one, plan again",
                ))
            }
            None => Ok(()),
        }
    }

    /// Refuses a plan for another account, and one whose spec is pinned to another account.
    ///
    /// # Errors
    /// Exit 5 when the plan was made for another account. Exit 4 when a stack of its spec is pinned to
    /// another account: cenbwp makes no such plan, so the file was forged.
    pub fn check_account(&self, account: &AccountId) -> Result<(), Failure> {
        if let Some(planned) = self.situation.account.as_ref().filter(|planned| *planned != account) {
            let message = format!(
                "the plan was made for account {planned}, and these credentials are of account {account}"
            );
            return Err(Failure::new(Exit::Stale, message)
                .hint("nothing was sent; use credentials of that account, or, with these, plan again"));
        }
        check_pins(&self.spec, self.options.targets.as_ref(), account)
    }

    /// Returns the changes of this plan that are still to be done, now that the same spec gives the plan
    /// `fresh`.
    ///
    /// A change that is still needed is kept, and one that is done by now is dropped: so an apply that was
    /// killed resumes. A change that is only in `fresh` was never approved, and is left for another plan.
    ///
    /// # Errors
    /// Exit 5, with both plans in the message, when a change is neither, or when `fresh` holds an item or
    /// exceeds a limit that this plan does not.
    pub fn still_approved(&self, fresh: &Plan) -> Result<Plan, Failure> {
        let (planned, now) = (by_identity(&self.plan), by_identity(fresh));
        let wanted = |change: &Change| now.get(change.identity()).is_some_and(|now| is_rest_of(now, change));
        let untouched = |identity: &Identity| {
            !now.contains_key(identity) && fresh.held.iter().all(|held| held.identity != *identity)
        };
        let done = |change: &Change| match change {
            Change::Purchase(_) | Change::Update(_) | Change::Adopt(_) | Change::Move(_) => {
                untouched(change.identity()) && fresh.in_sync.contains_key(&change.identity().address)
            }
            // A package to release or retire may be gone entirely.
            Change::Release(_) | Change::Retire(_) => untouched(change.identity()),
        };
        // A renewal that cannot be read now is neither needed nor done.
        let unclear = |change: &Change| {
            let is_renewal = |field: &FieldChange| matches!(field, FieldChange::AutoRenew { .. });
            change.fields().iter().any(is_renewal) && renewal_is_unknown(fresh, change.identity())
        };
        let settled = self.plan.changes.iter().all(|it| (wanted(it) || done(it)) && !unclear(it));
        let unheld = fresh.held.iter().all(|held| self.plan.held.contains(held));
        let mut rest = fresh.clone();
        rest.changes.retain(|now| planned.get(now.identity()).is_some_and(|change| is_rest_of(now, change)));
        if settled && unheld && fresh.breaches.is_empty() && fresh.complete {
            return Ok(rest);
        }
        let text = |plan| cenbwp_diff::render(plan, &Style::plain());
        let (planned, now) = (text(&self.plan), text(fresh));
        let diff =
            similar::TextDiff::from_lines(&planned, &now).unified_diff().header("planned", "now").to_string();
        // A limit on money depends on prices, which change while the account does not.
        let is_as_planned = settled && unheld && fresh.complete;
        let what = match fresh.breaches.first().filter(|_| is_as_planned) {
            Some(breach) => format!("{}; when the plan was made, it was kept", breach.message()),
            None => "the account changed after the plan was made".to_owned(),
        };
        Err(Failure::new(Exit::Stale, format_args!("{what}\n{diff}"))
            .hint("nothing was sent; look at what differs, and plan again"))
    }
}

fn renewal_is_unknown(plan: &Plan, identity: &Identity) -> bool {
    let is_unknown = |it: &WarningKind| matches!(it, WarningKind::RenewalUnknown { .. });
    plan.warnings.iter().any(|warning| warning.identity == *identity && is_unknown(&warning.kind))
}

fn by_identity(plan: &Plan) -> BTreeMap<&Identity, &Change> {
    plan.changes.iter().map(|change| (change.identity(), change)).collect()
}

/// Returns true if `now` is the change that was planned, or the rest of it: after a purchase, an adoption or a move,
/// the changes that follow once the package is ours; of several fields, those that still differ.
fn is_rest_of(now: &Change, planned: &Change) -> bool {
    let within = |now: &Update, fields: &[FieldChange]| now.fields.iter().all(|field| fields.contains(field));
    match (now, planned) {
        (Change::Update(now), Change::Purchase(planned)) => within(now, &planned.follow_ups),
        (Change::Update(now), Change::Adopt(planned)) => now.id == planned.id && within(now, &planned.fields),
        (Change::Update(now), Change::Move(planned)) => now.id == planned.id && within(now, &planned.fields),
        (Change::Update(now), Change::Update(planned)) => {
            now.id == planned.id && within(now, &planned.fields)
        }
        // What regions use is shown, and was not approved.
        (Change::Adopt(now), Change::Adopt(planned)) => {
            (&now.id, &now.tags, &now.fields) == (&planned.id, &planned.tags, &planned.fields)
        }
        (Change::Move(now), Change::Move(planned)) => {
            (&now.id, &now.from, &now.fields) == (&planned.id, &planned.from, &planned.fields)
        }
        (Change::Release(now), Change::Release(planned)) => {
            now.id == planned.id && now.tag_keys.is_subset(&planned.tag_keys)
        }
        (Change::Retire(now), Change::Retire(planned)) => {
            now.id == planned.id && now.detach.is_subset(&planned.detach) && now.delete == planned.delete
        }
        // A price may change; what it may be at most is a limit.
        (Change::Purchase(now), Change::Purchase(planned)) => now.orders_the_same(planned),
        _ => now == planned,
    }
}

#[cfg(test)]
mod tests {
    use cenbwp_diff::{Observed, Options};
    use cenbwp_spec::Source;

    use super::*;
    use crate::situation::{Situation, checked_plan};

    const OURS: &str = "1234567890123456";
    const THEIRS: &str = "42";
    const HERE: &str = "https://cbn.aliyuncs.com/";

    /// Returns a plan made at noon for our account, of a spec with a stack without a pin and one with this
    /// pin.
    fn plan_pinned_to(pin: &str) -> Planned {
        let text = format!(
            "version: 1\nstack: free\npackages: {{}}\n---\nversion: 1\nstack: net\naccount: \"{pin}\"\npackages: {{}}\n"
        );
        let sources = [Source { name: "net.yaml".to_owned(), bytes: text.into_bytes() }];
        let spec = cenbwp_spec::parse(&sources).spec.expect("it is valid");
        let options = Options {
            now: noon(),
            targets: None,
            skip_held: false,
            expiring_within: SignedDuration::ZERO,
            max_purchases: None,
            max_new_mbps: None,
        };
        let observed = Observed {
            packages: Vec::new(),
            unreadable: Vec::new(),
            complete: true,
            pairs: None,
            prices: None,
        };
        let plan = checked_plan(&spec, &observed, &options).expect("nothing is declared");
        let (account, endpoint) = (Some(OURS.parse().expect("digits")), Some(HERE.to_owned()));
        let situation = Situation { account, endpoint, caller: None, observed };
        Planned::new(sources.into(), spec.into(), options, situation, plan)
    }

    fn noon() -> Timestamp {
        "2026-01-02T12:00:00Z".parse().expect("a time")
    }

    /// Checks a run `after` seconds after noon; returns the code and the message of a refusal.
    fn check(pin: &str, after: i64, ttl: u64, account: &str, endpoint: &str) -> Option<(u8, String)> {
        let now = noon() + SignedDuration::from_secs(after);
        let (plan, account) = (plan_pinned_to(pin), account.parse().expect("digits"));
        let checked = plan.check_age(now, Duration::from_secs(ttl));
        let checked = checked.and_then(|()| plan.check_endpoint(endpoint));
        let refused = checked.and_then(|()| plan.check_account(&account)).err()?;
        Some((refused.exit.code(), refused.error.to_string()))
    }

    #[test]
    fn a_plan_is_applied_while_it_is_neither_too_old_nor_from_the_future() {
        for (after, ttl, is_fine) in [
            (0, 0, true),
            (1, 0, false),
            (86_400, 86_400, true),
            (86_401, 86_400, false),
            (86_401, u64::MAX, true),
            (-15 * 60, 0, true),
            (-15 * 60 - 1, 0, false),
            (-15 * 60 - 1, u64::MAX, false),
        ] {
            let refused = check(OURS, after, ttl, OURS, HERE);
            assert_eq!(
                refused.is_none(),
                is_fine,
                "{after} s after it was made, {ttl} s allowed: {refused:?}"
            );
            assert!(refused.is_none_or(|(code, _)| code == 5));
        }
    }

    #[test]
    fn a_plan_is_for_one_account_one_service_and_the_accounts_of_its_own_spec() {
        for (pin, account, endpoint, code) in [
            (OURS, OURS, HERE, None),
            (OURS, THEIRS, HERE, Some(5)),
            (OURS, OURS, "https://cbn.example.com/", Some(5)),
            (THEIRS, OURS, HERE, Some(4)),
            // Another plan is needed anyway.
            (THEIRS, THEIRS, HERE, Some(5)),
        ] {
            let refused = check(pin, 0, 60, account, endpoint);
            assert_eq!(refused.as_ref().map(|(code, _)| *code), code, "{refused:?}");
        }
    }
}
