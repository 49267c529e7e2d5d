//! The texts that a configuration was read from, so that somebody else can read the very same.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Config, ConfigFaults, layers, validate};

/// All texts of one configuration.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Written {
    /// The configuration file; relative paths start at its directory.
    pub path: PathBuf,
    /// Every file in the order of the layers.
    pub files: Vec<WrittenFile>,
    /// The variables of the environment that count.
    pub environment: Vec<(String, String)>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
}

/// Two configurations are equal when they mean the same, however that is written.
impl PartialEq for Written {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Written {}

impl Written {
    /// Whether both are the same word for word.
    #[must_use]
    pub fn is_same_text(&self, other: &Self) -> bool {
        (&self.path, &self.files, &self.environment) == (&other.path, &other.files, &other.environment)
    }

    /// A SHA-256 over all texts, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let mut part = |octets: &[u8]| {
            hash.update(u64::try_from(octets.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(octets);
        };
        part(self.path.as_os_str().as_bytes());
        for file in &self.files {
            part(file.path.as_os_str().as_bytes());
            part(file.text.as_bytes());
        }
        for (name, value) in &self.environment {
            part(name.as_bytes());
            part(value.as_bytes());
        }
        hash.finalize().iter().map(|octet| format!("{octet:02x}")).collect()
    }

    /// The configuration that they mean.
    ///
    /// # Errors
    /// Every fault, as when it was read.
    pub fn read(&self) -> Result<Config, ConfigFaults> {
        let files = self.files.iter().map(|file| (file.path.clone(), Ok(file.text.clone())));
        let environment = self.environment.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let mut faults = Vec::new();
        let layers = layers::Layers::of(&self.path, files, environment, &mut faults);
        let mut config = validate::validate(&layers, faults)?;
        config.written = Arc::new(self.clone());
        Ok(config)
    }

    /// An empty one for the file at `path`.
    pub(super) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), ..Self::default() }
    }
}
