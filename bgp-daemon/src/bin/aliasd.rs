//! The daemon.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bgp_daemon::config::{Config, ConfigFaults, LogFormat};
use bgp_daemon::{cli, daemon, telemetry};
use clap::{Parser, Subcommand};

/// What peers' tasks allocate, the owner of the table frees: glibc's allocator pays for that with a third of all CPU time.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Announces a cloud's alias IP ranges to on-prem routers over BGP, and only what it can prove.
///
/// SIGHUP reads the configuration again and applies the difference; SIGTERM ends every session cleanly. The exit code is
/// 0 after a clean stop or a valid check, 1 when the configuration is not valid or the daemon cannot start, 2 for wrong
/// usage.
#[derive(Parser)]
#[command(name = "aliasd", version)]
struct Arguments {
    /// The configuration file; conf.d/*.toml beside it and ALIASD__SECTION__KEY in the environment go over it.
    #[arg(
        short,
        long,
        value_name = "FILE",
        env = "ALIASD_CONFIG",
        default_value = "/etc/aliasd/aliasd.toml",
        global = true
    )]
    config: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Subcommand)]
enum Command {
    /// Reads the configuration and says every fault with file, line and key; starts nothing.
    Check,
    /// Lets go what the guard holds: exactly what `aliasctl guard` shows under this hash.
    ///
    /// Uses admin.socket of the configuration. The exit code is 0 when it was let go, 1 when something else is held by now,
    /// 3 when nothing is, 4 when the daemon cannot be reached.
    Release {
        /// The hash.
        hash: String,
        /// The admin socket, instead of the configuration's.
        #[arg(long, value_name = "PATH")]
        socket: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Command::Release { hash, socket: Some(socket) }) = &arguments.command {
        return release(socket, hash);
    }
    let loaded = Config::load(&arguments.config);
    match (loaded, arguments.command) {
        (Err(faults), _) => refuse(&faults),
        (Ok(config), Some(Command::Check)) => check(&arguments.config, &config),
        (Ok(config), Some(Command::Release { hash, socket })) => release(&socket.unwrap_or(config.admin.socket), &hash),
        (Ok(config), None) => run(arguments.config, config),
    }
}

fn release(socket: &Path, hash: &str) -> ExitCode {
    ExitCode::from(cli::release(socket, hash, &mut io::stdout(), &mut io::stderr()))
}

fn check(path: &Path, config: &Config) -> ExitCode {
    let mut text = format!("{}: valid; peers: {}\n", path.display(), config.peers.len());
    for warning in &config.warnings {
        text += &format!("warning: {warning}\n");
    }
    say(io::stdout(), &text, ExitCode::SUCCESS)
}

fn refuse(faults: &ConfigFaults) -> ExitCode {
    say(io::stderr(), &format!("{faults}\n"), ExitCode::FAILURE)
}

fn run(path: PathBuf, config: Config) -> ExitCode {
    let format = match config.log.format {
        LogFormat::Text => telemetry::LogFormat::Text,
        LogFormat::Json => telemetry::LogFormat::Json,
    };
    let log = match telemetry::start(format, &config.log.level) {
        Ok(log) => log,
        Err(error) => return say(io::stderr(), &format!("log filter: {error}\n"), ExitCode::FAILURE),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return say(io::stderr(), &format!("cannot start threads: {error}\n"), ExitCode::FAILURE),
    };
    match runtime.block_on(daemon::run(path, config, log)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => say(io::stderr(), &format!("aliasd: {error}\n"), ExitCode::FAILURE),
    }
}

/// Writes and returns the code; a reader that is gone must not turn a good answer into a bad one.
fn say(mut out: impl Write, text: &str, code: ExitCode) -> ExitCode {
    let _nobody_reads = out.write_all(text.as_bytes());
    code
}
