//! `aliasctl decode`: BGP messages of a file or of standard input, read as the daemon reads them and shown one by one.
//!
//! Needs no daemon. Reading is bgp-core's own; here are the sources (hexadecimal text, a raw stream, MRT) and the answer's
//! form. No more than one message or record is kept at a time.

mod capability;
mod format;
mod hex;
mod item;
mod line;
mod message;
mod mrt;
mod raw;
mod shape;
mod timestamp;
mod update;

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::PathBuf;

use bgp_core::types::{AddressFamily, Asn, PeerKind};
use bgp_core::wire::framer::{MAX_EXTENDED_MESSAGE_LEN, MAX_MESSAGE_LEN};
use clap::ValueEnum;

pub use format::InputFormat;
pub use item::InputError;
use message::Reading;
use shape::Report;

/// How the answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// JSON, one object a line.
    #[default]
    Json,
    /// YAML, one document a message.
    Yaml,
    /// One line a message, cut to what matters.
    Table,
}

/// What the short help has no room for.
const HELP: &str = "\
Input formats (--format):
  hex   A line holds one or more whole messages in hexadecimal digits.
        Spaces, tabs and colons between them mean nothing, # begins a
        comment. A faulty line ends where the fault is; the next begins anew.
  raw   Messages one after the other, as in a TCP stream. Ends at the first
        bad header: nothing after it can be told apart.
  mrt   BGP4MP and BGP4MP_ET records: messages and state changes, with path
        identifiers (RFC 8050) too. Other records, as those of TABLE_DUMP_V2,
        are not read: each is reported as SKIPPED.
  auto  The first 19 octets tell: 16 octets of ff are raw, an MRT type in
        octets 5 and 6 is mrt, plain text is hex.
A compressed file goes through a pipe: zcat FILE | aliasctl decode

An MRT record says itself whether AS numbers have two or four octets and
whether the peer is in its own AS; --as2, --as4, --ebgp and --ibgp override it.

Exit codes:
  0  everything was decoded; faults of messages are part of the answer
  1  the input or a part of it is not what it should be: standard error says
     where, and what was expected
  2  the command was given wrongly";

/// Decode BGP messages, offline.
///
/// Each message becomes one object, with its faults (RFC 7606: what each costs, and the routes that are left) and, when it
/// would end a session, the NOTIFICATION that would answer it.
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub struct DecodeArguments {
    /// The file to read; - is standard input.
    #[arg(default_value = "-")]
    pub file: PathBuf,
    /// What the input is.
    #[arg(long, value_enum, default_value_t)]
    pub format: InputFormat,
    /// How to answer.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: OutputFormat,
    /// AS numbers have four octets (default).
    #[arg(long, conflicts_with = "as2")]
    pub as4: bool,
    /// AS numbers have two octets.
    #[arg(long)]
    pub as2: bool,
    /// Families with path identifiers (RFC 7911): ipv4-unicast, ipv6-unicast.
    #[arg(long, value_name = "FAMILY", value_delimiter = ',')]
    pub add_path: Vec<AddressFamily>,
    /// Messages may be up to 65535 octets long (RFC 8654), not 4096.
    #[arg(long)]
    pub extended_messages: bool,
    /// IPv4 routes may have an IPv6 next hop (RFC 8950).
    #[arg(long)]
    pub extended_next_hop: bool,
    /// The peer is in another AS (default).
    #[arg(long, conflicts_with = "ibgp")]
    pub ebgp: bool,
    /// The peer is in our AS.
    #[arg(long)]
    pub ibgp: bool,
    /// The AS that the path of each announcement must begin with, any when it is not given; implies --ebgp.
    #[arg(long, value_name = "ASN", conflicts_with = "ibgp")]
    pub peer_asn: Option<Asn>,
}

/// Why not everything was decoded: exit code 1.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The file cannot be opened.
    #[error("cannot read {}: {source}", file.display())]
    Open {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The input cannot be read any further; what came before was decoded.
    #[error("{}: {source}", name(file))]
    Input {
        /// The file.
        file: PathBuf,
        /// Where and why.
        source: InputError,
    },
    /// Parts of the input are no messages; each was reported in its place as UNREADABLE.
    #[error("{}: {count} of the reports are UNREADABLE, the first at offset {offset}: {reason}", name(file))]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// How many.
        count: u64,
        /// Where the first is.
        offset: u64,
        /// What is wrong with the first.
        reason: String,
    },
    /// Not one message, only MRT records that are not read.
    #[error(
        "{}: none of the {count} MRT records is a BGP message (expected BGP4MP or BGP4MP_ET; TABLE_DUMP_V2 is not read)",
        name(file)
    )]
    OnlySkipped {
        /// The file.
        file: PathBuf,
        /// How many records.
        count: u64,
    },
    /// The answer cannot be written.
    #[error("cannot write the answer: {0}")]
    Output(io::Error),
}

