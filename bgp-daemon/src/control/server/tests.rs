use axum::routing::get;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

use super::*;
use crate::config::Control;
use crate::control::bind;
use crate::control::reply::ErrorReply;

const LARGE: usize = 8 * 1024 * 1024;

struct Served {
    control: Control,
    stop: CancellationToken,
    task: JoinHandle<()>,
    _directory: TempDir,
}

fn served(limits: Limits) -> Served {
    let directory = TempDir::new().unwrap();
    let control = Control { socket: directory.path().join("aliasd.sock"), mode: 0o600 };
    let router =
        Router::new().route("/small", get(|| async { "small" })).route("/large", get(|| async { "x".repeat(LARGE) }));
    let stop = CancellationToken::new();
    let task =
        tokio::spawn(serve_within(limits, bind(&control).unwrap(), move |_: &UnixStream| router.clone(), stop.clone()));
    Served { control, stop, task, _directory: directory }
}

impl Served {
    async fn connect(&self) -> UnixStream {
        UnixStream::connect(&self.control.socket).await.unwrap()
    }

    async fn send(&self, request: &str) -> UnixStream {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    async fn ask(&self, request: &str) -> String {
        rest(&mut self.send(request).await).await
    }
}

/// All that comes until the other end closes or cuts the connection.
async fn rest(stream: &mut UnixStream) -> String {
    let mut octets = Vec::new();
    let _cut_off = stream.read_to_end(&mut octets).await;
    String::from_utf8(octets).unwrap()
}

const SMALL: &str = "GET /small HTTP/1.1\r\nhost: aliasd\r\n\r\n";

#[tokio::test]
async fn a_client_that_does_not_read_blocks_nobody_and_is_cut_off() {
    let served = served(Limits { patience: Duration::from_millis(300), ..LIMITS });
    let mut stuck = served.send("GET /large HTTP/1.1\r\nhost: aliasd\r\n\r\n").await;
    assert!(served.ask(SMALL).await.ends_with("small"));
    // The end of the connection is the end of the patience: nothing is read before.
    stuck.write_all(b"x").await.unwrap();
    let cut_off = async {
        while stuck.write_all(b"x").await.is_ok() {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(Duration::from_secs(20), cut_off).await.expect("the connection must end");
    assert!(rest(&mut stuck).await.len() < LARGE);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_dropped() {
    let served = served(LIMITS);
    let begun = tokio::time::Instant::now();
    let mut silent = served.send("GET /small HTT").await;
    rest(&mut silent).await;
    assert!(begun.elapsed() <= LIMITS.patience);
}

#[tokio::test]
async fn a_client_too_many_is_told_so() {
    let served = served(Limits { connections: 2, ..LIMITS });
    let waiting = [served.connect().await, served.connect().await];
    let answer = rest(&mut served.connect().await).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
    let reply: ErrorReply = serde_json::from_str(body).unwrap();
    assert_eq!(reply.error.message, "too many connections; try again");
    drop(waiting);
}

#[tokio::test]
async fn a_request_of_any_length_is_not_kept() {
    let served = served(LIMITS);
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(LIMITS.head_octets));
    assert!(served.ask(&long).await.starts_with("HTTP/1.1 4"));
    let many = format!("GET /small HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(LIMITS.headers + 1));
    assert!(served.ask(&many).await.starts_with("HTTP/1.1 431"));
    assert!(served.ask("no HTTP at all\r\n\r\n").await.starts_with("HTTP/1.1 400"));
    assert!(served.ask(SMALL).await.ends_with("small"), "the next one is served");
}

#[tokio::test]
async fn stops_when_told_and_leaves_no_file() {
    let served = served(LIMITS);
    assert!(served.ask(SMALL).await.ends_with("small"));
    let _waiting = served.connect().await;
    served.stop.cancel();
    served.task.await.unwrap();
    assert!(!served.control.socket.exists());
}
