//! Instructions by callgrind: the same from run to run, however busy the machine is.

use std::io::ErrorKind;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Runs this very program again with these arguments, and gives the instructions that callgrind collects with these options;
/// `None` where valgrind is not installed.
///
/// # Errors
/// When the program fails, or callgrind collects nothing.
pub fn instructions(options: &[&str], arguments: &[&str]) -> Result<Option<u64>> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).args(options);
    let output = match valgrind.arg(std::env::current_exe()?).args(arguments).output() {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {said}", arguments.join(" "));
    let count = said.lines().find_map(|line| line.split_once("Collected : ")).context("no count of instructions")?.1;
    let count = count.trim().parse()?;
    ensure!(count > 0, "{}: callgrind saw nothing of what was to be counted", arguments.join(" "));
    Ok(Some(count))
}
