//! The pairs of areas that the service lists as sold. They decide nothing: a plan that buys warns where they lack a pair.

use std::collections::BTreeSet;

use cenbwp_spec::{Area, AreaPair};
use serde_json::Value;

use super::billing::{whole_number, wrong};
use super::classify::object;
use super::request::spans_page;
use super::{Cloud, Error};

/// The most pages that are read. Two dozen areas have as many pairs; a reply that announces more is broken.
const MOST_PAGES: usize = 6;

impl Cloud {
    /// Returns the pairs of areas that the service lists as sold: all of them, or an error. A service that does not
    /// answer is not waited for twice.
    ///
    /// # Errors
    ///
    /// A refusal, no usable reply, a list that is not whole, or an empty one.
    pub async fn pairs(&self) -> Result<BTreeSet<AreaPair>, Error> {
        let policy = self.0.retry.brief();
        let (mut pairs, mut read, mut number) = (BTreeSet::new(), 0, 0);
        loop {
            number += 1;
            let request = spans_page(number);
            let reply = self.read_by(&policy, &request, self.endpoint(), object).await?;
            let unusable = |reason| Error::Lost(self.unusable(&request, &reply, reason));
            let (total, page) = page(&reply).map_err(unusable)?;
            let is_last = page.is_empty() || number == MOST_PAGES;
            read += page.len() as u64;
            pairs.extend(page);
            if read == total && total > 0 {
                return Ok(pairs);
            }
            if is_last || read >= total {
                return Err(unusable(format!("TotalCount is {total}, and the list holds {read}")));
            }
        }
    }
}

/// Returns the number of pairs that a page announces, and those that it holds.
fn page(reply: &Value) -> Result<(u64, Vec<AreaPair>), String> {
    let total = whole_number(&reply["TotalCount"]).ok_or_else(|| wrong(reply, "TotalCount", "a number"))?;
    let models = &reply["GeographicSpanModels"];
    let items = match &models["GeographicSpanModel"] {
        Value::Array(items) => items,
        _ => return Err(wrong(models, "GeographicSpanModel", "a list")),
    };
    Ok((total, items.iter().map(pair).collect::<Result<_, _>>()?))
}

/// Reads a pair. Its id is opaque: not even the order of the areas in it is documented.
fn pair(item: &Value) -> Result<AreaPair, String> {
    let area = |name: &str| {
        let text = item[name].as_str().filter(|text| Area::is_well_formed(text));
        text.map(Area::new).ok_or_else(|| wrong(item, name, "the name of an area"))
    };
    Ok(AreaPair::new(area("LocalGeoRegionId")?, area("OppositeGeoRegionId")?))
}