fn name(file: &std::path::Path) -> String {
    if file.as_os_str() == "-" { "standard input".to_owned() } else { file.display().to_string() }
}

/// Decodes the file or standard input to `out`. A reader that goes away early is no error.
///
/// # Errors
/// [`DecodeError`]; what could be decoded was written before.
pub fn run(arguments: &DecodeArguments, out: &mut impl Write) -> Result<(), DecodeError> {
    if arguments.file.as_os_str() == "-" {
        return run_on(arguments, io::stdin().lock(), out);
    }
    let open = |source| DecodeError::Open { file: arguments.file.clone(), source };
    let file = File::open(&arguments.file).map_err(open)?;
    run_on(arguments, BufReader::with_capacity(1 << 16, file), out)
}

/// Decodes `input` to `out`, whatever file is named in the arguments.
///
/// # Errors
/// As [`run`].
pub fn run_on(arguments: &DecodeArguments, input: impl BufRead, out: &mut impl Write) -> Result<(), DecodeError> {
    let mut out = BufWriter::with_capacity(1 << 16, out);
    let done = answer_all(arguments, input, &mut out);
    let flushed = out.flush().map_err(DecodeError::Output);
    match done.and(flushed) {
        Err(DecodeError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

fn answer_all(arguments: &DecodeArguments, input: impl BufRead, out: &mut impl Write) -> Result<(), DecodeError> {
    let fault = |source| DecodeError::Input { file: arguments.file.clone(), source };
    let mut source = arguments.format.open(input, arguments.max_message_len()).map_err(fault)?;
    let reading = arguments.reading();
    let mut tally = Tally::default();
    if arguments.output == OutputFormat::Table {
        writeln!(out, "{}", line::HEADING).map_err(DecodeError::Output)?;
    }
    while let Some(item) = source.next_item().map_err(fault)? {
        let report = message::report(item, tally.reports, &reading);
        write_report(&report, arguments.output, out).map_err(DecodeError::Output)?;
        tally.count(&report);
    }
    tally.judge(arguments)
}

fn write_report(report: &Report, output: OutputFormat, out: &mut impl Write) -> io::Result<()> {
    match output {
        OutputFormat::Json => {
            serde_json::to_writer(&mut *out, report)?;
            out.write_all(b"\n")
        }
        OutputFormat::Yaml => {
            out.write_all(b"---\n")?;
            // Through a string, so that the kind of an error of `out` stays what it is.
            let text = serde_yaml_ng::to_string(report).map_err(io::Error::other)?;
            out.write_all(text.as_bytes())
        }
        OutputFormat::Table => writeln!(out, "{}", line::Line(report)),
    }
}

impl DecodeArguments {
    const fn max_message_len(&self) -> u16 {
        if self.extended_messages { MAX_EXTENDED_MESSAGE_LEN } else { MAX_MESSAGE_LEN }
    }

    fn reading(&self) -> Reading {
        let chosen = |one: bool, other: bool| (one || other).then_some(one);
        Reading {
            four_octet_asn: chosen(self.as4, self.as2),
            peer_kind: chosen(self.ibgp, self.ebgp || self.peer_asn.is_some())
                .map(|internal| if internal { PeerKind::Internal } else { PeerKind::External }),
            add_path: self.add_path.iter().copied().collect(),
            first_asn: self.peer_asn,
            extended_next_hop: self.extended_next_hop,
        }
    }
}

/// What was found besides messages.
#[derive(Debug, Default)]
struct Tally {
    reports: u64,
    skipped: u64,
    unreadable: u64,
    first_unreadable: Option<(u64, String)>,
}

impl Tally {
    fn count(&mut self, report: &Report) {
        self.reports += 1;
        match (report.kind, &report.body) {
            ("SKIPPED", _) => self.skipped += 1,
            ("UNREADABLE", shape::Body::Reason(reason)) => {
                self.unreadable += 1;
                self.first_unreadable.get_or_insert_with(|| (report.offset, reason.reason.clone()));
            }
            _ => {}
        }
    }

    fn judge(self, arguments: &DecodeArguments) -> Result<(), DecodeError> {
        let file = arguments.file.clone();
        match self.first_unreadable {
            Some((offset, reason)) => Err(DecodeError::Unreadable { file, count: self.unreadable, offset, reason }),
            None if self.skipped > 0 && self.skipped == self.reports => {
                Err(DecodeError::OnlySkipped { file, count: self.skipped })
            }
            None => Ok(()),
        }
    }
}
