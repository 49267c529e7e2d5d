//! A large inventory through its whole way: files, snapshot, originations, journal, a change of one range, a restart.
//!
//! `cargo bench -p bgp-daemon --bench scale -- INSTANCES ALIASES FILES`; without numbers 100000 instances with 10 alias
//! ranges each in 20 files. It prints wall and CPU time of each step, and resident memory after
//! it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench may fail"
)]
#![allow(missing_docs, reason = "a bench has no users")]

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bgp_daemon::config::Config;
use bgp_daemon::inventory::{Allocation, InventoryStatus, Snapshot, watch};
use bgp_daemon::journal::{Journal, Restored};
use bgp_daemon::origination::guard::Guard;
use bgp_daemon::origination::{Current, Memory, OriginationSet, advance, originate_after};
use tokio_util::sync::CancellationToken;

/// Changes of one range each that are timed one by one.
const CHANGES: usize = 2000;

struct Size {
    instances: usize,
    aliases: usize,
    files: usize,
}

impl Size {
    fn from_arguments() -> Self {
        let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
        match numbers[..] {
            [instances, aliases, files] => Self { instances, aliases, files },
            _ => Self { instances: 100_000, aliases: 10, files: 20 },
        }
    }

    /// The instances of one file; `moved` makes one alias range of its first instance another one.
    fn file(&self, file: usize, moved: bool) -> String {
        let per_file = self.instances.div_ceil(self.files);
        let mut text = String::from("[");
        for number in (file * per_file)..((file + 1) * per_file).min(self.instances) {
            let separator = if number == file * per_file { "" } else { ",\n" };
            let vm = std::net::Ipv4Addr::from_bits(0x0A00_0000 + 4 + u32::try_from(number).unwrap());
            write!(
                text,
                "{separator}{{\"kind\": \"compute#instance\", \"selfLink\": \"https://www.googleapis.com/compute/v1/projects/p/zones/us-central1-{file}/instances/gke-prod-pool-{number:06x}\", \"status\": \"RUNNING\", \"networkInterfaces\": [{{\"name\": \"nic0\", \"network\": \"projects/p/global/networks/n\", \"subnetwork\": \"projects/p/regions/us-central1/subnetworks/s\", \"networkIP\": \"{vm}\", \"aliasIpRanges\": ["
            )
            .unwrap();
            for alias in 0..self.aliases {
                // Every second /28, so that nothing aggregates.
                let mut index = u32::try_from(number * self.aliases + alias).unwrap() * 2;
                if moved && number == file * per_file && alias == 0 {
                    index += 1;
                }
                let range = std::net::Ipv4Addr::from_bits(0x2000_0000 + index * 16);
                let separator = if alias == 0 { "" } else { ", " };
                write!(text, "{separator}{{\"ipCidrRange\": \"{range}/28\", \"subnetworkRangeName\": \"pods\"}}")
                    .unwrap();
            }
            text.push_str("]}]}");
        }
        text.push(']');
        text
    }
}

/// User and system time of all threads so far, to 10 ms.
fn cpu() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// Resident memory in MiB, now and at most.
fn memory() -> (u64, u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let of = |key: &str| {
        let line = status.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    };
    (of("VmRSS:"), of("VmHWM:"))
}

/// A step that is being measured: when it began, and the CPU time spent before.
struct Step(Instant, Duration);

impl Step {
    fn begin() -> Self {
        Self(Instant::now(), cpu())
    }

    fn report(&self, step: &str) {
        let (now, most) = memory();
        let (wall, spent) = (self.0.elapsed().as_secs_f64(), (cpu() - self.1).as_secs_f64());
        println!("{step:<44} {wall:>7.2} s, {spent:>6.2} s of CPU   {now:>5} MiB, at most {most:>5} MiB");
    }
}

fn timed<T>(step: &str, work: impl FnOnce() -> T) -> T {
    let begin = Step::begin();
    let result = work();
    begin.report(step);
    result
}

