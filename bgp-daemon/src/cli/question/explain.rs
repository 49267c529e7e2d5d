//! `aliasctl explain`: one line a link, and where the chain breaks.

use std::io;

use crate::cli::Ending;
use crate::cli::arguments::ExplainArguments;
use crate::cli::client::Client;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::control::reply::{ExplainReply, Outcome};

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
    for link in &reply.chain {
        let (mark, broken) = if link.ok { ("ok", "") } else { ("--", "broken here: ") };
        console.line(&format!("  {mark} {:11}  {broken}{}", link.step, link.text))?;
        for detail in &link.details {
            console.line(&format!("{:18}{detail}", ""))?;
        }
    }
    Ok(())
}
