//! Every test that needs the emulator, in one program: it links once.

mod support;

mod approval;
mod cli;
mod documents;
mod examples;
mod guards;
mod money;
mod refusals;
mod saved;
mod schemas;
mod updates;