fn write_inventory(size: &Size, folder: &Path) {
    let subnetwork = r#"[{"kind": "compute#subnetwork", "selfLink": "projects/p/regions/us-central1/subnetworks/s",
        "network": "projects/p/global/networks/n", "ipCidrRange": "10.0.0.0/8",
        "secondaryIpRanges": [{"rangeName": "pods", "ipCidrRange": "32.0.0.0/3"}]}]"#;
    fs::write(folder.join("subnetworks.json"), subnetwork).unwrap();
    for file in 0..size.files {
        put(folder, file, &size.file(file, false));
    }
}

fn put(folder: &Path, file: usize, text: &str) {
    fs::write(folder.join("new"), text).unwrap();
    fs::rename(folder.join("new"), folder.join(format!("instances-{file:03}.json"))).unwrap();
}

fn config(folder: &Path, bound: &str) -> Config {
    let text = r#"
[router]
asn = 64512
router_id = "10.255.0.1"
[inventory]
path = "inventory"
poll_interval_secs = 86400
settle_ms = 0
[[advertise]]
role = "pod"
aggregation = { mode = "in-use"BOUND }
[[peer]]
name = "p"
address = "10.255.0.2"
asn = 65001
export = { roles = ["pod"] }
[guard]
max_withdraw_prefixes = 1000000
"#;
    let file = folder.join("aliasd.toml");
    fs::write(&file, text.replace("BOUND", bound)).unwrap();
    Config::load_with(&file, []).unwrap()
}

