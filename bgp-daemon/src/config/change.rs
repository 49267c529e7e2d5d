//! What a reload must touch: the difference of two configurations. Pure; doing it is the daemon's.

use std::collections::BTreeSet;

use bgp_core::session::Extensions;
use bgp_core::types::FamilySet;

use super::advertised::Advertised;
use super::model::{Config, ExportRules, Peer, Router};

/// The difference of an old and a new configuration; what is not named here goes on undisturbed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigChange {
    /// Names of peers to start: new ones, and those that were not enabled.
    pub peers_added: Vec<String>,
    /// Names of peers to stop: those that are gone, and those no longer enabled. A renamed peer is removed and added.
    pub peers_removed: Vec<String>,
    /// Peers in both that differ.
    pub peers_changed: Vec<PeerChange>,
    /// `[inventory]`: the source is to be watched anew.
    pub inventory: bool,
    /// `[[advertise]]`, `[[range_role]]`, `router.region`, `router.routing_mode`, `router.inter_region_cost`, the custom ranges of
    /// all peers together, or peers with `max_prefixes_out`: originations are to be computed anew.
    pub originations: bool,
    /// `router.listen`: sockets are to be bound and closed.
    pub listen: bool,
    /// `[control]`: the socket is to be opened anew.
    pub control: bool,
    /// `[admin]`: its socket is to be opened anew.
    pub admin: bool,
    /// `[guard]`: later withdrawals are judged by other budgets; what is held stays held.
    pub guard: bool,
    /// `[audit]`: changes are written elsewhere.
    pub audit: bool,
    /// `[metrics]`: its listener is to be opened, closed or moved.
    pub metrics: bool,
    /// `[log]`: the filter is to be set anew; another format shows after a restart.
    pub log: bool,
    /// Keys whose change takes effect only after a restart, as in `router.asn`.
    pub restart: Vec<&'static str>,
}

/// How one peer differs: the keys, by what they cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerChange {
    /// The peer's name.
    pub name: String,
    /// Agreed in the OPEN or by the connection: the session must be reset (Cease, Other Configuration Change).
    pub session: Vec<&'static str>,
    /// What routes to it carry (MED, next hop), what becomes of those that come (GRACEFUL_SHUTDOWN) or how many may come: no
    /// reset of the session is needed for the protocol.
    pub routes: Vec<&'static str>,
    /// `import` or `export`: evaluated anew with what is already learned, no reset.
    pub policy: Vec<&'static str>,
    /// Whether only the text for people changed too or alone.
    pub description: bool,
}

impl PeerChange {
    /// Whether the session must be reset.
    #[must_use]
    pub fn needs_reset(&self) -> bool {
        !self.session.is_empty()
    }

    fn is_empty(&self) -> bool {
        self.session.is_empty() && self.routes.is_empty() && self.policy.is_empty() && !self.description
    }
}

impl ConfigChange {
    /// What changes from `old` to `new`.
    #[must_use]
    pub fn between(old: &Config, new: &Config) -> Self {
        let names = |config: &Config| -> BTreeSet<String> { enabled(config).map(|peer| peer.name.clone()).collect() };
        let (before, after) = (names(old), names(new));
        let pairs = enabled(new).filter_map(|peer| Some((enabled(old).find(|old| old.name == peer.name)?, peer)));
        let originates_otherwise = (&old.range_roles, &old.advertise, &old.router.region, &old.router.inter_region)
            != (&new.range_roles, &new.advertise, &new.router.region, &new.router.inter_region)
            || old.custom_ranges() != new.custom_ranges()
            || !rooms(old).eq(rooms(new));
        Self {
            peers_added: after.difference(&before).cloned().collect(),
            peers_removed: before.difference(&after).cloned().collect(),
            peers_changed: pairs.map(|(old, new)| peer_change(old, new)).filter(|change| !change.is_empty()).collect(),
            inventory: old.inventory != new.inventory,
            originations: originates_otherwise,
            listen: old.router.listen != new.router.listen,
            control: old.control != new.control,
            admin: old.admin != new.admin,
            guard: old.guard != new.guard,
            audit: old.audit != new.audit,
            metrics: old.metrics != new.metrics,
            log: old.log != new.log,
            restart: restart(old, new),
        }
    }

