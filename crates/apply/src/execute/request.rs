//! One request under way: six states, and pure transitions that consume them.
//!
//! | state | it means | after an answer | after a listing |
//! |---|---|---|---|
//! | clean | no request of ours can have taken effect | table below | shown: done. Hidden: doubt |
//! | doubt | it may be done already | – | shown: done. Not shown: cleared |
//! | cleared | a listing after the doubt shows nothing | table below | shown: done. Hidden or gone: doubt |
//! | accepted | the service said yes | – | shown: done. Contradicted: unknown |
//! | watching | nothing more is sent; a listing may still show it | – | shown: done. After a refusal one listing decides |
//! | done | its end is known | – | – |
//!
//! Only clean and cleared can be sent ([`State::send`]). A request is in doubt from before it leaves until
//! its answer moves it on:
//!
//! | answer | from clean | from cleared |
//! |---|---|---|
//! | yes | accepted | accepted |
//! | lost | doubt; watching when tries are used up | the same |
//! | not processed (throttled, busy, never left) | clean; failed when tries are used up | doubt; watching |
//! | the token is in use | doubt; watching | the same |
//! | the token failed | doubt with the next token; failed after the last | the same |
//! | the token was used otherwise | watching | watching |
//! | the value is there already | watching | watching |
//! | refused | watching, for one listing | watching |
//! | the account is refused | failed | watching |
//!
//! A refusal proves nothing about an earlier request whose reply was lost: that doubt stays.

use super::listing::Shown;
use crate::cloud::{Answer, Next, TokenFailed};

/// The number of times that a request was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tries {
    /// With the current token; for a change, in total.
    pub(super) of_token: u32,
    pub(super) all: u32,
}

impl Tries {
    fn one_more(self) -> Self {
        Self { of_token: self.of_token.saturating_add(1), all: self.all.saturating_add(1) }
    }
}

/// The reason for which only a listing can settle a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The reply was lost: the request may have been carried out.
    Lost,
    /// Another request with the same token is under way, or was made with other parameters.
    Token,
    /// An item of the listing cannot be read, or has a malformed identity tag: it may be this package.
    Hidden,
    /// The service said that the token's request failed: the next token is used after a listing.
    TokenFailed,
    /// The service says that the value is there already.
    AlreadySo,
    Refused,
}

impl Cause {
    /// Returns the end of a request that no listing settled.
    fn end(self, tries: Tries) -> End {
        match self {
            Self::Lost | Self::Token => End::Unknown(self),
            Self::Hidden if tries.all == 0 => End::NotAttempted,
            Self::Hidden | Self::TokenFailed | Self::AlreadySo | Self::Refused => End::Failed,
        }
    }
}

/// The origin of a change that the listing shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// A request of this run that the service accepted.
    Yes,
    /// Possibly a request of this run whose reply was lost.
    Lost,
    /// Another run, or a person.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The listing shows it as done.
    Shown(By),
    /// Accepted, and not waited for any longer.
    Accepted,
    /// Refused: it did nothing.
    Failed,
    /// It was never sent.
    NotAttempted,
    /// Nothing proves its effect.
    Unknown(Cause),
    /// Accepted, but the listing did not show it in time, or contradicts it.
    Unseen,
}

impl End {
    /// Returns true if a request of this run was carried out, or may have been.
    pub(super) fn may_have_changed(self) -> bool {
        match self {
            Self::Shown(By::Yes | By::Lost) | Self::Accepted | Self::Unseen | Self::Unknown(Cause::Lost) => {
                true
            }
            Self::Shown(By::Other) | Self::Failed | Self::NotAttempted | Self::Unknown(_) => false,
        }
    }
}

/// The state of a request under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// No request of ours can have taken effect; it may be sent.
    Clean(Tries),
    /// It may be done already; only a listing can settle it.
    Doubt(Tries, Cause),
    /// A listing after the doubt does not show it; it may be sent again, with the same token.
    Cleared(Tries, Cause),
    /// The service said yes; the listing has to show it.
    Accepted,
    /// Nothing more is sent; the listing may still show it.
    Watching(Tries, Cause),
    Done(End),
}

/// A request that is being sent, with its state before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an answer, or that it was not sent after all, has to settle it"]
pub(super) struct Sent {
    tries: Tries,
    /// The doubt that a listing cleared.
    doubt: Option<Cause>,
}

/// The state after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The next state, with the same token.
    State(State),
    /// The service said that the token's request failed: the next state, with the next token.
    NextToken(TokenFailed, State),
}

impl State {
    /// A request that was never sent.
    pub(super) const NEW: Self = Self::Clean(Tries { of_token: 0, all: 0 });

    /// Begins to send it, if it may be sent. Returns the value that takes the answer, and the state from now
    /// on: doubt.
    pub(super) fn send(self) -> Option<(Sent, Self)> {
        let (tries, doubt) = match self {
            Self::Clean(tries) => (tries, None),
            Self::Cleared(tries, cause) => (tries, Some(cause)),
            Self::Doubt(..) | Self::Accepted | Self::Watching(..) | Self::Done(_) => return None,
        };
        Some((Sent { tries, doubt }, Self::Doubt(tries.one_more(), Cause::Lost)))
    }

