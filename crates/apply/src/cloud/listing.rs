//! Puts pages together into one listing. A listing that is not whole is an error, never a short list.

use std::collections::{BTreeMap, HashSet};

use cenbwp_diff::{Live, Observed, Unreadable};
use cenbwp_spec::PackageId;
use futures_util::{StreamExt, stream::FuturesUnordered};

use super::json::Json;
use super::request::PAGE_SIZE;
use super::{Error, decode};
use crate::stop::next_turn;

/// The most pages that are read: 100,000 packages. A reply that announces more is broken, and reading on
/// would take hours.
pub(super) const MAX_PAGES: usize = 2_000;

/// Reads recorded replies of DescribeCenBandwidthPackages: one, an array of them, or one per line.
///
/// The result is not `complete` if the replies announce more packages than they hold.
///
/// # Errors
///
/// A reply that cannot be read, a package that occurs twice, and replies that disagree about how many there
/// are.
pub fn decode_recording(bytes: &[u8]) -> Result<Observed, String> {
    let mut pages = Pages::default();
    let mut replies = 0_usize;
    for document in serde_json::Deserializer::from_slice(bytes).into_iter::<Json<'_>>() {
        let document = document.map_err(|e| format!("line {} column {}: not JSON", e.line(), e.column()))?;
        let several = if let Json::List(several) = document { several } else { vec![document] };
        for reply in several {
            replies += 1;
            if let (Json::Null, Json::Text(code)) = (reply.get("TotalCount"), reply.get("Code")) {
                let code = cenbwp_diff::neutral(code);
                return Err(format!("reply {replies}: the service refused the listing: {code}"));
            }
            let added = Page::of(&reply).and_then(|page| pages.add(page));
            added.map_err(|reason| format!("reply {replies}: {reason}"))?;
        }
    }
    if replies == 0 {
        return Err("nothing recorded: expected a reply of DescribeCenBandwidthPackages".to_owned());
    }
    Ok(pages.finish())
}

/// Reads the pages of one listing and puts them together. `window` returns how many may be read at once at
/// that moment. The inner error says how the pages contradict each other.
///
/// Pages for the `expected` number of packages are requested at once, before the first one says how many
/// there are. A page that turns out to lie beyond the end is not part of the listing: its reply or its error
/// is dropped.
///
/// # Errors
///
/// The error of the first page that could not be read.
pub(super) async fn gather<F>(
    expected: usize,
    window: impl Fn() -> usize,
    read: impl Fn(usize) -> F,
) -> Result<Result<Observed, String>, Error>
where
    F: Future<Output = Result<Result<Page, String>, Error>>,
{
    let mut pages = Pages::default();
    let mut last = expected.div_ceil(PAGE_SIZE).clamp(1, MAX_PAGES);
    let mut asked = 0;
    let mut under_way = FuturesUnordered::new();
    // Replies by the number of their page. Until the first page is there, it is not known which of the others
    // are needed.
    let mut replies = BTreeMap::new();
    loop {
        while asked < last && under_way.len() < window() {
            asked += 1;
            let (number, page) = (asked, read(asked));
            under_way.push(async move { (number, page.await) });
        }
        let Some((number, page)) = under_way.next().await else {
            return Ok(Err(format!("{asked} pages hold {}", pages.progress())));
        };
        replies.insert(number, page);
        // To read a page takes a while, and the next one may be there already.
        next_turn().await;
        if pages.count().is_none() && !replies.contains_key(&1) {
            continue;
        }
        while let Some((number, page)) = replies.pop_first() {
            if pages.count().is_some_and(|count| number > count) {
                continue;
            }
            if let Err(reason) = page?.and_then(|page| pages.add_numbered(number, page)) {
                return Ok(Err(format!("page {number}: {reason}")));
            }
            if pages.are_whole() {
                return Ok(Ok(pages.finish()));
            }
        }
        last = pages.count().unwrap_or(last);
    }
}

pub(super) struct Page {
    /// The number of packages in all pages, as this one announces it.
    total: u64,
    items: Vec<Result<Live, Unreadable>>,
}

impl Page {
    /// Reads a page and copies what it keeps, so that the reply can be dropped.
    ///
    /// # Errors
    ///
    /// A reply that is not a page.
    pub(super) fn of(reply: &Json<'_>) -> Result<Self, String> {
        let total = decode::number(reply.get("TotalCount"));
        let total = total.ok().flatten().ok_or("expected a number as TotalCount")?;
        if total > (MAX_PAGES * PAGE_SIZE) as u64 {
            return Err(format!("TotalCount is {total}, expected at most {}", MAX_PAGES * PAGE_SIZE));
        }
        let items = decode::list(reply, "CenBandwidthPackages", "CenBandwidthPackage")?;
        Ok(Self { total, items: items.iter().map(decode::item).collect() })
    }
}

