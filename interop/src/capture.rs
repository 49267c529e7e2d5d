//! What aliasd puts on the wire, captured by `dumpcap` and read by `tshark`: a decoder that is nobody's of us.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::command::Tool;
use crate::debian::Programs;
use crate::patience::eventually;
use crate::process::{Daemon, Process};
use crate::report::Report;
use crate::run::Places;
use crate::sent::{self, Sent};

/// Anything malformed: an exception of the decoder, an error of any protocol, or what a protocol calls malformed (the
/// group 7 of tshark's expert information).
const MALFORMED: &str = "_ws.malformed || _ws.expert.severity == 0x800000 || _ws.expert.group == 0x07000000";

/// An address of the loopback at which nobody is.
const NOBODY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

const PATIENCE: Duration = Duration::from_secs(20);

/// The two programs, where they may be used.
#[derive(Clone, Debug)]
pub struct Wireshark {
    tshark: Tool,
    programs: Programs,
}

impl Wireshark {
    /// The programs, once they have proven themselves; nothing where nothing can be captured, which the report says.
    pub fn provide(report: &mut Report, places: &Places) -> Result<Option<Self>> {
        match Self::find(report, places) {
            Ok(wireshark) => {
                wireshark.proves_itself(&places.target).context("tshark, shown a broken message")?;
                Ok(Some(wireshark))
            }
            Err(why) => report.skip(&format!("capture: {why:#}")).map(|()| None),
        }
    }

    /// Finds or fetches them; the error is the reason why nothing can be captured here.
    fn find(report: &mut Report, places: &Places) -> Result<Self> {
        let programs = Programs::provide(report, &places.target, &["tshark"], &["tshark", "dumpcap"])?;
        let may_listen = programs.tool("dumpcap")?.succeeds(&["-i", "lo", "-L"]);
        ensure!(may_listen, "dumpcap may not listen to the loopback: that takes root or CAP_NET_RAW");
        let tshark = programs.tool("tshark")?.with(["-n", "-o", "tcp.check_checksum:FALSE"]);
        Ok(Self { tshark, programs })
    }

    /// Fails unless a good OPEN passes and a broken UPDATE does not: what cannot fail shows nothing.
    fn proves_itself(&self, folder: &Path) -> Result<()> {
        let file = folder.join(format!("proof-{}.pcap", std::process::id()));
        for (message, faults) in [(GOOD, 0_usize), (BROKEN, 1)] {
            fs::write(&file, one_packet(message)?)?;
            let read = self.read(&file, &[PROOF_PORT])?;
            ensure!(read.messages == 1, "tshark found {} messages in a file of one", read.messages);
            ensure!(read.malformed.len() == faults, "tshark found {:?}, not {faults} faults", read.malformed);
        }
        Ok(fs::remove_file(&file)?)
    }

    fn read(&self, file: &Path, ports: &[u16]) -> Result<Read> {
        let file = file.display().to_string();
        let ports: Vec<String> = ports.iter().map(|port| format!("tcp.port=={port},bgp")).collect();
        let decode = ports.iter().flat_map(|port| ["-d", port]);
        let first: Vec<&str> = ["-r", &file].into_iter().chain(decode).collect();
        let tshark = self.tshark.clone().limit(Duration::from_mins(5));
        let malformed = tshark.run(&[&first[..], &["-Y", MALFORMED]].concat())?;
        let types = tshark.run(&[&first[..], &["-Y", "bgp", "-T", "fields", "-e", "bgp.type"]].concat())?;
        Ok(Read {
            messages: types.split([',', '\n']).filter(|kind| !kind.trim().is_empty()).count(),
            malformed: malformed.lines().map(str::to_owned).collect(),
        })
    }
}

struct Read {
    messages: usize,
    malformed: Vec<String>,
}

/// Where aliasd is listened to.
#[derive(Clone, Debug)]
pub struct Wire {
    /// The interface.
    interface: String,
    /// What passes, in the words of pcap-filter: what aliasd sends, and the mark.
    filter: String,
    /// Where BGP is spoken.
    ports: Vec<u16>,
    /// Where the packet goes that marks the end of what is to be read.
    mark: Mark,
}

#[derive(Clone, Copy, Debug)]
enum Mark {
    /// A connection that is refused.
    Connection(SocketAddr),
    /// A datagram to everybody on the network.
    Broadcast(SocketAddr),
}

impl Wire {
    /// The loopback, where aliasd has `address`, listens on one port and dials another.
    pub fn loopback(address: Ipv4Addr, listens: u16, dials: u16) -> Self {
        Self {
            interface: "lo".to_owned(),
            filter: format!("src host {address} and tcp and (src port {listens} or dst port {dials})"),
            ports: vec![listens, dials],
            mark: Mark::Connection(SocketAddr::from((NOBODY, dials))),
        }
    }

    /// A bridge of this machine, where aliasd has these addresses and everybody is reached at `everybody`.
    pub fn bridge(interface: &str, addresses: &[String], everybody: Ipv4Addr) -> Self {
        /// RFC 863: who gets it throws it away.
        const DISCARD: u16 = 9;
        let sent: Vec<String> = addresses.iter().map(|address| format!("src host {address}")).collect();
        Self {
            interface: interface.to_owned(),
            filter: format!(
                "(tcp port {BGP} and ({})) or (udp and dst host {everybody} and dst port {DISCARD})",
                sent.join(" or ")
            ),
            ports: vec![BGP],
            mark: Mark::Broadcast(SocketAddr::from((everybody, DISCARD))),
        }
    }
}

