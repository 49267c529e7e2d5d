//! Where it was measured: a figure without its machine says nothing.

use std::fs;

use interop::command::Tool;

/// Processor, cores, kernel, and how busy it was already.
pub fn describe() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name));
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZeroUsize::get);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split_whitespace().take(3).collect();
    format!(
        "{}, {cores} cores, Linux {}, load {} at the start",
        model.unwrap_or("a processor without a name"),
        kernel.trim(),
        load.join(" ")
    )
}

/// Which commit this is, as far as git can say.
pub fn commit() -> String {
    let git = Tool::new(["git", "-C", env!("CARGO_MANIFEST_DIR")]);
    git.run(&["describe", "--always", "--dirty", "--abbrev=12"])
        .map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned())
}
