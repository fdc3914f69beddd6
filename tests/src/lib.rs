//! An emulator of Alibaba Cloud's CEN bandwidth package service, for tests.
//!
//! It speaks the real wire protocol, so the vendor's own SDKs work against it unchanged, it is stricter than the
//! service, it misbehaves on request, and it keeps a ledger of every order ever placed. It shares no code with the
//! tool it tests: one misreading of the vendor's pages must not pass on both sides.
//!
//! ```
//! use cenbwp_tests::{Config, Effect, Emulator, Fault, Request, When};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let emulator = Emulator::new(Config::default());
//! // The first purchase is carried out and its answer is lost.
//! emulator.fault(Fault::new("CreateCenBandwidthPackage", When::call(1), Effect::CutAfter));
//! // A person raises the bandwidth of everything behind our back.
//! emulator.edit(|world| world.packages.iter_mut().for_each(|package| package.bandwidth = 200));
//!
//! // In process: no socket, and paused time works.
//! let reply = emulator.handle(Request::get("/")).await;
//! assert_eq!(reply.code().as_deref(), Some("IncompleteSignature"));
//! // Over HTTP, for programs; the server stops when the handle is dropped.
//! let server = emulator.serve("127.0.0.1:0").await.expect("a free port on loopback");
//! assert!(server.url().starts_with("http://127.0.0.1:"));
//!
//! assert!(emulator.ledger().is_empty());
//! assert_eq!(emulator.requests().len(), 1);
//! # }
//! ```
//!
//! No module uses one that uses it. `emulator` takes a request from its arrival to its answer: `call` reads what it
//! asks for, `auth` checks its signature, `params` its parameters, `tokens` its `ClientToken`, and `ops` carries it
//! out on the `world`, whose `ledger` has every order. `fault` is what goes wrong meanwhile, `access` the roles and their sessions, `again` the pages
//! that are answered from memory, `state` what stays between requests, and `log` their record. `wire` has requests and
//! replies, `server` the socket and `tls` its encryption; `seed` reads recorded answers, `sample` makes worlds of any
//! size, `chance` draws by seed, `names` lists the operations.

mod access;
mod again;
pub mod auth;
mod call;
mod chance;
mod clock;
mod config;
mod emulator;
mod fault;
mod ledger;
mod log;
mod names;
mod ops;
mod params;
mod renewal;
pub mod sample;
mod seed;
mod server;
mod state;
mod tls;
mod tokens;
mod watch;
mod wire;
mod world;

pub use access::{Access, IdToken, Machine, Provider, Role};
pub use clock::Clock;
pub use config::{Billing, Config, Estimates, LimitsShown, Semantics, Spans, TokenSemantics};
pub use emulator::Emulator;
pub use fault::{Effect, Fault, When};
pub use ledger::{IDENTITY_TAG, Order, OrderKind, TokenRecord, TokenState};
pub use log::{Logged, Outcome};
pub use renewal::{Renewal, RenewalSet};
pub use seed::SeedError;
pub use server::Server;
pub use wire::{Refusal, Reply, Request};
pub use world::{Cen, InterRegionLimit, Package, Reservation, Tag, World};
