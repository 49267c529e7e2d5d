//! `/v1/explain`: the chain from the inventory to each peer.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use bgp_core::policy::RouteSource;
use bgp_core::rib::{ExportVerdict, PathView, Rib, Standing};
use bgp_core::types::{PeerId, Prefix};

use super::{Peers, ours, translate};
use crate::control::fault::Fault;
use crate::control::parameters::Parameters;
use crate::control::reply::{ApiVersion, ChainStep, ExplainReply, Outcome, Step};
use crate::control::view::{DaemonView, PeerEntry};

/// Why a target is advertised, or where the chain breaks.
pub async fn explain(State(view): State<DaemonView>, uri: Uri) -> Result<Json<ExplainReply>, Fault> {
    let mut parameters = Parameters::of(&uri)?;
    let expected = "an address, or address/length without host bits";
    let target = parameters.take("target", expected, target);
    let peer = parameters.take("peer", "the name of a peer", |text| Some(text.to_owned()));
    if target.is_none() {
        parameters.fault("target", None, expected);
    }
    parameters.finish()?;
    let Some(target) = target else { return Err(Fault::invalid(Vec::new())) };
    let peers = Peers::of(&view);
    let asked = match &peer {
        Some(name) => vec![peers.named(name)?.clone()],
        None => peers.iter().filter(|entry| entry.peer.enabled).cloned().collect(),
    };
    let chain = chain(&view, target, &peers, &asked).await?;
    Ok(Json(chain))
}

fn target(text: &str) -> Option<Prefix> {
    text.parse().map(Prefix::host).or_else(|_| Prefix::parse_exact(text)).ok()
}

async fn chain(view: &DaemonView, target: Prefix, peers: &Peers, asked: &[PeerEntry]) -> Result<ExplainReply, Fault> {
    let status = view.inventory.borrow().clone();
    let set = view.originations.borrow().clone();
    let config = view.config.borrow().clone();
    let ours = ours::explain(&target, &status, set.as_deref(), &config);
    let ids: Vec<PeerId> = asked.iter().map(|entry| entry.id).collect();
    let prefixes = ours.originated.clone();
    let in_inventory = ours.in_inventory;
    let question = move |rib: &Rib| {
        let originated = || prefixes.iter().map(|prefix| InTable::of(rib, prefix, &ids)).collect::<Vec<_>>();
        // What a peer sent may lie in a custom range of ours, and lead on.
        let of_others = if in_inventory && !prefixes.is_empty() { Vec::new() } else { learned(rib, &target, &ids) };
        if of_others.is_empty() { originated() } else { of_others }
    };
    let found = view.rib.ask_now(question).await?;
    let mut chain = ours.steps;
    if !in_inventory && !found.is_empty() {
        // That it is not ours breaks nothing when somebody else has it.
        chain.iter_mut().filter(|step| step.step == Step::Range).for_each(|step| step.ok = true);
    }
    let mut told = false;
    for one in &found {
        told |= one.exports.iter().any(|verdict| matches!(verdict, ExportVerdict::Advertised { .. }));
        chain.extend(one.steps(peers, asked, !in_inventory));
    }
    let is_ours = in_inventory || found.iter().find(|one| one.has_best()).is_some_and(InTable::is_originated);
    let used = found.iter().any(InTable::has_best);
    let outcome = match (is_ours, found.is_empty()) {
        (true, _) if told && !ours.originated.is_empty() => Outcome::Advertised,
        (true, _) => Outcome::NotAdvertised,
        (false, false) if used => Outcome::Learned,
        (false, false) => Outcome::Rejected,
        (false, true) => Outcome::Unknown,
    };
    let broken_at = match outcome {
        Outcome::Advertised | Outcome::Learned => None,
        Outcome::Unknown => Some(format!("range: {target} lies in no range, and no peer sent a route that covers it")),
        Outcome::NotAdvertised | Outcome::Rejected => first_broken(&chain),
    };
    Ok(ExplainReply { api_version: ApiVersion, target: target.to_string(), outcome, chain, broken_at })
}

fn first_broken(chain: &[ChainStep]) -> Option<String> {
    let broken = chain.iter().find(|step| !step.ok).map(|step| format!("{}: {}", step.step, step.text));
    broken.or_else(|| Some("export: there is no peer to tell".to_owned()))
}

