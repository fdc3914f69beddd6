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
//! Where things are: `emulator` is the way of a request from arrival to answer, `call` what it asks for, `auth` checks signatures, `access` knows roles and their sessions, `params`
//! checks parameters, `ops` holds the operations, `world` what exists, `tokens` what a `ClientToken` means, `fault`
//! what can go wrong, `wire` requests and replies, `seed` reads recorded answers, `server` is the socket (`tls` its encryption), `again`
//! remembers pages, `sample` makes worlds of any size.

mod access;
mod again;
pub mod auth;
mod call;
mod clock;
mod config;
mod emulator;
mod fault;
mod ops;
mod params;
pub mod sample;
mod seed;
mod server;
mod tls;
mod tokens;
mod watch;
mod wire;
mod world;

pub use access::{Access, IdToken, Machine, Provider, Role};
pub use clock::Clock;
pub use config::{Config, Semantics};
pub use emulator::{Emulator, Logged, Outcome};
pub use fault::{Effect, Fault, When};
pub use seed::SeedError;
pub use server::Server;
pub use tokens::{TokenRecord, TokenSemantics, TokenState};
pub use wire::{Refusal, Reply, Request};
pub use world::{Cen, IDENTITY_TAG, InterRegionLimit, Order, OrderKind, Package, Reservation, Tag, World};
