//! What is written first when a peer does not read.

use bgp_core::message::keepalive;
use bgp_core::session::ConnectionId;
use bytes::Bytes;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::*;
use crate::peer::connection::Connection;

#[tokio::test]
async fn check_33_a_keepalive_overtakes_updates_that_the_peer_has_not_taken() {
    let (listener, address) = far_side().await;
    let near = TcpStream::connect(address).await.unwrap();
    let (mut far, _) = listener.accept().await.unwrap();
    let mut connection = Connection::new(ConnectionId(1), near);
    let mut update = vec![2; 4096];
    update[16..18].copy_from_slice(&4096_u16.to_be_bytes());
    let runs: usize = 3000;
    // As they come from the table: some alone, most in runs.
    for run in 0..runs {
        connection.queue_updates(Bytes::from(update.repeat(if run % 2 == 0 { 1 } else { 2 })));
    }
    let queued = runs + runs / 2;
    let taken = connection.write().unwrap();
    assert!(taken.updates > 0 && connection.queued_updates() > 0, "the kernel took all: {taken:?}");
    connection.queue_control(keepalive());

    let writing = tokio::spawn(async move {
        while connection.queued_updates() > 0 {
            connection.stream().writable().await.unwrap();
            connection.write().unwrap();
        }
        connection
    });
    let mut octets = vec![0; queued * update.len() + keepalive().len()];
    tokio::time::timeout(DEADLINE, far.read_exact(&mut octets)).await.unwrap().unwrap();
    drop(writing.await.unwrap());
    let place = octets.iter().position(|octet| *octet == 0xFF).expect("the keepalive arrives");
    assert_eq!(octets[place..place + 19], keepalive()[..]);
    assert_eq!(place % update.len(), 0, "it does not cut a message in two");
    let whole_before = u64::try_from(place / update.len()).unwrap();
    assert!(whole_before <= taken.updates + 1, "{whole_before} UPDATEs went before it, {} were taken", taken.updates);
}
