//! The daemon's configuration: layers of TOML and environment in, a valid [`Config`] or every fault at once out.
//!
//! | step | module |
//! |---|---|
//! | files and environment into one tree that remembers lines | `layers` |
//! | the tree into the shape that is written | `read`, `shape` |
//! | the shape into what is meant | `validate`, `model` |
//! | a peer's rules into policies, and what its session must know | `policy`, `session` |
//! | two of those into what a reload must touch | [`change`] |
//!
//! It knows no socket, no running session and no inventory.

mod advertised;
pub mod change;
mod fault;
mod key;
mod layers;
mod model;
mod originations;
mod policy;
mod prohibited;
mod read;
mod session;
mod shape;
mod suggest;
#[cfg(test)]
mod tests;
mod validate;
mod written;

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

pub use advertised::{Advertised, AdvertisedIpRange, InterRegionCosts, RegionCost};
pub use change::{ConfigChange, PeerChange};
pub use fault::{ConfigFault, ConfigFaults, Position};
pub use model::{
    Audit, Config, Control, ExportRules, Guard, ImportRules, Inventory, InventorySource, Journal, Log, LogFormat,
    ManifestUse, Metrics, Peer, RoleSelector, Router, Warning,
};
pub use originations::{ALL_SUBNETS, AdvertiseRule, Aggregation, InUse, PrefixLengths, RangeRoleRule, RangeSelector};
pub use policy::{CUSTOM_RANGE, HeldPrefixes};
pub use prohibited::PROHIBITED;
pub use written::{Written, WrittenFile};

impl Config {
    /// Reads `path`, the `conf.d/*.toml` beside it in order of name, and the `ALIASD__SECTION__KEY` environment.
    ///
    /// A later layer overrides an earlier one key by key; its `[[peer]]`, `[[advertise]]` and `[[range_role]]` are
    /// appended. Relative paths are resolved against the directory of `path`, whatever layer they come from.
    ///
    /// # Errors
    /// Every fault found, each with file, line, column, key and value.
    pub fn load(path: &Path) -> Result<Self, ConfigFaults> {
        Self::load_with(path, std::env::vars_os())
    }

    /// [`Config::load`] with this environment instead of the process's.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_with(
        path: &Path,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigFaults> {
        let mut written = Written::at(path);
        let counts = |(name, value): (OsString, OsString)| {
            let pair = (name.clone().into_string().ok()?, value.clone().into_string().ok()?);
            pair.0.starts_with(layers::PREFIX).then_some(pair)
        };
        let environment: Vec<(OsString, OsString)> = environment.into_iter().collect();
        written.environment.extend(environment.iter().cloned().filter_map(counts));
        let mut faults = Vec::new();
        let layers = layers::Layers::read(path, environment, &mut written.files, &mut faults);
        let mut config = validate::validate(&layers, faults)?;
        config.written = Arc::new(written);
        Ok(config)
    }

    /// Reads `text` as if it stood alone at `path`, without a look at any file or the environment.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_text(path: &Path, text: &str) -> Result<Self, ConfigFaults> {
        let file = WrittenFile { path: path.to_owned(), text: text.to_owned() };
        Written { files: vec![file], ..Written::at(path) }.read()
    }
}
