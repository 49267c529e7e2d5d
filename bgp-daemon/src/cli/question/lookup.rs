//! `aliasctl lookup`.

use std::io;

use super::{or_dash, routes};
use crate::cli::Ending;
use crate::cli::arguments::LookupArguments;
use crate::cli::client::{Client, encoded};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::table::{Column, Parts, numbers, words};
use crate::control::reply::{LookupReply, Route};

const COLUMNS: [Column; 9] = [
    words(""),
    words("PREFIX"),
    words("NEXT HOP"),
    numbers("MED"),
    words("AS PATH").folds(),
    words("COMMUNITIES").folds(),
    words("FROM"),
    words("DECISION").folds(),
    words("IMPORT").folds(),
];

pub async fn ask(client: &Client, console: &mut Console<'_>, asked: &LookupArguments) -> Result<Ending, Failure> {
    let path = format!("/v1/lookup/{}", encoded(&asked.address.to_string()));
    let reply: LookupReply = client.ask(&path, &[]).await?;
    if !console.structured(&reply)? {
        write(console, &reply)?;
    }
    Ok(Ending::Fine)
}

pub fn write(console: &mut Console<'_>, reply: &LookupReply) -> io::Result<()> {
    let row = |route: &Route| {
        let mut row = vec![routes::marks(route)];
        row.extend(routes::path_cells(route));
        let import = route.import_verdict.as_ref().map(|verdict| verdict.text.as_str());
        row.extend([or_dash(route.source.as_ref()), or_dash(route.standing.as_ref()), or_dash(import)]);
        row
    };
    Parts::new(&COLUMNS).write(console, reply.paths.iter().map(row).collect())
}
