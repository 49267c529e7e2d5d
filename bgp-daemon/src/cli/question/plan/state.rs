//! The daemon's state, put together from its replies.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bgp_core::attribute::{Origin, PathAttributes};
use bgp_core::types::{Community, LargeCommunity, Prefix};

use super::OwnersByPrefix;
use crate::cli::client::{Client, Pages};
use crate::cli::failure::Failure;
use crate::cli::question::guard;
use crate::config::Config;
use crate::control::reply::{GuardReply, OriginationEntry, OriginationsReply, Stand};
use crate::inventory::{ObjectCounts, Provenance, Snapshot, Trust};
use crate::origination::guard::{Guard, GuardState, Hold};
use crate::origination::report::current_of;
use crate::origination::{Blocks, Current, Originated, Origination, OriginationSet};

/// How often to begin anew when the daemon's state changes while it is read.
const ATTEMPTS: usize = 5;

/// What the daemon originates, tells and remembers.
pub struct State {
    pub stand: Stand,
    /// `None` while it originates nothing.
    pub current: Option<Current>,
    pub owners: OwnersByPrefix,
    pub guard: Guard,
    /// By the guard's clock.
    pub now: SystemTime,
}

impl State {
    /// Asks for all of it, at one moment.
    pub async fn ask(client: &Client, config: &Arc<Config>, config_digest: &str) -> Result<Self, Failure> {
        for _ in 0..ATTEMPTS {
            let held = guard::page(client, &Pages::default()).await?;
            let held = guard::whole(client, held).await?;
            let Some((stand, entries)) = originations(client).await? else { continue };
            if stand.config_digest != config_digest {
                break;
            }
            if stand.held.as_ref() == held.hold.as_ref().map(|hold| &hold.hash) {
                return Self::of(stand, entries, &held, config);
            }
        }
        Err(Failure::Failed("the daemon's state changes while it is read; try again".to_owned()))
    }

    fn of(
        stand: Stand,
        entries: Vec<OriginationEntry>,
        held: &GuardReply,
        config: &Arc<Config>,
    ) -> Result<Self, Failure> {
        let (mut originations, mut owners) = (Vec::new(), OwnersByPrefix::new());
        for entry in entries {
            let prefix = prefix(&entry.prefix)?;
            originations.push((prefix, origination(&entry)?));
            owners.insert(prefix, entry.owners);
        }
        let guard = GuardState { window: held.window.clone(), hold: hold(held)?.map(Arc::new) };
        let now = time(held.time_millis);
        let snapshot = |revision| Snapshot {
            revision,
            taken_at: now,
            digest: stand.digest.clone().unwrap_or_default(),
            ranges: Vec::new(),
            counts: ObjectCounts::default(),
            notes: Vec::new(),
            trust: Trust::Trusted,
            provenance: Provenance::default(),
        };
        let current = stand.revision.map(|revision| {
            let snapshot = Arc::new(snapshot(revision));
            let set = OriginationSet {
                snapshot,
                originations: originations.into_iter().collect(),
                guard: guard.clone(),
                ranges: Arc::default(),
                rules: Vec::new(),
                told_by: Arc::clone(&config.written),
            };
            current_of(set, Arc::clone(config))
        });
        let guard = Guard::new(guard);
        Ok(Self { stand, current, owners, guard, now })
    }
}

/// All pages, when they are of one state.
async fn originations(client: &Client) -> Result<Option<(Stand, Vec<OriginationEntry>)>, Failure> {
    let (mut pages, mut entries, mut stand) = (Pages::default(), Vec::new(), None);
    loop {
        let page = [("after", pages.after()), ("limit", Some("1000"))];
        let reply: OriginationsReply = client.ask("/v1/originations", &page).await?;
        if stand.get_or_insert_with(|| reply.stand.clone()) != &reply.stand {
            return Ok(None);
        }
        entries.extend(reply.originations);
        if !pages.follow(reply.next_page_token)? {
            return Ok(stand.map(|stand| (stand, entries)));
        }
    }
}

fn time(millis: u64) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_millis(millis)).unwrap_or(UNIX_EPOCH)
}

fn hold(reply: &GuardReply) -> Result<Option<Hold>, Failure> {
    let Some(summary) = &reply.hold else { return Ok(None) };
    let routes = reply.routes.iter().map(|entry| Ok((prefix(&entry.prefix)?, entry.route.clone())));
    Ok(Some(Hold {
        hash: summary.hash.clone(),
        since: time(summary.since_millis),
        reasons: summary.reasons.clone(),
        routes: routes.collect::<Result<_, Failure>>()?,
    }))
}

fn prefix(text: &str) -> Result<Prefix, Failure> {
    Prefix::parse_exact(text).map_err(|error| strange(&error.to_string()))
}

fn origination(entry: &OriginationEntry) -> Result<Origination, Failure> {
    let facts = &entry.facts;
    let communities = facts.communities.iter().map(|text| text.parse::<Community>());
    let large = facts.large_communities.iter().map(|text| text.parse::<LargeCommunity>());
    let attributes = PathAttributes {
        origin: Origin::Igp,
        multi_exit_disc: facts.med,
        communities: communities.collect::<Result<_, _>>().map_err(|error| strange(&error.to_string()))?,
        large_communities: large.collect::<Result<_, _>>().map_err(|error| strange(&error.to_string()))?,
        ..PathAttributes::default()
    };
    let (attributes, role) = (Arc::new(attributes), Arc::from(facts.role.as_str()));
    let in_use = match &entry.in_use {
        None => None,
        Some(all) => {
            let blocks: Vec<Prefix> = all.iter().map(|text| prefix(text)).collect::<Result<_, _>>()?;
            Some(Blocks::of_list(&prefix(&entry.prefix)?, blocks))
        }
    };
    let (cost, rule) = (facts.cost, facts.rule);
    Ok(Originated { attributes, role, cost, rule, ranges: Arc::default(), in_use }.into())
}

fn strange(what: &str) -> Failure {
    Failure::Failed(format!("the answer of aliasd to /v1/originations cannot be used: {what}"))
}
