//! The entry of one package in a commit.

use std::fmt;

use super::Name;
use crate::account::Found;

/// The entry of one package. `Debug` shows it as the spec has it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Want {
    pub(crate) mbps: u32,
    pub(crate) generation: u32,
    pub(crate) manage: Manage,
    /// Adopts the found package of this name.
    pub(crate) adopt: Option<Name>,
    /// Is moved from the key of this name.
    pub(crate) moved: Option<Name>,
    pub(crate) auto_pay: bool,
    pub(crate) postpaid: bool,
    pub(crate) title: Option<&'static str>,
    pub(crate) text: Option<&'static str>,
    /// The value of the tag `team`, or `None` inside if it must be absent, if either is declared.
    pub(crate) team: Option<Option<&'static str>>,
    pub(crate) group: Option<&'static str>,
    /// The CEN, or `None` inside if the package must be detached, if either is declared.
    pub(crate) cen: Option<Option<&'static str>>,
    /// `allowInterruption`.
    pub(crate) consent: bool,
    /// `autoRenew` and `autoRenewDuration`; not for a postpaid package.
    pub(crate) renews: Option<Renews>,
    /// `ignore: [autoRenew]`.
    pub(crate) ignores_renewal: bool,
}

/// The declared renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Renews {
    /// `autoRenew: false`.
    Off,
    /// `autoRenew: true`.
    On,
    /// The same, with `autoRenewDuration` in months.
    Every(i64),
}

/// The `manage` of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Manage {
    Full,
    Observe,
    Release,
    Retire,
}

impl Want {
    /// A purchase of so many Mbps that declares nothing else.
    pub(crate) fn plain(mbps: u32) -> Self {
        Self {
            mbps,
            generation: 1,
            manage: Manage::Full,
            adopt: None,
            moved: None,
            auto_pay: true,
            postpaid: false,
            title: None,
            text: None,
            team: None,
            group: None,
            cen: None,
            consent: false,
            renews: None,
            ignores_renewal: false,
        }
    }

    /// The renewal that is read, and shown: not of a package that is given up.
    pub(crate) fn shown_renewal(&self) -> Option<Renews> {
        let manage = matches!(self.manage, Manage::Full | Manage::Observe);
        self.renews.filter(|_| manage && !self.postpaid)
    }

    /// True if a run asks whether the package renews itself: where that is declared, and where the package is to end.
    pub(crate) fn asks_for_renewal(&self) -> bool {
        self.shown_renewal().is_some() || self.manage == Manage::Retire
    }

    /// The renewal that is kept.
    pub(crate) fn kept_renewal(&self) -> Option<Renews> {
        self.shown_renewal().filter(|_| self.manage == Manage::Full && !self.ignores_renewal)
    }
}

impl Renews {
    /// The months of each renewal of a package that is bought; 0 if it does not renew itself.
    pub(crate) fn bought(self) -> i64 {
        match self {
            Self::Off => 0,
            Self::On => 1,
            Self::Every(months) => months,
        }
    }

    /// Returns the months to set where a package renews itself for so many months, 0 for not at all; `None` if it is
    /// as declared, or if the billing service cannot set it.
    pub(crate) fn missing(self, months: i64) -> Option<i64> {
        // Without a duration, the one that is there is kept.
        let wanted = if self == Self::On && months > 0 { months } else { self.bought() };
        // Months, or years, that the page of SetRenewal lists.
        let offered = [0, 1, 2, 3, 6, 12, 24, 36, 72, 144].contains(&wanted);
        (offered && wanted != months).then_some(wanted)
    }
}

impl fmt::Debug for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bandwidth: {}", self.mbps)?;
        // The terms are declared if there is something to buy.
        match (self.postpaid, self.auto_pay) {
            (true, _) => f.write_str(", chargeType: POSTPAY")?,
            (false, auto_pay) => write!(f, ", autoPay: {auto_pay}")?,
        }
        match self.manage {
            Manage::Full => {}
            Manage::Observe => f.write_str(", manage: observe")?,
            Manage::Release => f.write_str(", manage: release")?,
            Manage::Retire => f.write_str(", manage: retire")?,
        }
        if self.generation > 1 {
            write!(f, ", generation: {}", self.generation)?;
        }
        let texts = [
            ("adopt", self.adopt.map(|name| Some(Found::id(name)))),
            ("movedFrom", self.moved.map(|name| Some(name.to_string()))),
            ("name", self.title.map(|it| Some(it.to_owned()))),
            ("description", self.text.map(|it| Some(it.to_owned()))),
            ("resourceGroupId", self.group.map(|it| Some(it.to_owned()))),
            ("cenId", self.cen.map(|it| it.map(str::to_owned))),
        ];
        for (field, value) in texts {
            match value {
                None => {}
                Some(None) => write!(f, ", {field}: null")?,
                Some(Some(value)) => write!(f, ", {field}: '{value}'")?,
            }
        }
        match self.team {
            None => {}
            Some(None) => f.write_str(", tags: {team: null}")?,
            Some(Some(team)) => write!(f, ", tags: {{team: {team}}}")?,
        }
        if self.consent {
            f.write_str(", allowInterruption: true")?;
        }
        match self.renews.filter(|_| !self.postpaid) {
            None => {}
            Some(Renews::Off) => f.write_str(", autoRenew: false")?,
            Some(Renews::On) => f.write_str(", autoRenew: true")?,
            Some(Renews::Every(months)) => write!(f, ", autoRenew: true, autoRenewDuration: {months}")?,
        }
        if self.ignores_renewal { f.write_str(", ignore: [autoRenew]") } else { Ok(()) }
    }
}
