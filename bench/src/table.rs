//! The table, for a terminal and in Markdown.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::daemon::Software;
use crate::limit::Limit;
use crate::measure::{Results, Spread, millis};

/// Rows of cells; the first one is the heading.
pub fn rows(results: &Results, columns: &[Software]) -> Vec<Vec<String>> {
    let mut heading = vec!["scenario".to_owned(), "figure".to_owned()];
    for software in columns {
        heading.push(software.name().to_owned());
        if *software != Software::Bird {
            heading.push("to BIRD".to_owned());
        }
    }
    let mut rows = vec![heading];
    let mut last = None;
    for ((scenario, metric), of) in results.rows() {
        let title = if last == Some(scenario) { String::new() } else { scenario.title().to_owned() };
        last = Some(scenario);
        let mut row = vec![title, metric.name().to_owned()];
        for software in columns {
            row.push(of.get(software).map_or_else(|| "–".to_owned(), cell));
            if *software != Software::Bird {
                row.push(ratio(&of, *software).unwrap_or_default());
            }
        }
        rows.push(row);
    }
    rows
}

/// Median, and the least and the most where they differ.
fn cell(spread: &Spread) -> String {
    let Spread { median, min, max } = *spread;
    let (middle, least, most) = (number(median), number(min), number(max));
    if least == most { middle } else { format!("{middle} ({least}–{most})") }
}

fn ratio(of: &BTreeMap<Software, Spread>, software: Software) -> Option<String> {
    let (ours, bird) = (of.get(&software)?.median, of.get(&Software::Bird)?.median);
    (bird > 0.0).then(|| format!("{:.2}×", ours / bird))
}

/// Three significant digits at least.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// What moving the same octets costs, in one sentence; empty when that was not tried.
pub fn limit(results: &Results) -> String {
    let of = |part: fn(&Limit) -> f64| Spread::of(&results.limits.iter().map(part).collect::<Vec<f64>>());
    match (of(|limit| millis(limit.cpu)), of(|limit| millis(limit.wall))) {
        (Some(cpu), Some(wall)) => format!(
            "The physical limit of S1, moving the same octets through TCP and framing them: CPU ms {} of both ends together, wall ms {}.\n",
            cell(&cpu),
            cell(&wall)
        ),
        _ => String::new(),
    }
}

/// As Markdown.
pub fn markdown(rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    for (place, row) in rows.iter().enumerate() {
        let _written = writeln!(text, "| {} |", row.join(" | "));
        if place == 0 {
            let _written = writeln!(text, "|{}", "---|".repeat(row.len()));
        }
    }
    text
}

/// In columns.
pub fn plain(rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Metric;
    use crate::scenario::Scenario;

    #[test]
    fn a_row_shows_median_spread_and_ratio() {
        let mut results = Results::default();
        for value in [0.2, 0.3, 0.4] {
            results.add(Scenario::S1, Software::Aliasd, vec![(Metric::CpuSecs, value)]);
        }
        results.add(Scenario::S1, Software::Bird, vec![(Metric::CpuSecs, 1.2)]);
        let rows = rows(&results, &[Software::Aliasd, Software::Bird, Software::Frr]);
        assert_eq!(rows[1][1..], ["CPU s", "0.300 (0.200–0.400)", "0.25×", "1.20", "–", ""].map(str::to_owned));
        assert!(markdown(&rows).starts_with("| scenario | figure | aliasd | to BIRD | BIRD | FRR | to BIRD |\n|---|"));
        assert_eq!(plain(&rows).lines().count(), 2);
    }
}
