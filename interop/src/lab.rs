//! Real routers and aliasd as plain processes on loopback addresses: 127.0.0.1 aliasd, 127.0.0.2 BIRD, 127.0.0.3 FRR.
//! No privilege is needed, no kernel table is touched, and everything written is in one folder that goes at the end.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::aliasctl::Aliasctl;
use crate::command::Tool;
use crate::debian::Programs;
use crate::docker::runs;
use crate::patience::eventually;
use crate::process::{Daemon, Process};
use crate::router::{Router, Software};
use crate::run::Places;

/// How long a daemon may take to answer at all.
const START: Duration = Duration::from_secs(20);

/// The machines of the lab.
#[derive(Debug)]
pub struct Lab {
    // Stopped in this order: aliasd first, so that routers see it leave.
    aliasd: Option<Process>,
    routers: Vec<Process>,
    folder: PathBuf,
    port: u16,
    places: Places,
}

impl Lab {
    /// An empty lab called `name`. What dead labs of that name left is removed.
    pub fn new(places: &Places, name: &str) -> Result<Self> {
        remove_leftovers(&places.target, name)?;
        let folder = places.target.join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let port = free_port()?;
        Ok(Self { aliasd: None, routers: Vec::new(), folder, port, places: places.clone() })
    }

    /// What belongs to this lab alone.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts BIRD.
    pub fn bird(&mut self, programs: &Programs) -> Result<Router> {
        self.configure("bird.conf", &self.places.interop.join("loopback/bird.conf"))?;
        self.start(programs, "bird", &["-f", "-c", "bird.conf", "-s", "bird.ctl", "-P", "bird.pid"])?;
        let birdc = programs.tool("birdc")?.within(&self.folder).with(["-s", "bird.ctl"]);
        self.await_router("bird", &birdc, &["show", "status"])?;
        Ok(Router::new(Software::Bird, birdc, "127.0.0.1"))
    }

    /// Starts FRR's bgpd.
    pub fn frr(&mut self, programs: &Programs) -> Result<Router> {
        self.configure("frr.conf", &self.places.interop.join("loopback/frr.conf"))?;
        let port = self.port.to_string();
        let folder = self.folder.display().to_string();
        let args =
            ["--skip_runas", "--no_kernel", "--no_zebra", "-f", "frr.conf", "-l", "127.0.0.3", "-p", &port, "-P", "0"];
        let paths = ["--vty_socket", &folder, "-i", "bgpd.pid"];
        self.start(programs, "bgpd", &[&args[..], &paths].concat())?;
        let vtysh = programs.tool("vtysh")?.with(["--vty_socket", &folder]);
        self.await_router("bgpd", &vtysh, &["-c", "show bgp summary json"])?;
        Ok(Router::new(Software::Frr, vtysh, "127.0.0.1"))
    }

    /// Starts aliasd on the configuration `config`; its relative paths are in the lab's folder.
    pub fn aliasd(&mut self, config: &Path) -> Result<Aliasctl> {
        self.configure("aliasd.toml", config)?;
        let program = self.places.binaries.join("aliasd");
        let daemon = Daemon { program: &program, args: &["--config", "aliasd.toml"], env: &[], folder: &self.folder };
        let mut process = Process::start(&daemon)?;
        let socket = self.folder.join("aliasd.sock").display().to_string();
        let aliasctl = self.places.binaries.join("aliasctl").display().to_string();
        let aliasctl = Aliasctl::new(Tool::new([aliasctl, "--socket".to_owned(), socket]));
        await_answer("aliasd", &mut process, || aliasctl.json(&["status"]).map(drop))?;
        self.aliasd = Some(process);
        Ok(aliasctl)
    }

    /// Stops aliasd as an operator does.
    pub fn stop_aliasd(&mut self) -> Result<()> {
        self.aliasd.take().context("aliasd was not started")?.stop()
    }

    /// Stops everything and removes the folder; unlike going out of scope, fails where that fails.
    pub fn close(mut self) -> Result<()> {
        self.aliasd = None;
        self.routers.clear();
        fs::remove_dir_all(&self.folder).with_context(|| self.folder.display().to_string())
    }

    /// Copies a configuration, with the lab's port in it.
    fn configure(&self, name: &str, from: &Path) -> Result<()> {
        let text = fs::read_to_string(from).with_context(|| from.display().to_string())?;
        let port = self.port.to_string();
        Ok(fs::write(self.folder.join(name), text.replace("@PORT@", &port).replace("17179", &port))?)
    }

    fn start(&mut self, programs: &Programs, program: &str, args: &[&str]) -> Result<()> {
        let path = programs.path(program)?;
        let daemon = Daemon { program: &path, args, env: &programs.env, folder: &self.folder };
        self.routers.push(Process::start(&daemon)?);
        Ok(())
    }

    fn await_router(&mut self, name: &str, tool: &Tool, question: &[&str]) -> Result<()> {
        let process = self.routers.last_mut().context("nothing was started")?;
        await_answer(name, process, || tool.run(question).map(drop))
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
        self.aliasd = None;
        self.routers.clear();
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

/// A port that is free on every address of the lab.
fn free_port() -> Result<u16> {
    for _ in 0..100 {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let free = |host| TcpListener::bind((host, port)).is_ok();
        if ["127.0.0.1", "127.0.0.2", "127.0.0.3"].into_iter().all(free) {
            return Ok(port);
        }
    }
    bail!("no port is free on 127.0.0.1 to 127.0.0.3")
}
