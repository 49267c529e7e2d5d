//! `/v1/lookup/{address}`.

use std::net::IpAddr;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::Uri;

use super::{Peers, no_parameters, translate};
use crate::control::fault::Fault;
use crate::control::reply::{ApiVersion, LookupReply, ParameterFault};
use crate::control::view::DaemonView;

/// The longest match in the Loc-RIB, with every path to it.
pub async fn lookup(
    State(view): State<DaemonView>,
    address: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Result<Json<LookupReply>, Fault> {
    no_parameters(&uri)?;
    let text = address.map(|Path(text)| text).unwrap_or_default();
    let address: IpAddr = text.parse().map_err(|_| {
        let expected = "an address as in 10.0.0.1 or fd00::1".to_owned();
        Fault::invalid(vec![ParameterFault { parameter: "address".to_owned(), value: Some(text.clone()), expected }])
    })?;
    let question = move |rib: &bgp_core::rib::Rib| {
        let prefix = rib.lookup(address)?.prefix;
        Some((prefix, rib.paths(&prefix)))
    };
    let Some((prefix, paths)) = view.rib.ask_now(question).await? else {
        return Err(Fault::not_found(format!("no route in the Loc-RIB holds {address}"), Vec::new()));
    };
    let paths = translate::paths(&prefix, &paths, &Peers::of(&view));
    Ok(Json(LookupReply { api_version: ApiVersion, address: address.to_string(), prefix: prefix.to_string(), paths }))
}
