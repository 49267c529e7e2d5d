//! The sockets that answer questions and take releases, and the port of the metrics, as they are configured now.

use std::net::SocketAddr;

use tokio_util::sync::CancellationToken;
use tracing::info;

use super::StartError;
use super::service::Service;
use crate::config::{Control, Metrics};
use crate::control::{self, AdminView, DaemonView};

/// What is behind a socket.
#[derive(Debug)]
pub(super) enum Behind {
    /// The daemon, to be looked at.
    Control(Box<DaemonView>),
    /// The guard, to be told to let go.
    Admin(AdminView),
}

/// An open socket.
#[derive(Debug)]
pub(super) struct Door {
    behind: Behind,
    /// As which it is open, whatever was wanted since.
    opened: Control,
    service: Service,
}

impl Door {
    /// Opens the socket and answers on it.
    ///
    /// # Errors
    /// Why it cannot be opened.
    pub fn open(wanted: &Control, behind: Behind) -> Result<Self, StartError> {
        let service = behind.serve(wanted)?;
        Ok(Self { behind, opened: wanted.clone(), service })
    }

    /// Follows the configuration: another path, another mode, or a file that somebody has removed. To be called with every
    /// reload, so that what failed the last time is tried again.
    ///
    /// # Errors
    /// Why it cannot be; it stays open as it was.
    pub async fn change(&mut self, wanted: &Control) -> Result<(), StartError> {
        let in_place = self.opened.socket == wanted.socket && wanted.socket.symlink_metadata().is_ok();
        if !in_place {
            let opened = self.behind.serve(wanted)?;
            std::mem::replace(&mut self.service, opened).stop().await;
            info!(path = %wanted.socket.display(), "the socket is open");
        } else if self.opened.mode != wanted.mode {
            control::set_mode(wanted).map_err(|error| self.behind.fault(error))?;
        }
        self.opened = wanted.clone();
        Ok(())
    }

    /// Closes it; replies that are on their way have a moment.
    pub async fn stop(self) {
        self.service.stop().await;
    }
}

impl Behind {
    fn serve(&self, wanted: &Control) -> Result<Service, StartError> {
        let socket = control::bind(wanted).map_err(|error| self.fault(error))?;
        let stop = CancellationToken::new();
        let task = match self {
            Self::Control(view) => tokio::spawn(control::serve(socket, DaemonView::clone(view), stop.clone())),
            Self::Admin(view) => tokio::spawn(control::serve_admin(socket, view.clone(), stop.clone())),
        };
        Ok(Service::new(stop, task))
    }

    fn fault(&self, error: std::io::Error) -> StartError {
        match self {
            Self::Control(_) => StartError::Control(error),
            Self::Admin(_) => StartError::Admin(error),
        }
    }
}

/// The port of the metrics, where there is one.
#[derive(Debug)]
pub(super) struct MetricsPort {
    view: DaemonView,
    open: Option<(SocketAddr, Service)>,
}

impl MetricsPort {
    /// Not open yet.
    pub const fn new(view: DaemonView) -> Self {
        Self { view, open: None }
    }

    /// Opens, closes or moves it. To be called with every reload, so that what failed the last time is tried again.
    ///
    /// # Errors
    /// Why it cannot be opened; then none is open.
    pub async fn change(&mut self, wanted: Option<Metrics>) -> Result<(), StartError> {
        let wanted = wanted.map(|metrics| metrics.listen);
        if self.open.as_ref().map(|(address, _)| *address) == wanted {
            return Ok(());
        }
        // First, since the same port of another address may be the same to the kernel.
        self.close().await;
        let Some(address) = wanted else { return Ok(()) };
        let listener = control::listen_for_metrics(address).map_err(|error| StartError::Metrics { address, error })?;
        let stop = CancellationToken::new();
        let task = tokio::spawn(control::serve_metrics(listener, self.view.clone(), stop.clone()));
        self.open = Some((address, Service::new(stop, task)));
        info!(%address, "metrics are served");
        Ok(())
    }

    async fn close(&mut self) {
        if let Some((address, service)) = self.open.take() {
            service.stop().await;
            info!(%address, "metrics are no longer served");
        }
    }

    /// Closes it; replies that are on their way have a moment.
    pub async fn stop(mut self) {
        self.close().await;
    }
}
