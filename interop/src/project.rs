//! One scenario's containers: a compose project with a name and a network of its own, gone when it goes out of scope.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::aliasctl::Aliasctl;
use crate::capture::{Capture, Wire, Wireshark};
use crate::command::Tool;
use crate::docker::{Docker, project_name};
use crate::inventory::Inventory;
use crate::patience::eventually;
use crate::router::{Family, Router, Software};
use crate::sent::Sent;

/// How long a router may take to do what its configuration says: generous, for a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A running scenario.
#[derive(Debug)]
pub struct Project {
    docker: Docker,
    compose: Tool,
    name: String,
    /// The number of its network: 10.213.N.0/24 and fd00:213:N::/64.
    number: u32,
    /// What belongs to this run alone; removed at the end.
    folder: PathBuf,
    /// Every octet that aliasd sends, where that can be captured.
    capture: Option<Capture>,
    /// The cloud that aliasd looks at.
    pub inventory: Inventory,
    /// The routers that the scenario runs.
    pub routers: Vec<Router>,
}

impl Project {
    /// Starts the containers of `scenario`, a folder with a compose file; what aliasd sends is captured from the first
    /// octet on, where there is a `wireshark`.
    pub fn up(docker: &Docker, scenario: &Path, target: &Path, wireshark: Option<&Wireshark>) -> Result<Self> {
        let title = scenario.file_name().and_then(|name| name.to_str()).context("a scenario without a name")?;
        let name = project_name(title);
        let folder = target.join(&name);
        let sample = scenario.join("../../cloud/inventory");
        let inventory = Inventory::copy_of(&sample, folder.join("cloud/inventory"))?;
        let number = free_network(docker)?;
        let compose = docker
            .compose
            .clone()
            .with(["-p", &name, "-f"].map(str::to_owned))
            .with([scenario.join("compose.yaml").display().to_string()])
            .env("ALIASD_INTEROP_NET", format!("10.213.{number}"))
            .env("ALIASD_INTEROP_NET6", format!("fd00:213:{number}:"))
            .env("ALIASD_INTEROP_CLOUD", folder.join("cloud").display().to_string())
            .env("ALIASD_INTEROP_PROGRAM", std::env::current_exe()?.display().to_string())
            .limit(Duration::from_mins(2));
        // From here on the project takes itself down, whatever of it is there.
        let mut project =
            Self { docker: docker.clone(), compose, name, number, folder, capture: None, inventory, routers: vec![] };
        if let Some(wireshark) = wireshark {
            project.compose.run(&["up", "--no-start", "--no-build"])?;
            project.listen(wireshark)?;
        }
        project.compose.run(&["up", "-d", "--no-build"])?;
        let gateway = project.address(2);
        for (service, software) in [("bird", Software::Bird), ("frr", Software::Frr)] {
            if let Ok(container) = project.container(service) {
                let command_line = if software == Software::Bird { "birdc" } else { "vtysh" };
                let tool = Tool::new(["docker", "exec", &container, command_line]);
                project.routers.push(Router::new(software, tool, gateway.clone()));
            }
        }
        Ok(project)
    }

    fn listen(&mut self, wireshark: &Wireshark) -> Result<()> {
        let filter = format!("label=com.docker.compose.project={}", self.name);
        let networks = self.docker.engine.run(&["network", "ls", "-q", "--filter", &filter])?;
        let bridge = format!("br-{}", networks.trim());
        let everybody = Ipv4Addr::new(10, 213, u8::try_from(self.number)?, 255);
        let wire = Wire::bridge(&bridge, &[self.address(2), self.address6(2)], everybody);
        self.capture = Some(Capture::start(wireshark, &self.folder, wire)?);
        Ok(())
    }

    /// Ends the capture, if there is one; fails where aliasd sent anything malformed, and leaves the capture as `kept`
    /// then. Returns how many messages aliasd sent.
    pub fn check_capture(&mut self, kept: &Path) -> Result<Option<usize>> {
        self.capture.take().map(|capture| capture.check(kept)).transpose()
    }

