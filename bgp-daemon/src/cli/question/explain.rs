//! `aliasctl explain`: one line a link, and where the chain breaks.

use std::io;

use crate::cli::Ending;
use crate::cli::arguments::ExplainArguments;
use crate::cli::client::Client;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::control::reply::{ExplainReply, Outcome, Step};

pub async fn ask(client: &Client, console: &mut Console<'_>, asked: &ExplainArguments) -> Result<Ending, Failure> {
    let parameters = [("target", Some(asked.target.as_str())), ("peer", asked.peer.as_deref())];
    let reply: ExplainReply = client.ask("/v1/explain", &parameters).await?;
    if !console.structured(&reply)? {
        write(console, &reply)?;
    }
    if reply.outcome == Outcome::Unknown {
        console.out.flush()?;
        let text = format!("{} is in neither the inventory nor the table", reply.target);
        return Err(Failure::NotFound(text));
    }
    Ok(Ending::Fine)
}

pub fn write(console: &mut Console<'_>, reply: &ExplainReply) -> io::Result<()> {
    console.title(&format!("{}: {}", reply.target, reply.outcome))?;
    let first = reply.chain.iter().position(|link| !link.ok);
    for (place, link) in reply.chain.iter().enumerate() {
        // What follows a break follows from it; only the peers are told each for itself.
        let breaks = Some(place) == first || link.step == Step::Export;
        let (mark, broken) = match (link.ok, breaks) {
            (true, _) => ("ok", ""),
            (false, true) => ("--", "broken here: "),
            (false, false) => ("--", ""),
        };
        console.line(&format!("  {mark} {:11}  {broken}{}", link.step, link.text))?;
        for detail in &link.details {
            console.line(&format!("{:18}{detail}", ""))?;
        }
    }
    match (&reply.broken_at, first) {
        // A break that is no link of the chain, as when there is no peer or nobody has the target.
        (Some(broken_at), None) => console.line(&format!("  -- broken here: {broken_at}")),
        _ => Ok(()),
    }
}
