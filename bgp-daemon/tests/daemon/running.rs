//! Running daemons.

use std::fmt::Debug;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Another process has to come to something: more than enough, and only waited for when it does not.
const DEADLINE: Duration = Duration::from_secs(20);

/// Between two looks at another process.
const PAUSE: Duration = Duration::from_millis(20);

/// A bundle with a node for each alias range.
pub fn inventory(aliases: &[&str]) -> String {
    let subnetwork = "projects/host/regions/us-central1/subnetworks/gke";
    let network = "projects/host/global/networks/vpc";
    let node = |(number, alias): (usize, &&str)| {
        json!({
            "selfLink": format!("projects/svc/zones/us-central1-a/instances/node-{number}"),
            "name": format!("node-{number}"),
            "zone": "projects/svc/zones/us-central1-a",
            "status": "RUNNING",
            "networkInterfaces": [{
                "name": "nic0", "network": network, "subnetwork": subnetwork,
                "networkIP": format!("10.0.0.{}", number + 2),
                "aliasIpRanges": [{"ipCidrRange": alias, "subnetworkRangeName": "gke-pods"}],
            }],
        })
    };
    let bundle = json!({
        "subnetworks": [{
            "selfLink": subnetwork, "name": "gke", "network": network,
            "region": "projects/host/regions/us-central1", "ipCidrRange": "10.0.0.0/20",
            "secondaryIpRanges": [{"rangeName": "gke-pods", "ipCidrRange": "10.4.0.0/14"}],
        }],
        "instances": aliases.iter().enumerate().map(node).collect::<Vec<_>>(),
    });
    bundle.to_string()
}

/// A directory with a configuration and a daemon that runs by it; stopped when dropped.
pub struct Daemon {
    directory: TempDir,
    process: Child,
}

fn aliasd(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aliasd"));
    command.arg("--config").arg(directory.join("aliasd.toml")).env_remove("ALIASD_LOG").env_remove("ALIASD_CONFIG");
    command
}

impl Daemon {
    /// A daemon by this configuration whose inventory has these alias ranges.
    pub fn start(config: &str, aliases: &[&str]) -> Self {
        let directory = TempDir::new().unwrap();
        fs::write(directory.path().join("aliasd.toml"), config).unwrap();
        fs::create_dir(directory.path().join("inventory")).unwrap();
        fs::write(directory.path().join("inventory/bundle.json"), inventory(aliases)).unwrap();
        let log = fs::File::create(directory.path().join("log")).unwrap();
        let process = aliasd(directory.path()).stderr(log).spawn().unwrap();
        let daemon = Self { directory, process };
        daemon.comes_to(&true, |daemon| daemon.socket().exists());
        daemon
    }

    /// A daemon by a configuration that it cannot follow: its exit code and what it says.
    pub fn fails_to_start(config: &str) -> (Option<i32>, String) {
        let directory = TempDir::new().unwrap();
        fs::write(directory.path().join("aliasd.toml"), config).unwrap();
        let output = aliasd(directory.path()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    /// The control socket.
    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("control.sock")
    }

    /// Another daemon by the same configuration but for this environment, which must end by itself: its exit code and what it
    /// says.
    pub fn starts_again(&self, environment: &[(&str, &str)]) -> (Option<i32>, String) {
        let output = aliasd(self.directory.path()).envs(environment.iter().copied()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    /// SIGKILL: nothing of it is left but its files.
    pub fn is_killed(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again after its end; returns when it answers.
    pub fn is_started(&mut self) {
        // That of the last one would be taken for the new one's.
        fs::remove_file(self.socket()).unwrap();
        let log = fs::File::options().append(true).open(self.directory.path().join("log")).unwrap();
        self.process = aliasd(self.directory.path()).stderr(log).spawn().unwrap();
        self.comes_to(&true, |daemon| daemon.socket().exists());
    }

    /// A file beside the configuration.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The inventory's directory.
    pub fn inventory(&self) -> PathBuf {
        self.directory.path().join("inventory")
    }

    /// Replaces the inventory as one that knows what it does: by an atomic rename.
    pub fn writes_inventory(&self, text: &str) {
        self.puts("bundle.json", text);
    }

    /// Puts a whole file of the inventory in place at once.
    pub fn puts(&self, name: &str, text: &str) {
        let new = self.directory.path().join("new.json");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.inventory().join(name)).unwrap();
    }

    pub fn edits_config(&self, edit: impl Fn(&str) -> String) {
        let path = self.directory.path().join("aliasd.toml");
        let old = fs::read_to_string(&path).unwrap();
        let new = edit(&old);
        assert_ne!(old, new, "the edit changes nothing");
        fs::write(path, new).unwrap();
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.process.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// How many file descriptors it has open.
    pub fn open_files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.process.id())).unwrap().count()
    }

    pub fn hangs_up(&self) {
        self.signal("HUP");
    }

    /// SIGTERM; its exit code.
    pub fn terminates(mut self) -> Option<i32> {
        self.signal("TERM");
        self.process.wait().unwrap().code()
    }

    /// `aliasctl plan`: its exit code and what it says, as JSON.
    pub fn plans(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let mut aliasctl = Command::new(env!("CARGO_BIN_EXE_aliasctl"));
        let output =
            aliasctl.arg("--socket").arg(self.socket()).args(["-o", "json", "plan"]).args(arguments).output().unwrap();
        (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or(Value::Null))
    }

    /// What aliasctl says as JSON.
    pub fn asks(&self, question: &[&str]) -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_aliasctl"))
            .arg("--socket")
            .arg(self.socket())
            .args(["-o", "json"])
            .args(question)
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{question:?}: {error}: {output:?}\n{}", self.log()))
    }

