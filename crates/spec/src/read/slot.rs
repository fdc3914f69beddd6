//! Values that were read, each with its place.

use crate::source::Mark;

/// A value and the place that it was read from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) mark: Mark,
}

/// The value of a field. A wrong one is already reported, so it is not the same as a missing one.
#[derive(Clone, Debug, Default)]
pub(crate) enum Slot<T> {
    #[default]
    Missing,
    Wrong,
    Given(At<T>),
}

impl<T> Slot<T> {
    /// A value that was read here, or a wrong one.
    pub(crate) fn read(value: Option<T>, mark: Mark) -> Self {
        value.map_or(Self::Wrong, |value| Self::Given(At { value, mark }))
    }

    pub(crate) fn given(&self) -> Option<&At<T>> {
        match self {
            Self::Given(at) => Some(at),
            Self::Missing | Self::Wrong => None,
        }
    }

    pub(crate) fn value(&self) -> Option<&T> {
        self.given().map(|at| &at.value)
    }

    pub(crate) fn into_value(self) -> Option<T> {
        match self {
            Self::Given(at) => Some(at.value),
            Self::Missing | Self::Wrong => None,
        }
    }

    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }

    pub(crate) fn map<U>(self, f: impl FnOnce(T) -> U) -> Slot<U> {
        match self {
            Self::Missing => Slot::Missing,
            Self::Wrong => Slot::Wrong,
            Self::Given(At { value, mark }) => Slot::Given(At { value: f(value), mark }),
        }
    }
}

impl<T: Clone> Slot<T> {
    /// This, or the default if it is missing.
    pub(crate) fn or(self, default: &Self) -> Self {
        if self.is_missing() { default.clone() } else { self }
    }

    /// Returns the value, or this one if it is missing; `None` if it is wrong.
    pub(crate) fn value_or(&self, missing: T) -> Option<T> {
        match self {
            Self::Missing => Some(missing),
            Self::Wrong => None,
            Self::Given(at) => Some(at.value.clone()),
        }
    }
}