/// The longest prefixes that hold the target and that somebody sent; the peers of the first only, which decides.
fn learned(rib: &Rib, target: &Prefix, ids: &[PeerId]) -> Vec<InTable> {
    let covering = (0..=target.len()).rev().filter_map(|length| Prefix::new(target.network(), length).ok());
    let mut found: Vec<InTable> =
        covering.map(|prefix| InTable::of(rib, &prefix, &[])).filter(|one| !one.paths.is_empty()).collect();
    found.truncate(ours::SHOWN);
    if let Some(first) = found.iter_mut().find(|one| one.has_best()) {
        first.exports = ids.iter().map(|id| rib.export_verdict(*id, &first.prefix)).collect();
    }
    found
}

/// What the table says of a prefix.
struct InTable {
    prefix: Prefix,
    paths: Vec<PathView>,
    /// In the order of the peers asked about; empty when they were not.
    exports: Vec<ExportVerdict>,
}

impl InTable {
    fn of(rib: &Rib, prefix: &Prefix, ids: &[PeerId]) -> Self {
        let exports = ids.iter().map(|id| rib.export_verdict(*id, prefix)).collect();
        Self { prefix: *prefix, paths: rib.paths(prefix), exports }
    }

    /// Whether the best path is our own.
    fn is_originated(&self) -> bool {
        let is_own = |path: &PathView| matches!(path.source, RouteSource::Originated { .. });
        self.paths.iter().any(|path| is_own(path) && matches!(path.standing, Standing::Best(_)))
    }

    fn has_best(&self) -> bool {
        self.paths.iter().any(|path| matches!(path.standing, Standing::Best(_)))
    }

    fn steps(&self, peers: &Peers, asked: &[PeerEntry], with_import: bool) -> Vec<ChainStep> {
        let mut steps = if with_import { self.imports(peers) } else { Vec::new() };
        steps.push(self.best_path(peers));
        let exports = asked.iter().zip(&self.exports);
        steps.extend(exports.map(|(entry, verdict)| self.export(&entry.peer.name, verdict)));
        steps
    }

    fn imports(&self, peers: &Peers) -> Vec<ChainStep> {
        let import = |path: &PathView| {
            let verdict = path.verdict.as_ref()?;
            let from = from(path, peers);
            let text = format!("{} from {from}: {verdict}", self.prefix);
            Some(ChainStep { step: Step::Import, ok: verdict.is_accepted(), text, details: Vec::new() })
        };
        self.paths.iter().filter_map(import).collect()
    }

    fn best_path(&self, peers: &Peers) -> ChainStep {
        let line = |path: &PathView| {
            let (from, standing) = (from(path, peers), translate::standing(&path.standing));
            match &path.verdict {
                Some(verdict) if !verdict.is_accepted() => format!("from {from}, {standing}: {verdict}"),
                _ => format!("from {from}, {standing}"),
            }
        };
        let best = self.paths.iter().find(|path| matches!(path.standing, Standing::Best(_)));
        let others = self.paths.iter().filter(|path| !matches!(path.standing, Standing::Best(_))).map(line);
        match best {
            Some(best) => ChainStep::holds(Step::BestPath, format!("{} {}", self.prefix, line(best))).with(others),
            None if self.paths.is_empty() => {
                ChainStep::broken(Step::BestPath, format!("{} is not in the table (yet)", self.prefix))
            }
            None => ChainStep::broken(Step::BestPath, format!("{} has no path that is eligible", self.prefix)),
        }
    }

    fn export(&self, peer: &str, verdict: &ExportVerdict) -> ChainStep {
        let text = format!("{} to {peer}: {verdict}", self.prefix);
        match verdict {
            ExportVerdict::Advertised { attributes, .. } => {
                let next_hop = attributes.next_hop_address().map_or("none".to_owned(), |address| address.to_string());
                let med = attributes.multi_exit_disc.map_or("none".to_owned(), |med| med.to_string());
                let line = format!("next hop {next_hop}, AS_PATH {}, MED {med}", attributes.as_path);
                ChainStep::holds(Step::Export, text).with([line])
            }
            _ => ChainStep::broken(Step::Export, text),
        }
    }
}

fn from(path: &PathView, peers: &Peers) -> String {
    match &path.source {
        RouteSource::Originated { .. } => "ourselves".to_owned(),
        RouteSource::Peer(id) => peers.name(*id),
    }
}
