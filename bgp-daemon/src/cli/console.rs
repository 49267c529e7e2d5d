//! Where answers are written, and how.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use super::arguments::{Color, Format};
use super::failure::Failure;

const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const PLAIN: &str = "\x1b[0m";

/// What standard output is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terminal {
    /// Whether it is a terminal.
    pub is_terminal: bool,
    /// Its width in columns; `None` when it is none, and lines may have any length.
    pub width: Option<u16>,
    /// `NO_COLOR` is set (<https://no-color.org>).
    pub no_color: bool,
    /// `CLICOLOR_FORCE` is set, and not to 0.
    pub force_color: bool,
}

impl Terminal {
    /// Standard output of this process, and its environment.
    #[must_use]
    pub fn of_process() -> Self {
        let is_terminal = io::stdout().is_terminal();
        let width = terminal_size::terminal_size().map(|(width, _)| width.0);
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        Self {
            is_terminal,
            width: width.filter(|width| is_terminal && *width > 0),
            no_color: set("NO_COLOR"),
            force_color: set("CLICOLOR_FORCE") && std::env::var_os("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
        }
    }
}

/// Whether to use colours. What the command line says goes before the environment.
pub fn painted(color: Color, terminal: &Terminal) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => !terminal.no_color && (terminal.force_color || terminal.is_terminal),
    }
}

/// Where answers are written, and how.
pub struct Console<'a> {
    /// Standard output.
    pub out: &'a mut dyn Write,
    /// How.
    pub format: Format,
    /// Whether with colours.
    pub paint: bool,
    /// Whether tables have titles.
    pub headers: bool,
    /// Columns of the terminal; `None` for lines of any length.
    pub width: Option<u16>,
}

impl Console<'_> {
    /// Writes a whole reply, when it is wanted as JSON or YAML; whether it was.
    pub fn structured<T: Serialize>(&mut self, reply: &T) -> Result<bool, Failure> {
        match self.format {
            Format::Table => return Ok(false),
            Format::Json => {
                serde_json::to_writer_pretty(&mut *self.out, reply).map_err(io::Error::from)?;
                writeln!(self.out)?;
            }
            Format::Yaml => write!(self.out, "{}", yaml(reply)?)?,
        }
        Ok(true)
    }

    /// Writes a line, with its words of state in colour.
    pub fn line(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{}", if self.paint { coloured(line) } else { line.to_owned() })
    }

    /// Writes a title.
    pub fn title(&mut self, line: &str) -> io::Result<()> {
        if self.paint { writeln!(self.out, "{BOLD}{line}{PLAIN}") } else { writeln!(self.out, "{line}") }
    }

    /// Writes a list that may be long, one item at a time, under what stands before it in the reply.
    pub fn list<'c>(&'c mut self, head: &'c [(&'c str, &'c str)], key: &'c str) -> List<'c> {
        let Console { out, format, .. } = self;
        List { out: &mut **out, format: *format, head, key, begun: false }
    }
}

/// A list of a reply that is written as it comes.
pub struct List<'c> {
    out: &'c mut dyn Write,
    format: Format,
    head: &'c [(&'c str, &'c str)],
    key: &'c str,
    begun: bool,
}

impl List<'_> {
    /// Writes one item.
    pub fn item<T: Serialize>(&mut self, item: &T) -> Result<(), Failure> {
        if self.format == Format::Yaml {
            if !self.begun {
                self.yaml_head("\n")?;
            }
            // One sequence of one item, beside those before it.
            write!(self.out, "{}", yaml(&[item])?)?;
        } else {
            if self.begun {
                writeln!(self.out, ",")?
            } else {
                self.json_head()?
            }
            serde_json::to_writer(&mut *self.out, item).map_err(io::Error::from)?;
        }
        self.begun = true;
        Ok(())
    }

    /// Ends the list, which may be empty.
    pub fn end(mut self) -> Result<(), Failure> {
        match (self.format, self.begun) {
            (Format::Yaml, true) => {}
            (Format::Yaml, false) => self.yaml_head(" []\n")?,
            (_, true) => writeln!(self.out, "\n]}}")?,
            (_, false) => {
                self.json_head()?;
                writeln!(self.out, "]}}")?;
            }
        }
        Ok(())
    }

    fn json_head(&mut self) -> io::Result<()> {
        write!(self.out, "{{")?;
        for (key, value) in self.head {
            write!(self.out, "\"{key}\":\"{value}\",")?;
        }
        writeln!(self.out, "\"{}\":[", self.key)
    }

    fn yaml_head(&mut self, rest: &str) -> io::Result<()> {
        for (key, value) in self.head {
            writeln!(self.out, "{key}: {value}")?;
        }
        write!(self.out, "{}:{rest}", self.key)
    }
}

