//! The routers of a lab, each with its own ways of being started.

use std::fs;

use anyhow::{Context, Result, ensure};

use super::{Lab, await_answer};
use crate::command::Tool;
use crate::debian::Programs;
use crate::process::{Daemon, Process};
use crate::router::{Router, Software};

/// Debian's packages of all of them, and the programs that are needed.
pub const PACKAGES: &[&str] = &["bird2", "frr", "gobgpd", "openbgpd"];
/// See [`PACKAGES`].
pub const PROGRAMS: &[&str] = &["bird", "birdc", "frr/bgpd", "vtysh", "gobgpd", "gobgp", "bgpd", "bgpctl"];

/// The user that Debian's OpenBGPD runs as.
const OPENBGPD_USER: &str = "_openbgpd";
/// A number that no user of Debian has.
const OPENBGPD_ID: &str = "64999";

/// Whether that router can be run by us; the error is the reason why not.
pub fn runnable(software: Software) -> Result<()> {
    if software == Software::Openbgpd {
        let user = Tool::new(["id", "-u"]).run(&[])?;
        ensure!(user.trim() == "0", "OpenBGPD starts only as root, to give its rights away");
        Tool::new(["unshare", "--mount", "true"])
            .run(&[])
            .context("OpenBGPD needs a user, and so mounts of its own")?;
    }
    Ok(())
}

impl Lab {
    /// Starts a router, and waits until it answers.
    pub fn router(&mut self, software: Software, programs: &Programs) -> Result<Router> {
        let command_line = self.start_router(software, programs)?;
        let question: &[&str] = match software {
            Software::Bird => &["show", "status"],
            Software::Frr => &["-c", "show bgp summary json"],
            Software::Gobgp => &["global"],
            Software::Openbgpd => &["show"],
        };
        let process = self.routers.last_mut().context("nothing was started")?;
        await_answer(software.name(), process, || command_line.run(question).map(drop))?;
        let router = Router::new(software, command_line, super::ALIASD.to_string());
        router.announce_first()?;
        Ok(router)
    }

    /// Starts a router; returns its command line.
    fn start_router(&mut self, software: Software, programs: &Programs) -> Result<Tool> {
        match software {
            Software::Bird => self.bird(programs),
            Software::Frr => self.frr(programs),
            Software::Gobgp => self.gobgp(programs),
            Software::Openbgpd => self.openbgpd(programs),
        }
    }

    fn bird(&mut self, programs: &Programs) -> Result<Tool> {
        self.configure("bird.conf", &self.places.interop.join("loopback/bird.conf"))?;
        self.start("bird", programs, "bird", &["-f", "-c", "bird.conf", "-s", "bird.ctl", "-P", "bird.pid"])?;
        Ok(programs.tool("birdc")?.within(&self.folder).with(["-s", "bird.ctl"]))
    }

    fn frr(&mut self, programs: &Programs) -> Result<Tool> {
        self.configure("frr.conf", &self.places.interop.join("loopback/frr.conf"))?;
        let port = self.port.to_string();
        let folder = self.folder.display().to_string();
        let args =
            ["--skip_runas", "--no_kernel", "--no_zebra", "-f", "frr.conf", "-l", "127.0.0.3", "-p", &port, "-P", "0"];
        let paths = ["--vty_socket", &folder, "-i", "bgpd.pid"];
        self.start("frr", programs, "frr/bgpd", &[&args[..], &paths].concat())?;
        Ok(programs.tool("vtysh")?.with(["--vty_socket", &folder]))
    }

    fn gobgp(&mut self, programs: &Programs) -> Result<Tool> {
        self.configure("gobgpd.toml", &self.places.interop.join("loopback/gobgpd.toml"))?;
        let socket = self.folder.join("gobgpd.sock");
        // It does not remove that of one that was killed.
        if socket.exists() {
            fs::remove_file(&socket)?;
        }
        let socket = format!("unix://{}", socket.display());
        let args = ["-f", "gobgpd.toml", "--api-hosts", &socket, "--pprof-disable"];
        self.start("gobgpd", programs, "gobgpd", &args)?;
        Ok(programs.tool("gobgp")?.with(["--target", &socket, "-j"]))
    }

    /// It insists on a user of its own and on a folder to lock itself in. Both are given to it alone, by mounts that nobody
    /// else sees: the machine's users stay as they are.
    fn openbgpd(&mut self, programs: &Programs) -> Result<Tool> {
        self.configure("openbgpd.conf", &self.places.interop.join("loopback/openbgpd.conf"))?;
        Tool::new(["chmod", "600"]).within(&self.folder).run(&["openbgpd.conf"])?;
        let empty = self.folder.join("empty");
        fs::create_dir_all(&empty)?;
        let user = format!("{OPENBGPD_USER}:x:{OPENBGPD_ID}:{OPENBGPD_ID}::{}:/bin/false\n", empty.display());
        let group = format!("{OPENBGPD_USER}:x:{OPENBGPD_ID}:\n");
        for (name, line) in [("passwd", user), ("group", group)] {
            let known = fs::read_to_string(format!("/etc/{name}"))?;
            let others = known.lines().filter(|line| !line.starts_with(OPENBGPD_USER));
            let text: String = others.map(|line| format!("{line}\n")).collect();
            fs::write(self.folder.join(name), text + &line)?;
        }
        let program = programs.path("bgpd")?.display().to_string();
        let script = "mount --bind passwd /etc/passwd && mount --bind group /etc/group && exec \"$0\" -d -v -f \"$PWD/openbgpd.conf\"";
        self.start("openbgpd", programs, "unshare", &["--mount", "sh", "-c", script, &program])?;
        let socket = self.folder.join("openbgpd.sock").display().to_string();
        Ok(programs.tool("bgpctl")?.with(["-s", &socket, "-j"]))
    }

    fn start(&mut self, name: &str, programs: &Programs, program: &str, args: &[&str]) -> Result<()> {
        let path = programs.path(program)?;
        let daemon = Daemon { name, program: &path, args, env: &programs.env, folder: &self.folder };
        self.routers.push(Process::start(&daemon)?);
        Ok(())
    }
}
