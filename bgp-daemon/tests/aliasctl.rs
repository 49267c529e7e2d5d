//! The `aliasctl` binary against a real socket.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may fail")]

mod support;

use std::io::Read;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use support::World;
use tempfile::TempDir;
use tokio::io::AsyncReadExt;

fn command(socket: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aliasctl"));
    command.arg("--socket").arg(socket).args(arguments);
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "ALIASCTL_SOCKET"] {
        command.env_remove(name);
    }
    command
}

struct Said {
    code: i32,
    out: String,
    err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

async fn run(mut command: Command) -> Said {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap().into()
}

impl World {
    async fn aliasctl(&self, arguments: &[&str]) -> Said {
        run(command(&self.socket, arguments)).await
    }

    /// What it writes when all is well.
    async fn says(&self, arguments: &[&str]) -> String {
        let said = self.aliasctl(arguments).await;
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{arguments:?}");
        said.out
    }
}

#[tokio::test]
async fn routes_are_written_as_tables_json_and_yaml() {
    let world = World::start().await;
    for (name, arguments) in [
        ("best", &["routes"][..]),
        ("best_without_headers", &["routes", "--no-headers", "-4"]),
        ("learned", &["routes", "--learned"]),
        ("advertised", &["routes", "--advertised", "--peer", "dc1"]),
        ("originated", &["routes", "--originated", "10.4.0.0/14"]),
        ("originated_json", &["routes", "--originated", "-o", "json"]),
        ("originated_yaml", &["routes", "--originated", "-o", "yaml"]),
        ("aggregation", &["aggregation"]),
        ("lookup", &["lookup", "172.16.1.9"]),
        ("explain_pod", &["explain", "10.4.1.7"]),
        ("explain_broken", &["explain", "10.4.2.7"]),
        ("explain_learned", &["explain", "192.168.1.1"]),
        ("explain_vm_toward_one", &["explain", "10.0.0.2", "--peer", "dc1"]),
    ] {
        insta::assert_snapshot!(name, world.says(arguments).await);
    }
}

#[tokio::test]
async fn structured_output_is_what_the_socket_said() {
    let world = World::start().await;
    for arguments in [
        &["status"][..],
        &["peers"],
        &["peers", "dc1"],
        &["routes"],
        &["routes", "--learned"],
        &["routes", "-6"],
        &["lookup", "10.4.1.7"],
        &["inventory"],
        &["aggregation"],
        &["explain", "10.4.1.7"],
    ] {
        let json = world.says(&[arguments, &["-o", "json"]].concat()).await;
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["apiVersion"], "v1", "{arguments:?}");
        let yaml = world.says(&[arguments, &["-o", "yaml"]].concat()).await;
        let yaml: Value = serde_yaml_ng::from_str(&yaml).unwrap();
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&json), keys(&yaml), "{arguments:?}");
        assert_eq!(json["result"], yaml["result"], "{arguments:?}");
    }
}

#[tokio::test]
async fn exit_codes_tell_scripts_what_happened() {
    let world = World::start().await;
    for (arguments, code, err) in [
        (&["status"][..], 0, ""),
        (&["status", "--quiet"], 1, ""),
        (&["lookup", "10.4"], 2, "invalid value '10.4' for '<ADDRESS>'"),
        (&["routes", "--originated", "--peer", "dc1"], 2, "cannot be used with"),
        (&["peers", "dc9"], 3, "aliasctl: no peer \"dc9\" (there are: dc1, dc2, dc3)\n"),
        (&["peers", "a/../b c?%"], 3, "aliasctl: no peer \"a/../b c?%\" (there are: dc1, dc2, dc3)\n"),
        (&["routes", "11.0.0.0/8"], 3, "aliasctl: no best route is 11.0.0.0/8 or lies inside it\n"),
        (&["lookup", "8.8.8.8"], 3, "aliasctl: no route in the Loc-RIB holds 8.8.8.8\n"),
        (&["explain", "8.8.8.8"], 3, "aliasctl: 8.8.8.8/32 is in neither the inventory nor the table\n"),
    ] {
        let said = world.aliasctl(arguments).await;
        assert_eq!(said.code, code, "{arguments:?}: {}", said.err);
        assert!(said.err.contains(err), "{arguments:?}: {}", said.err);
    }
    assert_eq!(world.aliasctl(&["status", "--quiet"]).await.out, "");
    assert!(world.says(&["--help"]).await.contains("4  the daemon cannot be reached"));
}

#[tokio::test]
async fn says_what_to_check_when_the_daemon_is_not_there() {
    let directory = TempDir::new().unwrap();
    let missing = directory.path().join("missing.sock");
    let said = run(command(&missing, &["status"])).await;
    assert_eq!((said.code, said.out.as_str()), (4, ""));
    let place = format!("aliasctl: cannot reach aliasd at {}: No such file or directory", missing.display());
    assert!(said.err.starts_with(&place), "{}", said.err);
    assert!(said.err.contains("Is aliasd running?") && said.err.contains("--socket PATH"), "{}", said.err);
    let stale = directory.path().join("stale.sock");
    drop(UnixListener::bind(&stale).unwrap());
    let said = run(command(&stale, &["routes"])).await;
    assert_eq!(said.code, 4);
    assert!(said.err.contains("Connection refused") && said.err.contains("nobody listens"), "{}", said.err);
}

