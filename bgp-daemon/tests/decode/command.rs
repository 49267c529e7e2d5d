//! The command itself: options, files, a reader that goes away.

use std::io::{self, Write};

use bgp_daemon::cli::decode::run;

use super::*;

#[test]
fn options_that_contradict_each_other_are_refused() {
    for given in [["--as2", "--as4"], ["--ebgp", "--ibgp"]] {
        assert!(Command::try_parse_from([&["decode"][..], &given].concat()).is_err(), "{given:?}");
    }
    assert!(Command::try_parse_from(["decode", "--add-path", "ipv4-multicast"]).is_err());
}

#[test]
fn a_file_is_read_and_one_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stream");
    std::fs::write(&file, keepalive()).unwrap();
    let mut out = Vec::new();
    run(&arguments(&[file.to_str().unwrap()]), &mut out).unwrap();
    assert_eq!(field(&objects(&String::from_utf8(out).unwrap()), "/type"), ["KEEPALIVE"]);
    let missing = folder.path().join("missing");
    let error = run(&arguments(&[missing.to_str().unwrap()]), &mut Vec::new()).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot read {}: ", missing.display())), "{error}");
}

struct Refusing(io::ErrorKind);

impl Write for Refusing {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error_and_a_full_disk_is_one() {
    let input = keepalive().repeat(10_000);
    for output in ["json", "yaml", "table"] {
        let arguments = arguments(&["-o", output]);
        assert!(run_on(&arguments, &input[..], &mut Refusing(io::ErrorKind::BrokenPipe)).is_ok());
        let full = run_on(&arguments, &input[..], &mut Refusing(io::ErrorKind::StorageFull));
        assert!(matches!(full, Err(DecodeError::Output(_))), "{output}");
    }
}