    /// Returns true if its reply was lost and nothing has settled it since.
    pub(super) fn is_lost(self) -> bool {
        matches!(
            self,
            Self::Doubt(_, Cause::Lost) | Self::Cleared(_, Cause::Lost) | Self::Watching(_, Cause::Lost)
        )
    }

    /// Takes in what a listing shows about it.
    pub(super) fn looked(self, shown: &Shown<'_>) -> Self {
        match (shown, self) {
            (_, Self::Done(_)) => self,
            (Shown::Yes(_), Self::Accepted) => Self::Done(End::Shown(By::Yes)),
            (Shown::Yes(_), state) if state.is_lost() => Self::Done(End::Shown(By::Lost)),
            (Shown::Yes(_), Self::Clean(_) | Self::Doubt(..) | Self::Cleared(..) | Self::Watching(..)) => {
                Self::Done(End::Shown(By::Other))
            }

            (Shown::No, Self::Doubt(tries, Cause::Hidden | Cause::TokenFailed)) => Self::Clean(tries),
            (Shown::No, Self::Doubt(tries, cause)) => Self::Cleared(tries, cause),
            (Shown::No | Shown::Gone, Self::Watching(_, Cause::Refused)) => Self::Done(End::Failed),
            (Shown::No, Self::Clean(_) | Self::Cleared(..) | Self::Accepted | Self::Watching(..)) => self,

            (Shown::Hidden, Self::Clean(tries)) => Self::Doubt(tries, Cause::Hidden),
            (Shown::Hidden | Shown::Gone, Self::Cleared(tries, cause)) => Self::Doubt(tries, cause),
            (
                Shown::Hidden | Shown::Gone,
                Self::Clean(_) | Self::Doubt(..) | Self::Accepted | Self::Watching(..),
            ) => self,

            (Shown::Taken(_), _) => self.stop(),
            (Shown::Contradicted(_), Self::Accepted) => Self::Done(End::Unseen),
            (Shown::Contradicted(_), _) => self.stop().give_up(true),
        }
    }

    /// Sends nothing more. A request under way is still looked for in listings.
    pub(super) fn stop(self) -> Self {
        match self {
            Self::Clean(tries) if tries.all == 0 => Self::Done(End::NotAttempted),
            Self::Clean(_) => Self::Done(End::Failed),
            Self::Doubt(tries, cause) | Self::Cleared(tries, cause) => match cause.end(tries) {
                End::Unknown(_) => Self::Watching(tries, cause),
                end => Self::Done(end),
            },
            Self::Accepted | Self::Watching(..) | Self::Done(_) => self,
        }
    }

    /// Ends it with what is proved by now. `waited`: the listing had enough time to show what was accepted.
    pub(super) fn give_up(self, waited: bool) -> Self {
        match self.stop() {
            Self::Accepted => Self::Done(if waited { End::Unseen } else { End::Accepted }),
            Self::Watching(tries, cause) => Self::Done(cause.end(tries)),
            done => done,
        }
    }
}

impl Sent {
    /// Takes back a request that did not leave.
    pub(super) fn withdrawn(self) -> State {
        match self.doubt {
            None => State::Clean(self.tries),
            Some(cause) => State::Cleared(self.tries, cause),
        }
    }

    /// Takes in the answer. `most`: the number of times that one token, or one change, may be sent.
    pub(super) fn answered<T>(self, answer: &Answer<T>, most: u32) -> After {
        let (tries, doubt) = (self.tries.one_more(), self.doubt);
        let spent = tries.of_token >= most;
        let doubts = |cause| if spent { State::Watching(tries, cause) } else { State::Doubt(tries, cause) };
        let watches = |cause| State::Watching(tries, doubt.unwrap_or(cause));
        let next = match answer {
            Answer::Yes(_) => return After::State(State::Accepted),
            Answer::Unknown(_) => return After::State(doubts(Cause::Lost)),
            Answer::No(refusal) => refusal.kind.next(),
        };
        After::State(match (next, doubt) {
            (Next::Again, None) if spent => State::Done(End::Failed),
            (Next::Again, None) => State::Clean(tries),
            (Next::Again, Some(cause)) => doubts(cause),
            (Next::LookThenAgain, cause) => doubts(cause.unwrap_or(Cause::Token)),
            (Next::NextToken(proof), _) => {
                let tries = Tries { of_token: 0, ..tries };
                return After::NextToken(proof, State::Doubt(tries, Cause::TokenFailed));
            }
            (Next::OnlyListing, _) => watches(Cause::Token),
            (Next::AwaitListing, _) => watches(Cause::AlreadySo),
            (Next::StopThis, _) => watches(Cause::Refused),
            (Next::StopAll, None) => State::Done(End::Failed),
            (Next::StopAll, Some(cause)) => State::Watching(tries, cause),
        })
    }
}

#[cfg(test)]
mod tests;
