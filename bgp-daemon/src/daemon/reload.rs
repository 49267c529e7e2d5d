//! A new configuration into what runs: the difference only, and what of it concerns routes as one change.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tracing::{error, info, warn};

use super::origination::Prepared;
use super::supervisor::{Daemon, ended};
use crate::config::{Config, ConfigChange};
use crate::control::{Released, ReloadOutcome};
use crate::origination::{Ended, EndedSessions};
use crate::rib_owner::Gone;

/// How long new rules for another inventory wait for a look at it before the rest of the configuration goes ahead.
const LOOK_PATIENCE: Duration = Duration::from_secs(2);

impl Daemon {
    /// Reads the configuration again and applies the difference; one with faults changes nothing.
    ///
    /// # Errors
    /// [`Gone`] when the table has stopped.
    pub async fn reload(&mut self) -> Result<(), Gone> {
        info!(path = %self.path.display(), "reading the configuration again");
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || Config::load(&path)).await;
        let faults = match read {
            Ok(Ok(new)) => return self.judge(Arc::new(new)).await,
            Ok(Err(faults)) => faults.0.iter().map(ToString::to_string).collect(),
            Err(error) => vec![format!("the configuration could not be read: {error}")],
        };
        self.held_config = None;
        self.refuse(faults, None);
        Ok(())
    }

    /// Changes to `new`, unless it ends sessions that were the only ones to tell of too much: then it waits as a whole.
    async fn judge(&mut self, new: Arc<Config>) -> Result<(), Gone> {
        self.held_config = None;
        let Ended { passing, held, .. } = self.originator.ended_sessions(Arc::clone(&new)).await?;
        if let Some(ended) = held {
            self.hold_config(new, ended);
            return Ok(());
        }
        self.originator.count_ended(&passing, &new);
        self.change_to(Config::clone(&new)).await
    }

    fn hold_config(&mut self, new: Arc<Config>, ended: EndedSessions) {
        let EndedSessions { hash, peers, prefixes, why, .. } = &ended;
        let text = format!(
            "it ends the sessions of {}, after which nobody is told of {} prefixes: {}; `aliasd release {hash}` applies it",
            peers.join(", "),
            prefixes.len(),
            why.join("; "),
        );
        self.held_config = Some(new);
        self.refuse(vec![text], Some(Arc::new(ended)));
    }

    fn refuse(&self, faults: Vec<String>, held: Option<Arc<EndedSessions>>) {
        let outcome = ReloadOutcome { at: SystemTime::now(), refused: true, faults, held, restart_needed: Vec::new() };
        self.report(outcome);
    }

    /// The hash under which a configuration waits.
    pub(super) fn held_hash(&self) -> Option<String> {
        self.reload.borrow().as_ref()?.held.as_ref().map(|held| held.hash.clone())
    }

    /// Applies the configuration that waits under `hash`, if what it takes away is still that.
    ///
    /// # Errors
    /// [`Gone`] when the table has stopped.
    pub(super) async fn release_config(&mut self, hash: &str, by: &str) -> Result<Released, Gone> {
        let Some(new) = self.held_config.take() else { return Ok(Released::NothingHeld) };
        let Ended { passing, held: ended, let_go } = self.originator.ended_sessions(Arc::clone(&new)).await?;
        let withdrawals = ended.as_ref().map_or(0, |ended| ended.prefixes.len());
        if let Some(ended) = ended.filter(|ended| ended.hash != hash) {
            let now = ended.hash.clone();
            self.hold_config(new, ended);
            return Ok(Released::HeldIsAnother(now));
        }
        warn!(%hash, %by, withdrawals, "a configuration that was held is applied");
        self.originator.count_ended(&passing, &new);
        self.originator.forget_ended(&let_go);
        self.change_to(Config::clone(&new)).await?;
        Ok(Released::Done { withdrawals })
    }

    async fn change_to(&mut self, mut new: Config) -> Result<(), Gone> {
        let old = Arc::clone(&self.config.borrow());
        let change = ConfigChange::between(&old, &new);
        new.keep_until_restart(&old);
        for warning in &new.warnings {
            warn!(key = %warning.key, "{}", warning.text);
        }
        let new = Arc::new(new);
        self.look_again(&new);
        if change.originations && change.inventory {
            // By rules that were written for another inventory, the last one may come to nothing.
            self.rules_wait = tokio::time::timeout(LOOK_PATIENCE, ended(&mut self.looking)).await.is_err();
        }
        self.change_routes(&new, &change).await?;
        let faults = self.change_rest(&new, &change).await;
        let restart_needed = change.restart;
        self.report(ReloadOutcome { at: SystemTime::now(), refused: false, faults, held: None, restart_needed });
        Ok(())
    }

    /// Peers and originations, so that a route that both take away and give back is never withdrawn: a role that is
    /// renamed is renamed in the rules and in what peers are sent.
    async fn change_routes(&mut self, new: &Arc<Config>, change: &ConfigChange) -> Result<(), Gone> {
        let snapshot = self.source.borrow().snapshot.clone();
        let prepared = match snapshot.filter(|_| change.originations && !self.rules_wait) {
            Some(snapshot) => Some(self.originator.prepare(snapshot, Arc::clone(new)).await?),
            None => self.originator.prepare_peers(Arc::clone(new)).await?,
        };
        let held = self.view.rib.hold()?;
        self.config.send_replace(Arc::clone(new));
        if let Some(prepared) = &prepared {
            self.peers.keep_told(prepared.held_exports().clone());
        }
        self.peers.change(new, change).await;
        if let Some(prepared) = prepared {
            self.originator.commit(prepared)?;
        }
        drop(held);
        self.peer_entries.send_replace(Arc::new(self.peers.entries(new)));
        Ok(())
    }

    /// Originates what was prepared, with the peers as they are configured.
    ///
    /// # Errors
    /// [`Gone`] when the table has stopped.
    pub(super) async fn originate(&mut self, prepared: Prepared) -> Result<(), Gone> {
        if *prepared.held_exports() == self.originator.held_exports() {
            return self.originator.commit(prepared);
        }
        let held = self.view.rib.hold()?;
        let config = Arc::clone(&self.config.borrow());
        self.peers.keep_told(prepared.held_exports().clone());
        self.peers.change(&config, &ConfigChange::default()).await;
        self.originator.commit(prepared)?;
        drop(held);
        Ok(())
    }

    /// Log and sockets, where one may fail without the other; what did. They are asked whether or not a key differs: what
    /// failed the last time is tried again.
    async fn change_rest(&mut self, new: &Config, change: &ConfigChange) -> Vec<String> {
        let mut faults = Vec::new();
        if change.log
            && let Err(error) = self.log.change(&new.log.level)
        {
            faults.push(format!("log.level: {error}"));
        }
        if let Err(failed) = self.listeners.change(&new.router.listen).await {
            faults.extend(failed.iter().map(ToString::to_string));
        }
        if change.audit
            && let Err(fault) = self.originator.audit.configure(new.audit.clone())
        {
            faults.push(fault);
        }
        for changed in [self.control.change(&new.control).await, self.admin.change(&new.admin).await] {
            faults.extend(changed.err().map(|error| error.to_string()));
        }
        faults.extend(self.metrics.change(new.metrics).await.err().map(|error| error.to_string()));
        faults
    }

    /// Reads the inventory again, in the place that the configuration names. A file system may hang: the last good
    /// snapshot stays until the look is done.
    fn look_again(&mut self, config: &Config) {
        let (control, inventory) = (self.inventory_control.clone(), config.inventory.clone());
        let last = self.looking.take();
        self.looking = Some(tokio::spawn(async move {
            if let Some(last) = last {
                // The order of an earlier reload must not overtake this one.
                last.abort();
                let _aborted = last.await;
            }
            if control.configure(inventory).await.is_none() {
                error!("the inventory is no longer watched");
            }
        }));
    }

    fn report(&self, outcome: ReloadOutcome) {
        match (outcome.refused, outcome.faults.is_empty()) {
            (true, _) => error!("the configuration was refused; the old one stays"),
            (false, true) => info!("the configuration was applied"),
            (false, false) => error!("the configuration was applied but for what follows"),
        }
        outcome.faults.iter().for_each(|fault| error!("configuration: {fault}"));
        for key in &outcome.restart_needed {
            warn!(key, "the change takes effect after a restart");
        }
        self.reload.send_replace(Some(Arc::new(outcome)));
    }
}
