//! aliasctl: looks inside aliasd and changes nothing.

use std::process::ExitCode;

fn main() -> ExitCode {
    bgp_daemon::cli::main()
}
