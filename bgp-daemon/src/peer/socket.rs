//! TCP sockets as BGP wants them: bound where the operator says, marked as network control, without Nagle's delay.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// DSCP CS6 (network control, RFC 4594 section 3.2) in the upper six bits of the traffic class octet.
const TOS_CS6: u32 = 0xC0;

/// Connections that may wait in the kernel for `accept`; beyond it the kernel drops SYNs and the peer tries again.
const LISTEN_BACKLOG: i32 = 256;

/// Connects to `remote`, from `local` where given (its port 0 lets the kernel choose one).
///
/// # Errors
/// What the kernel says: no such local address, refused, unreachable, timed out.
pub async fn connect(remote: SocketAddr, local: Option<SocketAddr>) -> io::Result<TcpStream> {
    let socket = new_socket(remote)?;
    if let Some(local) = local {
        socket.bind(&local.into())?;
    }
    TcpSocket::from_std_stream(socket.into()).connect(remote).await
}

/// Listens on `address`; an IPv6 listener takes IPv6 only, so that it may stand beside an IPv4 one on the same port.
///
/// # Errors
/// What the kernel says: address in use, not ours, port needs privilege.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = new_socket(address)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(LISTEN_BACKLOG)?;
    TcpListener::from_std(socket.into())
}

fn new_socket(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM.nonblocking().cloexec(), Some(Protocol::TCP))?;
    // An accepted socket inherits both options from its listener.
    socket.set_tcp_nodelay(true)?;
    match address {
        SocketAddr::V4(_) => socket.set_tos_v4(TOS_CS6)?,
        SocketAddr::V6(_) => socket.set_tclass_v6(TOS_CS6)?,
    }
    Ok(socket)
}