    /// Every UPDATE that aliasd has sent, in order; nothing where it cannot be captured.
    pub fn sent(&self) -> Result<Option<Vec<Sent>>> {
        self.capture.as_ref().map(Capture::sent).transpose()
    }

    /// The address of a host on the scenario's network.
    pub fn address(&self, host: u8) -> String {
        format!("10.213.{}.{host}", self.number)
    }

    /// Its IPv6 address.
    pub fn address6(&self, host: u8) -> String {
        format!("fd00:213:{}::{host}", self.number)
    }

    /// aliasd, as its operator asks it.
    pub fn aliasctl(&self) -> Result<Aliasctl> {
        let container = self.container("aliasd")?;
        Ok(Aliasctl::new(Tool::new(["docker", "exec", &container, "aliasctl", "--socket", "/run/aliasd.sock"])))
    }

    /// Runs a program in the container of a service.
    pub fn exec(&self, service: &str, argv: &[&str], limit: Duration) -> Result<String> {
        Tool::new(["docker", "exec", &self.container(service)?]).limit(limit).run(argv)
    }

    /// Sends a signal to the first process of a service.
    pub fn signal(&self, service: &str, signal: &str) -> Result<()> {
        self.docker.engine.run(&["kill", "-s", signal, &self.container(service)?]).map(drop)
    }

    /// Starts the container of a service again, and waits first until it has stopped.
    pub fn start_again(&self, service: &str) -> Result<()> {
        let container = self.container(service)?;
        eventually(&format!("{service} stops"), PATIENCE, || {
            let running = self.docker.engine.run(&["inspect", "-f", "{{.State.Running}}", &container])?;
            anyhow::ensure!(running.trim() == "false", "still running");
            Ok(())
        })?;
        self.docker.engine.run(&["start", &container]).map(drop)
    }

    /// Waits until every router has its session with aliasd, and from aliasd exactly those routes.
    pub fn converge(&self, family: Family, prefixes: &[&str]) -> Result<()> {
        for router in &self.routers {
            eventually("the session with aliasd", PATIENCE, || router.session())?;
            eventually("routes from aliasd", PATIENCE, || router.has_exactly(family, prefixes))?;
        }
        Ok(())
    }

    /// Writes what all containers said to `file`.
    pub fn save_logs(&self, file: &Path) -> Result<()> {
        let said = self.compose.all_output(&["logs", "--no-color", "--timestamps"])?;
        fs::write(file, said).with_context(|| file.display().to_string())
    }

    fn container(&self, service: &str) -> Result<String> {
        // By label, as compose itself finds it, but without the second that version 1 takes to start.
        let project = format!("label=com.docker.compose.project={}", self.name);
        let service_label = format!("label=com.docker.compose.service={service}");
        let id = self.docker.engine.run(&["ps", "-aq", "--filter", &project, "--filter", &service_label])?;
        match id.trim() {
            "" => bail!("no container of the service {service}"),
            id => Ok(id.to_owned()),
        }
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        self.capture = None;
        // A failure here cannot be handed on: what is left is removed by the next run.
        let _down = self.compose.clone().unstoppable().run(&["down", "-v", "-t", "1", "--remove-orphans"]);
        let _rest = self.docker.remove_project(&self.name);
        let _files = fs::remove_dir_all(&self.folder);
    }
}

/// A third octet that no network of the engine uses, and no other project of this process.
fn free_network(docker: &Docker) -> Result<u32> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let taken = docker.subnets()?;
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        // Runs beside this one start elsewhere.
        let number = std::process::id().wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 256;
        if !taken.contains(&format!("10.213.{number}.")) {
            return Ok(number);
        }
    }
    bail!("every network in 10.213.0.0/16 is taken")
}
