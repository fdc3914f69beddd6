//! The wire between one executor and the service: delays, losses, and the log of all requests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cenbwp::cloud::{Reply, Sending, SignedRequest, Transport, TransportError};
use cenbwp_tests::{Emulator, IDENTITY_TAG, Package, World};
use fastrand::Rng;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::bills::{bills, verdict};
use crate::common;
use crate::history::{Entry, Event, Fate, History, Page, tag_in};
use crate::planted::{self, Bug};
use crate::schedule::{Action, What};
use crate::signals::Signals;
use crate::signer;

/// The time that a client waits for a reply.
const PATIENCE: Duration = Duration::from_secs(10);

/// The state that all wires of a trial share.
pub(crate) struct Net {
    pub(crate) emulator: Emulator,
    pub(crate) bug: Option<Bug>,
    /// The longest delay, in milliseconds.
    delay: u64,
    /// The requests that find no connection: the action and the number of the call.
    unsent: Vec<(&'static str, u64)>,
    started: Instant,
    history: Mutex<History>,
    sent: Mutex<Vec<&'static str>>,
    /// The packages as they were last seen.
    packages: Mutex<BTreeMap<String, Package>>,
    /// The number of open requests of each run that change something.
    unanswered: Mutex<BTreeMap<usize, usize>>,
    answered: Notify,
    /// The runs and identities whose last order was put off.
    put_off: Mutex<BTreeSet<(usize, String)>>,
}

impl Net {
    pub(crate) fn new(
        emulator: Emulator,
        schedule: &crate::schedule::Schedule,
        bug: Option<Bug>,
    ) -> Arc<Self> {
        let unsent = schedule.faults.iter().filter(|fault| fault.what == What::NotSent);
        Arc::new(Self {
            emulator,
            bug,
            delay: schedule.delay,
            unsent: unsent.map(|fault| (fault.action.name(), fault.call)).collect(),
            started: Instant::now(),
            history: Mutex::default(),
            sent: Mutex::default(),
            packages: Mutex::default(),
            unanswered: Mutex::default(),
            answered: Notify::new(),
            put_off: Mutex::default(),
        })
    }

    /// Notes each package that has changed since the last look, and the request that changed it, if there is
    /// one.
    pub(crate) fn watch(&self, world: &World, request: Option<u64>) {
        let mut known = locked(&self.packages);
        if known.len() == world.packages.len()
            && world.packages.iter().all(|package| known.get(&package.id) == Some(package))
        {
            return;
        }
        let now: BTreeMap<String, Package> =
            world.packages.iter().map(|package| (package.id.clone(), package.clone())).collect();
        let before = std::mem::replace(&mut *known, now);
        for (id, package) in &*known {
            if before.get(id) != Some(package) {
                self.note(Event::Became { id: id.clone(), now: Some(Box::new(package.clone())), request });
            }
        }
        for id in before.into_keys().filter(|id| !known.contains_key(id)) {
            self.note(Event::Became { id, now: None, request });
        }
    }

    /// Milliseconds from the start.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn note(&self, event: Event) {
        let entry = Entry { at: self.now(), event };
        self.history().entries.push(entry);
    }

    pub(crate) fn history(&self) -> MutexGuard<'_, History> {
        locked(&self.history)
    }

    /// Counts a request that changes something as open until the guard is dropped.
    fn open(self: &Arc<Self>, run: usize) -> Open {
        *locked(&self.unanswered).entry(run).or_default() += 1;
        Open { net: Arc::clone(self), run }
    }

    async fn until_all_are_answered(&self, run: usize) {
        loop {
            let answered = self.answered.notified();
            if locked(&self.unanswered).get(&run).is_none_or(|open| *open == 0) {
                return;
            }
            answered.await;
        }
    }

    fn take_note(&self, run: usize, identity: String, fate: &Fate) {
        if fate.passes() {
            locked(&self.put_off).insert((run, identity));
        } else {
            locked(&self.put_off).remove(&(run, identity));
        }
    }

    /// The identities of a run whose last order was put off.
    fn throttled(&self, run: usize) -> Vec<String> {
        let put_off = locked(&self.put_off);
        put_off.iter().filter(|(other, _)| *other == run).map(|(_, identity)| identity.clone()).collect()
    }

    /// Counts a request and reports whether it finds a connection.
    fn connects(&self, action: &'static str) -> bool {
        let mut sent = locked(&self.sent);
        sent.push(action);
        let call = sent.iter().filter(|other| **other == action).count() as u64;
        !self.unsent.contains(&(action, call))
    }
}

