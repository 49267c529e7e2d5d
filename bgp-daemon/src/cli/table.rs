//! Aligned tables that may be longer than memory: written in parts whose columns never become narrower.

use std::io;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::console::Console;

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    title: &'static str,
    alignment: CellAlignment,
}

/// A column of words.
pub const fn words(title: &'static str) -> Column {
    Column { title, alignment: CellAlignment::Left }
}

/// A column of numbers.
pub const fn numbers(title: &'static str) -> Column {
    Column { title, alignment: CellAlignment::Right }
}

/// A table that is written part by part.
pub struct Parts {
    columns: Vec<Column>,
    widths: Vec<u16>,
    titled: bool,
}

impl Parts {
    /// An empty table of these columns.
    pub fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), widths: vec![0; columns.len()], titled: false }
    }

    /// Writes rows; the titles first, once, when there are any rows at all.
    pub fn write(&mut self, console: &mut Console<'_>, rows: Vec<Vec<String>>) -> io::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let titles = console.headers && !self.titled;
        let table = self.render(rows, titles, console.width);
        let mut lines = table.lines();
        if titles && let Some(title) = lines.next() {
            console.title(title.trim_end())?;
        }
        self.titled = true;
        for line in lines {
            console.line(line.trim_end())?;
        }
        Ok(())
    }

    fn render(&mut self, rows: Vec<Vec<String>>, titles: bool, width: Option<u16>) -> Table {
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
        if let Some(width) = width {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        let last = self.columns.len().saturating_sub(1);
        let settings = self.columns.iter().zip(&self.widths);
        for (index, (column, (settings, known))) in table.column_iter_mut().zip(settings).enumerate() {
            column.set_cell_alignment(settings.alignment);
            column.set_padding((0, if index == last { 0 } else { 2 }));
            // Where a terminal bounds the width, each part finds its own way to fit in.
            if width.is_none() {
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(known.saturating_add(2))));
            }
        }
        table
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
