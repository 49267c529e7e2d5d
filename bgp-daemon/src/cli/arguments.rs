//! The command line.

use std::net::IpAddr;
use std::path::PathBuf;

use bgp_core::types::Prefix;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::decode::DecodeArguments;
use super::discard_routes::DiscardSyntax;
use super::prefix_list::{ListName, Syntax};
use crate::control::reply::View;

/// What the exit codes mean, as `--help` tells.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  done (also when the reader of the output has gone)
  1  failed; with `status --quiet`: the daemon is DEGRADED
  2  wrong usage
  3  not found: no such peer, no route, an address that is in neither the inventory nor the table
  4  the daemon cannot be reached
  10 plan: routes or sessions would change
  11 plan: the guard would hold withdrawals";

/// Looks inside aliasd and changes nothing.
#[derive(Debug, Parser)]
#[command(name = "aliasctl", version, after_help = EXIT_CODES, max_term_width = 120)]
pub struct Arguments {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// The question.
    #[command(subcommand)]
    pub command: Command,
}

/// What holds for every command.
#[derive(Debug, Args)]
pub struct Global {
    /// The socket of the daemon
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "ALIASCTL_SOCKET",
        default_value = "/run/aliasd/aliasd.sock"
    )]
    pub socket: PathBuf,
    /// How the answer is written [default: table; of decode: json]
    #[arg(short, long, global = true, value_name = "FORMAT", value_enum)]
    pub output: Option<Format>,
    /// When to use colours; NO_COLOR and CLICOLOR_FORCE are heeded
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Leave out the titles of tables
    #[arg(long, global = true)]
    pub no_headers: bool,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// The reply as JSON
    Json,
    /// The reply as YAML
    Yaml,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Ask the daemon.
    #[command(flatten)]
    Ask(Question),
    Decode(DecodeArguments),
}

/// What the daemon can be asked.
#[derive(Debug, Subcommand)]
pub enum Question {
    /// The daemon as a whole: health and why, peers, routes, inventory, warnings
    Status(StatusArguments),
    /// The BGP sessions, or all about one
    Peers(PeersArguments),
    /// Routes: the best ones, or what was learned, is advertised or originated
    Routes(RoutesArguments),
    /// The route for an address: the longest match, its paths and why one is the best
    Lookup(LookupArguments),
    /// The inventory in use: its ranges, and what keeps a newer state out
    Inventory,
    /// What the rules come to: prefixes and their bounds, and addresses that are announced and allocated to nobody
    Aggregation,
    /// What another inventory or configuration would change, as routes; changes nothing
    Plan(PlanArguments),
    /// What the guard holds back: which withdrawals, why, and the hash to release them by
    Guard,
    /// Why an address or a prefix is advertised, or where the chain breaks
    Explain(ExplainArguments),
    /// What is originated, for the configuration of routers and firewalls
    #[command(subcommand)]
    Export(Export),
}

/// What can be exported.
#[derive(Debug, Subcommand)]
pub enum Export {
    /// The prefixes of a role, or all of them, as a prefix list or a set; never an empty one
    PrefixList(PrefixListArguments),
    /// Routes that drop what is announced and has no route of its own, so that it does not come back to who sent it
    DiscardRoutes(DiscardRoutesArguments),
}

/// `export discard-routes`.
#[derive(Debug, Args)]
pub struct DiscardRoutesArguments {
    /// Only for prefixes of this role, as "pod"
    #[arg(long)]
    pub role: Option<String>,
    /// Whose language
    #[arg(long, value_enum)]
    pub format: DiscardSyntax,
}

/// `export prefix-list`.
#[derive(Debug, Args)]
pub struct PrefixListArguments {
    /// Only prefixes of this role, as "pod"
    #[arg(long)]
    pub role: Option<String>,
    /// Whose language
    #[arg(long, value_enum)]
    pub format: Syntax,
    /// What the list is called [default: aliasd-ROLE]
    #[arg(long, value_parser = ListName::parse)]
    pub name: Option<ListName>,
}

