//! Programs of Debian packages: as installed, else unpacked under the target folder. Nothing is installed into the system:
//! no root is needed, no service starts, and nothing outside the clone changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::command::Tool;
use crate::report::Report;

/// Where programs of daemons and administrators are, which are not in everybody's PATH.
/// FRR's are called by their folder, as in `frr/bgpd`: OpenBGPD's main program is a `bgpd` too.
const FOLDERS: &[&str] = &["/usr/sbin", "/usr/lib", "/usr/bin", "/sbin", "/usr/local/sbin"];

/// Programs, and what they need in their environment.
#[derive(Clone, Debug)]
pub struct Programs {
    folders: Vec<PathBuf>,
    /// For each of them.
    pub env: Vec<(String, String)>,
}

impl Programs {
    /// Finds `programs`; where one is missing, unpacks `packages` and what they depend on under `target`.
    pub fn provide(report: &mut Report, target: &Path, packages: &[&str], programs: &[&str]) -> Result<Self> {
        let path = std::env::var("PATH").unwrap_or_default();
        let installed = Self {
            folders: std::env::split_paths(&path).chain(FOLDERS.iter().map(PathBuf::from)).collect(),
            env: vec![],
        };
        if programs.iter().all(|program| installed.path(program).is_ok()) {
            return Ok(installed);
        }
        // Packages of which a part is installed bring only the rest.
        let root = target.join("debian");
        let unpacked = Self::under(&root)?.or(&installed);
        if !programs.iter().all(|program| unpacked.path(program).is_ok()) {
            report.note(&format!("fetching Debian's {} into {}", packages.join(", "), root.display()))?;
            unpack(&root, packages)?;
        }
        // Paths of the libraries are known only once they are there.
        let unpacked = Self::under(&root)?.or(&installed);
        for program in programs {
            unpacked.path(program)?;
        }
        Ok(unpacked)
    }

    /// Where a program is.
    pub fn path(&self, program: &str) -> Result<PathBuf> {
        self.folders
            .iter()
            .map(|folder| folder.join(program))
            .find(|path| path.is_file())
            .with_context(|| format!("no program {program}"))
    }

    /// A program as a tool.
    pub fn tool(&self, program: &str) -> Result<Tool> {
        let tool = Tool::new([self.path(program)?.display().to_string()]);
        Ok(self.env.iter().fold(tool, |tool, (name, value)| tool.env(name, value.clone())))
    }

    /// With the folders of `others` after its own.
    fn or(mut self, others: &Self) -> Self {
        self.folders.extend(others.folders.iter().cloned());
        self
    }

    fn under(root: &Path) -> Result<Self> {
        let inside = |folder: &&str| root.join(folder.trim_start_matches('/'));
        let mut libraries = Vec::new();
        for parent in ["usr/lib", "lib"] {
            for entry in fs::read_dir(root.join(parent)).into_iter().flatten() {
                let folder = entry?.path();
                if folder.to_string_lossy().ends_with("-linux-gnu") {
                    libraries.push(folder.join("frr").display().to_string());
                    libraries.push(folder.display().to_string());
                }
            }
        }
        let env = vec![("LD_LIBRARY_PATH".to_owned(), libraries.join(":"))];
        Ok(Self { folders: FOLDERS.iter().map(inside).collect(), env })
    }
}

/// Downloads what is missing on this machine for `packages`, with an apt whose lists and cache are under `root` too.
fn unpack(root: &Path, packages: &[&str]) -> Result<()> {
    let apt = root.join("apt");
    let archives = apt.join("archives");
    for folder in [apt.join("lists/partial"), archives.join("partial")] {
        fs::create_dir_all(folder)?;
    }
    let option = |name: &str, value: String| ["-o".to_owned(), format!("{name}={value}")];
    let apt_get = Tool::new(["apt-get", "-qq"])
        .with(option("Dir::State::Lists", apt.join("lists").display().to_string()))
        .with(option("Dir::Cache", apt.display().to_string()))
        .with(option("Dir::Cache::Archives", archives.display().to_string()))
        .with(option("Debug::NoLocking", "1".to_owned()))
        // Else root's apt changes to a user that may not write here.
        .with(option("APT::Sandbox::User", String::new()))
        .limit(Duration::from_mins(5));
    if !apt_get.succeeds(&["--version"]) {
        bail!("{} are not installed, and there is no apt-get to fetch them with", packages.join(", "));
    }
    apt_get.run(&["update"])?;
    apt_get.run(&[&["install", "--download-only", "--no-install-recommends", "-y"][..], packages].concat())?;
    let mut found = 0_usize;
    for entry in fs::read_dir(&archives)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "deb") {
            Tool::new(["dpkg-deb", "-x"]).run(&[&file.display().to_string(), &root.display().to_string()])?;
            found += 1;
        }
    }
    ensure!(found > 0, "apt-get fetched none of {}", packages.join(", "));
    fs::remove_dir_all(&apt).with_context(|| apt.display().to_string())
}
