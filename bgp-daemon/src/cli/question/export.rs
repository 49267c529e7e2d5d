//! `aliasctl export`.

use bgp_core::types::Prefix;
use std::collections::BTreeSet;

use super::routes;
use crate::cli::Ending;
use crate::cli::arguments::{DiscardRoutesArguments, PrefixListArguments, RoutesArguments};
use crate::cli::client::{Client, Pages};
use crate::cli::console::Console;
use crate::cli::discard_routes;
use crate::cli::failure::Failure;
use crate::cli::prefix_list::{self, ListName};

pub async fn prefix_list(
    client: &Client,
    console: &mut Console<'_>,
    asked: &PrefixListArguments,
) -> Result<Ending, Failure> {
    let (prefixes, head) = originated(client, asked.role.as_deref()).await?;
    let name = asked.name.clone().unwrap_or_else(|| ListName::of_role(asked.role.as_deref()));
    console.out.write_all(prefix_list::written(&name, &head, &prefixes, asked.format).as_bytes())?;
    Ok(Ending::Fine)
}

pub async fn discard_routes(
    client: &Client,
    console: &mut Console<'_>,
    asked: &DiscardRoutesArguments,
) -> Result<Ending, Failure> {
    let (prefixes, head) = originated(client, asked.role.as_deref()).await?;
    let name = ListName::of_role(asked.role.as_deref());
    console.out.write_all(discard_routes::written(&name, &head, &prefixes, asked.format).as_bytes())?;
    Ok(Ending::Fine)
}

/// What is originated with a role or at all, never nothing, and a line that says so.
async fn originated(client: &Client, wanted: Option<&str>) -> Result<(Vec<Prefix>, String), Failure> {
    let (mut prefixes, mut roles, mut pages) = (Vec::new(), BTreeSet::new(), Pages::default());
    loop {
        let page = routes::page(client, &RoutesArguments::originated(), None, &pages).await?;
        for route in &page.result {
            let role = route.source.as_ref().and_then(|source| source.role.as_deref()).unwrap_or_default();
            roles.insert(role.to_owned());
            if wanted.is_none_or(|wanted| wanted == role) {
                let text = &route.destination.prefix;
                let not_one = |_| Failure::Failed(format!("aliasd originates {text:?}, which is no prefix"));
                prefixes.push(text.parse::<Prefix>().map_err(not_one)?);
            }
        }
        if !pages.follow(page.next_page_token)? {
            break;
        }
    }
    let what = wanted.map_or_else(|| "prefix".to_owned(), |role| format!("prefix of role {role:?}"));
    if prefixes.is_empty() {
        let roles = roles.into_iter().collect::<Vec<_>>().join(", ");
        return Err(Failure::NotFound(match roles.is_empty() {
            true => format!("no {what} is originated, and an empty list is not written"),
            false => {
                format!("no {what} is originated, and an empty list is not written; there are prefixes of {roles}")
            }
        }));
    }
    let of = wanted.map_or_else(String::new, |role| format!(" with role {role}"));
    // The role is somebody's word, and a comment ends with its line.
    let head = format!("What aliasd originates{of}: {} prefixes", prefixes.len()).replace(char::is_control, " ");
    Ok((prefixes, head))
}
