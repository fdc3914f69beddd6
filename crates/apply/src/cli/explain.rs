//! `cenbwp explain`: more about a finding's code.

use cenbwp_spec::Explanation;

use super::output::Output;
use crate::exit::{Exit, Failure};

/// Explain the code of a finding, such as E0201
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The code; without one, all codes are listed
    code: Option<String>,
}

/// Prints what a code means, or the list of codes.
pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let Some(code) = &args.code else {
        let list: String = cenbwp_spec::codes().map(|it| format!("{}  {}\n", it.code, it.title)).collect();
        output.answer(&list);
        return Ok(Exit::Done);
    };
    let Some(explanation) = cenbwp_spec::explain(code) else {
        return Err(Failure::new(Exit::Invalid, format_args!("there is no code {code:?}"))
            .hint("cenbwp explain lists all codes"));
    };
    let Explanation { code, title, text, example } = explanation;
    let example = example.map(|example| format!("\n{example}\n")).unwrap_or_default();
    let text = wrap(text, output.width);
    output.answer(&format!("{code}: {title}\n\n{text}\n{example}"));
    Ok(Exit::Done)
}

/// Breaks a paragraph at blanks, into lines of at most this many characters.
fn wrap(text: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.join("\n")
}
