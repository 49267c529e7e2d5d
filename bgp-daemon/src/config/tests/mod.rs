//! What the configuration promises, said from outside: texts in, a `Config` or exact messages out.

mod advertised;
mod aggregation;
mod change;
mod examples;
mod faults;
mod layers;
mod meaning;
mod metrics;
mod policy;
mod robustness;

use std::ffi::OsString;
use std::path::Path;

use super::{Config, ConfigFaults};

/// The least that is valid; tests put something after it.
pub(super) const ROUTER: &str = "[router]\nasn = 64512\nrouter_id = \"10.0.0.1\"\n[inventory]\npath = \"inventory\"\n";

/// A directory with these files, loaded from aliasd.toml with this environment; messages name paths in the directory.
fn load_files(files: &[(&str, &str)], environment: &[(&str, &str)]) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let environment = environment.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let prefix = format!("{}/", folder.path().display());
    Config::load_with(&folder.path().join("aliasd.toml"), environment)
        .map_err(|faults: ConfigFaults| faults.to_string().replace(&prefix, ""))
        .map(|mut config| {
            let relative = |path: &Path| path.strip_prefix(folder.path()).unwrap_or(path).to_owned();
            config.inventory.path = relative(&config.inventory.path);
            config.control.socket = relative(&config.control.socket);
            config
        })
}

fn load(text: &str) -> Result<Config, String> {
    load_files(&[("aliasd.toml", text)], &[])
}

/// The text after [`ROUTER`], which is five lines long.
fn load_after_router(text: &str) -> Result<Config, String> {
    load(&format!("{ROUTER}{text}"))
}

/// One valid peer with these lines added; they begin at line 10.
fn load_peer(lines: &str) -> Result<Config, String> {
    load_after_router(&format!("[[peer]]\nname = \"dc1\"\naddress = \"10.0.0.2\"\nasn = 65001\n{lines}"))
}
