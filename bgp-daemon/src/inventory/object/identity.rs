//! What an object is called: its `selfLink`, or what a person wrote in its place.
//!
//! An object without `selfLink` is named by `name` and where it lies: `zone` (instances) or `region`, as a path
//! (`projects/p/zones/z`) or as a bare name beside `project`. An address or a forwarding rule with `project` and no
//! `region` is a global one.

use super::{Kind, Object, ObjectReader};
use crate::inventory::ResourcePath;

/// The path of the object, or a fault.
pub(in crate::inventory) fn identity(
    kind: Kind,
    object: &Object,
    reader: &mut ObjectReader<'_>,
) -> Option<ResourcePath> {
    let expected = match kind {
        Kind::Subnetwork => "a path as in projects/p/regions/r/subnetworks/s",
        Kind::Instance => "a path as in projects/p/zones/z/instances/vm-1",
        Kind::Address => "a path as in projects/p/regions/r/addresses/a",
        Kind::ForwardingRule => "a path as in projects/p/regions/r/forwardingRules/f",
    };
    if !object.self_link.is_written() {
        return composed(kind, object, reader);
    }
    let text = reader.optional("selfLink", &object.self_link, expected)?;
    let path = ResourcePath::parse(text).filter(|path| is_path_of(kind, path));
    if path.is_none() {
        reader.fault("selfLink", Some(text), format!("expected {expected}"));
    }
    path
}

/// Whether the path is one that a resource of this kind can have.
fn is_path_of(kind: Kind, path: &ResourcePath) -> bool {
    let parts: Vec<&str> = path.as_str().split('/').collect();
    match (kind, parts.as_slice()) {
        (Kind::Instance, ["projects", _, "zones", _, collection, _])
        | (_, ["projects", _, "regions", _, collection, _]) => *collection == kind.collection(),
        (Kind::Address | Kind::ForwardingRule, ["projects", _, "global", collection, _]) => {
            *collection == kind.collection()
        }
        _ => false,
    }
}

fn composed(kind: Kind, object: &Object, reader: &mut ObjectReader<'_>) -> Option<ResourcePath> {
    let (scopes, field, written) = match kind {
        Kind::Instance => ("zones", "zone", &object.zone),
        Kind::Subnetwork | Kind::Address | Kind::ForwardingRule => ("regions", "region", &object.region),
    };
    let may_be_global = matches!(kind, Kind::Address | Kind::ForwardingRule);
    let name = reader.required("name", &object.name, "a name, where selfLink is absent");
    let project = reader.optional("project", &object.project, "a project");
    let scope = match (reader.optional(field, written, "a path or a name"), project) {
        (Some(scope), Some(project)) if !scope.contains('/') => format!("projects/{project}/{scopes}/{scope}"),
        (Some(scope), _) => scope.clone(),
        (None, Some(project)) if may_be_global && !written.is_written() => format!("projects/{project}/global"),
        (None, _) => {
            let expected = format!("missing; expected selfLink, or name with {field} as in projects/p/{scopes}/NAME");
            if !written.is_written() {
                reader.fault(field, None, expected);
            }
            return None;
        }
    };
    let path = ResourcePath::parse(&format!("{scope}/{}/{}", kind.collection(), name?));
    let path = path.filter(|path| is_path_of(kind, path));
    if path.is_none() {
        let expected = format!("expected projects/p/{scopes}/NAME, or NAME beside project");
        reader.fault(field, Some(&scope), expected);
    }
    path
}
