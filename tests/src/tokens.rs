//! What a `ClientToken` means. The vendor documents little of it, so the tests can choose among the readings.
//!
//! A token belongs to the account, not to one operation: an older page of the vendor warns that the token of another
//! call is a mismatch.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::Semantics;
use crate::params::Params;
use crate::wire::{Answer, Refusal};
use crate::world::World;

/// How the server treats a token it has seen before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenSemantics {
    /// The same parameters get the first answer again, other parameters `IdempotentParameterMismatch`.
    #[default]
    Strict,
    /// The first answer again, whatever the parameters.
    Replay,
    /// Tokens are ignored: every request is a new one.
    New,
}

/// What the server remembers of a token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct TokenRecord {
    /// The operation it came with first.
    pub action: String,
    /// The parameters it came with first.
    pub parameters: BTreeMap<String, String>,
    /// What became of that request.
    pub state: TokenState,
}

/// What became of the first request with a token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    /// It is still being carried out.
    Processing,
    /// It was accepted and then failed.
    Failed,
    /// It succeeded with these fields.
    Answered(Answer),
}

/// What to do with a request, going by its token.
pub(crate) enum Begin {
    /// Carry it out.
    Fresh,
    /// Give the first answer again.
    Replay(Answer),
}

pub(crate) fn begin(
    world: &mut World,
    semantics: &Semantics,
    action: &str,
    params: &Params,
) -> Result<Begin, Refusal> {
    let Some(token) = token_of(params, semantics) else { return Ok(Begin::Fresh) };
    let parameters = params.without_token();
    let record = world.tokens.get(token).filter(|record| semantics.dead_replay || !is_dead(world, record));
    let Some(record) = record else {
        let record = TokenRecord { action: action.to_owned(), parameters, state: TokenState::Processing };
        world.tokens.insert(token.to_owned(), record);
        return Ok(Begin::Fresh);
    };
    let same = record.action == action && record.parameters == parameters;
    if !same && (semantics.tokens == TokenSemantics::Strict || record.action != action) {
        let message = "The specified ClientToken was used before with other parameters.";
        return Err(Refusal::bad("IdempotentParameterMismatch", message));
    }
    match &record.state {
        TokenState::Processing => {
            let message = "The previous idempotent request(s) is still processing.";
            Err(Refusal::bad("IdempotentProcessing", message))
        }
        TokenState::Failed => {
            let message = "The previous idempotent request(s) has failed.";
            Err(Refusal::bad("IdempotentFailed", message))
        }
        TokenState::Answered(answer) => Ok(Begin::Replay(answer.clone())),
    }
}

/// Records what became of a request that [`begin`] let through. The refusal of a request is remembered only if the
/// server remembers failed tokens; otherwise the token is as good as new.
pub(crate) fn finish(
    world: &mut World,
    semantics: &Semantics,
    params: &Params,
    result: &Result<Answer, Refusal>,
) {
    let Some(token) = token_of(params, semantics) else { return };
    let state = match result {
        Ok(answer) => TokenState::Answered(answer.clone()),
        Err(_) if semantics.failed_remembered => TokenState::Failed,
        Err(_) => {
            world.tokens.remove(token);
            return;
        }
    };
    if let Some(record) = world.tokens.get_mut(token) {
        record.state = state;
    }
}

fn token_of<'a>(params: &'a Params, semantics: &Semantics) -> Option<&'a str> {
    params.text("ClientToken").filter(|token| !token.is_empty() && semantics.tokens != TokenSemantics::New)
}

/// Whether the package a token once bought is gone.
fn is_dead(world: &World, record: &TokenRecord) -> bool {
    let TokenState::Answered(answer) = &record.state else { return false };
    let id = answer.get("CenBandwidthPackageId").and_then(|id| id.as_str());
    id.is_some_and(|id| world.package(id).is_none())
}
