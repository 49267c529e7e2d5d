//! Real routers and aliasd as plain processes on loopback addresses: 127.0.0.1 aliasd, the routers from 127.0.0.2 on.
//! No kernel table is touched, and everything written is in one folder that goes at the end.

mod routers;

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::aliasctl::Aliasctl;
use crate::capture::{Capture, Wire, Wireshark};
use crate::command::Tool;
use crate::docker::runs;
use crate::patience::eventually;
use crate::process::{Daemon, Process};
use crate::run::Places;

pub use routers::{PACKAGES, PROGRAMS, runnable};

/// How long a daemon may take to answer at all.
const START: Duration = Duration::from_secs(20);

/// aliasd's address.
pub const ALIASD: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// The machines of the lab.
#[derive(Debug)]
pub struct Lab {
    // Stopped in this order: aliasd first, so that routers see it leave.
    aliasd: Option<Process>,
    routers: Vec<Process>,
    capture: Option<Capture>,
    folder: PathBuf,
    /// Where everybody listens.
    port: u16,
    /// Where everybody dials: the same, unless something stands between them.
    dial_port: u16,
    /// What stands for what in the configurations.
    words: Vec<(String, String)>,
    /// How many files aliasd may have open; none for as many as we may.
    files: Option<String>,
    places: Places,
}

impl Lab {
    /// An empty lab called `name`. What dead labs of that name left is removed.
    pub fn new(places: &Places, name: &str) -> Result<Self> {
        remove_leftovers(&places.target, name)?;
        let folder = places.target.join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let port = free_port()?;
        let words = vec![("@FOLDER@".to_owned(), folder.display().to_string())];
        Ok(Self {
            aliasd: None,
            routers: Vec::new(),
            capture: None,
            folder,
            port,
            dial_port: port,
            words,
            files: None,
            places: places.clone(),
        })
    }

    /// Lets everybody dial another port than that on which everybody listens.
    pub fn dials_elsewhere(&mut self) -> Result<()> {
        self.dial_port = free_port()?;
        Ok(())
    }

    /// Lets `word` stand for `meaning` in the configurations.
    pub fn word(&mut self, word: &str, meaning: &str) {
        self.words.push((word.to_owned(), meaning.to_owned()));
    }

    /// From now on aliasd may have no more than so many files open.
    pub fn limit_files(&mut self, files: &str) {
        self.files = Some(files.to_owned());
    }

    /// What belongs to this lab alone.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where everybody listens.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Where everybody dials.
    pub const fn dial_port(&self) -> u16 {
        self.dial_port
    }

    /// From now on every octet that aliasd sends is kept, to be read when the lab is closed.
    pub fn capture(&mut self, wireshark: &Wireshark) -> Result<()> {
        let wire = Wire::loopback(ALIASD, self.port, self.dial_port);
        self.capture = Some(Capture::start(wireshark, &self.folder, wire)?);
        Ok(())
    }

    /// Starts aliasd on the configuration `config`; its relative paths are in the lab's folder.
    pub fn aliasd(&mut self, config: &Path) -> Result<Aliasctl> {
        self.start_aliasd(config)?;
        let aliasctl = self.aliasctl();
        let process = self.aliasd.as_mut().context("aliasd was not started")?;
        await_answer("aliasd", process, || aliasctl.json(&["status"]).map(drop))?;
        Ok(aliasctl)
    }

    /// The same, but does not wait until it answers.
    pub fn start_aliasd(&mut self, config: &Path) -> Result<()> {
        self.configure("aliasd.toml", config)?;
        let program = self.places.binaries.join("aliasd");
        let limit =
            self.files.as_ref().map(|files| [format!("--nofile={files}:{files}"), program.display().to_string()]);
        let (program, mut args) = match &limit {
            None => (program.as_path(), vec![]),
            Some([limit, aliasd]) => (Path::new("prlimit"), vec![limit.as_str(), aliasd.as_str()]),
        };
        args.extend(["--config", "aliasd.toml"]);
        let daemon = Daemon { name: "aliasd", program, args: &args, env: &[], folder: &self.folder };
        self.aliasd = Some(Process::start(&daemon)?);
        Ok(())
    }

