//! aliasd under attack: peers that misbehave in every way at once, while BIRD keeps its session and its routes, and aliasd
//! stays small, quick to answer, and quiet afterwards.

mod hostile;
mod moves;
mod octets;

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use self::hostile::{Hostile, Wire};
use self::moves::{MAX_PREFIXES, Move};
use crate::capture::Wireshark;
use crate::debian::Programs;
use crate::inventory::{Inventory, Node};
use crate::lab::{ALIASD, Lab, PACKAGES, PROGRAMS};
use crate::loopback::FROM_SAMPLE;
use crate::patience::{eventually, not_interrupted};
use crate::report::Report;
use crate::router::{Family, Router, Software};
use crate::run::Places;

const PATIENCE: Duration = Duration::from_secs(30);

/// How much memory aliasd may ever have: several times what it needs, and far less than attackers could fill.
const MEMORY_MAX_KIB: u64 = 160 * 1024;

/// How many files aliasd may have open at a time, as on a machine where nobody thought of it.
const FILES_MAX: &str = "1024";

/// How many of them attackers may take.
const FILES_OF_ATTACKERS_MAX: usize = 512;

/// How long an answer to `aliasctl` may take, at the worst.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// How much an attack may make aliasd log.
const LOG_MAX: u64 = 256 * 1024;

/// How busy aliasd may be when all is over: ticks of the processor's clock, of which there are a hundred in a second.
const IDLE_TICKS_MAX: u64 = 20;
const IDLE: Duration = Duration::from_secs(2);

/// Runs it.
pub fn check(report: &mut Report, places: &Places) -> Result<()> {
    let programs = Programs::provide(report, &places.target, PACKAGES, PROGRAMS)?;
    let mut lab = Lab::new(places, "attack")?;
    if let Some(wireshark) = Wireshark::provide(report, places)? {
        lab.capture(&wireshark)?;
    }
    let inventory = Inventory::copy_of(&places.interop.join("cloud/inventory"), lab.folder().join("inventory"))?;
    let bird = lab.router(Software::Bird, &programs)?;
    let config = lab.folder().join("attack.toml");
    fs::write(&config, configuration(&fs::read_to_string(places.interop.join("loopback/attack.toml"))?)?)?;
    lab.limit_files(FILES_MAX);
    lab.aliasd(&config)?;
    eventually("the session with BIRD", PATIENCE, || bird.session())?;
    eventually("routes from aliasd", PATIENCE, || bird.has_exactly(Family::Ipv4, FROM_SAMPLE))?;
    let process = Procfs(format!("/proc/{}", lab.aliasd_pid()?).into());
    let before = (bird.session()?, bird.routes(Family::Ipv4)?);
    let files = process.open_files()?;

    let since = Instant::now();
    let worst = attacked(&lab, &inventory, &bird, &process)?;
    let attacked = since.elapsed();
    let mut after = (bird.session()?, bird.routes(Family::Ipv4)?);
    ensure!(after.1.remove(NEW_PODS).is_some(), "the new node's prefix is gone again");
    ensure!(after == before, "BIRD noticed: {before:?} became {after:?}");
    eventually("all connections of attackers are closed", PATIENCE, || {
        let open = process.open_files()?;
        ensure!(open <= files, "{open} files, before the attack {files}");
        Ok(())
    })?;
    // On a busy machine the table may still have to take away what the attackers left.
    let busy = eventually("aliasd comes to rest", PATIENCE, || {
        let busy = process.busy_for(IDLE)?;
        ensure!(busy <= IDLE_TICKS_MAX, "it is busy with nothing: {busy} ticks in {} s", IDLE.as_secs());
        Ok(busy)
    })?;
    let memory = process.most_memory_kib()?;
    ensure!(memory <= MEMORY_MAX_KIB, "aliasd needed {memory} KiB");
    let logged = fs::metadata(lab.folder().join("aliasd.log"))?.len();
    ensure!(logged <= LOG_MAX, "aliasd logged {logged} octets");
    ensure!(worst.answer <= ANSWER_MAX, "aliasctl waited {} ms for an answer", worst.answer.as_millis());
    ensure!(worst.files <= files + FILES_OF_ATTACKERS_MAX, "aliasd had {} files open", worst.files);
    report.note(&format!("{} kinds of attack in {} s, BIRD untouched", moves::ALL.len() + 1, attacked.as_secs()))?;
    report.note(&format!(
        "at the worst {} MiB of memory, {} files, an answer after {} ms, {} KiB of log; afterwards busy for {busy} ticks in {} s",
        memory / 1024,
        worst.files,
        worst.answer.as_millis(),
        logged / 1024,
        IDLE.as_secs()
    ))?;
    lab.stop_aliasd()?;
    match lab.close()? {
        Some(messages) => report.note(&format!("tshark reads {messages} messages of aliasd, none malformed")),
        None => Ok(()),
    }
}

/// The worst that was seen of aliasd while it was attacked.
#[derive(Clone, Copy, Debug, Default)]
struct Worst {
    /// How long an answer took.
    answer: Duration,
    /// How many files were open.
    files: usize,
}

/// A prefix that is added while the attack goes on.
const NEW_PODS: &str = "10.4.9.0/24";

