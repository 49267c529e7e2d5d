//! Runs other programs, each with a limit on its time, and turns their failure into a sentence.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::patience::not_interrupted;

/// How a program is called: its name or path, its first arguments, its environment. More arguments are given per run.
#[derive(Clone, Debug)]
pub struct Tool {
    argv: Vec<String>,
    env: Vec<(String, String)>,
    limit: Duration,
    folder: Option<PathBuf>,
    stoppable: bool,
}

impl Tool {
    /// A program with its first arguments.
    pub fn new<S: Into<String>>(argv: impl IntoIterator<Item = S>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            limit: Duration::from_secs(60),
            folder: None,
            stoppable: true,
        }
    }

    /// With a variable in its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// With more arguments in front of those of each run.
    #[must_use]
    pub fn with<S: Into<String>>(mut self, argv: impl IntoIterator<Item = S>) -> Self {
        self.argv.extend(argv.into_iter().map(Into::into));
        self
    }

    /// Run in a folder.
    #[must_use]
    pub fn within(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// For cleaning up: a signal to us does not cut it short.
    #[must_use]
    pub const fn unstoppable(mut self) -> Self {
        self.stoppable = false;
        self
    }

    /// With another limit on the time of one run; a minute unless said otherwise.
    #[must_use]
    pub const fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The standard output of a run that succeeded.
    pub fn run(&self, args: &[&str]) -> Result<String> {
        let output = self.output(args)?;
        if !output.status.success() {
            let shown = String::from_utf8_lossy(if output.stderr.is_empty() { &output.stdout } else { &output.stderr });
            bail!("{self} {}: {}: {}", args.join(" "), output.status, last_lines(&shown));
        }
        String::from_utf8(output.stdout).with_context(|| format!("{self}: output is not UTF-8"))
    }

    /// Standard output and error of a run, whether or not it succeeded.
    pub fn all_output(&self, args: &[&str]) -> Result<String> {
        let output = self.output(args)?;
        Ok(format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
    }

    /// Whether a run succeeds; a program that cannot be started does not.
    pub fn succeeds(&self, args: &[&str]) -> bool {
        self.output(args).is_ok_and(|output| output.status.success())
    }

    fn output(&self, args: &[&str]) -> Result<Output> {
        // timeout(1) puts the program into a process group of its own: Ctrl-C reaches it only through us.
        let mut command = Command::new("timeout");
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let child = command
            .args(["--kill-after=5", &self.limit.as_secs().to_string()])
            .args(&self.argv)
            .args(args)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{self}: cannot be started"))?;
        let pid = child.id().to_string();
        std::thread::scope(|scope| {
            let (ended, waiting) = mpsc::channel::<()>();
            if self.stoppable {
                scope.spawn(move || stop_when_interrupted(&pid, &waiting));
            }
            let output = child.wait_with_output();
            drop(ended);
            output.with_context(|| format!("{self}: no output"))
        })
    }
}

/// The last lines of what was said: the failure is there.
pub fn last_lines(text: &str) -> String {
    const SHOWN: usize = 8;
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(SHOWN)..).unwrap_or_default().join("\n")
}

/// Passes a signal of ours on, as long as the other end of `waiting` is there.
fn stop_when_interrupted(pid: &str, waiting: &mpsc::Receiver<()>) {
    while waiting.recv_timeout(Duration::from_millis(50)) == Err(mpsc::RecvTimeoutError::Timeout) {
        if not_interrupted().is_err() {
            // It may end by itself just now.
            let _stopped = Command::new("kill").args(["-TERM", pid]).stderr(Stdio::null()).status();
            return;
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.argv.join(" "))
    }
}
