//! Why a question has no answer, as a text and an exit code.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

use super::decode::DecodeError;

/// Exit code of a failure of any other kind.
pub const FAILED: u8 = 1;
/// Exit code of wrong usage.
pub const USAGE: u8 = 2;
/// Exit code of asking for what is not there.
pub const NOT_FOUND: u8 = 3;
/// Exit code of a daemon that cannot be reached.
pub const UNREACHABLE: u8 = 4;
/// Exit code of a plan that changes something.
pub const CHANGE: u8 = 10;
/// Exit code of a plan that the guard would hold.
pub const HELD: u8 = 11;

/// Why there is no answer.
#[derive(Debug)]
pub enum Failure {
    /// The daemon does not understand the question.
    Usage(String),
    /// There is no such thing.
    NotFound(String),
    /// The daemon is not there, or does not answer.
    Unreachable {
        /// Where it was sought.
        socket: PathBuf,
        /// What came of it.
        error: io::Error,
    },
    /// The answer makes no sense, or the daemon cannot give one.
    Failed(String),
    /// The answer cannot be written.
    Output(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Output(error) => Self::Output(error),
            error => Self::Failed(error.to_string()),
        }
    }
}

impl Failure {
    /// The exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Output(error) if error.kind() == ErrorKind::BrokenPipe => 0,
            Self::Output(_) | Self::Failed(_) => FAILED,
            Self::Usage(_) => USAGE,
            Self::NotFound(_) => NOT_FOUND,
            Self::Unreachable { .. } => UNREACHABLE,
        }
    }

    /// What to say; nothing when the reader has seen enough.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Output(error) if error.kind() == ErrorKind::BrokenPipe => None,
            Self::Output(error) => Some(format!("cannot write: {error}")),
            Self::Usage(text) | Self::NotFound(text) | Self::Failed(text) => Some(text.clone()),
            Self::Unreachable { socket, error } => {
                Some(format!("cannot reach aliasd at {}: {error}\n  {}", socket.display(), advice(error.kind())))
            }
        }
    }
}

fn advice(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::NotFound => {
            "Is aliasd running? Is this its control.socket? Name another with --socket PATH or ALIASCTL_SOCKET."
        }
        ErrorKind::ConnectionRefused => {
            "The socket is there and nobody listens: aliasd has ended without removing it. Start it again."
        }
        ErrorKind::PermissionDenied => {
            "This user may not use the socket: its mode is control.mode; join its group, or ask as root."
        }
        ErrorKind::TimedOut => "aliasd is there and does not answer; its log may say why.",
        _ => "Is it aliasd that listens there? Its log may say more.",
    }
}
