//! The exact mode of aggregation beside `ipnet`, `iprange`, `netaddr`, `aggregate6` and `iprange` of FireHOL on the same
//! prefixes: how long each takes, and that all come to the same.
//!
//! Ours is measured as the daemon does it: from a snapshot and rules to originations with their attributes, ranges and
//! owners' places. Programs are given a file and are measured as a whole process, which an empty input shows beside them. What
//! is not installed is said.
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use bgp_core::types::Prefix;
use bgp_daemon::config::Config;
use bgp_daemon::inventory::{
    Allocation, Allocations, ObjectCounts, Owner, Provenance, Range, RangeName, ResourcePath, Snapshot, SubnetworkRef,
    Trust,
};
use bgp_daemon::origination::originate;
use ipnet::Ipv4Net;
use iprange::IpRange;

/// Runs of each, of which the median is shown.
const RUNS: usize = 3;

/// A program's way to read prefixes line by line and to write the fewest that hold the same.
struct Program {
    name: &'static str,
    command: &'static [&'static str],
}

const NETADDR: &str = "import sys, netaddr\nfor net in netaddr.cidr_merge(sys.stdin.read().split()): print(net)";

const PROGRAMS: [Program; 3] = [
    Program { name: "iprange of FireHOL", command: &["iprange", "-"] },
    Program { name: "netaddr.cidr_merge", command: &["/usr/bin/python3", "-c", NETADDR] },
    Program { name: "aggregate6", command: &["aggregate6"] },
];

fn main() -> Result<()> {
    let scenes = [
        ("200,000 /28, three of four in use", blocks(200_000, 28, |number| number % 4 != 3)),
        ("200,000 /28 of which no two join", blocks(400_000, 28, |number| number % 2 == 0)),
        ("100,000 /32 at random of a /13", random(100_000)),
    ];
    for (scene, prefixes) in scenes {
        println!("{scene}: {} prefixes", prefixes.len());
        println!("  {:<28} {:>10} {:>12}", "", "prefixes", "median ms");
        beside(&prefixes)?;
    }
    Ok(())
}

/// The blocks of this length in 32.0.0.0/3 that are in use.
fn blocks(count: u32, length: u8, in_use: impl Fn(u32) -> bool) -> Vec<Ipv4Net> {
    let block = |number: u32| Ipv4Net::new_assert(Ipv4Addr::from_bits(0x2000_0000 + (number << (32 - length))), length);
    (0..count).filter(|number| in_use(*number)).map(block).collect()
}

/// So many addresses, the same ones each time (splitmix64).
fn random(count: usize) -> Vec<Ipv4Net> {
    let mut state = 7_u64;
    let address = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut number = state;
        number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let host = u32::try_from((number ^ (number >> 31)) & 0x7_FFFF).unwrap_or(0);
        Ipv4Net::new_assert(Ipv4Addr::from_bits(0x2000_0000 + host), 32)
    };
    let mut all: Vec<Ipv4Net> = std::iter::repeat_with(address).take(count).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn beside(prefixes: &[Ipv4Net]) -> Result<()> {
    let expected = Ipv4Net::aggregate(&prefixes.to_vec());
    let (config, snapshot) = (config()?, snapshot(prefixes)?);
    let (time, ours) = median(|| Ok(originate(Arc::clone(&snapshot), &config)))?;
    let ours: Vec<String> = ours.originations.keys().map(ToString::to_string).collect();
    let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
    ensure!(ours == expected, "aliasd comes to {} prefixes, ipnet to {}", ours.len(), expected.len());
    shown("aliasd, with attributes", ours.len(), time);
    let (time, of_ipnet) = median(|| Ok(Ipv4Net::aggregate(&prefixes.to_vec())))?;
    shown("ipnet::Ipv4Net::aggregate", of_ipnet.len(), time);
    let (time, of_iprange) = median(|| {
        let mut range: IpRange<Ipv4Net> = prefixes.iter().copied().collect();
        range.simplify();
        Ok(range.iter().collect::<Vec<Ipv4Net>>())
    })?;
    shown("iprange::IpRange", of_iprange.len(), time);
    let folder = tempfile::tempdir()?;
    let (file, nothing) = (folder.path().join("prefixes"), folder.path().join("nothing"));
    let mut text = String::new();
    prefixes.iter().try_for_each(|prefix| writeln!(text, "{prefix}"))?;
    std::fs::write(&file, text)?;
    std::fs::write(&nothing, "32.0.0.0/32\n")?;
    for program in &PROGRAMS {
        if program.run(&nothing).is_err() {
            println!("  {:<28} SKIPPED: not installed", program.name);
            continue;
        }
        let (start, _) = median(|| program.run(&nothing))?;
        let (time, mut lines) = median(|| program.run(&file))?;
        lines.sort();
        let mut sorted = expected.clone();
        sorted.sort();
        // FireHOL writes a host without its length.
        let lines: Vec<String> =
            lines.iter().map(|line| if line.contains('/') { line.clone() } else { format!("{line}/32") }).collect();
        let same = if lines == sorted { "" } else { "  DIFFERS" };
        println!(
            "  {:<28} {:>10} {:>12.1}, of it {:.1} to start{same}",
            program.name,
            lines.len(),
            ms(time),
            ms(start)
        );
    }
    Ok(())
}