    /// Whether nothing differs that anything running depends on.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What rules are coarsened by: what peers take, and are told.
fn rooms(config: &Config) -> impl Iterator<Item = (usize, &str, FamilySet, Option<&ExportRules>, &Advertised)> {
    let limited = config.limited_peers();
    limited.map(|(peer, most)| (most, peer.name.as_str(), peer.families, peer.export.as_ref(), &peer.advertised))
}

impl Config {
    /// Keeps what a running daemon cannot change: the keys that [`ConfigChange::restart`] names.
    pub fn keep_until_restart(&mut self, running: &Self) {
        self.router.asn = running.router.asn;
        self.router.router_id = running.router.router_id;
        self.router.always_compare_med = running.router.always_compare_med;
        self.journal.clone_from(&running.journal);
    }
}

fn enabled(config: &Config) -> impl Iterator<Item = &Peer> {
    config.peers.iter().filter(|peer| peer.enabled)
}

/// The names of the pairs that differ.
fn differing<const N: usize>(pairs: [(&'static str, bool); N]) -> Vec<&'static str> {
    pairs.into_iter().filter_map(|(key, differs)| differs.then_some(key)).collect()
}

fn restart(Config { router: old, journal: old_journal, .. }: &Config, new: &Config) -> Vec<&'static str> {
    // Destructured, so that a new key must be thought of here.
    // What is advertised is a matter of the peers, and other regions one of originations.
    let Router { asn, router_id, region: _, listen: _, always_compare_med, advertised: _, inter_region: _ } =
        &new.router;
    differing([
        ("router.asn", old.asn != *asn),
        ("router.router_id", old.router_id != *router_id),
        ("router.always_compare_med", old.always_compare_med != *always_compare_med),
        ("journal.path", *old_journal != new.journal),
    ])
}

fn peer_change(old: &Peer, new: &Peer) -> PeerChange {
    // Destructured, so that a new key must be thought of here.
    let Peer {
        name,
        description,
        enabled: _,
        address,
        port,
        local_address,
        asn,
        connect,
        hold_time,
        minimum_hold_time_secs,
        connect_retry,
        initial_hold,
        families,
        advertised,
        inter_region,
        advertised_route_priority,
        max_prefixes_out,
        next_hop_self_v4,
        next_hop_self_v6,
        extensions,
        graceful_shutdown,
        graceful_restart,
        import,
        export,
    } = new;
    let Extensions { extended_messages, extended_next_hop, add_path, local_role, strict_role, accept_as_set } =
        extensions;
    let accepts = |peer: &Peer| peer.import.as_ref().map(|import| (import.allow.clone(), import.deny.clone()));
    PeerChange {
        name: name.clone(),
        session: differing([
            ("address", old.address != *address),
            ("port", old.port != *port),
            ("local_address", old.local_address != *local_address),
            ("asn", old.asn != *asn),
            ("connect", old.connect != *connect),
            ("hold_time_secs", old.hold_time != *hold_time),
            ("min_hold_time_secs", old.minimum_hold_time_secs != *minimum_hold_time_secs),
            ("connect_retry_secs", old.connect_retry != *connect_retry),
            ("initial_hold_time_secs", old.initial_hold != *initial_hold),
            ("families", old.families != *families),
            ("extended_messages", old.extensions.extended_messages != *extended_messages),
            ("extended_next_hop", old.extensions.extended_next_hop != *extended_next_hop),
            ("add_path", old.extensions.add_path != *add_path),
            ("local_role", old.extensions.local_role != *local_role),
            ("strict_role", old.extensions.strict_role != *strict_role),
            ("accept_as_set", old.extensions.accept_as_set != *accept_as_set),
            ("graceful_restart", old.graceful_restart != *graceful_restart),
        ]),
        routes: differing([
            ("advertised_route_priority", old.advertised_route_priority != *advertised_route_priority),
            ("max_prefixes_out", old.max_prefixes_out != *max_prefixes_out),
            ("next_hop_self_v4", old.next_hop_self_v4 != *next_hop_self_v4),
            ("next_hop_self_v6", old.next_hop_self_v6 != *next_hop_self_v6),
            ("graceful_shutdown", old.graceful_shutdown != *graceful_shutdown),
            ("import.max_prefixes", old.max_prefixes() != import.as_ref().and_then(|import| import.max_prefixes)),
        ]),
        policy: differing([
            ("import", accepts(old) != accepts(new)),
            ("export", old.export != *export),
            ("advertised_groups", old.advertised.all_subnets != advertised.all_subnets),
            ("advertised_ip_ranges", old.advertised.prefixes() != advertised.prefixes()),
            ("inter_region_cost", old.inter_region.known() != inter_region.known()),
        ]),
        description: old.description != *description || old.advertised.descriptions() != advertised.descriptions(),
    }
}
