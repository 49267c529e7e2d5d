//! The Unix socket as a file: made for one daemon at a time, with its mode before anyone can connect, gone at the end.

use std::fs::{self, DirBuilder, File, Metadata, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::UnixListener;
use tracing::warn;

use crate::config::Control;

/// Connections that may wait in the kernel for `accept`.
const LISTEN_BACKLOG: i32 = 128;

/// How long another process may take to set up a socket in the same directory; it is a matter of microseconds.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// How often to try meanwhile.
const LOCK_RETRY: Duration = Duration::from_millis(10);

/// The mode of a directory that is made for the socket; the socket's own mode says who may connect.
const DIRECTORY_MODE: u32 = 0o755;

/// A listening socket; dropping it removes its file, unless that is another's by now.
#[derive(Debug)]
pub struct ControlSocket {
    /// What is listened on.
    pub(super) listener: UnixListener,
    path: PathBuf,
    identity: (u64, u64),
}

/// Listens at the configured path, with the configured mode whatever the umask.
///
/// The directory is made when it is missing, its parent is not: a mistyped path should not grow a tree. A socket that
/// nobody listens on any more is replaced; one that somebody listens on, or anything that is no socket, is left alone.
///
/// # Errors
/// `AddrInUse` when another process listens there, `AlreadyExists` when the path is no socket, or what the system says;
/// the text names the path.
pub fn bind(control: &Control) -> io::Result<ControlSocket> {
    let path = &control.socket;
    bind_at(path, control.mode).map_err(|error| named(path, &error))
}

/// Gives a socket that is open its configured mode.
///
/// # Errors
/// What the system says; the text names the path.
pub fn set_mode(control: &Control) -> io::Result<()> {
    let path = &control.socket;
    fs::set_permissions(path, Permissions::from_mode(control.mode)).map_err(|error| named(path, &error))
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn bind_at(path: &Path, mode: u32) -> io::Result<ControlSocket> {
    // Held until the socket listens: of two daemons that start together, the second finds the first one listening.
    let _lock = lock_directory(path)?;
    clear(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    // Nobody can connect before it listens, so the mode is there in time.
    let made = fs::set_permissions(path, Permissions::from_mode(mode)).and_then(|()| socket.listen(LISTEN_BACKLOG));
    if let Err(error) = made {
        fs::remove_file(path)?;
        return Err(error);
    }
    let identity = identity(&fs::symlink_metadata(path)?);
    let listener = UnixListener::from_std(std::os::unix::net::UnixListener::from(std::os::fd::OwnedFd::from(socket)))?;
    Ok(ControlSocket { listener, path: path.to_owned(), identity })
}

fn lock_directory(path: &Path) -> io::Result<File> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let made = DirBuilder::new().mode(DIRECTORY_MODE).create(directory);
    made.or_else(|error| if error.kind() == ErrorKind::AlreadyExists { Ok(()) } else { Err(error) })?;
    let lock = File::open(directory)?;
    let begun = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::WouldBlock) if begun.elapsed() < LOCK_PATIENCE => std::thread::sleep(LOCK_RETRY),
            Err(TryLockError::WouldBlock) => {
                let text = format!("another process keeps {} locked", directory.display());
                return Err(io::Error::new(ErrorKind::WouldBlock, text));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Removes what a daemon that is gone has left.
fn clear(path: &Path) -> io::Result<()> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !metadata.file_type().is_socket() {
        return Err(io::Error::new(
            ErrorKind::AlreadyExists,
            "is no socket and is left alone; remove it or name another",
        ));
    }
    let client = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
    match client.connect(&SockAddr::unix(path)?) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(error),
        // Connected, or its queue is full: somebody is there.
        Ok(()) | Err(_) => Err(io::Error::new(ErrorKind::AddrInUse, "another process listens on it")),
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|metadata| identity(&metadata) == self.identity);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            warn!(%error, path = %self.path.display(), "cannot remove the control socket");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener as StdListener;

    use tempfile::TempDir;

    use super::*;

    fn control(directory: &TempDir) -> Control {
        Control { socket: directory.path().join("run/aliasd.sock"), mode: 0o606 }
    }

    #[tokio::test]
    async fn makes_its_directory_and_has_its_mode_whatever_the_umask() {
        let directory = TempDir::new().unwrap();
        let control = control(&directory);
        let socket = bind(&control).unwrap();
        let mode = fs::metadata(&control.socket).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o606);
        drop(socket);
        assert!(!control.socket.exists());
        let deep = Control { socket: directory.path().join("a/b/c.sock"), mode: 0o600 };
        assert_eq!(bind(&deep).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[tokio::test]
    async fn replaces_a_socket_that_nobody_listens_on() {
        let directory = TempDir::new().unwrap();
        let control = control(&directory);
        fs::create_dir(control.socket.parent().unwrap()).unwrap();
        drop(StdListener::bind(&control.socket).unwrap());
        assert!(control.socket.exists(), "the file outlives its listener");
        let socket = bind(&control).unwrap();
        let _connected = tokio::net::UnixStream::connect(&control.socket).await.unwrap();
        drop(socket);
    }

    #[tokio::test]
    async fn refuses_a_socket_that_another_daemon_listens_on() {
        let directory = TempDir::new().unwrap();
        let control = control(&directory);
        let first = bind(&control).unwrap();
        let error = bind(&control).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(error.to_string().contains("aliasd.sock: another process listens on it"), "{error}");
        assert!(tokio::net::UnixStream::connect(&control.socket).await.is_ok(), "the first one still answers");
        drop(first);
    }

    #[tokio::test]
    async fn leaves_alone_what_is_no_socket() {
        let directory = TempDir::new().unwrap();
        let control = control(&directory);
        fs::create_dir(control.socket.parent().unwrap()).unwrap();
        let target = directory.path().join("precious");
        fs::write(&target, "content").unwrap();
        std::os::unix::fs::symlink(&target, &control.socket).unwrap();
        let error = bind(&control).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert!(error.to_string().contains("is no socket"), "{error}");
        assert_eq!(fs::read_to_string(&target).unwrap(), "content");
        assert!(fs::symlink_metadata(&control.socket).unwrap().is_symlink());
    }

    #[tokio::test]
    async fn does_not_remove_the_socket_of_its_successor() {
        let directory = TempDir::new().unwrap();
        let control = control(&directory);
        let first = bind(&control).unwrap();
        fs::remove_file(&control.socket).unwrap();
        let successor = bind(&control).unwrap();
        drop(first);
        assert!(control.socket.exists());
        drop(successor);
    }

    #[tokio::test]
    async fn of_daemons_that_start_together_one_gets_the_socket() {
        const CONTENDERS: usize = 8;
        let directory = TempDir::new().unwrap();
        let control = control(&directory);
        fs::create_dir(control.socket.parent().unwrap()).unwrap();
        let runtime = tokio::runtime::Handle::current();
        for _ in 0..100 {
            drop(StdListener::bind(&control.socket).unwrap());
            let start = std::sync::Barrier::new(CONTENDERS);
            let contend = || {
                let _inside = runtime.enter();
                start.wait();
                bind(&control)
            };
            let results: Vec<_> = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..CONTENDERS).map(|_| scope.spawn(contend)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
        }
    }
}