impl Mark {
    /// Sends the one of that number; the octets by which it is known.
    fn leave(self, number: usize) -> Result<Vec<u8>> {
        match self {
            Self::Connection(to) => {
                // Refused, but the packet that asks passes by.
                let _refused = TcpStream::connect_timeout(&to, Duration::from_secs(1));
                Ok([Ipv4Addr::LOCALHOST.octets(), NOBODY.octets()].concat())
            }
            Self::Broadcast(to) => {
                let end = format!("aliasd-interop: all before mark {number} was captured").into_bytes();
                let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
                socket.set_broadcast(true)?;
                socket.send_to(&end, to).with_context(|| format!("a datagram to {to}"))?;
                Ok(end)
            }
        }
    }
}

/// Where BGP is spoken outside of a lab.
const BGP: u16 = 179;

/// A capture that runs.
#[derive(Debug)]
pub struct Capture {
    wireshark: Wireshark,
    process: Process,
    file: PathBuf,
    wire: Wire,
    /// Marks that were left.
    marks: AtomicUsize,
}

impl Capture {
    /// Keeps in `folder` what passes on the wire, from now on.
    pub fn start(wireshark: &Wireshark, folder: &Path, wire: Wire) -> Result<Self> {
        let file = folder.join("aliasd.pcapng");
        let name = file.display().to_string();
        let program = wireshark.programs.path("dumpcap")?;
        let args = ["-q", "-i", &wire.interface, "-B", "16", "-f", &wire.filter, "-w", &name];
        let daemon = Daemon { name: "dumpcap", program: &program, args: &args, env: &wireshark.programs.env, folder };
        let mut process = Process::start(&daemon)?;
        // It opens the file once it captures.
        eventually("dumpcap captures", PATIENCE, || {
            process.still_runs()?;
            ensure!(fs::metadata(&file).is_ok_and(|file| file.len() > 0), "nothing written");
            Ok(())
        })?;
        Ok(Self { wireshark: wireshark.clone(), process, file, wire, marks: AtomicUsize::new(0) })
    }

    /// Returns when all that has passed until now is in the file.
    fn reach_now(&self) -> Result<()> {
        let mark = self.wire.mark.leave(self.marks.fetch_add(1, Ordering::Relaxed))?;
        eventually("the capture comes to this moment", PATIENCE, || {
            let octets = fs::read(&self.file)?;
            ensure!(octets.windows(mark.len()).any(|window| window == mark), "the mark is not there");
            Ok(())
        })
    }

    /// Every UPDATE until now, in order.
    pub fn sent(&self) -> Result<Vec<Sent>> {
        self.reach_now()?;
        let file = self.file.display().to_string();
        let tshark = self.wireshark.tshark.clone().limit(Duration::from_mins(5));
        // What TCP sends again was seen before.
        let updates = "bgp.type == 2 && !tcp.analysis.retransmission";
        let port = format!("tcp.port=={BGP},bgp");
        let form = ["-T", "json", "--no-duplicate-keys", "-Y", updates];
        sent::read(&tshark.run(&[&["-r", &file, "-d", &port], &form[..]].concat())?)
    }

    /// Reads what was captured until now; fails where anything is malformed, and leaves the file as `kept` then. Returns
    /// the number of BGP messages.
    pub fn check(mut self, kept: &Path) -> Result<usize> {
        self.reach_now()?;
        self.process.stop()?;
        let read = self.wireshark.read(&self.file, &self.wire.ports)?;
        if !read.malformed.is_empty() {
            fs::copy(&self.file, kept).with_context(|| kept.display().to_string())?;
            bail!("aliasd sent what is malformed, see {}:\n{}", kept.display(), read.malformed.join("\n"));
        }
        ensure!(read.messages > 0, "aliasd sent no BGP");
        Ok(read.messages)
    }
}

/// Where the messages of the proof are spoken.
const PROOF_PORT: u16 = 17_900;

/// An OPEN without capabilities.
const GOOD: &[u8] = &[1, 4, 0xFC, 0x00, 0, 90, 192, 0, 2, 1, 0];

/// An UPDATE whose ORIGIN says that it is 200 octets long.
const BROKEN: &[u8] = &[2, 0, 0, 0, 4, 0x40, 1, 200, 0];

/// A pcap file with one TCP segment in it, which is one BGP message of that type and body.
fn one_packet(message: &[u8]) -> Result<Vec<u8>> {
    const IP: usize = 20;
    const TCP: usize = 20;
    const MARKER: [u8; 16] = [0xFF; 16];
    let payload = MARKER.len() + 2 + message.len();
    let length = u16::try_from(payload)?;
    let total = u16::try_from(IP + TCP + payload)?;
    let mut file = Vec::new();
    // The head of the file: magic, version 2.4, zone, accuracy, longest packet, raw IP.
    for word in [0xA1B2_C3D4_u32, 0x0002_0004, 0, 0, 65_535, 101] {
        file.extend(word.to_be_bytes());
    }
    // The head of the packet: seconds, microseconds, octets kept, octets there were.
    for word in [0, 0, u32::from(total), u32::from(total)] {
        file.extend(word.to_be_bytes());
    }
    // IPv4 from 127.0.0.1 to 127.0.0.2, TTL 64, TCP; no checksum.
    file.extend([0x45, 0]);
    file.extend(total.to_be_bytes());
    file.extend([0, 1, 0, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 2]);
    // TCP: the ports, sequence 1, acknowledgement 1, five words, PSH and ACK, a window; no checksum.
    file.extend(PROOF_PORT.to_be_bytes());
    file.extend(40_000_u16.to_be_bytes());
    file.extend([0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x18, 0x20, 0, 0, 0, 0, 0]);
    file.extend(MARKER);
    file.extend(length.to_be_bytes());
    file.extend(message);
    Ok(file)
}