impl Page {
    /// Returns the number of packages in all pages.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Returns true if it holds no package.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

/// The pages of one listing that were read so far, in any order.
#[derive(Default)]
pub(super) struct Pages {
    /// The number of packages that every page so far announced.
    total: Option<u64>,
    /// The number of items that were read, readable or not.
    items: u64,
    ids: HashSet<PackageId>,
    packages: Vec<Live>,
    unreadable: Vec<Unreadable>,
}

impl Pages {
    /// Adds a page of any length.
    ///
    /// # Errors
    ///
    /// A page that contradicts those before it.
    fn add(&mut self, page: Page) -> Result<(), String> {
        let Page { total, items } = page;
        let before = *self.total.get_or_insert_with(|| {
            // Reserved exactly: growth by doubling would need twice the memory for a moment.
            self.packages.reserve_exact(total.try_into().unwrap_or(0));
            total
        });
        if before != total {
            return Err(format!("TotalCount changed from {before} to {total} between pages"));
        }
        self.items += items.len() as u64;
        if self.items > total {
            return Err(format!("the pages hold {} packages, and TotalCount is {total}", self.items));
        }
        for item in items {
            let id = match &item {
                Ok(live) => Some(&live.id),
                Err(unreadable) => unreadable.id.as_ref(),
            };
            if let Some(twice) = id.filter(|id| !self.ids.insert((*id).clone())) {
                return Err(format!("{twice} is listed twice"));
            }
            match item {
                Ok(live) => self.packages.push(live),
                Err(unreadable) => self.unreadable.push(unreadable),
            }
        }
        Ok(())
    }

    /// Adds page `number`, from 1, of the size that the service gives it.
    ///
    /// # Errors
    ///
    /// A page that contradicts those before it, or that is shorter than a page of this number must be.
    fn add_numbered(&mut self, number: usize, page: Page) -> Result<(), String> {
        let (total, items) = (page.total, page.items.len());
        self.add(page)?;
        let left = total.saturating_sub((number.saturating_sub(1) * PAGE_SIZE) as u64);
        if (items as u64) < left.min(PAGE_SIZE as u64) {
            return Err(format!("it ends the listing after {}", self.progress()));
        }
        Ok(())
    }

    /// Returns the number of pages, once the first one has announced it.
    fn count(&self) -> Option<usize> {
        let packages: usize = self.total?.try_into().unwrap_or(usize::MAX);
        Some(packages.div_ceil(PAGE_SIZE).max(1))
    }

    /// Returns true if every announced package was read.
    fn are_whole(&self) -> bool {
        self.total == Some(self.items)
    }

    /// Returns how many packages were read and how many were announced, to show.
    fn progress(&self) -> String {
        format!("{} of {} packages", self.items, self.total.unwrap_or_default())
    }

