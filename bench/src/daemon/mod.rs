//! The daemons under test: each is written a configuration of the same meaning, and started as a process of its own.

mod aliasd;
mod bird;
mod frr;
mod gobgp;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use interop::command::Tool;
use interop::patience::eventually;
use interop::process::{Daemon, Process};

use crate::speakers::{DAEMON, Identity};
use crate::usage::Group;

/// The daemon's AS in every scene.
pub const ASN: u32 = 64512;

/// How long a daemon may take until it listens.
const START: Duration = Duration::from_secs(60);

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
    /// Whether all of the table is sent to it; else nothing is.
    pub exports: bool,
}

/// What the daemon is to do.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// Its neighbours; it accepts everything from each, and waits for all of them to dial.
    pub neighbors: Vec<Neighbor>,
    /// How it marks what it sends: the last octet of the next hop. Another mark is another policy.
    pub mark: u8,
}

/// A running daemon, and what it was told.
#[derive(Debug)]
pub struct Running {
    process: Process,
    folder: PathBuf,
    port: u16,
    software: Software,
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
        let mut running = Self { process, folder: folder.to_owned(), port, software: program.software };
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
        self.software
    }

    /// Fails with its last words when it runs no more.
    pub fn still_runs(&mut self) -> Result<()> {
        self.process.still_runs()
    }
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
fn sent_next_hop(mark: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 254, 0, 1 + mark)
}
