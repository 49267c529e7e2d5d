//! What a daemon costs: CPU time and memory of its whole process group, as the kernel counts them.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;

/// A daemon and all that it started.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    leader: u32,
}

impl Group {
    /// The group of the process `leader`.
    pub const fn of(leader: u32) -> Self {
        Self { leader }
    }

    /// User and system time of all its processes, to the nanosecond; threads that ended count too.
    pub fn cpu(self) -> Result<Duration> {
        self.members()?.into_iter().map(cpu_of).sum()
    }

    /// The most memory that its processes had, each at its own time, in octets.
    pub fn peak_memory(self) -> Result<u64> {
        self.memory("VmHWM:")
    }

    /// The memory that its processes have, in octets.
    pub fn memory_now(self) -> Result<u64> {
        self.memory("VmRSS:")
    }

    fn memory(self, field: &str) -> Result<u64> {
        self.members()?.into_iter().map(|pid| memory_of(pid, field)).sum()
    }

    fn members(self) -> Result<Vec<u32>> {
        let mut members = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            // One that ended meanwhile has no more to say.
            let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
            // The name in parentheses may hold anything; state, parent and group follow it.
            let group = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(2)?.parse::<u32>().ok());
            if group == Some(self.leader) {
                members.push(pid);
            }
        }
        ensure!(!members.is_empty(), "process group {} has ended", self.leader);
        Ok(members)
    }
}

/// User and system time of this process.
pub fn our_cpu() -> Result<Duration> {
    Ok(ClockId::CLOCK_PROCESS_CPUTIME_ID.now()?.into())
}

fn cpu_of(pid: u32) -> Result<Duration> {
    let clock = clock_getcpuclockid(Pid::from_raw(i32::try_from(pid)?))?;
    Ok(clock.now()?.into())
}

fn memory_of(pid: u32, field: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).with_context(|| format!("process {pid} ended"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)).context("no such line in its status")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().with_context(|| format!("no number: {line}"))?;
    Ok(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_used_some_cpu_and_memory() {
        let us = std::process::id();
        assert!(cpu_of(us).unwrap() > Duration::ZERO);
        assert!(our_cpu().unwrap() > Duration::ZERO);
        let (now, peak) = (memory_of(us, "VmRSS:").unwrap(), memory_of(us, "VmHWM:").unwrap());
        assert!(now > 0 && peak >= now, "{now} {peak}");
    }
}
