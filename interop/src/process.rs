//! Daemons on this machine: each logs to a file, and none outlives the program that started it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::command::{Tool, last_lines};
use crate::patience::eventually;

/// How to start a daemon that stays in the foreground.
#[derive(Debug)]
pub struct Daemon<'a> {
    /// What it is called here; its log too.
    pub name: &'a str,
    /// Its path, or its name where PATH leads to it.
    pub program: &'a Path,
    /// Its arguments.
    pub args: &'a [&'a str],
    /// What is in its environment besides ours.
    pub env: &'a [(String, String)],
    /// Where it runs and logs.
    pub folder: &'a Path,
}

/// A running daemon; it is stopped when this goes out of scope.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it; that it runs is all that is known then.
    pub fn start(daemon: &Daemon<'_>) -> Result<Self> {
        let name = daemon.name.to_owned();
        let log = daemon.folder.join(format!("{name}.log"));
        let out = File::options().create(true).append(true).open(&log)?;
        // The kernel ends it should this program be killed; it stays out of reach of Ctrl-C, which is for this program.
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "setsid"])
            .arg(daemon.program)
            .args(daemon.args)
            .envs(daemon.env.iter().map(|(name, value)| (name, value)))
            .current_dir(daemon.folder)
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .with_context(|| format!("{}: cannot be started", daemon.program.display()))?;
        Ok(Self { name, child, log })
    }

    /// Fails with the end of its log when it runs no more.
    pub fn still_runs(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} ended, {status}: {}", self.name, self.last_lines()),
        }
    }

    /// Asks it to end, and fails unless it ends well.
    pub fn stop(&mut self) -> Result<()> {
        Tool::new(["kill", "-TERM"]).run(&[&self.child.id().to_string()])?;
        let status = eventually(&format!("{} stops", self.name), Duration::from_secs(10), || {
            self.child.try_wait()?.context("it still runs")
        })?;
        anyhow::ensure!(status.success(), "{} ended with {status}: {}", self.name, self.last_lines());
        Ok(())
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn last_lines(&self) -> String {
        last_lines(&std::fs::read_to_string(&self.log).unwrap_or_default())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already. What it started is in its group; the group has its number.
        let group = format!("-{}", self.child.id());
        let _asked = Tool::new(["kill", "-KILL", "--"]).unstoppable().all_output(&[&group]);
        let _asked = self.child.kill();
        let _ended = self.child.wait();
    }
}
