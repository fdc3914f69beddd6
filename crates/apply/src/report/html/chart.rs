//! The areas on a map, as a drawing and as a table with the same content.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::{STRINGS, escaped, fate, numbers};
use crate::report::map::Link;
use crate::report::run::plural;

/// The known areas: the position, roughly as on a map of the world, and the side of the name (-1 above, 1
/// below).
const PLACES: [(&str, [i32; 2], i32); 7] = [
    ("North-America", [82, 150], -1),
    ("South-America", [128, 350], 1),
    ("Europe", [238, 60], -1),
    ("Middle-East", [250, 230], 1),
    ("China", [405, 150], -1),
    ("Asia-Pacific", [412, 285], 1),
    ("Australia", [430, 395], 1),
];

/// The areas per row below the map. Areas that no page of the vendor names stand there.
const ROW: usize = 4;
/// The most links in the drawing; more could not be distinguished. The table has all of them.
const MOST_DRAWN: usize = 28;
/// The width and height of a letter, a little more than it needs.
const LETTER: [i32; 2] = [11, 20];

/// A node of the drawing.
struct Node<'a> {
    name: &'a str,
    at: [i32; 2],
    /// -1: the name stands above the node; 1: below.
    side: i32,
}

/// A rectangle of the drawing that is in use: left, top, right, bottom.
type Taken = [i32; 4];

/// Returns the drawing.
pub(super) fn figure(links: &[Link]) -> String {
    let drawn = &links[..links.len().min(MOST_DRAWN)];
    let nodes = nodes(drawn);
    let drawn: Vec<&Link> = drawn.iter().filter(|link| ends(&nodes, link).is_some()).collect();
    let top = nodes.iter().map(|node| node.at[1] - 45).min().unwrap_or(0);
    let height = nodes.iter().map(|node| node.at[1] + 75).max().unwrap_or(0) - top;
    let said: Vec<String> = links.iter().take(MOST_DRAWN).map(said).collect();
    let mut text = format!(
        "<figure>\n<svg viewBox=\"0 {top} 500 {height}\" role=\"img\" aria-labelledby=\"map-title map-desc\">\n\
         <title id=\"map-title\">Bandwidth between areas, before and after</title>\n\
         <desc id=\"map-desc\">{}.</desc>\n",
        escaped(&said.join("; "))
    );
    let mut taken: Vec<Taken> =
        nodes.iter().flat_map(|node| [dot(node), around(name_at(node), node.name)]).collect();
    let mut labels = String::new();
    for link in &drawn {
        let Some((a, b)) = ends(&nodes, link) else { continue };
        let (class, _) = fate(link.mbps);
        let curve = Curve::between(a, b);
        let width = 2 + link.mbps[0].max(link.mbps[1]).checked_ilog10().unwrap_or(0);
        writeln!(text, "<path class=\"{class}\" stroke-width=\"{width}\" d=\"{}\"/>", curve.path())
            .expect(STRINGS);
        let label = numbers(link.mbps);
        if let Some([x, y]) = curve.free(&label, &taken) {
            taken.push(around([x, y], &label));
            writeln!(labels, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{label}</text>").expect(STRINGS);
        }
    }
    for node in &nodes {
        let ([x, y], [nx, ny]) = (node.at, name_at(node));
        let name = escaped(&short(node.name));
        writeln!(text, "<circle cx=\"{x}\" cy=\"{y}\" r=\"6\"/>\n<text x=\"{nx}\" y=\"{ny}\">{name}</text>")
            .expect(STRINGS);
    }
    let more = match links.len() - drawn.len() {
        0 => String::new(),
        n => format!(" {} only in the table.", plural(n as u64, "link")),
    };
    format!(
        "{text}{labels}</svg>\n<figcaption>Mbps of the declared packages, before → after. A line that is broken shrinks or ends; the table has every number.{more}</figcaption>\n</figure>\n"
    )
}

/// Returns the same as a table.
pub(super) fn table(links: &[Link]) -> String {
    let mut text = String::from(
        "<table>\n<caption>Mbps and packages between areas</caption>\n<thead><tr><th scope=\"col\">Areas</th>\
         <th scope=\"col\" class=\"n\">Before</th><th scope=\"col\" class=\"n\">After</th><th scope=\"col\" class=\"n\">Packages</th></tr></thead>\n<tbody>\n",
    );
    for link in links {
        let [before, after] = link.mbps;
        let areas = escaped(&link.areas.to_string());
        writeln!(
            text,
            "<tr><th scope=\"row\">{areas}</th><td class=\"n\">{before}</td><td class=\"n\">{after}</td><td class=\"n\">{}</td></tr>",
            numbers(link.packages)
        )
        .expect(STRINGS);
    }
    text + "</tbody>\n</table>\n"
}

/// Returns a link in words.
fn said(link: &Link) -> String {
    let (_, word) = fate(link.mbps);
    format!("{}: {} Mbps, {word}", link.areas, numbers(link.mbps))
}

fn nodes(links: &[Link]) -> Vec<Node<'_>> {
    let names: BTreeSet<&str> =
        links.iter().flat_map(|link| link.areas.both().map(|area| area.as_str())).collect();
    let known = PLACES.iter().filter(|(name, ..)| names.contains(name));
    let mut nodes: Vec<Node<'_>> =
        known.map(|(name, at, side)| Node { name, at: *at, side: *side }).collect();
    let below = if nodes.is_empty() { 60 } else { 470 };
    let others = names.iter().filter(|name| PLACES.iter().all(|(known, ..)| known != *name));
    nodes.extend(others.take(2 * ROW).enumerate().map(|(n, name)| {
        let (row, column) = (n / ROW, n % ROW);
        let at = |n: usize, step: i32| i32::try_from(n).unwrap_or(0) * step;
        Node { name, at: [70 + at(column, 120), below + at(row, 70)], side: 1 }
    }));
    nodes
}

