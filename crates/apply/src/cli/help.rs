//! The long help of a command and its man page: the parts that its flags do not say.

use anstyle::Style as Colour;
use cenbwp_diff::{Page, Style};

use crate::exit::Exit;

/// The parts of a command's help that its flags do not say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Help {
    /// The effect of the command, and its promises.
    pub description: &'static str,
    /// Commands that can be pasted, each behind a sentence about it.
    pub examples: &'static [(&'static str, &'static str)],
    /// The codes that it may end with.
    pub exits: &'static [Exit],
    /// Commands that go with it.
    pub see_also: &'static [&'static str],
}

/// A section of a help text or a man page: a title, and terms with a text for each.
#[derive(Debug)]
pub(super) struct Section {
    pub title: &'static str,
    pub rows: Vec<(String, String)>,
}

/// The title of the section whose terms are commands.
pub(super) const EXAMPLES: &str = "Examples";

/// The credentials that a command with a connection reads, and its proxy.
const CONNECTION: [(&str, &str); 5] = [
    ("ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET", "the access key"),
    ("ALIBABA_CLOUD_SECURITY_TOKEN", "the token of a temporary one"),
    (
        "ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN, ALIBABA_CLOUD_OIDC_TOKEN_FILE",
        "a role by OIDC, if there is no access key",
    ),
    ("ALIBABA_CLOUD_PROFILE", "the profile, if none of these is set"),
    ("HTTPS_PROXY, NO_PROXY", "the proxy, and the hosts that are reached without it"),
];

/// The width of the column of terms. The text of a longer term goes below it.
const TERM: usize = 22;

impl Help {
    /// Returns the sections about a command, in the order of a man page.
    pub(super) fn sections(&self, command: &clap::Command) -> Vec<Section> {
        let has = |flag: &str| command.get_arguments().any(|arg| arg.get_id() == flag);
        let examples = self.examples.iter().map(|(text, command)| pair(command, text));
        let exits = self.exits.iter().map(|exit| pair(&exit.code().to_string(), exit.rule().title));
        let flags = command.get_arguments().filter_map(|arg| {
            let (name, flag) = (arg.get_env()?.to_str()?, arg.get_long()?);
            Some(pair(name, &format!("as --{flag}")))
        });
        let mut environment: Vec<(String, String)> = Vec::new();
        let mut files = Vec::new();
        if has("file") && command.get_name() != "init" {
            files.push(pair("cenbwp.yaml", "the spec, unless -f names another"));
        }
        if has("endpoint") {
            environment.extend(CONNECTION.map(|(name, text)| pair(name, text)));
            environment.extend(flags);
            files.push(pair("~/.aliyun/config.json", "the profiles of the aliyun CLI"));
            files.push(pair("~/.alibabacloud/credentials", "profiles of the vendor's libraries"));
        }
        if has("report") {
            environment.push(pair("GITHUB_STEP_SUMMARY", "the page that --report github adds to"));
        }
        environment.push(pair("NO_COLOR", "if it is set, no colours"));
        let others = self.see_also.iter().map(|name| format!("cenbwp-{name}(1)"));
        let others: Vec<String> = std::iter::once("cenbwp(1)".to_owned()).chain(others).collect();
        let sections = [
            (EXAMPLES, examples.collect()),
            ("Exit status", exits.collect()),
            ("Environment", environment),
            ("Files", files),
            ("See also", vec![pair(&others.join(", "), "")]),
        ];
        let sections = sections.into_iter().map(|(title, rows)| Section { title, rows });
        sections.filter(|section| !section.rows.is_empty()).collect()
    }

    /// Adds this to a command's long help.
    pub(super) fn complete(&self, command: clap::Command) -> clap::Command {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let end = self.end(&command);
        command.long_about(format!("{about}\n\n{}", self.description)).after_long_help(end)
    }

    /// Returns the sections as the end of a long help, with clap's titles.
    fn end(&self, command: &clap::Command) -> String {
        let strong = Colour::new().bold().underline();
        let style = Style { width: 100, ..Style::plain() };
        let texts = self.sections(command).into_iter().map(|Section { title, rows }| {
            let mut page = Page::new(&style);
            for (term, text) in &rows {
                if title == EXAMPLES {
                    page.line(2, text);
                    page.line(4, &format!("$ {term}"));
                } else if text.is_empty() {
                    page.line(2, term);
                } else if term.len() > TERM {
                    page.line(2, term);
                    page.line(4 + TERM, text);
                } else {
                    page.row(2, &[(Colour::new(), term, TERM)], text, 4 + TERM);
                }
            }
            format!("{strong}{title}:{strong:#}\n{}", page.into_text())
        });
        texts.collect::<Vec<_>>().join("\n").trim_end().to_owned()
    }
}

fn pair(term: &str, text: &str) -> (String, String) {
    (term.to_owned(), text.to_owned())
}