/// `status`.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Print nothing; exit with 0 when the health is OK, 1 when it is DEGRADED
    #[arg(short, long)]
    pub quiet: bool,
}

/// `peers`.
#[derive(Debug, Args)]
pub struct PeersArguments {
    /// Only this peer, in full
    pub name: Option<String>,
    /// The last UPDATE messages of the peer that had faults, whole, with what each fault cost
    #[arg(long, requires = "name")]
    pub faults: bool,
}

/// `routes`.
#[derive(Debug, Args)]
pub struct RoutesArguments {
    /// Only this prefix and what lies inside it
    #[arg(value_parser = prefix)]
    pub prefix: Option<Prefix>,
    /// The best route to each prefix (the default)
    #[arg(long, group = "view")]
    pub best: bool,
    /// What peers sent, used or not
    #[arg(long, group = "view")]
    pub learned: bool,
    /// What peers are sent
    #[arg(long, group = "view")]
    pub advertised: bool,
    /// Our own
    #[arg(long, group = "view", conflicts_with = "peer")]
    pub originated: bool,
    /// Only what this peer sent or is sent
    #[arg(long, value_name = "NAME")]
    pub peer: Option<String>,
    /// Only IPv4
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    pub ipv4: bool,
    /// Only IPv6
    #[arg(short = '6', long)]
    pub ipv6: bool,
}

impl RoutesArguments {
    /// All that are our own.
    pub const fn originated() -> Self {
        Self {
            prefix: None,
            best: false,
            learned: false,
            advertised: false,
            originated: true,
            peer: None,
            ipv4: false,
            ipv6: false,
        }
    }

    /// Which routes.
    pub const fn view(&self) -> View {
        match (self.learned, self.advertised, self.originated) {
            (true, _, _) => View::Learned,
            (_, true, _) => View::Advertised,
            (_, _, true) => View::Originated,
            _ => View::Best,
        }
    }
}

/// `lookup`.
#[derive(Debug, Args)]
pub struct LookupArguments {
    /// The address
    pub address: IpAddr,
}

/// `plan`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("other").required(true).multiple(true))]
pub struct PlanArguments {
    /// An inventory: a directory or a file, read by aliasctl itself [default: that of the configuration]
    #[arg(long, value_name = "DIR", group = "other")]
    pub inventory: Option<PathBuf>,
    /// A configuration file, with the conf.d beside it and the daemon's environment [default: the one in force]
    #[arg(long, value_name = "FILE", group = "other")]
    pub config: Option<PathBuf>,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// An address, or a prefix
    #[arg(value_name = "ADDR|PREFIX", value_parser = target)]
    pub target: String,
    /// Only toward this peer
    #[arg(long, value_name = "NAME")]
    pub peer: Option<String>,
}

fn prefix(text: &str) -> Result<Prefix, String> {
    Prefix::parse_exact(text).map_err(|error| error.expected)
}

fn target(text: &str) -> Result<String, String> {
    match text.parse::<IpAddr>() {
        Ok(address) => Ok(address.to_string()),
        Err(_) => match text.contains('/') {
            true => prefix(text).map(|prefix| prefix.to_string()),
            false => Err("expected an address as in 10.0.0.1, or a prefix as in 10.0.0.0/8".to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn refuses_what_is_no_address_before_asking_the_daemon() {
        let parse = |words: &[&str]| Arguments::try_parse_from(["aliasctl"].iter().chain(words));
        assert!(parse(&["explain", "10.4.0.1"]).is_ok() && parse(&["explain", "fd00::/8"]).is_ok());
        let error = parse(&["explain", "10.4.0.1/8"]).unwrap_err().to_string();
        assert!(error.contains("host bits are set; expected 10.0.0.0/8"), "{error}");
        for words in [
            &["lookup", "10.4"][..],
            &["routes", "pod"],
            &["explain", "pod"],
            &["routes", "--best", "--learned"],
            &["peers", "--faults"],
        ] {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }
}
