//! What it cost when somebody last looked and found it good.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

/// Costs of all scenarios, as stored.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The compiler, which instructions depend on.
    pub compiler: String,
    /// By name.
    pub scenario: BTreeMap<String, Cost>,
}

/// What a route costs.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Instructions.
    pub instructions: Option<u64>,
    /// Octets of memory once it is there.
    pub octets: Option<u64>,
}

/// By how much of the baseline a cost may grow unseen, in percent: hash keys are random and the C library picks its copy loops by the processor.
const GROWTH_PERCENT: u64 = 6;

/// The same for octets.
const OCTETS_PERCENT: u64 = 5;

impl Baseline {
    /// Reads a stored baseline.
    pub fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        toml::from_str(&text).with_context(|| file.display().to_string())
    }

    /// Stores it.
    pub fn write(&self, file: &Path) -> Result<()> {
        let text =
            format!("# What a route costs in bgp-core; written by `make cost-baseline`.\n{}", toml::to_string(self)?);
        fs::write(file, text).with_context(|| file.display().to_string())
    }

    /// What of a cost is more than it may be.
    pub fn judge(&self, name: &str, cost: &Cost, same_compiler: bool) -> Result<Vec<String>> {
        let stored = self.scenario.get(name).with_context(|| format!("no baseline of {name} (make cost-baseline)"))?;
        let over = |what: &str, now: Option<u64>, then: Option<u64>, percent: u64| {
            let (now, then) = now.zip(then)?;
            let allowed = then + then * percent / 100;
            (now > allowed).then(|| format!("{name}: {now} {what} a route, {then} before (at most {allowed})"))
        };
        let instructions = cost.instructions.filter(|_| same_compiler);
        let octets = over("octets", cost.octets, stored.octets, OCTETS_PERCENT);
        Ok(over("instructions", instructions, stored.instructions, GROWTH_PERCENT).into_iter().chain(octets).collect())
    }
}

/// The compiler and its target.
pub fn compiler() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("rustc")?;
    ensure!(output.status.success(), "rustc -vV: {}", output.status);
    let said = String::from_utf8(output.stdout)?;
    let field = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let (release, host) = field("release:").zip(field("host:")).context("rustc -vV says neither release nor host")?;
    Ok(format!("rustc {release} {host}"))
}