fn main() {
    let size = Size::from_arguments();
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("inventory");
    fs::create_dir(&inventory).unwrap();
    write_inventory(&size, &inventory);
    let total: u64 = fs::read_dir(&inventory).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    println!(
        "{} instances, {} alias ranges, {} files, {} MiB",
        size.instances,
        size.instances * size.aliases,
        size.files,
        total >> 20
    );
    let (exact, bounded) = (config(folder.path(), ""), config(folder.path(), ", max_prefixes = 100"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(run(&size, &inventory, &[exact, bounded], &folder.path().join("state")));
}

async fn run(size: &Size, inventory: &Path, [config, bounded]: &[Config; 2], state: &Path) {
    Step::begin().report("at the start");
    let stop = CancellationToken::new();
    let begin = Step::begin();
    let mut watched = watch(config.inventory.clone(), None, stop.clone());
    watched.status.changed().await.unwrap();
    begin.report("first look: read, validate");
    let first = snapshot(&watched.status.borrow());
    let mut steps = Steps::new(config.clone());
    timed("originate", || steps.take(Arc::clone(&first)));
    println!("{:<44} {:>9}", "prefixes originated", steps.set().originations.len());
    single_changes(&mut steps, &first);
    let mut under_a_bound = Steps::new(bounded.clone());
    timed("originate at most 100", || under_a_bound.take(Arc::clone(&first)));
    single_changes(&mut under_a_bound, &first);
    drop(under_a_bound);
    let look = async |step: &str| {
        let begin = Step::begin();
        let status = watched.control.look_now().await.unwrap();
        begin.report(step);
        assert!(status.faults.is_empty(), "{}", status.faults);
        snapshot(&status)
    };
    look("look at the same files").await;
    put(inventory, 0, &size.file(0, true));
    let second = look("look after a change of one range").await;
    assert_eq!(second.revision, first.revision + 1);
    let changed = timed("originate, plan, judge", || steps.take(Arc::clone(&second)));
    assert_eq!(changed, (1, 1));
    put(inventory, 0, "[");
    let begin = Step::begin();
    let status = watched.control.look_now().await.unwrap();
    begin.report("look at a state that is not trusted: merge");
    assert!(!status.trust.is_trusted());
    assert_eq!(snapshot(&status).counts.alias_ranges, second.counts.alias_ranges);
    drop(first);
    journal(&mut steps, state);
    stop.cancel();
}

/// One step after the other, as the daemon takes them.
struct Steps {
    config: Arc<Config>,
    memory: Memory,
    guard: Guard,
    current: Option<Current>,
}

impl Steps {
    fn new(config: Config) -> Self {
        Self { config: Arc::new(config), memory: Memory::default(), guard: Guard::default(), current: None }
    }

    fn set(&self) -> Arc<OriginationSet> {
        Arc::clone(&self.current.as_ref().unwrap().set)
    }

    /// How many prefixes are announced and withdrawn.
    fn take(&mut self, snapshot: Arc<Snapshot>) -> (usize, usize) {
        let (before, now) = (self.current.as_ref(), SystemTime::now());
        let set = before.map(|current| &*current.set);
        let target = originate_after(set, &mut self.memory, snapshot, &self.config, now);
        let step = advance(before, target, Arc::clone(&self.config), &self.guard, None, now);
        self.guard = Guard::new(step.next.set.guard.clone());
        self.current = Some(step.next);
        (step.change.announce.len(), step.change.withdraw.len())
    }
}

/// Alias ranges go and come back, one a change, each in the snapshot that is there then.
fn single_changes(steps: &mut Steps, first: &Arc<Snapshot>) {
    let range = first.ranges.iter().position(|range| range.name.to_string() == "pods").unwrap();
    let every = first.ranges[range].allocations.len() / (CHANGES / 2);
    let moved: Vec<Allocation> =
        first.ranges[range].allocations.keys().step_by(every).take(CHANGES / 2).cloned().collect();
    let mut snapshot = Snapshot::clone(first);
    let begin = Step::begin();
    let mut times: Vec<Duration> = Vec::new();
    for one in &moved {
        for goes in [true, false] {
            let begin = Instant::now();
            snapshot.revision += 1;
            match goes {
                true => assert!(snapshot.ranges[range].allocations.remove(one).is_some()),
                false => assert!(snapshot.ranges[range].allocations.insert(one.clone(), ()).is_none()),
            }
            let changed = steps.take(Arc::new(snapshot.clone()));
            times.push(begin.elapsed());
            let is_bounded = steps.set().originations.len() <= 100;
            assert!(is_bounded || changed == if goes { (0, 1) } else { (1, 0) }, "{changed:?}");
        }
    }
    begin.report("single changes, each originated and judged");
    // The first of them counts all that there is once.
    let first = times[0];
    times.sort_unstable();
    let at = |permille: usize| times[(times.len() - 1) * permille / 1000].as_micros();
    println!(
        "{:<44} {:>9} changes: median {} µs, 99 % {} µs, most {} µs; the first {} µs",
        "",
        times.len(),
        at(500),
        at(990),
        at(1000),
        first.as_micros()
    );
}

fn snapshot(status: &InventoryStatus) -> Arc<Snapshot> {
    status.snapshot.clone().unwrap()
}

fn journal(steps: &mut Steps, state: &Path) {
    let (mut journal, set) = (Journal::new(state), steps.set());
    timed("journal: write, sync, rename", || journal.save(&set).unwrap());
    let len = fs::metadata(state.join("journal")).unwrap().len();
    println!(
        "{:<44} {:>9} MiB, {} octets an allocation",
        "",
        len >> 20,
        len / set.snapshot.ranges.iter().map(|range| range.allocations.len() as u64).sum::<u64>()
    );
    let mut snapshot = Snapshot::clone(&set.snapshot);
    let moved = snapshot.ranges.iter_mut().find(|range| range.name.to_string() == "pods").unwrap();
    let gone = moved.allocations.keys().next().unwrap().clone();
    moved.allocations.remove(&gone);
    assert_eq!(steps.take(Arc::new(snapshot)), (0, 1));
    let set = steps.set();
    timed("journal: amend it by one change, sync", || journal.save(&set).unwrap());
    println!("{:<44} {:>9} octets", "", fs::metadata(state.join("journal")).unwrap().len() - len);
    let Restored { record, faults } = timed("journal: read, check, rebuild", || Journal::new(state).restore());
    assert!(faults.is_empty());
    assert_eq!(record.unwrap().originations, set.originations);
}
