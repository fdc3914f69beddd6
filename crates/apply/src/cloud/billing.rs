//! The billing service: whether packages renew themselves. Its sites and its envelope are its own.
//!
//! Nothing that it does not say clearly is guessed: such a package has an unknown renewal, which is not off.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::OnceLock;

use cenbwp_diff::{LiveRenewal, Product, Subscription};
use cenbwp_spec::{AccountId, PackageId, Renewal};
use futures_util::{StreamExt, stream};
use serde_json::Value;

use super::classify::{business, object};
use super::client::Inner;
use super::redact::neutral;
use super::request::{BSS, MOST_INSTANCES, any_instance, query_instances};
use super::retry::until_answered;
use super::{Answer, Cloud, Endpoint, Error, Lost, Refusal, RefusalKind, Request};
use crate::stop::next_turn;

/// The most requests at once. How many the service takes in a second is limited apart from that.
const AT_ONCE: usize = 10;

/// The most reads of the billing service in a second. Its pages give no number for this call, and ten for the calls
/// beside it.
pub(super) const MOST_PER_SECOND: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

impl Cloud {
    /// Returns what the billing service says about the renewal of these packages: one entry for each. Up to a hundred
    /// are asked for in one request, and the requests leave together.
    ///
    /// A renewal that cannot be read is unknown, with the reason. It is no error: everything else can go on. Once a
    /// request had no answer at all, no more of them are sent.
    pub async fn renewals(&self, account: &AccountId, ids: &[PackageId]) -> BTreeMap<PackageId, LiveRenewal> {
        let silence = &OnceLock::<String>::new();
        let read = ids.chunks(MOST_INSTANCES).map(|ids| async move {
            if let Some(reason) = silence.get() {
                return all_unknown(ids, reason);
            }
            match self.read_billing(&query_instances(ids)).await {
                Ok(reply) => rows(&reply, account, ids),
                Err(error) => {
                    tracing::info!(%error, "the renewal is not known");
                    let reason = reason(&error);
                    if is_silence(&error) {
                        let _ = silence.set(reason.clone());
                    }
                    all_unknown(ids, &reason)
                }
            }
        });
        let read: Vec<_> = stream::iter(read).buffer_unordered(AT_ONCE).collect().await;
        read.into_iter().flatten().collect()
    }

    /// Finds the site whose billing service knows the account, and answers these credentials.
    ///
    /// # Errors
    ///
    /// A refusal, or no usable reply after every repetition.
    pub async fn find_site(&self) -> Result<&Endpoint, Error> {
        self.read_billing(&any_instance()).await?;
        Ok(self.site())
    }

    /// Repeats a read of the billing service until there is an answer, or repeating cannot help. If the first site does
    /// not know the account, the other one is asked, once: the one that answers is the account's.
    async fn read_billing(&self, request: &Request) -> Result<Value, Error> {
        let Inner { endpoints, site, .. } = &*self.0;
        let first = self.site();
        let answer = self.read_billing_at(first, request).await;
        let (site_of_answer, answer) = match (answer, &endpoints.billing.other) {
            (Err(Error::Refused(refusal)), Some(other))
                if site.get().is_none() && is_of_other_site(&refusal) =>
            {
                tracing::info!(code = %refusal.code, "{first} does not know the account; asking {other}");
                (other, self.read_billing_at(other, request).await)
            }
            (answer, _) => (first, answer),
        };
        if answer.is_ok() && site.set(site_of_answer.clone()).is_ok() {
            tracing::info!("renewal is read at {site_of_answer}");
        }
        answer
    }

    async fn read_billing_at(&self, site: &Endpoint, request: &Request) -> Result<Value, Error> {
        let Inner { clock, random, retry, billing_pace, .. } = &*self.0;
        let ask = || async {
            billing_pace.acquire(clock).await;
            self.wait_for_rate_limit().await;
            next_turn().await;
            self.send_billing(site, request).await
        };
        // Without an answer the renewal is unknown, and everything else goes on.
        until_answered(clock, random, &retry.brief(), ask).await
    }

    /// Sends one request to the billing service, once.
    async fn send_billing(&self, site: &Endpoint, request: &Request) -> Answer<Value> {
        let answer = match self.send(request, site, object).await {
            Answer::Yes(reply) => business(request.action, reply, &self.0.secrets),
            other => other,
        };
        of_this_service(answer)
    }

    /// Returns the site of the billing service that knows the account, or the one to ask first.
    pub fn site(&self) -> &Endpoint {
        self.0.site.get().unwrap_or(&self.0.endpoints.billing.first)
    }

    /// Sends a request that changes something, once, to the service that has the operation.
    pub(super) async fn send_write(&self, request: &Request) -> Answer<Value> {
        if request.version == BSS {
            self.send_billing(self.site(), request).await
        } else {
            self.send(request, self.endpoint(), object).await
        }
    }
}

/// Returns true if the service gave no answer at all.
fn is_silence(error: &Error) -> bool {
    match error {
        Error::Refused(refusal) => refusal.kind == RefusalKind::NotSent,
        Error::Lost(Lost { status, code, .. }) => status.is_none() && code.is_none(),
        Error::Listing(_) => false,
    }
}

/// Returns true if a refusal says that the account belongs to the other site.
pub(super) fn is_of_other_site(refusal: &Refusal) -> bool {
    const MESSAGES: [&str; 2] = ["not found article", "account not exists"];
    let message = refusal.message.to_ascii_lowercase();
    ["NotApplicable", "AuthSiteFail"].iter().any(|code| refusal.code.is_of(code))
        || MESSAGES.iter().any(|words| message.contains(words))
}

