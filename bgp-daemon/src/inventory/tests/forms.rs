//! Every form a file can have, with whole objects as gcloud prints them.

use super::*;

/// What the samples hold: a Shared VPC whose subnetworks are another project's than its instances.
const SHARED_VPC: &str = "\
10.0.0.0/20 primary of gke
  10.0.0.2/32 instance projects/example-app/zones/us-central1-a/instances/gke-main-pool-1 nic0
  10.0.0.2/32 address projects/example-app/regions/us-central1/addresses/pool-1-ip
  10.0.0.3/32 instance projects/example-app/zones/us-central1-b/instances/gke-main-pool-2 nic0
  10.0.0.9/32 instance projects/example-app/zones/us-central1-a/instances/stopped-1 nic0
  10.0.0.64/28 alias range of instance projects/example-app/zones/us-central1-b/instances/gke-main-pool-2 nic0
  10.0.0.100/32 address projects/example-app/regions/us-central1/addresses/lb-vip
  10.0.0.100/32 forwarding rule projects/example-app/regions/us-central1/forwardingRules/lb-tcp
  10.0.0.100/32 forwarding rule projects/example-app/regions/us-central1/forwardingRules/lb-udp
  10.0.0.200/32 address projects/example-app/regions/us-central1/addresses/spare
10.1.0.0/20 primary of web
  10.1.0.2/32 instance projects/example-app/zones/europe-west1-b/instances/web-1 nic0
10.2.0.0/24 primary of edge
  10.2.0.2/32 instance projects/example-app/zones/us-east1-c/instances/edge-1 nic0
  10.2.0.77/32 alias range of instance projects/example-app/zones/us-east1-c/instances/edge-1 nic0
10.3.0.0/23 primary of proxies
10.4.0.0/14 gke-pods of gke
  10.4.0.0/24 alias range of instance projects/example-app/zones/us-central1-a/instances/gke-main-pool-1 nic0
  10.4.1.0/24 alias range of instance projects/example-app/zones/us-central1-b/instances/gke-main-pool-2 nic0
10.8.0.0/20 gke-services of gke
2600:1900:4000:a1b2::/64 ipv6 of edge
  2600:1900:4000:a1b2:0:7::/96 instance projects/example-app/zones/us-east1-c/instances/edge-1 nic0
fd20:a1b:2c3d::/64 ipv6 of web
  fd20:a1b:2c3d::1:0:0/96 instance projects/example-app/zones/europe-west1-b/instances/web-1 nic0
";

const LAB: &str = "\
10.0.0.0/20 primary of gke
  10.0.0.2/32 instance projects/lab/zones/us-central1-a/instances/node-1 nic0
  10.0.0.77/32 alias range of instance projects/lab/zones/us-central1-a/instances/node-1 nic0
  10.0.0.200/32 address projects/lab/regions/us-central1/addresses/spare
10.4.0.0/14 pods of gke
  10.4.0.0/24 alias range of instance projects/lab/zones/us-central1-a/instances/node-1 nic0
fd20:0:0:1::/64 ipv6 of v6
  fd20::1:0:1:0:0/96 instance projects/lab/zones/us-central1-a/instances/node-2 nic0
  fd20::1:0:2:0:0/96 alias range of instance projects/lab/zones/us-central1-a/instances/node-2 nic0
";

#[test]
fn reads_what_gcloud_prints() {
    let snapshot = read(&sample("gcloud"), &Selection::default()).unwrap();
    assert_eq!(shown(&snapshot), SHARED_VPC);
    let counts = snapshot.counts;
    assert_eq!((counts.files, counts.subnetworks, counts.instances, counts.alias_ranges), (4, 4, 5, 4));
    assert_eq!((counts.addresses, counts.forwarding_rules), (3, 2));
    assert_eq!(snapshot.ranges[0].subnetwork.region, "us-central1");
    assert!(snapshot.notes.is_empty(), "{:?}", snapshot.notes);
}

#[test]
fn reads_pages_and_aggregated_pages_of_the_api() {
    let snapshot = read(&sample("aggregated"), &Selection::default()).unwrap();
    assert_eq!(shown(&snapshot), SHARED_VPC);
}

#[test]
fn reads_a_bundle_as_json_and_as_yaml() {
    for file in ["bundle/lab.json", "bundle/lab.yaml"] {
        let snapshot = read(&sample(file), &Selection::default()).unwrap();
        assert_eq!(shown(&snapshot), LAB, "{file}");
        assert_eq!(
            snapshot.notes,
            ["instance projects/lab/zones/us-central1-a/instances/node-1: \
              networkInterfaces[0].aliasIpRanges[2].ipCidrRange: \"/24\" has no address yet and is not allocated"]
        );
    }
}

