//! The daemons under test: each is written a configuration of the same meaning, and started as a process of its own.

mod aliasd;
mod bird;
mod frr;
mod gobgp;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use interop::command::Tool;
use interop::patience::eventually;
use interop::process::{Daemon, Process};

use crate::speakers::{DAEMON, Identity};
use crate::usage::Group;
use feed::Ipv4Prefix;

/// The daemon's AS in every scene.
pub const ASN: u32 = 64512;

/// How long a daemon may take until it listens.
const START: Duration = Duration::from_secs(180);

/// How long it may take until it has its own routes.
const LOAD: Duration = Duration::from_secs(300);

/// What can be put under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Software {
    Aliasd,
    Bird,
    Frr,
    Gobgp,
}

impl Software {
    pub const ALL: [Self; 4] = [Self::Aliasd, Self::Bird, Self::Frr, Self::Gobgp];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Aliasd => "aliasd",
            Self::Bird => "BIRD",
            Self::Frr => "FRR",
            Self::Gobgp => "GoBGP",
        }
    }

    /// Where its program is, and which version; the error says which Debian package would bring it.
    pub fn find(self, binaries: &Path) -> Result<Program> {
        let (path, package, args): (PathBuf, _, &[&str]) = match self {
            Self::Aliasd => (binaries.join("aliasd"), "none, but `make bench`", &["--version"]),
            Self::Bird => ("/usr/sbin/bird".into(), "bird2", &["--version"]),
            Self::Frr => ("/usr/lib/frr/bgpd".into(), "frr", &["--version"]),
            Self::Gobgp => ("/usr/bin/gobgpd".into(), "gobgpd", &["--version"]),
        };
        if !path.is_file() {
            bail!("{} is not here (Debian package: {package})", path.display());
        }
        let said = Tool::new([path.display().to_string()]).all_output(args)?;
        let version = said.lines().next().unwrap_or_default().to_owned();
        Ok(Program { software: self, path, version })
    }
}

/// A program that was found.
#[derive(Clone, Debug)]
pub struct Program {
    pub software: Software,
    pub path: PathBuf,
    /// As it says itself.
    pub version: String,
}

/// What one of our speakers is to the daemon.
#[derive(Clone, Debug)]
pub struct Neighbor {
    pub identity: Identity,
    /// What it is sent.
    pub export: Export,
}

/// What a neighbour is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Export {
    /// No route.
    Nothing,
    /// Every route of the daemon's own.
    Originated,
    /// Every route that others announced.
    Learned,
}

/// What the daemon is to do.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// Its neighbours; it accepts everything from each, and waits for all of them to dial.
    pub neighbors: Vec<Neighbor>,
    /// Routes of its own.
    pub originated: Vec<Ipv4Prefix>,
    /// Something in what it sends that another policy changes: 1 to 9, or nothing of the kind.
    pub mark: Option<u8>,
}

/// A running daemon, and what it was told.
#[derive(Debug)]
pub struct Running {
    process: Process,
    folder: PathBuf,
    port: u16,
    program: Program,
    scene: Scene,
}

impl Running {
    /// Writes the configuration into `folder` and starts the daemon; it listens when this returns.
    pub fn start(program: &Program, scene: &Scene, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let port = free_port()?;
        let place = Place { program: &program.path, folder, port };
        let process = match program.software {
            Software::Aliasd => aliasd::start(&place, scene)?,
            Software::Bird => bird::start(&place, scene)?,
            Software::Frr => frr::start(&place, scene)?,
            Software::Gobgp => gobgp::start(&place, scene)?,
        };
        let mut running =
            Self { process, folder: folder.to_owned(), port, program: program.clone(), scene: scene.clone() };
        eventually(&format!("{} listens", program.software.name()), START, || match running.process.still_runs() {
            Ok(()) => listens(port).map(Ok),
            Err(ended) => Ok(Err(ended)),
        })??;
        Ok(running)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(DAEMON.into(), self.port)
    }

    /// Its processes.
    pub fn group(&self) -> Group {
        Group::of(self.process.pid())
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub const fn software(&self) -> Software {
        self.program.software
    }

    /// Writes what leads to another scene, so that [`Running::change`] is nothing but the change.
    pub fn prepare(&self, scene: &Scene) -> Result<Change> {
        let place = Place { program: &self.program.path, folder: &self.folder, port: self.port };
        match self.program.software {
            Software::Aliasd => aliasd::prepare(&place, &self.scene, scene),
            Software::Bird => bird::prepare(&place, scene),
            Software::Frr => frr::prepare(&place, &self.scene, scene),
            Software::Gobgp => bail!("GoBGP is not changed while it runs"),
        }
    }

    /// Changes to what was prepared; whether that is asked for, or done when this returns, is up to the daemon.
    pub fn change(&self, change: &Change) -> Result<()> {
        match change {
            Change::Rename { from, to } => Ok(fs::rename(from, to)?),
            Change::HangUp => Tool::new(["kill", "-HUP"]).run(&[&self.process.pid().to_string()]).map(drop),
            Change::Command(tool) => tool.run(&[]).map(drop),
        }
    }

    /// Waits until the daemon says that it has so many routes of its own.
    pub fn originates(&mut self, count: usize) -> Result<()> {
        let software = self.program.software;
        eventually(&format!("{} has its routes", software.name()), LOAD, || {
            let found = match software {
                Software::Aliasd => aliasd::originated(&self.folder)?,
                Software::Bird => bird::originated(&self.folder)?,
                // They are quiet only when they are done.
                Software::Frr | Software::Gobgp => count,
            };
            ensure!(found >= count, "it has {found} of {count}");
            Ok(())
        })
    }

    /// Fails with its last words when it runs no more.
    pub fn still_runs(&mut self) -> Result<()> {
        self.process.still_runs()
    }
}

/// One step from one scene to another.
#[derive(Clone, Debug)]
pub enum Change {
    /// A file takes the place of another one.
    Rename { from: PathBuf, to: PathBuf },
    /// SIGHUP.
    HangUp,
    /// A command of the daemon's own.
    Command(Tool),
}

/// Where a daemon runs.
struct Place<'a> {
    program: &'a Path,
    folder: &'a Path,
    port: u16,
}

impl Place<'_> {
    fn start(&self, name: &str, args: &[&str]) -> Result<Process> {
        Process::start(&Daemon { name, program: self.program, args, env: &[], folder: self.folder })
    }

    fn write(&self, file: &str, text: &str) -> Result<()> {
        fs::write(self.folder.join(file), text).with_context(|| self.folder.join(file).display().to_string())
    }
}

/// Whether somebody listens there, as the kernel says: a connection would be one that the daemon has to refuse.
fn listens(port: u16) -> Result<()> {
    const LISTEN: &str = "0A";
    let sockets = fs::read_to_string("/proc/net/tcp")?;
    let end = format!(":{port:04X}");
    let found = sockets.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        fields.next().is_some_and(|local| local.ends_with(&end)) && fields.nth(1) == Some(LISTEN)
    });
    if found { Ok(()) } else { bail!("nobody listens on port {port}") }
}

/// A port that nobody listens on, as the kernel chooses.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((DAEMON, 0))?.local_addr()?.port())
}

/// The next hop that a daemon puts into what it sends.
fn sent_next_hop(mark: Option<u8>) -> Ipv4Addr {
    Ipv4Addr::new(10, 254, 0, mark.unwrap_or_default().saturating_add(1))
}
