//! A reserved address. External ones are not ours to announce and are passed over.

use std::sync::Arc;

use bgp_core::types::Prefix;

use super::{Field, Object, ObjectReader, Reservation};
use crate::inventory::{Owner, ResourcePath};

/// Reads an address; `None` when it is external, not yet allocated or at fault.
///
/// `addressType` may be absent where `subnetwork` is given: only internal addresses have one. `status` does not count:
/// reserved is as good as in use.
pub(in crate::inventory) fn address(
    path: &Arc<ResourcePath>,
    object: &Object,
    reader: &mut ObjectReader<'_>,
) -> Option<Reservation> {
    const TYPES: &str = "INTERNAL or EXTERNAL";
    let kind = reader.optional("addressType", &object.address_type, TYPES).map(String::as_str);
    match kind {
        Some("INTERNAL") => {}
        Some("EXTERNAL") => return None,
        None if object.subnetwork.is_written() => {}
        None => return None,
        Some(other) => {
            reader.fault("addressType", Some(other), format!("expected {TYPES}"));
            return None;
        }
    }
    if !object.address.is_written() && object.status.given().is_some_and(|status| status == "RESERVING") {
        reader.notes.push(format!("{}: has no address yet", reader.label));
        return None;
    }
    let text = reader.required("address", &object.address, "an address as in 10.0.0.2")?;
    let Ok(address) = text.parse() else {
        reader.fault("address", Some(text), "expected an address as in 10.0.0.2");
        return None;
    };
    let length = reader.optional("prefixLength", &object.prefix_length, "a prefix length").copied();
    let prefix = match length {
        // 0 is how the API writes a length that is not there.
        None | Some(0) => Prefix::host(address),
        Some(length) => match Prefix::new(address, u8::try_from(length).unwrap_or(u8::MAX)) {
            Ok(prefix) => prefix,
            Err(error) => {
                reader.fault("prefixLength", Some(&length.to_string()), error.expected);
                return None;
            }
        },
    };
    let subnetwork = reader.link("subnetwork", &object.subnetwork, "subnetworks");
    let network = reader.link("network", &object.network, "networks");
    let owner = Arc::new(Owner::Address(Arc::clone(path)));
    reader.is_sound.then_some(Reservation { owner, prefix, field: Field::Address, subnetwork, network })
}