/// A request that is not answered yet; counted until it is dropped.
struct Open {
    net: Arc<Net>,
    run: usize,
}

impl Drop for Open {
    fn drop(&mut self) {
        *locked(&self.net.unanswered).entry(self.run).or_default() -= 1;
        self.net.answered.notify_waiters();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The wire of one run to the service.
pub(crate) struct Wire {
    pub(crate) net: Arc<Net>,
    pub(crate) run: usize,
    pub(crate) rng: Mutex<Rng>,
    pub(crate) signals: Arc<Signals>,
    /// The time at which the credentials expire, in milliseconds from the start.
    pub(crate) ends: Option<u64>,
}

impl Transport for Wire {
    fn send<'a>(&'a self, request: &'a SignedRequest) -> Sending<'a> {
        Box::pin(self.carry(request))
    }
}

impl Wire {
    async fn carry(&self, request: &SignedRequest) -> Result<Reply, TransportError> {
        let (net, run) = (&*self.net, self.run);
        let action = action_of(request);
        let nonce = header(request, "x-acs-signature-nonce");
        let meant = decoded(&request.query);
        let Some(bug) = net.bug else {
            return self.send_as(action, nonce, meant, common::as_received(request)).await;
        };
        if bug.holds_back(action, &self.signals) {
            return Err(TransportError::NotSent("held back".to_owned()));
        }
        let mut params = meant.clone();
        bug.request(run, nonce, action, &mut params);
        let date = header(request, "x-acs-date");
        let received =
            if params == meant { common::as_received(request) } else { signed(action, &params, nonce, date) };
        let mut result = self.send_as(action, nonce, params.clone(), received).await;
        if bug.repeats(action, &result) {
            let nonce = format!("{nonce}-again");
            let again = signed(action, &params, &nonce, date);
            result = self.send_as(action, &nonce, params.clone(), again).await;
        }
        if bug == Bug::AnswersWithheld {
            net.until_all_are_answered(run).await;
        }
        bug.reply(&net.throttled(run), action, &params, result)
    }

    /// Sends a request, unless the wire is cut on the way there or back.
    async fn send_as(
        &self,
        action: &'static str,
        nonce: &str,
        params: Vec<(String, String)>,
        received: cenbwp_tests::Request,
    ) -> Result<Reply, TransportError> {
        let (net, run, nonce) = (&self.net, self.run, nonce.to_owned());
        let about = Action::named(action).filter(|it| *it == Action::Create).map(|_| tag_in(&params));
        let spends = Action::named(action).is_some_and(Action::spends);
        let asked = asked(action, &params);
        let open = spends.then(|| net.open(run));
        net.note(Event::Sent { run, action, nonce: nonce.clone(), params });
        self.signals.sending();
        self.delay().await;
        let result = if self.ends.is_some_and(|ends| net.now() >= ends) {
            Ok(planted::refusal(403, "InvalidSecurityToken.Expired"))
        } else if net.connects(action) {
            match tokio::time::timeout(PATIENCE, net.emulator.handle(received)).await {
                Ok(reply) => common::answer(reply),
                Err(_) => Err(TransportError::Lost("timed out".to_owned())),
            }
        } else {
            Err(TransportError::NotSent("no connection".to_owned()))
        };
        self.delay().await;
        let fate = fate(action, &result);
        if let (Some(Action::Describe), Ok(reply)) = (Action::named(action), &result)
            && fate.is_yes()
        {
            net.note(Event::Showed { run, page: page(reply) });
        }
        if let Some(asked) = asked {
            let document = result.as_ref().ok().filter(|_| fate.is_yes());
            let document = document.and_then(|reply| serde_json::from_slice(&reply.body).ok());
            let bills = document.map(|document: Value| bills(&document)).unwrap_or_default();
            net.note(Event::Billed { run, nonce: nonce.clone(), asked, bills });
        }
        if let Some(identity) = about {
            net.take_note(run, identity, &fate);
        }
        drop(open);
        let bought = result.as_ref().ok().filter(|_| action == Action::Create.name()).and_then(bought);
        net.note(Event::Replied { run, nonce, fate, bought });
        self.signals.hearing();
        result
    }

    async fn delay(&self) {
        let delay = locked(&self.rng).u64(..=self.net.delay);
        sleep(delay).await;
    }
}

/// Waits so many milliseconds of virtual time.
#[expect(clippy::disallowed_methods, reason = "the simulation owns the time that passes here")]
pub(crate) async fn sleep(ms: u64) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

/// Signs the request that a tool with a bug sends instead of its own.
fn signed(action: &str, params: &[(String, String)], nonce: &str, date: &str) -> cenbwp_tests::Request {
    let params: Vec<(&str, &str)> =
        params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    signer::sign(action, &params, nonce, date)
}

fn action_of(request: &SignedRequest) -> &'static str {
    let named = header(request, "x-acs-action");
    Action::named(named).map_or("an action that nobody expects", Action::name)
}

fn header<'a>(request: &'a SignedRequest, name: &str) -> &'a str {
    request.headers.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
}

