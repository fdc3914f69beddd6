//! The price of purchases, estimated by ROS: the service that makes resources from templates, and says before what they
//! would cost. An estimate makes nothing and costs nothing.
//!
//! Nothing that it does not say clearly is guessed: such a purchase has an unknown price, which is not free.

use std::collections::BTreeMap;

use cenbwp_diff::{Price, Purchase};
use cenbwp_spec::{Amount, Cycle, Identity, Money};
use serde::Serialize;
use serde_json::Value;

use super::client::Inner;
use super::redact::neutral;
use super::request::estimate;
use super::retry::until_answered;
use super::{Cloud, Endpoint, Error, RetryPolicy, json};
use crate::stop::next_turn;

/// The longest template that the service takes, in bytes (GetTemplateEstimateCost page).
const LONGEST_TEMPLATE: usize = 524_288;
/// The most resources of one template. The page of ROS's limits allows 200 or 300 in a stack, depending on its age.
const MOST_RESOURCES: usize = 200;
/// The most repetitions of an estimate. Without an answer the price is unknown and everything else goes on, so more
/// would only make every run slower where the service cannot be reached.
const MOST_RETRIES: u32 = 2;

impl Cloud {
    /// Returns what ROS says that these purchases would cost: one entry for each. One request asks for all of them, or
    /// a few if they do not fit into one template.
    ///
    /// A price that is not said clearly is unknown, with the reason. It is no error: everything else can go on.
    pub async fn prices<'a>(
        &self,
        purchases: impl IntoIterator<Item = &'a Purchase>,
    ) -> BTreeMap<Identity, Price> {
        let asked: Vec<Asked<'_>> = purchases.into_iter().enumerate().map(Asked::new).collect();
        let mut prices = BTreeMap::new();
        for batch in batches(&asked) {
            let answer = self.estimate(template(batch)).await;
            if let Err(error) = &answer {
                tracing::info!(%error, "the price is not known");
            }
            let answer = answer.map_err(|error| reason(&error));
            let price = |asked: &Asked<'_>| match &answer {
                Ok(estimate) => asked.price(estimate),
                Err(reason) => Err(reason.clone()),
            };
            let priced = |asked: &Asked<'_>| {
                let price = price(asked).map_or_else(Price::Unknown, Price::Known);
                (asked.purchase.identity.clone(), price)
            };
            prices.extend(batch.iter().map(priced));
        }
        prices
    }

    /// Asks for the price of the smallest package: whether there is an answer is what counts.
    ///
    /// # Errors
    ///
    /// A refusal, or no usable reply after every repetition.
    pub async fn find_price(&self) -> Result<&Endpoint, Error> {
        let smallest = Resource::of("China", "China", 2, Cycle::Month, 1);
        self.estimate(format!("{HEAD}{}{TAIL}", entry("Plan", &smallest))).await?;
        Ok(&self.0.endpoints.price)
    }

    /// Repeats an estimate until there is an answer, or repeating cannot help.
    async fn estimate(&self, template: String) -> Result<Estimate, Error> {
        let Inner { clock, random, retry, endpoints, .. } = &*self.0;
        let request = estimate(template);
        let retry = RetryPolicy { max_retries: retry.max_retries.min(MOST_RETRIES), ..*retry };
        let ask = || async {
            self.wait_for_rate_limit().await;
            next_turn().await;
            self.send(&request, &endpoints.price, Estimate::read).await
        };
        until_answered(clock, random, &retry, ask).await
    }
}

/// Returns the reason for which no price is known.
fn reason(error: &Error) -> String {
    error.reason(if error.is_permission() { error.hint() } else { "" })
}

/// A purchase whose price is asked for, as resources of a template.
struct Asked<'a> {
    purchase: &'a Purchase,
    /// The name of the resource with the term of the purchase.
    name: String,
    /// The members of `Resources`.
    entries: String,
}

impl<'a> Asked<'a> {
    /// A purchase for several months or years is asked for with one of them, too. The pages do not say whether the
    /// amount is that of the whole term: if it is, it is more than that of one.
    fn new((n, purchase): (usize, &'a Purchase)) -> Self {
        let name = if n == 0 { "Plan".to_owned() } else { format!("Plan{}", n + 1) };
        let mut entries = entry(&name, &resource(purchase, purchase.terms.term.period()));
        if purchase.terms.term.period() > 1 {
            entries.push(',');
            entries.push_str(&entry(&of_one(&name), &resource(purchase, 1)));
        }
        Self { purchase, name, entries }
    }

    fn resources(&self) -> usize {
        if self.purchase.terms.term.period() > 1 { 2 } else { 1 }
    }

    /// Returns the price that an estimate names for it, or the reason why there is none.
    fn price(&self, estimate: &Estimate) -> Result<Money, String> {
        let price = estimate.of(&self.name)?;
        let term = self.purchase.terms.term;
        if term.period() == 1 {
            return Ok(price);
        }
        let one = estimate.of(&of_one(&self.name))?;
        if one.currency == price.currency && one.amount < price.amount {
            return Ok(price);
        }
        let unit = term.cycle().as_str().to_lowercase();
        Err(format!(
            "{price} is named for {term}, and {one} for 1 {unit}: it may be the price of 1 {unit} only"
        ))
    }
}

fn of_one(name: &str) -> String {
    format!("{name}One")
}

/// Splits purchases so that each part fits into one template.
fn batches<'b, 'a>(asked: &'b [Asked<'a>]) -> Vec<&'b [Asked<'a>]> {
    let mut batches = Vec::new();
    let (mut start, mut length, mut resources) = (0, HEAD.len() + TAIL.len(), 0);
    for (n, one) in asked.iter().enumerate() {
        let (more, many) = (one.entries.len() + 1, one.resources());
        if n > start && (length + more > LONGEST_TEMPLATE || resources + many > MOST_RESOURCES) {
            batches.push(&asked[start..n]);
            (start, length, resources) = (n, HEAD.len() + TAIL.len(), 0);
        }
        (length, resources) = (length + more, resources + many);
    }
    if start < asked.len() {
        batches.push(&asked[start..]);
    }
    batches
}

