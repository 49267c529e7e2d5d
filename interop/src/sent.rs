//! UPDATE by UPDATE what aliasd has sent, as `tshark` reads it.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

/// The IPv4 routes of one UPDATE (RFC 4271 section 4.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// When it was captured, since 1970.
    pub at: Duration,
    /// To which address.
    pub to: String,
    /// In which connection.
    pub connection: String,
    pub withdrawn: BTreeSet<String>,
    pub announced: BTreeSet<String>,
}

/// Reads what `tshark -T json --no-duplicate-keys` prints of packets with UPDATEs: several of one packet are a list then.
pub fn read(printed: &str) -> Result<Vec<Sent>> {
    let packets: Vec<Value> = serde_json::from_str(printed).context("tshark prints no JSON")?;
    let mut sent = Vec::new();
    for packet in &packets {
        let layers = packet.pointer("/_source/layers").context("a packet without layers")?;
        let text = |pointer: &str| {
            let value = layers.pointer(pointer).and_then(Value::as_str);
            value.map(str::to_owned).with_context(|| format!("no {pointer} in a packet"))
        };
        let to = text("/ip/ip.dst").or_else(|_| text("/ipv6/ipv6.dst"))?;
        let (at, connection) = (time(&text("/frame/frame.time_epoch")?)?, text("/tcp/tcp.stream")?);
        let messages = layers.get("bgp").map_or(&[][..], |bgp| match bgp {
            Value::Array(several) => several,
            one => std::slice::from_ref(one),
        });
        for message in messages.iter().filter(|message| message.get("bgp.type").is_some_and(|kind| kind == "2")) {
            let (withdrawn, announced) =
                (prefixes(message, "bgp.update.withdrawn_routes")?, prefixes(message, "bgp.update.nlri")?);
            sent.push(Sent { at, to: to.clone(), connection: connection.clone(), withdrawn, announced });
        }
    }
    Ok(sent)
}

/// The prefixes of a field, which are the names of what stands in it.
fn prefixes(message: &Value, field: &str) -> Result<BTreeSet<String>> {
    let Some(value) = message.get(field) else { return Ok(BTreeSet::new()) };
    let object = value.as_object().with_context(|| format!("{field} is {value}"))?;
    Ok(object.keys().cloned().collect())
}

/// Seconds with nine decimals.
fn time(text: &str) -> Result<Duration> {
    let (seconds, nanos) = text.split_once('.').with_context(|| format!("{text} is no time"))?;
    Ok(Duration::new(seconds.parse()?, nanos.parse()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_one_message_and_several_of_a_packet_and_passes_over_others() {
        let packet = |bgp: &str| {
            format!(
                r#"{{"_source": {{"layers": {{"frame": {{"frame.time_epoch": "17.000000002"}}, "ip": {{"ip.dst": "10.0.0.3"}},
                "tcp": {{"tcp.stream": "4"}}, "bgp": {bgp}}}}}}}"#
            )
        };
        let first = r#"{"bgp.type": "2", "bgp.update.withdrawn_routes": {"10.4.0.0/24": {}, "10.4.2.0/23": {}}}"#;
        let second = r#"{"bgp.type": "2", "bgp.update.nlri": {"10.4.0.0/16": {}}}"#;
        let printed = format!("[{}, {}]", packet(first), packet(&format!(r#"[{{"bgp.type": "4"}}, {second}]"#)));
        let set = |prefixes: &[&str]| prefixes.iter().map(|prefix| (*prefix).to_owned()).collect();
        let sent = |withdrawn, announced| Sent {
            at: Duration::new(17, 2),
            to: "10.0.0.3".to_owned(),
            connection: "4".to_owned(),
            withdrawn,
            announced,
        };
        let expected = [sent(set(&["10.4.0.0/24", "10.4.2.0/23"]), set(&[])), sent(set(&[]), set(&["10.4.0.0/16"]))];
        assert_eq!(read(&printed).unwrap(), expected);
        assert!(read("[]").unwrap().is_empty());
        assert!(read("[{}]").is_err());
    }
}