    /// Returns what was read, in the order of the ids.
    fn finish(self) -> Observed {
        let complete = self.are_whole();
        let Self { mut packages, mut unreadable, .. } = self;
        packages.sort_by(|a, b| a.id.cmp(&b.id));
        unreadable.sort_by(|a, b| (&a.id, &a.reason).cmp(&(&b.id, &b.reason)));
        Observed { packages, unreadable, complete, pairs: None, prices: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a reply that announces `total` packages and holds those of these numbers.
    fn page(total: usize, numbers: &[usize]) -> String {
        let items: Vec<_> = numbers
            .iter()
            .map(|n| {
                format!(
                    r#"{{"CenBandwidthPackageId":"cenbwp-{n:05}","Bandwidth":2,"BandwidthPackageChargeType":"PREPAY",
                        "GeographicRegionAId":"china","GeographicRegionBId":"europe","BusinessStatus":"Normal"}}"#
                )
            })
            .collect();
        let items = items.join(",").replace('\n', " ");
        format!(r#"{{"TotalCount":{total},"CenBandwidthPackages":{{"CenBandwidthPackage":[{items}]}}}}"#)
    }

    /// Compares what a recording gives: `complete` or `partial` with the numbers of the packages, or the
    /// error.
    fn check(recording: &str, expected: &str) {
        let shown = match decode_recording(recording.as_bytes()) {
            Ok(Observed { packages, unreadable, complete, pairs: _, prices: _ }) => {
                let ids: Vec<_> =
                    packages.iter().map(|live| live.id.as_str().trim_start_matches("cenbwp-0000")).collect();
                let lost = if unreadable.is_empty() {
                    String::new()
                } else {
                    format!(" and {} unreadable", unreadable.len())
                };
                format!("{} {}{lost}", if complete { "complete" } else { "partial" }, ids.join(" "))
            }
            Err(reason) => reason,
        };
        assert_eq!(shown, expected, "{recording}");
    }

    #[test]
    fn a_recording_is_one_reply_an_array_or_one_per_line() {
        let (one, two) = (page(3, &[3, 1]), page(3, &[2]));
        check(&page(2, &[2, 1]), "complete 1 2");
        check(&format!("[{one},{two}]"), "complete 1 2 3");
        check(&format!("{one}\n{two}\n"), "complete 1 2 3");
        check(&format!("\n{one}\r\n\r\n{two}"), "complete 1 2 3");
        check(r#"{"TotalCount":0}"#, "complete ");
        check(r#"{"TotalCount":"0","CenBandwidthPackages":null}"#, "complete ");
    }

    #[test]
    fn a_recording_that_is_not_whole_says_so() {
        check(&page(3, &[1, 2]), "partial 1 2");
        check(&page(1, &[]), "partial ");
    }

    #[test]
    fn an_item_that_cannot_be_read_is_counted_and_kept() {
        let broken = page(2, &[1, 2]).replacen("\"Bandwidth\":2", "\"Bandwidth\":\"?\"", 1);
        check(&broken, "complete 2 and 1 unreadable");
        check(
            r#"{"TotalCount":1,"CenBandwidthPackages":{"CenBandwidthPackage":[7]}}"#,
            "complete  and 1 unreadable",
        );
        // Once readable and once not: still the same package.
        let twice = page(2, &[1, 1]).replacen("\"Bandwidth\":2", "\"Bandwidth\":\"?\"", 1);
        check(&twice, "reply 1: cenbwp-00001 is listed twice");
    }

    #[test]
    fn replies_that_contradict_each_other_are_no_listing() {
        check(&page(2, &[1, 1]), "reply 1: cenbwp-00001 is listed twice");
        check(&format!("{}{}", page(2, &[1]), page(2, &[1])), "reply 2: cenbwp-00001 is listed twice");
        check(
            &format!("{}{}", page(2, &[1]), page(3, &[2])),
            "reply 2: TotalCount changed from 2 to 3 between pages",
        );
        check(&page(1, &[1, 2]), "reply 1: the pages hold 2 packages, and TotalCount is 1");
        check(&page(100_001, &[]), "reply 1: TotalCount is 100001, expected at most 100000");
    }

    #[test]
    fn a_reply_that_says_something_twice_is_no_listing() {
        let twice = |member: &str| page(1, &[1]).replacen('{', &format!("{{{member},"), 1);
        let more = |member: &str| format!("{},{member}}}", page(1, &[1]).strip_suffix('}').unwrap());
        let list = "reply 1: CenBandwidthPackages is \"given twice\", expected a list";
        for empty in
            [r#""CenBandwidthPackages":{}"#, r#""CenBandwidthPackages":null"#, r#""cenBandwidthPackages":{}"#]
        {
            check(&twice(empty), list);
            check(&more(empty), list);
        }
        for total in [r#""TotalCount":0"#, r#""TotalCount":1"#, r#""totalCount":0"#] {
            check(&twice(total), "reply 1: expected a number as TotalCount");
            check(&more(total), "reply 1: expected a number as TotalCount");
        }
        let lower = page(0, &[]).replace("CenB", "cenB");
        check(&lower, "reply 1: CenBandwidthPackages is \"written in another case\", expected a list");
        let inner = page(1, &[1]).replace("]}", "],\"CenBandwidthPackage\":[]}");
        let reason =
            "reply 1: CenBandwidthPackages is {\"CenBandwidthPackage\":\"given twice\"}, expected a list";
        check(&inner, reason);
    }

    #[test]
    fn what_is_no_recording_is_refused() {
        check("", "nothing recorded: expected a reply of DescribeCenBandwidthPackages");
        check("[]", "nothing recorded: expected a reply of DescribeCenBandwidthPackages");
        check(
            r#"{"Code": "Forbidden.RAM", "Message": "no", "RequestId": "R"}"#,
            "reply 1: the service refused the listing: Forbidden.RAM",
        );
        check("not json", "line 1 column 2: not JSON");
        check(&page(1, &[1])[..50], "line 1 column 50: not JSON");
        check("7", "reply 1: expected a number as TotalCount");
        check(r#"{"Code":"Throttling"}"#, "reply 1: the service refused the listing: Throttling");
        check(
            r#"{"TotalCount":1,"CenBandwidthPackages":7}"#,
            "reply 1: CenBandwidthPackages is 7, expected a list",
        );
        check(&"[".repeat(100_000), "line 1 column 128: not JSON");
    }
}