fn shown(name: &str, prefixes: usize, time: Duration) {
    println!("  {name:<28} {prefixes:>10} {:>12.1}", ms(time));
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median<T>(mut work: impl FnMut() -> Result<T>) -> Result<(Duration, T)> {
    let (mut times, mut last) = (Vec::new(), None);
    for _ in 0..RUNS {
        let begin = Instant::now();
        let result = work()?;
        times.push(begin.elapsed());
        last = Some(result);
    }
    times.sort_unstable();
    Ok((times.get(RUNS / 2).copied().unwrap_or_default(), last.context("no run")?))
}

impl Program {
    fn run(&self, input: &Path) -> Result<Vec<String>> {
        let (name, arguments) = self.command.split_first().context("no command")?;
        let file = std::fs::File::open(input)?;
        let output = Command::new(name).args(arguments).stdin(file).stderr(Stdio::null()).output()?;
        ensure!(output.status.success(), "{name} fails");
        Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
    }
}

fn config() -> Result<Config> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("aliasd.toml");
    let text = "[router]\nasn = 64512\nrouter_id = \"10.0.0.1\"\n[inventory]\npath = \".\"\n[[advertise]]\nrole = \"pod\"\n\
                aggregation = { mode = \"in-use\" }\n";
    std::fs::write(&path, text)?;
    Config::load_with(&path, []).map_err(|faults| anyhow::anyhow!("{faults}"))
}

fn snapshot(prefixes: &[Ipv4Net]) -> Result<Arc<Snapshot>> {
    let path = |text: &str| ResourcePath::parse(text).context("a resource path");
    let instance = Arc::new(path("projects/p/zones/z/instances/node")?);
    let interface: Arc<str> = Arc::from("nic0");
    let owner = Owner::AliasRange { instance, interface };
    let allocation = |prefix: &Ipv4Net| Allocation { prefix: Prefix::from(*prefix), owner: owner.clone() };
    let range = Range {
        subnetwork: Arc::new(SubnetworkRef {
            path: path("projects/p/regions/r/subnetworks/s")?,
            network: path("projects/p/global/networks/n")?,
            region: "r".to_owned(),
        }),
        name: RangeName::Secondary(Arc::from("pods")),
        prefix: Prefix::parse_exact("32.0.0.0/3")?,
        allocations: Allocations::of_keys(prefixes.iter().map(allocation)),
    };
    Ok(Arc::new(Snapshot {
        revision: 1,
        trust: Trust::Trusted,
        taken_at: SystemTime::UNIX_EPOCH,
        digest: String::new(),
        ranges: vec![range],
        counts: ObjectCounts::default(),
        notes: Vec::new(),
        provenance: Provenance::default(),
    }))
}