/// Returns an answer of this service. A refusal by it says nothing about the other services of the account.
pub(super) fn of_this_service<T>(answer: Answer<T>) -> Answer<T> {
    match answer {
        Answer::No(refusal) if refusal.kind == RefusalKind::AccountWide => {
            Answer::No(Refusal { kind: RefusalKind::Final, ..refusal })
        }
        other => other,
    }
}

/// Returns the reason for which nothing is known.
fn reason(error: &Error) -> String {
    let is_of_other_site = matches!(error, Error::Refused(refusal) if is_of_other_site(refusal));
    error.reason(match is_of_other_site {
        true => "neither site knows the account, or `--site` names the wrong one",
        false if error.is_permission() => error.hint(),
        false => "",
    })
}

fn all_unknown(ids: &[PackageId], reason: &str) -> BTreeMap<PackageId, LiveRenewal> {
    ids.iter().map(|id| (id.clone(), LiveRenewal::Unknown(reason.to_owned()))).collect()
}

/// Reads the rows of these packages. A reply whose rows are not all that it announces says nothing about any of them.
fn rows(reply: &Value, account: &AccountId, ids: &[PackageId]) -> BTreeMap<PackageId, LiveRenewal> {
    let rows = match list(&reply["Data"]) {
        Ok(rows) => rows,
        Err(reason) => return all_unknown(ids, &reason),
    };
    let mut found: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for row in rows {
        found.entry(row["InstanceID"].as_str().unwrap_or_default()).or_default().push(row);
    }
    let one = |id: &PackageId| match found.get(id.as_str()).map_or(&[][..], Vec::as_slice) {
        [] => LiveRenewal::Unknown("the billing service does not list the package".to_owned()),
        [row] => subscription(row, account).map_or_else(LiveRenewal::Unknown, LiveRenewal::Known),
        _ => LiveRenewal::Unknown("the billing service lists the package twice".to_owned()),
    };
    ids.iter().map(|id| (id.clone(), one(id))).collect()
}

/// Returns the rows of a page: a list, or one in a wrapper, as it once was.
fn list(data: &Value) -> Result<&[Value], String> {
    let rows = match &data["InstanceList"] {
        Value::Array(rows) => &rows[..],
        Value::Null => &[],
        Value::Object(wrapper) => match wrapper.values().collect::<Vec<_>>()[..] {
            [Value::Array(rows)] => rows,
            _ => return Err("InstanceList is no list".to_owned()),
        },
        _ => return Err("InstanceList is no list".to_owned()),
    };
    match whole_number(&data["TotalCount"]) {
        Some(total) if total == rows.len() as u64 => Ok(rows),
        Some(total) => Err(format!("TotalCount is {total}, and the list holds {}", rows.len())),
        None => Err("TotalCount is no number".to_owned()),
    }
}

fn subscription(row: &Value, account: &AccountId) -> Result<Subscription, String> {
    let owner = match &row["OwnerId"] {
        Value::Null => None,
        Value::String(owner) => Some(owner.clone()),
        other => Some(other.to_string()),
    };
    if owner.is_some_and(|owner| owner != account.as_str()) {
        return Err("the billing service lists the package for another account".to_owned());
    }
    match row["SubscriptionType"].as_str() {
        Some("Subscription") => {}
        Some("PayAsYouGo") => {
            return Err(
                "the billing service says that it is paid by use, and such packages do not renew".to_owned()
            );
        }
        _ => return Err(wrong(row, "SubscriptionType", "Subscription")),
    }
    let text = |name: &str| {
        row[name].as_str().filter(|text| !text.is_empty()).ok_or_else(|| wrong(row, name, "a word"))
    };
    let product = Product { code: text("ProductCode")?.to_owned(), kind: text("ProductType")?.to_owned() };
    let renewal = match row["RenewStatus"].as_str() {
        Some("AutoRenewal") => Renewal::Months(months(row)?),
        Some("ManualRenewal" | "NotRenewal") => Renewal::Off,
        _ => return Err(wrong(row, "RenewStatus", "AutoRenewal, ManualRenewal or NotRenewal")),
    };
    Ok(Subscription { renewal, product })
}

/// Returns the months of each renewal; a year has twelve.
fn months(row: &Value) -> Result<u32, String> {
    let duration = whole_number(&row["RenewalDuration"]).and_then(|duration| u32::try_from(duration).ok());
    let duration = duration.filter(|duration| *duration > 0);
    let duration = duration.ok_or_else(|| wrong(row, "RenewalDuration", "a positive whole number"))?;
    match row["RenewalDurationUnit"].as_str() {
        Some("M") => Ok(duration),
        Some("Y") => duration.checked_mul(12).ok_or_else(|| wrong(row, "RenewalDuration", "fewer years")),
        _ => Err(wrong(row, "RenewalDurationUnit", "M or Y")),
    }
}

/// Reads a whole number, as a number or a string of decimal digits.
pub(super) fn whole_number(value: &Value) -> Option<u64> {
    match value {
        Value::String(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        value => value.as_u64(),
    }
}

pub(super) fn wrong(row: &Value, name: &str, expected: &str) -> String {
    format!("{name} is {}, expected {expected}", neutral(&row[name].to_string(), 80))
}

#[cfg(test)]
mod tests;