    /// aliasd, as its operator asks it.
    pub fn aliasctl(&self) -> Aliasctl {
        let socket = self.folder.join("aliasd.sock").display().to_string();
        let aliasctl = self.places.binaries.join("aliasctl").display().to_string();
        Aliasctl::new(Tool::new([aliasctl, "--socket".to_owned(), socket]))
    }

    /// The number of aliasd's process.
    pub fn aliasd_pid(&self) -> Result<u32> {
        Ok(self.aliasd.as_ref().context("aliasd was not started")?.pid())
    }

    /// Stops aliasd as an operator does.
    pub fn stop_aliasd(&mut self) -> Result<()> {
        self.aliasd.take().context("aliasd was not started")?.stop()
    }

    /// Stops aliasd and all routers at once, without a word.
    pub fn stop_all(&mut self) {
        self.aliasd = None;
        self.routers.clear();
    }

    /// Stops everything and removes the folder; unlike going out of scope, fails where that fails, and where the capture
    /// shows a malformed message of aliasd. Returns how many messages it shows, if there was one.
    pub fn close(mut self) -> Result<Option<usize>> {
        self.stop_all();
        let shown =
            self.capture.take().map(|capture| capture.check(&self.folder.join("malformed.pcapng"))).transpose()?;
        fs::remove_dir_all(&self.folder).with_context(|| self.folder.display().to_string())?;
        Ok(shown)
    }

    /// Copies a configuration, with the lab's words in it.
    fn configure(&self, name: &str, from: &Path) -> Result<()> {
        let text = fs::read_to_string(from).with_context(|| from.display().to_string())?;
        let port = self.port.to_string();
        // The demo's configuration is one that an operator could use as it is.
        let text = text.replace("@PORT@", &port).replace("@DIAL@", &self.dial_port.to_string()).replace("17179", &port);
        let text = self.words.iter().fold(text, |text, (word, meaning)| text.replace(word, meaning));
        Ok(fs::write(self.folder.join(name), text)?)
    }
}

/// Waits until a daemon answers, but not for one that has ended.
fn await_answer(name: &str, process: &mut Process, ask: impl Fn() -> Result<()>) -> Result<()> {
    eventually(&format!("{name} answers"), START, || match process.still_runs() {
        Ok(()) => ask().map(Ok),
        Err(ended) => Ok(Err(ended)),
    })?
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.stop_all();
        if self.folder.exists() {
            // Here only after a failure: the logs are kept, until the next run.
            let _sockets = fs::remove_file(self.folder.join("aliasd.sock"));
        }
    }
}

fn remove_leftovers(target: &Path, name: &str) -> Result<()> {
    for entry in fs::read_dir(target)? {
        let entry = entry?;
        let file = entry.file_name();
        let pid = file.to_str().and_then(|file| file.strip_prefix(name)?.strip_prefix('-')?.parse::<u32>().ok());
        if pid.is_some_and(|pid| !runs(pid)) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Below the ports that the kernel gives to those who dial, so that none of them takes one first.
const PORTS: std::ops::Range<u16> = 10_000..30_000;

/// A port that is free on every address of the lab, and given to no other lab of this process.
fn free_port() -> Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let span = PORTS.end - PORTS.start;
    // Runs beside this one start elsewhere.
    let first = u16::try_from(std::process::id().wrapping_mul(97) % u32::from(span))?;
    for _ in 0..1000 {
        let port = PORTS.start + first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % span;
        let free = |host| TcpListener::bind((Ipv4Addr::new(127, 0, 0, host), port)).is_ok();
        if (1..=5).all(free) {
            return Ok(port);
        }
    }
    bail!("no port is free on 127.0.0.1 to 127.0.0.5")
}