fn yaml<T: Serialize>(value: &T) -> Result<String, Failure> {
    let text =
        serde_yaml_ng::to_string(value).map_err(|error| Failure::Failed(format!("cannot write YAML: {error}")))?;
    Ok(text.lines().map(|line| format!("{}\n", quoted(line))).collect())
}

/// The line with its value in quotes where YAML 1.1, which many still read, takes it for something else than YAML 1.2
/// does: 65001:7 for a number to the base of 60, a time for a date.
fn quoted(line: &str) -> String {
    let place = line.rfind(": ").or_else(|| line.rfind("- ")).map_or(0, |place| place + 2);
    let Some((key, value)) = line.split_at_checked(place) else { return line.to_owned() };
    let ambiguous = value.starts_with(|first: char| first.is_ascii_digit())
        && value.contains(':')
        && value.chars().all(|one| one.is_ascii_digit() || matches!(one, ':' | '.' | '-' | 'T' | 'Z'));
    if ambiguous { format!("{key}'{value}'") } else { line.to_owned() }
}

/// The line with its words of state in colour; widths stay as they are.
fn coloured(line: &str) -> String {
    let paint = |word: &str| {
        let color = match word.trim_end_matches(':') {
            "OK" | "UP" | "Established" | "CURRENT" | "APPLIED" | "PASSING" | "ok" => GREEN,
            "DEGRADED" | "DOWN" | "STALE" | "NONE" | "REFUSED" | "HOLDING" | "OFF" | "!" | "--" => RED,
            "UNKNOWN" | "Idle" | "Connect" | "Active" | "OpenSent" | "OpenConfirm" => YELLOW,
            _ => return word.to_owned(),
        };
        format!("{color}{word}{PLAIN}")
    };
    line.split(' ').map(paint).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_obey_the_command_line_then_the_environment_then_the_terminal() {
        let terminal =
            |is_terminal, no_color, force_color| Terminal { is_terminal, no_color, force_color, width: None };
        assert!(painted(Color::Auto, &terminal(true, false, false)));
        assert!(!painted(Color::Auto, &terminal(false, false, false)));
        assert!(!painted(Color::Auto, &terminal(true, true, true)));
        assert!(painted(Color::Auto, &terminal(false, false, true)));
        assert!(painted(Color::Always, &terminal(false, true, false)));
        assert!(!painted(Color::Never, &terminal(true, false, true)));
    }

    #[test]
    fn yaml_says_the_same_to_readers_of_yaml_1_1() {
        for (line, expected) in [
            ("  - 65001:7", "  - '65001:7'"),
            ("- 64512:1:2", "- '64512:1:2'"),
            ("startTime: 2026-01-02T03:04:05Z", "startTime: '2026-01-02T03:04:05Z'"),
            ("    prefix: 10.0.0.0/20", "    prefix: 10.0.0.0/20"),
            ("peerIpAddress: fd00:20::2", "peerIpAddress: fd00:20::2"),
            ("asn: 64512", "asn: 64512"),
            ("result:", "result:"),
            ("", ""),
        ] {
            assert_eq!(quoted(line), expected);
        }
    }

    #[test]
    fn colours_words_of_state_and_keeps_the_columns() {
        let line = "dc1  Established  dc2  Active  Activex";
        let painted = coloured(line);
        assert_eq!(painted, format!("dc1  {GREEN}Established{PLAIN}  dc2  {YELLOW}Active{PLAIN}  Activex"));
        let bare = [GREEN, YELLOW, PLAIN].iter().fold(painted, |text, code| text.replace(code, ""));
        assert_eq!(bare, line);
    }
}