fn ends<'n, 'a>(nodes: &'n [Node<'a>], link: &Link) -> Option<(&'n Node<'a>, &'n Node<'a>)> {
    let [a, b] = link.areas.both();
    let find = |name: &str| nodes.iter().find(|node| node.name == name);
    Some((find(a.as_str())?, find(b.as_str())?))
}

/// Cuts a name that is longer than any known one.
fn short(name: &str) -> String {
    const MOST: usize = 14;
    match name.chars().count() {
        0..=MOST => name.to_owned(),
        _ => name.chars().take(MOST - 1).chain(['…']).collect(),
    }
}

fn name_at(node: &Node<'_>) -> [i32; 2] {
    let [x, y] = node.at;
    [x, if node.side < 0 { y - 14 } else { y + 25 }]
}

fn dot(node: &Node<'_>) -> Taken {
    let [x, y] = node.at;
    [x - 10, y - 10, x + 10, y + 10]
}

/// Returns the rectangle of a text whose base line is centred at this point.
fn around([x, y]: [i32; 2], text: &str) -> Taken {
    let half = i32::try_from(text.chars().count().min(14)).unwrap_or(14) * LETTER[0] / 2 + 3;
    [x - half, y - LETTER[1] + 3, x + half, y + 6]
}

/// A quadratic curve between two areas, or a drop beside the node for a link within one area.
enum Curve {
    Arc { from: [i32; 2], over: [i32; 2], to: [i32; 2] },
    Drop { at: [i32; 2], side: i32 },
}

impl Curve {
    fn between(a: &Node<'_>, b: &Node<'_>) -> Self {
        let ([ax, ay], [bx, by]) = (a.at, b.at);
        if a.name == b.name {
            // On the side without the name.
            return Self::Drop { at: a.at, side: -a.side };
        }
        let ((ax, ay), (bx, by)) = if ax <= bx { ((ax, ay), (bx, by)) } else { ((bx, by), (ax, ay)) };
        let bend = 6;
        let over = [i32::midpoint(ax, bx) + (by - ay) / bend, i32::midpoint(ay, by) - (bx - ax) / bend];
        Self::Arc { from: [ax, ay], over, to: [bx, by] }
    }

    fn path(&self) -> String {
        match self {
            Self::Arc { from: [ax, ay], over: [x, y], to: [bx, by] } => {
                format!("M{ax} {ay}Q{x} {y} {bx} {by}")
            }
            Self::Drop { at: [x, y], side } => {
                let far = y + side * 52;
                format!("M{x} {y}C{} {far} {} {far} {x} {y}", x - 34, x + 34)
            }
        }
    }

    /// Returns the point this many percent along the curve, for the centre of a text's base line.
    fn point(&self, percent: i32) -> [i32; 2] {
        match self {
            Self::Arc { from, over, to } => {
                let (t, s) = (percent, 100 - percent);
                let on = |n: usize| (s * s * from[n] + 2 * s * t * over[n] + t * t * to[n]) / 10_000;
                [on(0), on(1) + 5]
            }
            Self::Drop { at: [x, y], side } => {
                [*x, y + side * (45 + (percent - 50).abs()) + if *side > 0 { 12 } else { 0 }]
            }
        }
    }

    /// Returns the first point along the curve where this text covers nothing; `None` if there is none.
    fn free(&self, text: &str, taken: &[Taken]) -> Option<[i32; 2]> {
        let places = [50, 42, 58, 34, 66, 26, 74].map(|percent| self.point(percent));
        places.into_iter().find(|at| {
            let [left, top, right, bottom] = around(*at, text);
            let apart = |it: &Taken| right < it[0] || it[2] < left || bottom < it[1] || it[3] < top;
            left >= 0 && right <= 500 && taken.iter().all(apart)
        })
    }
}
