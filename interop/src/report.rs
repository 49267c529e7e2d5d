//! What a person reads: one line for each thing, on standard output.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::Result;

/// The terminal, or whatever standard output is. Lines from several threads do not mix.
#[derive(Debug)]
pub struct Report {
    colour: bool,
}

static LINE: Mutex<()> = Mutex::new(());

/// What was left out, in this process.
static SKIPPED: AtomicUsize = AtomicUsize::new(0);

impl Default for Report {
    fn default() -> Self {
        Self::new()
    }
}

impl Report {
    /// Colour is used on a terminal, unless NO_COLOR asks for none.
    pub fn new() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { colour: wanted && io::IsTerminal::is_terminal(&io::stdout()) }
    }

    /// A line as it is.
    pub fn line(&mut self, text: &str) -> Result<()> {
        let _one_at_a_time = LINE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")?;
        Ok(out.flush()?)
    }

    /// Something that is done on the way.
    pub fn note(&mut self, text: &str) -> Result<()> {
        let text = self.painted("2", &format!("  . {text}"));
        self.line(&text)
    }

    /// The head of a part.
    pub fn head(&mut self, text: &str) -> Result<()> {
        let text = self.painted("1", text);
        self.line(&format!("\n{text}"))
    }

    /// Something that cannot be done here, and why. It is counted.
    pub fn skip(&mut self, text: &str) -> Result<()> {
        SKIPPED.fetch_add(1, Ordering::Relaxed);
        self.line(&format!("SKIPPED: {text}"))
    }

    /// How many things were skipped.
    pub fn skipped() -> usize {
        SKIPPED.load(Ordering::Relaxed)
    }

    /// Something that was checked and is so.
    pub fn good(&mut self, text: &str) -> Result<()> {
        let mark = self.painted("32", "ok");
        self.line(&format!("  {mark} {text}"))
    }

    /// Something that was checked and is not so.
    pub fn bad(&mut self, text: &str) -> Result<()> {
        let mark = self.painted("31", "FAILED");
        self.line(&format!("  {mark} {text}"))
    }

    fn painted(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