    /// `aliasd release`: its exit code and what it says.
    pub fn releases(&self, hash: &str) -> (Option<i32>, String) {
        let output = aliasd(self.directory.path()).args(["release", hash]).output().unwrap();
        let told = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(told).unwrap())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap()
    }

    /// Looks again until it is as expected.
    pub fn comes_to<T: PartialEq + Debug>(&self, expected: &T, look: impl Fn(&Self) -> T) {
        let until = Instant::now() + DEADLINE;
        loop {
            let found = look(self);
            if found == *expected {
                return;
            }
            assert!(Instant::now() < until, "stays at {found:?}, expected {expected:?}\n{}", self.log());
            std::thread::sleep(PAUSE);
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _gone = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// The configuration of a router with these peers, which listens there.
pub fn config(router_id: &str, asn: u32, listen: &[String], peer: &str) -> String {
    format!(
        r#"
[router]
asn = {asn}
router_id = "{router_id}"
listen = {listen:?}
[inventory]
path = "inventory"
settle_ms = 10
[journal]
path = "state"
[control]
socket = "control.sock"
[[advertise]]
role = "pod"
aggregation = {{ mode = "in-use" }}
{peer}
"#
    )
}

/// `near` announces to `far`, which has no rule to announce.
pub struct Pair {
    pub near: Daemon,
    pub far: Daemon,
    /// Where `far` awaits `near`.
    pub address: SocketAddr,
}

impl Pair {
    pub fn start(alias: &str) -> Self {
        Self::start_with(alias, "")
    }

    /// With this text after the configuration of `near`.
    pub fn start_with(alias: &str, text: &str) -> Self {
        let free = TcpListener::bind("127.0.0.2:0").unwrap().local_addr().unwrap();
        let peer = r#"
[[peer]]
name = "near"
address = "127.0.0.1"
asn = 64512
connect = "passive"
[peer.import]
allow = ["10.0.0.0/8 le 32"]
"#;
        let far = Daemon::start(&config("10.255.0.2", 65001, &[free.to_string()], peer), &[]);
        let peer = format!(
            r#"
[[peer]]
name = "far"
address = "127.0.0.2"
port = {}
local_address = "127.0.0.1"
asn = 65001
connect = "active"
connect_retry_secs = 1
hold_time_secs = 90
advertised_route_priority = 100
[peer.export]
roles = ["pod"]
{text}"#,
            free.port()
        );
        let near = Daemon::start(&config("10.255.0.1", 64512, &[], &peer), &[alias]);
        Self { near, far, address: free }
    }
}

/// `aliasd check` of a configuration: its exit code and what it says.
pub fn check(config: &str) -> (Option<i32>, String) {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("aliasd.toml"), config).unwrap();
    let output = aliasd(directory.path()).arg("check").stdout(Stdio::piped()).output().unwrap();
    let told = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(told).unwrap())
}