#[tokio::test]
async fn takes_no_nonsense_for_an_answer() {
    let directory = TempDir::new().unwrap();
    let socket = directory.path().join("other.sock");
    let listener = tokio::net::UnixListener::bind(&socket).unwrap();
    let answers = [
        ("SSH-2.0-OpenSSH\r\n", 4, "cannot reach aliasd"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", 1, "missing field `apiVersion`"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 19\r\n\r\n{\"apiVersion\":\"v2\"}",
            1,
            "apiVersion is \"v2\" (expected \"v1\")",
        ),
        ("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n", 1, "aliasd answers /v1/lookup/10%2E0%2E0%2E1 with 500"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{", 4, "cannot reach aliasd"),
        ("", 4, "cannot reach aliasd"),
    ];
    for (answer, code, err) in answers {
        let asked = tokio::spawn(run(command(&socket, &["lookup", "10.0.0.1"])));
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        tokio::io::AsyncWriteExt::write_all(&mut stream, answer.as_bytes()).await.unwrap();
        drop(stream);
        let said = asked.await.unwrap();
        assert_eq!(said.code, code, "{answer:?}: {}", said.err);
        assert!(said.err.contains(err), "{answer:?}: {}", said.err);
    }
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_is_no_failure() {
    let world = World::start().await;
    let many: Vec<String> = (0..900_u32).map(|n| format!("172.{}.{}.0/24", 17 + n / 256, n % 256)).collect();
    world.learn(&many.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for arguments in [&["routes", "--learned"][..], &["routes", "--learned", "-o", "json"], &["routes", "-o", "yaml"]] {
        let mut command = command(&world.socket, arguments);
        let said: Said = tokio::task::spawn_blocking(move || {
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let mut first = [0; 1];
            child.stdout.take().unwrap().read_exact(&mut first).unwrap();
            // The pipe is closed now, with more to come than it holds.
            child.wait_with_output().unwrap().into()
        })
        .await
        .unwrap();
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{arguments:?}");
    }
}

#[tokio::test]
async fn colours_only_where_they_are_wanted() {
    let world = World::start().await;
    let coloured = async |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = command(&world.socket, arguments);
        command.envs(variables.iter().copied());
        run(command).await.out.contains('\x1b')
    };
    assert!(!coloured(&["peers"], &[]).await);
    assert!(coloured(&["peers"], &[("CLICOLOR_FORCE", "1")]).await);
    assert!(!coloured(&["peers"], &[("CLICOLOR_FORCE", "0")]).await);
    assert!(!coloured(&["peers"], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).await);
    assert!(coloured(&["peers", "--color", "always"], &[("NO_COLOR", "1")]).await);
    assert!(!coloured(&["peers", "--color", "never"], &[("CLICOLOR_FORCE", "1")]).await);
    assert!(!coloured(&["peers", "-o", "json", "--color", "always"], &[]).await);
}

#[tokio::test]
async fn finds_its_socket_in_the_environment() {
    let world = World::start().await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_aliasctl"));
    command.arg("peers").env("ALIASCTL_SOCKET", &world.socket);
    assert_eq!(run(command).await.code, 0);
}

#[test]
fn decode_takes_the_options_of_every_command_and_needs_no_daemon() {
    let decoded = |arguments: &[&str]| {
        let mut decode = command(Path::new("/nowhere"), arguments);
        let mut child = decode.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"ffffffffffffffffffffffffffffffff001304\n")
            .unwrap();
        Said::from(child.wait_with_output().unwrap())
    };
    for (arguments, begin) in [
        (&["decode"][..], "{\"index\":0"),
        (&["decode", "-o", "json"], "{\"index\":0"),
        (&["-o", "json", "decode"], "{\"index\":0"),
        (&["decode", "-o", "yaml"], "---\n"),
        (&["-o", "table", "decode"], "INDEX"),
        (&["decode", "--output", "table", "--color", "never"], "INDEX"),
    ] {
        let said = decoded(arguments);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{arguments:?}");
        assert!(said.out.starts_with(begin), "{arguments:?}: {}", said.out);
    }
}

#[tokio::test]
async fn check_66_what_faults_writes_decode_reads() {
    let world = World::start().await;
    let (_task, _stream) = world.faulty_peer().await;
    let shown = world.says(&["peers", "dc2", "--faults"]).await;
    assert!(shown.starts_with("# dc2: 2 UPDATE with faults; the last 2, newest first\n"), "{shown}");
    let mut decode = command(&world.socket, &["decode"]);
    let mut child = decode.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), shown.as_bytes()).unwrap();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let decoded: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = decoded.iter().map(|item| (item["type"].clone(), item["length"].clone())).collect();
    assert_eq!(kinds, [("UPDATE".into(), 31.into()), ("UPDATE".into(), 31.into())], "{lines}");
    let whole = world.says(&["peers", "dc2"]).await;
    assert!(whole.contains("! 2 faulty UPDATE: aliasctl peers dc2 --faults"), "{whole}");
}
