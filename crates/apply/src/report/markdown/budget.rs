//! Shortens a page that is too long: keeps whole items, the important ones first, and counts the rest.

/// A part of a page: a start, items that are shown whole or not at all, and an end.
pub(super) struct Section {
    /// The order in which sections get room; the lowest rank comes first.
    pub(super) rank: u8,
    /// The most that the section may take of the remaining room, in percent.
    pub(super) share: usize,
    /// The text before the items.
    pub(super) head: String,
    /// The items, the most important first.
    pub(super) items: Vec<String>,
    /// The text after the items.
    pub(super) tail: &'static str,
    /// The word for one item.
    pub(super) noun: &'static str,
}

/// Returns the length of a text in UTF-16 units, a line end as two. No host counts more.
pub(super) fn size(text: &str) -> usize {
    text.chars().map(|c| if c == '\n' { 2 } else { c.len_utf16() }).sum()
}

/// Returns the sections in their order, shortened to this room. Empty ones are left out; each other one has
/// at least the line that counts its missing items.
pub(super) fn fitted(sections: &[Section], room: usize) -> String {
    let sections: Vec<&Section> = sections.iter().filter(|section| !section.items.is_empty()).collect();
    let reserved: usize = sections.iter().map(|section| size(&missing(usize::MAX, section.noun))).sum();
    let mut left = room.saturating_sub(reserved);
    let mut by_rank: Vec<usize> = (0..sections.len()).collect();
    by_rank.sort_by_key(|at| sections[*at].rank);
    let mut texts = vec![String::new(); sections.len()];
    for at in by_rank {
        let section = sections[at];
        let (text, taken) = section.within(left * section.share / 100);
        left -= taken;
        texts[at] = text;
    }
    texts.concat()
}

impl Section {
    /// Returns as much as fits, and the room that it takes. The line that counts missing items has its own
    /// room.
    fn within(&self, room: usize) -> (String, usize) {
        let frame = size(&self.head) + size(self.tail);
        let mut left = room.saturating_sub(frame);
        let mut shown = String::new();
        let mut hidden = 0;
        for item in &self.items {
            let size = size(item);
            if frame <= room && size <= left {
                left -= size;
                shown.push_str(item);
            } else {
                hidden += 1;
            }
        }
        let more = if hidden > 0 { missing(hidden, self.noun) } else { String::new() };
        if shown.is_empty() {
            return (more, 0);
        }
        let taken = frame + size(&shown);
        (format!("{}{shown}{}{more}", self.head, self.tail), taken)
    }
}

fn missing(count: usize, noun: &str) -> String {
    let more = crate::report::run::plural(count as u64, &format!("more {noun}"));
    format!("*{more} not shown here: the text would be too long.*\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(rank: u8, items: usize) -> Section {
        let items = (0..items).map(|n| format!("{rank}:{n} {}\n", "x".repeat(90))).collect();
        Section { rank, share: 100, head: "head\n".to_owned(), items, tail: "tail\n\n", noun: "thing" }
    }

    #[test]
    fn everything_is_shown_or_counted_and_nothing_is_cut_in_two() {
        for room in [0, 200, 400, 1000, 3000, 100_000] {
            let sections = [section(2, 20), section(1, 5), section(3, 0)];
            let text = fitted(&sections, room.max(400));
            assert!(size(&text) <= room.max(400), "{room}: {}", size(&text));
            let shown = text.lines().filter(|line| line.ends_with("xxx")).count();
            let lines = text.lines().filter(|line| line.starts_with('*'));
            let hidden: usize =
                lines.map(|line| line[1..].split(' ').next().unwrap().parse::<usize>().unwrap()).sum();
            assert_eq!(shown + hidden, 25, "{text}");
            assert_eq!(text.matches("head").count(), text.matches("tail").count());
        }
    }

    #[test]
    fn what_ranks_first_is_shown_first_wherever_it_stands() {
        let text = fitted(&[section(2, 20), section(1, 5)], 1000);
        assert_eq!(text.lines().filter(|line| line.starts_with("1:")).count(), 5, "{text}");
    }
}