fn decoded(query: &str) -> Vec<(String, String)> {
    let text = |encoded: &str| percent_decode_str(encoded).decode_utf8_lossy().into_owned();
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}

/// Returns the packages that a request to the billing service asks for.
fn asked(action: &str, params: &[(String, String)]) -> Option<Vec<String>> {
    let ids = params.iter().find(|(name, _)| name == "InstanceIDs").map_or("", |(_, ids)| ids);
    (Action::named(action) == Some(Action::Bills)).then(|| ids.split(',').map(str::to_owned).collect())
}

fn fate(action: &str, result: &Result<Reply, TransportError>) -> Fate {
    match result {
        Err(TransportError::NotSent(_)) => Fate::NotSent,
        Err(TransportError::Lost(_)) => Fate::Lost,
        Ok(Reply { status: 200, body, .. }) if Action::named(action).is_some_and(Action::is_billing) => {
            verdict(&serde_json::from_slice(body).unwrap_or_default())
        }
        Ok(Reply { status: 200, .. }) => Fate::Answered { status: 200, code: String::new() },
        Ok(Reply { status, body, .. }) => {
            let document: Value = serde_json::from_slice(body).unwrap_or_default();
            Fate::Answered { status: *status, code: document["Code"].as_str().unwrap_or_default().to_owned() }
        }
    }
}

/// Returns the package and the order that a successful reply to a purchase names.
fn bought(reply: &Reply) -> Option<(String, String)> {
    let document: Value = serde_json::from_slice(&reply.body).ok().filter(|_| reply.status == 200)?;
    let text = |name: &str| document[name].as_str().map(str::to_owned);
    Some((text("CenBandwidthPackageId")?, text("CenBandwidthPackageOrderId")?))
}

/// Reads a page of the listing from a reply.
fn page(reply: &Reply) -> Page {
    let Ok(document) = serde_json::from_slice::<Value>(&reply.body) else { return Page::default() };
    let items = document["CenBandwidthPackages"]["CenBandwidthPackage"].as_array();
    let items = items.map_or(&[][..], Vec::as_slice);
    let owner = |item: &Value| {
        let mut tags = item["Tags"]["Tag"].as_array().into_iter().flatten();
        tags.find(|tag| tag["Key"] == IDENTITY_TAG)?["Value"].as_str().map(str::to_owned)
    };
    let packages: Vec<_> = items
        .iter()
        .filter_map(|item| Some((item["CenBandwidthPackageId"].as_str()?.to_owned(), owner(item))))
        .collect();
    let has_unreadable = packages.len() < items.len();
    let is_whole = document["TotalCount"].as_u64() == Some(items.len() as u64) && !has_unreadable;
    Page { packages, is_whole, has_unreadable }
}
