//! Aligned tables that may be longer than memory: written in parts whose columns never become narrower.

use std::io;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::console::Console;

/// Between two columns.
const GAP: u16 = 2;

/// The narrowest that a column is folded to; where there is less room the terminal wraps whole lines.
const FOLDED_MIN: u16 = 12;

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    title: &'static str,
    alignment: CellAlignment,
    fit: Fit,
}

/// What becomes of a column on a narrow terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    /// It stays: half an address is none.
    Whole,
    /// Its words go to several lines.
    Folds,
    /// It goes.
    Omitted,
}

/// A column of words.
pub const fn words(title: &'static str) -> Column {
    Column { title, alignment: CellAlignment::Left, fit: Fit::Whole }
}

/// A column of numbers.
pub const fn numbers(title: &'static str) -> Column {
    Column { title, alignment: CellAlignment::Right, fit: Fit::Whole }
}

impl Column {
    /// Its words go to several lines on a narrow terminal.
    pub const fn folds(self) -> Self {
        Self { fit: Fit::Folds, ..self }
    }

    /// It is left out on a narrow terminal.
    pub const fn optional(self) -> Self {
        Self { fit: Fit::Omitted, ..self }
    }
}

/// A table that is written part by part.
pub struct Parts {
    columns: Vec<Column>,
    widths: Vec<u16>,
    /// Whether columns are left out; decided by the first part.
    narrow: Option<bool>,
}

impl Parts {
    /// An empty table of these columns.
    pub fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), widths: vec![0; columns.len()], narrow: None }
    }

    /// Writes rows; the titles first, once, when there are any rows at all.
    pub fn write(&mut self, console: &mut Console<'_>, rows: Vec<Vec<String>>) -> io::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let titles = console.headers && self.narrow.is_none();
        let table = self.render(rows, titles, console.width);
        let mut lines = table.lines();
        if titles && let Some(title) = lines.next() {
            console.title(title.trim_end())?;
        }
        lines.try_for_each(|line| console.line(line.trim_end()))
    }

    fn render(&mut self, rows: Vec<Vec<String>>, titles: bool, terminal: Option<u16>) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        if titles {
            table.set_header(self.columns.iter().map(|column| column.title));
        }
        table.add_rows(rows);
        let content = table.column_max_content_widths();
        for (known, content) in self.widths.iter_mut().zip(content) {
            *known = content.max(*known);
        }
        let all = self.natural_width(|_| true);
        let narrow = *self.narrow.get_or_insert(terminal.is_some_and(|terminal| all > terminal));
        let folded = terminal.filter(|terminal| self.folds_within(*terminal, narrow));
        if let Some(terminal) = folded {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(terminal);
        }
        let last = self.columns.len().saturating_sub(1);
        let settings = self.columns.iter().zip(&self.widths);
        for (index, (column, (settings, known))) in table.column_iter_mut().zip(settings).enumerate() {
            let gap = if index == last { 0 } else { GAP };
            let whole = Width::Fixed(known.saturating_add(gap));
            column.set_cell_alignment(settings.alignment);
            column.set_padding((0, gap));
            match settings.fit {
                Fit::Omitted if narrow => column.set_constraint(ColumnConstraint::Hidden),
                Fit::Folds if folded.is_some() => column,
                _ => column.set_constraint(ColumnConstraint::Absolute(whole)),
            };
        }
        table
    }

    fn natural_width(&self, counts: impl Fn(&Column) -> bool) -> u16 {
        let counted = self.columns.iter().zip(&self.widths).filter(|(column, _)| counts(column));
        counted.fold(0, |sum: u16, (_, width)| sum.saturating_add(*width).saturating_add(GAP)).saturating_sub(GAP)
    }

    /// Whether columns are to be folded for this terminal, and can be.
    fn folds_within(&self, terminal: u16, narrow: bool) -> bool {
        let shown = |column: &Column| !(narrow && column.fit == Fit::Omitted);
        if self.natural_width(shown) <= terminal {
            return false;
        }
        let whole = self.natural_width(|column| shown(column) && column.fit != Fit::Folds);
        let folded = self.columns.iter().filter(|column| column.fit == Fit::Folds);
        let least = folded.fold(0, |sum: u16, _| sum.saturating_add(FOLDED_MIN + GAP));
        least > 0 && whole.saturating_add(least) <= terminal
    }
}

/// Names and values below each other.
pub fn pairs(console: &mut Console<'_>, pairs: &[(&str, String)]) -> io::Result<()> {
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in pairs {
        console.line(format!("{name:width$}  {value}").trim_end())?;
    }
    Ok(())
}
