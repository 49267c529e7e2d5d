//! Replies of a head and a list that goes on on further pages.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cli::Ending;
use crate::cli::arguments::Format;
use crate::cli::client::{Client, Pages};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::table::{Column, Parts};
use crate::control::reply::{AggregateEntry, AggregationReply, InventoryReply, RangeEntry};

/// A page of such a reply.
pub trait Page: Serialize + DeserializeOwned {
    /// What the list is of.
    type Item;

    /// The list, and where it goes on.
    fn list(&mut self) -> (&mut Vec<Self::Item>, &mut Option<String>);
}

impl Page for InventoryReply {
    type Item = RangeEntry;

    fn list(&mut self) -> (&mut Vec<RangeEntry>, &mut Option<String>) {
        (&mut self.ranges, &mut self.next_page_token)
    }
}

impl Page for AggregationReply {
    type Item = AggregateEntry;

    fn list(&mut self) -> (&mut Vec<AggregateEntry>, &mut Option<String>) {
        (&mut self.aggregates, &mut self.next_page_token)
    }
}

/// Writes the answer to `path`: as one document, for its lists are short beside those of routes, or the head and then the list
/// as a table, page by page.
pub async fn write<P: Page>(
    client: &Client,
    console: &mut Console<'_>,
    path: &str,
    head: impl FnOnce(&mut Console<'_>, &P) -> io::Result<()>,
    columns: &[Column],
    row: impl Fn(&P::Item) -> Vec<String>,
) -> Result<Ending, Failure> {
    let mut pages = Pages::default();
    let mut reply: P = page(client, path, &pages).await?;
    if console.format != Format::Table {
        while pages.follow(reply.list().1.take())? {
            let mut next: P = page(client, path, &pages).await?;
            let (items, token) = next.list();
            let (list, goes_on) = reply.list();
            list.append(items);
            *goes_on = token.take();
        }
        console.structured(&reply)?;
        return Ok(Ending::Fine);
    }
    head(console, &reply)?;
    if !reply.list().0.is_empty() {
        console.line("")?;
    }
    let mut table = Parts::new(columns);
    loop {
        let (list, goes_on) = reply.list();
        table.write(console, list.iter().map(&row).collect())?;
        if !pages.follow(goes_on.take())? {
            return Ok(Ending::Fine);
        }
        reply = page(client, path, &pages).await?;
    }
}

async fn page<P: Page>(client: &Client, path: &str, pages: &Pages) -> Result<P, Failure> {
    client.ask(path, &[("after", pages.after()), ("limit", Some("1000"))]).await
}
