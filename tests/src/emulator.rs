//! Takes a request from its arrival to its answer: faults, signature, parameters, token, commit.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::runtime::Handle;

use crate::access::Access;
use crate::auth::{self, AccessKey, Caller};
use crate::call::Call;
use crate::chance::{mix, request_id};
use crate::config::Config;
use crate::fault::{Effect, Fault, Queued, injected_refusal};
use crate::ledger::Order;
use crate::log::Logged;
use crate::names::LISTING;
use crate::ops::{self, Context, ListingFaults, Operation};
use crate::params::Params;
use crate::renewal::RenewalSet;
use crate::seed::{self, SeedError};
use crate::state::{State, to_json, write_state};
use crate::tokens::{self, Begin};
use crate::watch::Watcher;
use crate::wire::{Answer, Refusal, Reply, Request};
use crate::world::{Package, World};

/// The emulated service. Clones share one world.
#[derive(Clone, Debug)]
pub struct Emulator {
    config: Arc<Config>,
    state: Arc<Mutex<State>>,
    /// The runtime that carries requests out; `None` is the one that receives them.
    workers: Option<Handle>,
}

/// A successful result, before it is known whether the client sees it.
enum Success {
    Fields(Answer),
    /// The body, request id included.
    Body(String),
}

/// A reason to end a call before its answer.
enum Stop {
    Cut,
    Refused(Refusal),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Emulator {
    /// A service without packages and CENs.
    pub fn new(config: Config) -> Self {
        let state = State::of_access(config.access.clone());
        Self { config: Arc::new(config), state: Arc::new(Mutex::new(state)), workers: None }
    }

    /// Carries requests out on another runtime. The one that receives them then notes each at its own time, also
    /// while a long listing is made.
    #[must_use]
    pub fn carried_out_on(self, workers: Handle) -> Self {
        Self { workers: Some(workers), ..self }
    }

    /// Answers one request, in process. If the caller stops waiting, the request is carried out all the same.
    pub async fn handle(&self, request: Request) -> Reply {
        let (emulator, at) = (self.clone(), self.now());
        let workers = self.workers.clone().unwrap_or_else(Handle::current);
        match workers.spawn(async move { emulator.process(&request, at).await }).await {
            Ok(reply) => reply,
            Err(failure) => match failure.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Reply::Cut,
            },
        }
    }

    /// Queues a fault.
    pub fn fault(&self, fault: Fault) {
        self.lock().faults.push(Queued::new(fault));
    }

    /// Forgets every fault.
    pub fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// Every order ever placed, in any account.
    pub fn ledger(&self) -> Vec<Order> {
        self.lock().worlds().flat_map(|world| world.orders.clone()).collect()
    }

    /// Every renewal ever set, in any account.
    pub fn renewals(&self) -> Vec<RenewalSet> {
        self.lock().worlds().flat_map(|world| world.renewals.clone()).collect()
    }

    /// Every request ever received, in the order of arrival.
    pub fn requests(&self) -> Vec<Logged> {
        self.lock().log.clone()
    }

    /// Every package of every account, listed or not, the newest of each first.
    pub fn packages(&self) -> Vec<Package> {
        self.lock().worlds().flat_map(|world| world.packages.clone()).collect()
    }

