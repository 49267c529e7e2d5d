//! Our UPDATE decoder beside those of other crates: time and instructions for the same octets.
//!
//! Called with a file of UPDATEs it prints the table; it calls itself under valgrind with a decoder and a number of rounds too.

mod decoders;

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;

use crate::decoders::Decoder;

/// How often each decodes everything; the fastest one counts, since all that a busy machine can do is make it slower.
const ROUNDS: usize = 7;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [file] => table(file),
        [file, decoder, rounds] => {
            let (messages, decoder) = (messages(file)?, Decoder::called(decoder)?);
            for _ in 0..rounds.parse()? {
                decoder.decode_all(&messages)?;
            }
            Ok(())
        }
        _ => bail!("codec FILE [DECODER ROUNDS]"),
    }
}

fn messages(file: &str) -> Result<Vec<Bytes>> {
    let mut octets = Bytes::from(fs::read(file).with_context(|| file.to_owned())?);
    let mut messages = Vec::new();
    while !octets.is_empty() {
        let length = octets.get(16..18).context("a message that is cut short")?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        ensure!(length >= 19 && length <= octets.len(), "a message that is cut short");
        messages.push(octets.split_to(length));
    }
    Ok(messages)
}

fn table(file: &str) -> Result<()> {
    let messages = messages(file)?;
    let mut routes = None;
    let mut fastest = [f64::INFINITY; Decoder::ALL.len()];
    for _ in 0..ROUNDS {
        for (decoder, fastest) in Decoder::ALL.into_iter().zip(&mut fastest) {
            let start = Instant::now();
            let decoded = decoder.decode_all(&messages)?;
            *fastest = fastest.min(start.elapsed().as_nanos() as f64);
            ensure!(*routes.get_or_insert(decoded) == decoded, "{} finds {decoded} routes", decoder.name());
        }
    }
    let routes = routes.context("no routes")?;
    println!("{} UPDATEs, {routes} prefixes; fastest of {ROUNDS} rounds; instructions by callgrind\n", messages.len());
    println!("| decoder | ms | ns an UPDATE | ns a prefix | instructions an UPDATE | instructions a prefix |");
    println!("|---|---|---|---|---|---|");
    for (decoder, nanos) in Decoder::ALL.into_iter().zip(fastest) {
        let (updates, prefixes) = (messages.len() as f64, routes as f64);
        let counted = match instructions(file, decoder)? {
            Some(count) => format!("{:.0} | {:.0}", count / updates, count / prefixes),
            None => "– | –".to_owned(),
        };
        println!(
            "| {} | {:.1} | {:.0} | {:.1} | {counted} |",
            decoder.name(),
            nanos / 1e6,
            nanos / updates,
            nanos / prefixes
        );
    }
    Ok(())
}

/// Instructions of one round: those of a run with two less those of a run with one. `None` where there is no valgrind.
fn instructions(file: &str, decoder: Decoder) -> Result<Option<f64>> {
    let run = |rounds: &str| callgrind::instructions(&[], &[file, decoder.name(), rounds]);
    let (Some(one), Some(two)) = (run("1")?, run("2")?) else { return Ok(None) };
    Ok(Some((two - one) as f64))
}