const HEAD: &str = r#"{"ROSTemplateFormatVersion":"2015-09-01","Resources":{"#;
const TAIL: &str = "}}";

fn template(asked: &[Asked<'_>]) -> String {
    let entries: Vec<&str> = asked.iter().map(|asked| &*asked.entries).collect();
    format!("{HEAD}{}{TAIL}", entries.join(","))
}

fn entry(name: &str, resource: &Resource<'_>) -> String {
    let resource = serde_json::to_string(resource).expect("every key is a string");
    format!("{}:{resource}", Value::from(name))
}

/// A resource of a template. Name, tags and renewal are left out: the price does not need them.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Resource<'a> {
    r#type: &'static str,
    properties: Properties<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Properties<'a> {
    bandwidth: u32,
    geographic_region_a_id: &'a str,
    geographic_region_b_id: &'a str,
    bandwidth_package_charge_type: &'static str,
    pricing_cycle: &'static str,
    period: u8,
    /// False, so that the text is harmless wherever it ends up.
    auto_pay: bool,
}

impl<'a> Resource<'a> {
    fn of(a: &'a str, b: &'a str, bandwidth: u32, cycle: Cycle, period: u8) -> Self {
        let properties = Properties {
            bandwidth,
            geographic_region_a_id: a,
            geographic_region_b_id: b,
            bandwidth_package_charge_type: "PREPAY",
            pricing_cycle: cycle.as_str(),
            period,
            auto_pay: false,
        };
        Self { r#type: "ALIYUN::CEN::CenBandwidthPackage", properties }
    }
}

fn resource(purchase: &Purchase, period: u8) -> Resource<'_> {
    let Purchase { areas, bandwidth, terms, .. } = purchase;
    Resource::of(areas.a().as_str(), areas.b().as_str(), bandwidth.0, terms.term.cycle(), period)
}

/// The reply, in which every number is the text that was printed. A kind that has no estimate is left out.
#[derive(Debug)]
struct Estimate(Value);

impl Estimate {
    /// Reads a body. `None` if it is no reply of this service.
    fn read(body: &[u8]) -> Option<Self> {
        json::object(body)?;
        let reply = json::object(&with_numbers_as_strings(body))?;
        reply["Resources"].is_object().then_some(Self(reply))
    }

    /// Returns the amount to pay for a resource, or the reason why it is not known.
    fn of(&self, name: &str) -> Result<Money, String> {
        let estimated = &self.0["Resources"][name];
        if estimated.is_null() {
            return Err("the service has no estimate for CEN bandwidth packages".to_owned());
        }
        let success = &estimated["Success"];
        if *success != Value::Bool(true) {
            return Err(wrong("Success", success, "true"));
        }
        let charge = &estimated["Result"]["OrderSupplement"]["ChargeType"];
        let word = charge.as_str().unwrap_or_default().to_lowercase();
        if !charge.is_null() && word != "prepay" && word != "prepaid" {
            return Err(wrong("ChargeType", charge, "PrePaid"));
        }
        let Value::Object(order) = &estimated["Result"]["Order"] else {
            return Err("the estimate has no Order".to_owned());
        };
        let [currency, amount] =
            ["Currency", "TradeAmount"].map(|name| order.get(name).unwrap_or(&Value::Null));
        let code = currency.as_str().and_then(|code| code.parse().ok());
        let code = code.ok_or_else(|| wrong("Currency", currency, "a code such as CNY"))?;
        let digits = amount.as_str().and_then(|digits| digits.parse::<Amount>().ok());
        match digits.filter(|amount| *amount > Amount::ZERO) {
            Some(amount) => Ok(Money { amount, currency: code }),
            None => Err(wrong("TradeAmount", amount, "a positive decimal number")),
        }
    }
}

/// Returns well-formed JSON with quotes around every number: a parser would round it to binary floating point.
fn with_numbers_as_strings(json: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(json.len());
    let (mut in_string, mut is_escaped, mut in_number) = (false, false, false);
    for byte in json {
        let is_of_number =
            !in_string && (byte.is_ascii_digit() || in_number && b"+-.eE".contains(byte) || *byte == b'-');
        if is_of_number != in_number {
            kept.push(b'"');
        }
        in_number = is_of_number;
        kept.push(*byte);
        if *byte == b'"' && !is_escaped {
            in_string = !in_string;
        }
        is_escaped = in_string && *byte == b'\\' && !is_escaped;
    }
    kept
}

fn wrong(name: &str, found: &Value, expected: &str) -> String {
    format!("{name} is {}, expected {expected}", neutral(&found.to_string(), 80))
}

#[cfg(test)]
mod tests;
