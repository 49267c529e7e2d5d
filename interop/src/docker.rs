//! The container engine: whether it can be used, its compose of either version, our images, what dead runs left.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::command::Tool;
use crate::report::Report;

/// Every container, network and image of ours is named after this, or carries it as a label.
const NAME: &str = "aliasd-interop";

/// An engine and a compose that answer.
#[derive(Clone, Debug)]
pub struct Docker {
    pub engine: Tool,
    /// `docker compose` (version 2) or `docker-compose` (version 1).
    pub compose: Tool,
}

impl Docker {
    /// Finds them; the error is the reason why there are none.
    pub fn find() -> Result<Self> {
        let engine = Tool::new(["docker"]);
        engine.run(&["version", "--format", "{{.Server.Version}}"]).context("no Docker engine answers")?;
        let compose = [Tool::new(["docker", "compose"]), Tool::new(["docker-compose"])]
            .into_iter()
            .find(|compose| compose.succeeds(&["version"]))
            .context("neither `docker compose` nor `docker-compose` is installed")?;
        Ok(Self { engine, compose })
    }

    /// Builds the images that the scenarios run: routers from Debian's packages, aliasd from the binaries in `binaries`.
    pub fn build_images(&self, report: &mut Report, folder: &Path, context: &Path) -> Result<()> {
        let scratch = context.parent().unwrap_or(context).display().to_string();
        let release = debian_release();
        let base = folder.join("images/base-image.sh").display().to_string();
        let said =
            Tool::new([base, release.to_owned()]).env("TMPDIR", scratch).limit(Duration::from_mins(10)).run(&[])?;
        said.lines().try_for_each(|line| report.note(line))?;
        for (software, context) in
            [("bird", folder.join("images/bird")), ("frr", folder.join("images/frr")), ("aliasd", context.to_owned())]
        {
            let tag = format!("{NAME}-{software}");
            if !self.engine.succeeds(&["image", "inspect", &tag]) {
                report.note(&format!("image {tag}: building on debian:{release}-slim"))?;
            }
            let dockerfile = folder.join("images").join(software).join("Dockerfile").display().to_string();
            let base = format!("BASE=debian:{release}-slim");
            self.engine
                .clone()
                .limit(Duration::from_mins(10))
                .run(&[
                    "build",
                    "-q",
                    "-t",
                    &tag,
                    "--build-arg",
                    &base,
                    "-f",
                    &dockerfile,
                    &context.display().to_string(),
                ])
                .with_context(|| format!("image {tag}"))?;
        }
        // What a newer build of the same tag replaced.
        let label = format!("label={LABEL}");
        self.engine.run(&["image", "prune", "-f", "--filter", &label]).map(drop)
    }

    /// Removes containers, networks and volumes of runs whose process is gone.
    pub fn remove_leftovers(&self, report: &mut Report) -> Result<()> {
        for project in self.projects()? {
            if !owner(&project).is_some_and(runs) {
                report.note(&format!("removing what an earlier run left behind: {project}"))?;
                self.remove_project(&project)?;
            }
        }
        Ok(())
    }

    /// Removes the containers, networks and volumes of a project, whatever state it is in.
    pub fn remove_project(&self, project: &str) -> Result<()> {
        let engine = self.engine.clone().unstoppable();
        let filter = format!("label=com.docker.compose.project={project}");
        for (list, remove) in [
            (&["ps", "-aq"][..], &["rm", "-f", "-v"][..]),
            (&["network", "ls", "-q"][..], &["network", "rm"][..]),
            (&["volume", "ls", "-q"][..], &["volume", "rm", "-f"][..]),
        ] {
            let ids = engine.run(&[list, &["--filter", &filter]].concat())?;
            let ids: Vec<&str> = ids.split_whitespace().collect();
            if !ids.is_empty() {
                engine.run(&[remove, &ids].concat())?;
            }
        }
        Ok(())
    }

    /// Removes our images; the next run builds them again.
    pub fn remove_images(&self) -> Result<()> {
        let listed = self.engine.run(&["image", "ls", "-q", "--filter", &format!("label={LABEL}")])?;
        let ids: Vec<&str> = listed.split_whitespace().collect();
        if !ids.is_empty() {
            self.engine.run(&[&["image", "rm", "-f"][..], &ids].concat())?;
        }
        Ok(())
    }

    /// The address ranges of all networks of the engine, as one text.
    pub fn subnets(&self) -> Result<String> {
        let networks = self.engine.run(&["network", "ls", "-q"])?;
        let networks: Vec<&str> = networks.split_whitespace().collect();
        let format = "{{range .IPAM.Config}}{{.Subnet}} {{end}}";
        // A network may vanish between the two questions.
        self.engine.all_output(&[&["network", "inspect", "--format", format][..], &networks].concat())
    }

    /// Whether the bridges of its networks are interfaces of this machine, on which what passes can be captured.
    pub fn bridges_are_here(&self) -> Result<bool> {
        let option = "{{index .Options \"com.docker.network.bridge.name\"}}";
        let bridge = self.engine.run(&["network", "inspect", "bridge", "--format", option])?;
        Ok(!bridge.trim().is_empty() && Path::new("/sys/class/net").join(bridge.trim()).exists())
    }

    fn projects(&self) -> Result<Vec<String>> {
        let format = "{{.Label \"com.docker.compose.project\"}}";
        let containers = self.engine.run(&["ps", "-a", "--format", format])?;
        let networks = self.engine.run(&["network", "ls", "--format", format])?;
        let mut found: Vec<String> = containers
            .split_whitespace()
            .chain(networks.split_whitespace())
            .filter(|project| project.starts_with(NAME))
            .map(str::to_owned)
            .collect();
        found.sort();
        found.dedup();
        Ok(found)
    }
}

/// The label of our images.
const LABEL: &str = "aliasd.interop";

/// A project's name; the process that it belongs to can be read from it.
pub fn project_name(scenario: &str) -> String {
    format!("{NAME}-{}-{scenario}", std::process::id())
}

/// Removes the folders under `target` that belong to runs whose process is gone.
pub fn remove_dead_folders(target: &Path) -> Result<()> {
    for entry in fs::read_dir(target)? {
        let entry = entry?;
        if entry.file_name().to_str().and_then(owner).is_some_and(|pid| !runs(pid)) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Whether a process of that number is one of ours.
pub fn runs(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == env!("CARGO_PKG_NAME"))
}

fn owner(project: &str) -> Option<u32> {
    project.strip_prefix(NAME)?.strip_prefix('-')?.split('-').next()?.parse().ok()
}

/// The Debian release whose C library is the one that our binaries were built with: the host's, where that is Debian.
fn debian_release() -> &'static str {
    let os = fs::read_to_string("/etc/os-release").unwrap_or_default();
    if os.contains("VERSION_CODENAME=trixie") { "trixie" } else { "bookworm" }
}

/// Copies what cargo built beside this program into `context`, from which the image of aliasd is built.
pub fn collect_binaries(binaries: &Path, context: &Path) -> Result<PathBuf> {
    fs::create_dir_all(context)?;
    for name in ["aliasd", "aliasctl"] {
        let from = binaries.join(name);
        fs::copy(&from, context.join(name))
            .with_context(|| format!("{}: not built yet (cargo build -p bgp-daemon)", from.display()))?;
    }
    Ok(context.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_whose_a_project_is() {
        assert_eq!(owner(&project_name("establish")), Some(std::process::id()));
        assert_eq!(owner("aliasd-interop-1234-router_restart"), Some(1234));
        assert_eq!(owner("aliasd-interop-mine"), None);
        assert_eq!(owner("somebody-elses"), None);
    }
}
