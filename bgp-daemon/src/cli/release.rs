//! `aliasd release`: lets go what the guard holds, through the daemon's admin socket.

use std::io::Write;
use std::path::Path;

use super::client::{Client, encoded};
use super::failure::{FAILED, Failure};
use crate::control::reply::ReleaseReply;

/// Releases what is held under `hash`, and says what came of it; the exit code is that of `aliasctl`.
pub fn release(socket: &Path, hash: &str, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _unheard = writeln!(err, "aliasd release: {error}");
            return FAILED;
        }
    };
    let client = Client::new(socket.to_owned());
    match runtime.block_on(client.post::<ReleaseReply>(&format!("/v1/guard/release/{}", encoded(hash)))) {
        Ok(reply) => {
            // A reader that is gone must not turn a good answer into a bad one.
            let _unread = writeln!(out, "released {}: {} withdrawals", reply.hash, reply.withdrawals);
            0
        }
        Err(failure) => {
            let text = match &failure {
                Failure::Unreachable { socket, error } => {
                    Some(format!("cannot reach aliasd at {} (admin.socket): {error}", socket.display()))
                }
                other => other.text(),
            };
            let _unheard = text.map(|text| writeln!(err, "aliasd release: {text}"));
            failure.exit_code()
        }
    }
}
