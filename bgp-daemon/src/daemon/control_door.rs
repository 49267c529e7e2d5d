//! The control socket as it is configured now.

use std::io;

use tokio_util::sync::CancellationToken;
use tracing::info;

use super::StartError;
use super::service::Service;
use crate::config::Control;
use crate::control::{self, DaemonView};

/// The open control socket.
#[derive(Debug)]
pub(super) struct ControlDoor {
    view: DaemonView,
    /// As which it is open, whatever was wanted since.
    opened: Control,
    service: Service,
}

impl ControlDoor {
    /// Opens the socket and answers on it.
    ///
    /// # Errors
    /// Why it cannot be opened.
    pub fn open(wanted: &Control, view: DaemonView) -> Result<Self, StartError> {
        let service = serve(wanted, &view).map_err(StartError::Control)?;
        Ok(Self { view, opened: wanted.clone(), service })
    }

    /// Follows the configuration: another path, another mode, or a file that somebody has removed. To be called with every
    /// reload, so that what failed the last time is tried again.
    ///
    /// # Errors
    /// Why it cannot be; it stays open as it was.
    pub async fn change(&mut self, wanted: &Control) -> Result<(), StartError> {
        let in_place = self.opened.socket == wanted.socket && wanted.socket.symlink_metadata().is_ok();
        if !in_place {
            let opened = serve(wanted, &self.view).map_err(StartError::Control)?;
            std::mem::replace(&mut self.service, opened).stop().await;
            info!(path = %wanted.socket.display(), "the control socket is open");
        } else if self.opened.mode != wanted.mode {
            control::set_mode(wanted).map_err(StartError::Control)?;
        }
        self.opened = wanted.clone();
        Ok(())
    }

    /// Closes it; replies that are on their way have a moment.
    pub async fn stop(self) {
        self.service.stop().await;
    }
}

fn serve(wanted: &Control, view: &DaemonView) -> io::Result<Service> {
    let socket = control::bind(wanted)?;
    let stop = CancellationToken::new();
    let task = tokio::spawn(control::serve(socket, view.clone(), stop.clone()));
    Ok(Service::new(stop, task))
}