/// Attacks from all sides, and looks meanwhile.
fn attacked(lab: &Lab, inventory: &Inventory, bird: &Router, process: &Procfs) -> Result<Worst> {
    let aliasd = SocketAddr::from((ALIASD, lab.port()));
    std::thread::scope(|scope| {
        let strangers = scope.spawn(move || strangers(aliasd));
        let attacks: Vec<_> = moves::ALL
            .iter()
            .enumerate()
            .map(|(index, one)| Ok((one, Hostile { from: address(index)?, aliasd })))
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .map(|(one, hostile)| (one, scope.spawn(move || (one.make)(hostile))))
            .collect();
        inventory.add_node(Node { name: "node-4", address: "10.128.0.5", pods: &[NEW_PODS], like: "node-1" })?;
        let mut worst = Worst::default();
        let (stop, stopped) = mpsc::channel::<()>();
        let files = scope.spawn(move || most_open_files(process, &stopped));
        while !attacks.iter().all(|(_, attack)| attack.is_finished()) {
            not_interrupted()?;
            let asked = Instant::now();
            lab.aliasctl().json(&["status"])?;
            worst.answer = worst.answer.max(asked.elapsed());
            bird.session()?;
            std::thread::sleep(Duration::from_millis(50));
        }
        drop(stop);
        worst.files = files.join().unwrap_or_else(|_| bail!("a watcher panicked"))?;
        strangers.join().unwrap_or_else(|_| bail!("a stranger panicked")).context("strangers")?;
        let mut open = Vec::new();
        for (one, attack) in attacks {
            let wires: Result<Vec<Wire>> = attack.join().unwrap_or_else(|_| bail!("panicked"));
            open.extend(wires.with_context(|| one.name.to_owned())?);
            eventually(one.name, PATIENCE, || leaves(lab, one))?;
        }
        eventually("a new node's prefix", PATIENCE, || {
            ensure!(bird.routes(Family::Ipv4)?.contains_key(NEW_PODS), "BIRD does not have it");
            Ok(())
        })?;
        Ok(worst)
    })
}

/// Looks until the other end of `stopped` is gone.
fn most_open_files(process: &Procfs, stopped: &mpsc::Receiver<()>) -> Result<usize> {
    let mut most = 0;
    while stopped.recv_timeout(Duration::from_millis(10)) == Err(mpsc::RecvTimeoutError::Timeout) {
        most = most.max(process.open_files()?);
    }
    Ok(most)
}

/// Those who are no peers are turned away without a word.
fn strangers(aliasd: SocketAddr) -> Result<()> {
    let stranger = Hostile { from: Ipv4Addr::new(127, 0, 0, 99), aliasd };
    for _ in 0..1000 {
        not_interrupted()?;
        let mut wire = stranger.connect()?;
        let _heard = wire.say(&octets::open(hostile::ASN, 90, stranger.from));
        ensure!(wire.hear(PATIENCE)?.is_none(), "aliasd talks to strangers");
    }
    Ok(())
}

fn leaves(lab: &Lab, one: &Move) -> Result<()> {
    let answer = lab.aliasctl().json(&["peers", one.name])?;
    for (member, expected) in one.leaves {
        let said = answer.pointer(&format!("/bgpPeerStatus/0/{member}")).and_then(Value::as_u64);
        ensure!(said == Some(*expected), "{member} is {said:?}, not {expected}");
    }
    Ok(())
}

fn address(index: usize) -> Result<Ipv4Addr> {
    Ok(Ipv4Addr::new(127, 0, 0, u8::try_from(64 + index)?))
}

/// The configuration with a peer for each attacker.
fn configuration(base: &str) -> Result<String> {
    let mut text = base.to_owned();
    for (index, one) in moves::ALL.iter().enumerate() {
        writeln!(
            text,
            "\n[[peer]]\nname = \"{}\"\naddress = \"{}\"\nasn = {}\nconnect = \"passive\"\n\
             next_hop_self_v4 = \"169.254.66.1\"\n\
             import = {{ allow = [\"1.0.0.0/8 le 32\"], max_prefixes = {MAX_PREFIXES} }}\n\
             export = {{ roles = [\"*\"] }}",
            one.name,
            address(index)?,
            hostile::ASN
        )?;
    }
    Ok(text)
}

/// What the kernel knows of a process.
struct Procfs(PathBuf);

impl Procfs {
    /// The most memory it ever had.
    fn most_memory_kib(&self) -> Result<u64> {
        let status = fs::read_to_string(self.0.join("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    fn open_files(&self) -> Result<usize> {
        Ok(fs::read_dir(self.0.join("fd"))?.count())
    }

    /// How many ticks it computes in that time.
    fn busy_for(&self, time: Duration) -> Result<u64> {
        let before = self.ticks()?;
        std::thread::sleep(time);
        Ok(self.ticks()? - before)
    }

    fn ticks(&self) -> Result<u64> {
        let stat = fs::read_to_string(self.0.join("stat"))?;
        // Its name, in parentheses, may have spaces in it. User and system time are the 14th and 15th of all.
        let (_, rest) = stat.rsplit_once(')').context("no name in stat")?;
        let field = |index| rest.split_whitespace().nth(index).context("stat is short");
        Ok(field(11)?.parse::<u64>()? + field(12)?.parse::<u64>()?)
    }
}