#[test]
fn a_network_is_selected_by_name_path_or_url() {
    for wanted in [
        "vpc",
        "global/networks/vpc",
        "projects/example-host/global/networks/vpc",
        "https://www.googleapis.com/compute/v1/projects/example-host/global/networks/vpc",
    ] {
        let snapshot = read(&sample("gcloud"), &network(wanted)).unwrap();
        assert_eq!(shown(&snapshot), SHARED_VPC, "{wanted}");
    }
    let faults = read(&sample("gcloud"), &network("other")).unwrap_err().to_string();
    assert_eq!(faults, "network other: no subnetwork; expected at least one, or inventory.allow_empty");
}

#[test]
fn kinds_are_told_by_path_or_fields_where_no_kind_is_given() {
    let mut text = list(&[SUBNETWORK, &node("a", "10.0.0.2", &["10.4.0.0/24"])]);
    let with_kind = read_all(&[("all.json", &text)]).unwrap();
    for kind in ["\"kind\": \"compute#subnetwork\",", "\"kind\": \"compute#instance\","] {
        text = text.replace(kind, "");
    }
    assert_eq!(read_all(&[("all.json", &text)]).unwrap().ranges, with_kind.ranges);
    let by_fields = text
        .replace(
            "\"selfLink\": \"projects/p/regions/r/subnetworks/s\"",
            "\"name\": \"s\", \"region\": \"projects/p/regions/r\"",
        )
        .replace(
            "\"selfLink\": \"projects/p/zones/z/instances/a\"",
            "\"name\": \"a\", \"zone\": \"projects/p/zones/z\"",
        );
    assert_eq!(read_all(&[("all.json", &by_fields)]).unwrap().ranges, with_kind.ranges);
}

#[test]
fn a_page_that_is_not_the_last_proves_nothing() {
    let page = |more: &str| format!(r#"{{"kind": "compute#subnetworkList", "items": [{SUBNETWORK}]{more}}}"#);
    for (more, fault) in [
        (r#", "nextPageToken": "CmkK""#, "nextPageToken: \"CmkK\": more pages follow; expected all of them"),
        (
            r#", "unreachables": ["zones/a", "zones/b"]"#,
            "unreachables: \"zones/a, zones/b\": the API could not reach these; expected a whole answer",
        ),
        (
            r#", "warning": {"code": "PARTIAL_SUCCESS", "message": "m"}"#,
            "warning.code: \"PARTIAL_SUCCESS\": the answer is not whole; expected one that is",
        ),
        (r#", "warning": {"code": 5}"#, "warning.code: \"5\": expected a warning's code"),
    ] {
        assert_eq!(read_all(&[("page.json", &page(more))]).unwrap_err(), format!("page.json: {fault}"));
    }
    let whole = r#", "nextPageToken": "", "unreachables": [], "warning": {"code": "NO_RESULTS_ON_PAGE"}"#;
    assert_eq!(read_all(&[("page.json", &page(whole))]).unwrap().ranges.len(), 2);
}

#[test]
fn a_zone_that_could_not_be_reached_proves_nothing() {
    let text = r#"{"kind": "compute#instanceAggregatedList", "items": {
        "zones/a": {"warning": {"code": "NO_RESULTS_ON_PAGE"}}, "zones/b": {"warning": {"code": "UNREACHABLE"}}}}"#;
    assert_eq!(
        read_all(&[("i.json", text), ("s.json", &list(&[SUBNETWORK]))]).unwrap_err(),
        "i.json: items.zones/b.warning.code: \"UNREACHABLE\": the answer is not whole; expected one that is"
    );
}

#[test]
fn a_warning_that_harms_nothing_is_noted() {
    let text = format!(r#"{{"items": [{SUBNETWORK}], "warning": {{"code": "DEPRECATED_RESOURCE_USED"}}}}"#);
    let snapshot = read_all(&[("page.json", &text)]).unwrap();
    assert_eq!(snapshot.notes, ["page.json: warning.code: the API warns of DEPRECATED_RESOURCE_USED"]);
}

#[test]
fn a_yaml_block_without_its_end_may_be_cut_short() {
    let yaml = std::fs::read_to_string(sample("bundle/lab.yaml")).unwrap();
    let cut = yaml.split("addresses:").next().unwrap();
    assert_eq!(
        read_all(&[("lab.yaml", cut)]).unwrap_err(),
        "lab.yaml: may be cut short; expected a last line \"...\" (the end of a YAML document)"
    );
    assert!(read_all(&[("lab.yaml", &format!("{cut}...\n# made by hand\n"))]).is_ok());
    // Brackets close themselves.
    assert!(read_all(&[("all.yml", &list(&[SUBNETWORK]))]).is_ok());
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let text = format!("\u{feff}{}", list(&[SUBNETWORK]));
    assert!(read_all(&[("all.json", &text)]).is_ok());
}
