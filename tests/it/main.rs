//! Every test that needs the emulator, in one program: it links once.

#[path = "../common/mod.rs"]
mod common;
mod support;

mod answers;
mod approval;
mod assertions;
mod chaos;
mod cli;
mod compatibility;
mod corpus;
mod credentials;
mod defects;
mod documents;
mod doubt;
mod echoes;
mod examples;
mod export;
mod files;
mod fleet;
mod forged;
mod guards;
mod help;
mod hostile;
mod init;
mod money;
mod moves;
mod pace;
mod packaging;
mod pipelines;
mod policies;
mod proxies;
mod refusals;
mod renewal;
mod reports;
mod runners;
mod saved;
mod scale;
mod schemas;
mod secrets;
mod selection;
mod several;
mod status;
mod trees;
mod untrusted;
mod updates;
