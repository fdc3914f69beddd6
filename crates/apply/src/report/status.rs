//! The forms of a status: pages, and feeds that calendars, spreadsheets and monitoring read.

use std::fmt;

use clap::ValueEnum;

use super::run::Run;
use super::{Disarm, Render, csv, harmless, html, human, ics, json, markdown, openmetrics};
use crate::disarm;
use crate::status::Status;

/// The form of a report of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatusForm {
    /// Text for people.
    Human,
    /// One JSON document.
    Json,
    /// Markdown, for an issue or a comment.
    Markdown,
    /// One page for a browser.
    Html,
    /// A table for a spreadsheet.
    Csv,
    /// A calendar of the ends.
    Ics,
    /// Metrics for Prometheus.
    Openmetrics,
}

type RenderStatus = fn(&Run<'_>, &Status<'_>) -> String;

impl StatusForm {
    /// Renders the run of a status in this form. The same run gives the same bytes, and no runner obeys any of
    /// them. A run that ended early has another content than an account without packages.
    pub fn render(self, run: &Run<'_>) -> String {
        let (whole, failed, disarmed): (RenderStatus, Render, Disarm) = match self {
            Self::Human => (human::status, human::text, disarm::text),
            Self::Json => (json::status, json::text, disarm::json),
            Self::Markdown => (markdown::status, markdown::text, disarm::text),
            Self::Html => (html::status, html::text, disarm::markup),
            Self::Csv => (csv::text, csv::failed, disarm::text),
            Self::Ics => (ics::text, ics::failed, disarm::text),
            Self::Openmetrics => (openmetrics::text, openmetrics::failed, disarm::text),
        };
        let status =
            run.planned.filter(|_| run.failure.is_none()).map(|planned| Status::of(planned, run.all));
        harmless(status.map_or_else(|| failed(run), |status| whole(run, &status)), disarmed)
    }
}

/// Shows the name of the form on the command line.
impl fmt::Display for StatusForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_possible_value().expect("every form has a name").get_name())
    }
}