    /// Changes the world between two requests.
    pub fn edit<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        change(self.lock().changing())
    }

    /// Changes the world of another account between two requests. Its roles are changed by
    /// [`edit_access`](Self::edit_access).
    pub fn edit_account<T>(&self, account: &str, change: impl FnOnce(&mut World) -> T) -> T {
        self.lock().of(self.other(Some(account)), |state| change(state.changing()))
    }

    /// The account, if it is not the first one.
    fn other<'a>(&self, account: Option<&'a str>) -> Option<&'a str> {
        account.filter(|account| *account != self.config.account_id)
    }

    /// Changes roles, providers and sessions.
    pub fn edit_access<T>(&self, change: impl FnOnce(&mut Access) -> T) -> T {
        change(&mut self.lock().access)
    }

    /// Calls `look` with the world just before and just after each request is carried out, after it with the
    /// request's number. `look` must not call the emulator.
    pub fn watch(&self, look: impl Fn(&World, Option<u64>) + Send + Sync + 'static) {
        self.lock().watcher = Some(Watcher::new(look));
    }

    /// The emulator's time.
    pub fn now(&self) -> jiff::Timestamp {
        self.config.clock.now()
    }

    /// The configuration of this emulator.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Adds the packages and CENs of recorded answers: one Describe answer, an array of them, or one per line. A
    /// saved state is taken too, by an empty world.
    ///
    /// # Errors
    /// Returns an error if the text is neither, or is a state that would replace something.
    pub fn seed(&self, text: &str) -> Result<(), SeedError> {
        seed::load(self.lock().changing(), text)
    }

    /// The whole world as JSON.
    pub fn save(&self) -> String {
        to_json(&self.lock().world)
    }

    /// Loads the state from `file` if it is there, and from now on writes it there after every change, atomically.
    ///
    /// # Errors
    /// Returns an error if the file is there and cannot be read as a state.
    pub fn keep_state(&self, file: &Path) -> io::Result<()> {
        let mut state = self.lock();
        match std::fs::read_to_string(file) {
            Ok(text) => seed::load(state.changing(), &text).map_err(io::Error::other)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        state.state_file = Some(file.to_owned());
        write_state(&state)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn process(&self, request: &Request, at: jiff::Timestamp) -> Reply {
        // The lock is free again before the next place takes it.
        let inside = self.lock().look_inside(request);
        if let Some(reply) = inside.or_else(|| self.hand_out(request)) {
            return reply;
        }
        let call = Call::read(request);
        let (seq, effects) = self.arrive(&call, at);
        for effect in &effects {
            if let Effect::Latency(time) = effect {
                self.config.clock.sleep(*time).await;
            }
        }
        let request_id = request_id(self.config.seed, seq);
        let host = request.header("host").unwrap_or_default();
        let refused = |refusal: &Refusal| {
            let reply = if call.version == ops::BSS {
                self.config.semantics.billing.refuse(refusal, host, &request_id)
            } else {
                refusal.reply(host, &request_id)
            };
            (reply, Some(refusal.code.clone()))
        };
        let (reply, code) = match self.carry_out(seq, request, &call, &effects).await {
            Ok(success) => match fails_after(&effects) {
                Some(refusal) => refused(refusal),
                None => (answered(success, &request_id), None),
            },
            Err(Stop::Refused(refusal)) => refused(&refusal),
            Err(Stop::Cut) => (Reply::Cut, None),
        };
        // The code of a reply that is cut off cannot be read.
        let cuts = |effect: &&Effect| matches!(effect, Effect::CutAfter | Effect::Truncate);
        let (reply, code) = match effects.iter().find(cuts) {
            Some(Effect::CutAfter) => (Reply::Cut, None),
            Some(_) => (reply.truncated(), None),
            None => (reply, code),
        };
        self.lock().note(seq, &reply, code);
        reply
    }

    /// Logs a request and draws its faults.
    fn arrive(&self, call: &Call, at: jiff::Timestamp) -> (u64, Vec<Effect>) {
        let mut state = self.lock();
        let params = call.params.iter().cloned().collect();
        let seq = state.log(at, call.action.clone(), params, call.nonce.clone());
        let State { faults, draws, .. } = &mut *state;
        let effects = faults
            .iter_mut()
            .filter_map(|queued| {
                queued.strike(&call.action, || {
                    *draws += 1;
                    u8::try_from(mix(self.config.seed, *draws) % 100).unwrap_or(0)
                })
            })
            .collect();
        (seq, effects)
    }

    async fn carry_out(
        &self,
        seq: u64,
        request: &Request,
        call: &Call,
        effects: &[Effect],
    ) -> Result<Success, Stop> {
        let caller = if call.is_anonymous() { None } else { Some(self.authenticate(request)?) };
        for effect in effects {
            match effect {
                Effect::Throttle(retry_after_ms) => {
                    let denied =
                        Refusal::bad("Throttling.User", "Request was denied due to user flow control.");
                    return Err(Refusal { retry_after_ms: *retry_after_ms, ..denied }.into());
                }
                Effect::CutBefore => return Err(Stop::Cut),
                _ => {}
            }
        }
        call.check_envelope(request)?;
        let operation = ops::find(&call.action, &call.version)?;
        if operation.version == ops::BSS {
            self.config.semantics.billing.check_site(request.header("host").unwrap_or_default())?;
        }
        let params = Params::check(operation.name, operation.schema, &call.params)?;
        let semantics = &self.config.semantics;
        let account = self.other(caller.as_ref().and_then(Caller::account));
        let begin = self
            .lock()
            .of(account, |state| tokens::begin(&mut state.world, semantics, operation.name, &params))?;
        if let Begin::Replay(answer) = begin {
            // The first answer is valid although this reply is a refusal.
            return Ok(injected_refusal(effects).map_or(Ok(Success::Fields(answer)), Err)?);
        }
        for effect in effects {
            if let Effect::Slow(time) = effect {
                self.config.clock.sleep(*time).await;
            }
        }
        Ok(self.commit(seq, operation, &params, caller.as_ref(), effects)?)
    }

    fn authenticate(&self, request: &Request) -> Result<Caller, Refusal> {
        let keys: Vec<AccessKey> =
            self.config.keys.iter().chain(&self.lock().access.sessions).cloned().collect();
        let caller = auth::verify(request, &keys, self.now())?;
        if !self.lock().nonces.insert((caller.key_id.clone(), caller.nonce.clone())) {
            let message = format!("Specified signature nonce {:?} was used already.", caller.nonce);
            return Err(Refusal::new(400, "SignatureNonceUsed", message));
        }
        Ok(caller)
    }

    fn commit(
        &self,
        seq: u64,
        operation: &Operation,
        params: &Params,
        caller: Option<&Caller>,
        effects: &[Effect],
    ) -> Result<Success, Refusal> {
        let mut state = self.lock();
        let account = self.other(caller.and_then(Caller::account));
        let result =
            state.of(account, |state| self.perform(state, (seq, operation, params), caller, effects));
        if operation.changes {
            write_state(&state)
                .map_err(|error| Refusal::new(500, "InternalError", format!("state file: {error}")))?;
        }
        result
    }

    fn perform(
        &self,
        state: &mut State,
        (seq, operation, params): (u64, &Operation, &Params),
        caller: Option<&Caller>,
        effects: &[Effect],
    ) -> Result<Success, Refusal> {
        let request_id = request_id(self.config.seed, seq);
        let plain_listing = operation.name == LISTING && effects.iter().all(Effect::is_delay);
        if plain_listing && let Some(body) = state.memory.recall(params, &request_id) {
            state.watched(None);
            state.world.count_listing(params.int("PageNumber"));
            state.watched(Some(seq));
            return Ok(Success::Body(body));
        }
        if operation.changes {
            state.memory.clear();
        }
        for effect in effects {
            if let Effect::Edit(edit) = effect {
                edit(state.changing());
            }
        }
        let now = self.now();
        state.world.advance(now);
        state.watched(None);
        let State { world, access, .. } = state;
        let mut context = Context {
            world,
            params,
            now,
            request: seq,
            seed: self.config.seed,
            semantics: &self.config.semantics,
            account_id: &self.config.account_id,
            caller,
            access,
            listing: &ListingFaults::of(effects),
        };
        let result = injected_refusal(effects).map_or_else(|| (operation.run)(&mut context), Err);
        tokens::finish(&mut state.world, &self.config.semantics, params, &result);
        state.watched(Some(seq));
        let answer = result?;
        if !plain_listing {
            return Ok(Success::Fields(answer));
        }
        let State { memory, world, .. } = state;
        Ok(Success::Body(memory.keep(params, answer, &request_id, || world.is_steady(now))))
    }

    /// Answers the places that hand out credentials, and logs each request by method and path.
    fn hand_out(&self, request: &Request) -> Option<Reply> {
        let mut state = self.lock();
        let draw = mix(self.config.seed, state.log.len() as u64 + 1);
        let reply = state.access.hand_out(request, self.now(), draw)?;
        let action = format!("{} {}", request.method, request.path());
        let seq = state.log(self.now(), action, request.query().into_iter().collect(), None);
        let code = reply.code();
        state.note(seq, &reply, code);
        Some(reply)
    }
}

/// Returns the refusal by which the answer hides that the request was carried out.
fn fails_after(effects: &[Effect]) -> Option<&Refusal> {
    effects.iter().find_map(|effect| match effect {
        Effect::FailAfter(refusal) => Some(refusal),
        _ => None,
    })
}

fn answered(success: Success, request_id: &str) -> Reply {
    match success {
        Success::Body(body) => Reply::json_text(200, body),
        Success::Fields(mut fields) => {
            fields.insert("RequestId".into(), request_id.into());
            Reply::json(200, &Value::Object(fields))
        }
    }
}
