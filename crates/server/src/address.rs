//! Lists of networks: who may call, and where calls may go.

use std::net::IpAddr;

/// Whether an address lies in one of the networks; an empty list allows every address.
pub fn is_allowed(networks: &[String], from: IpAddr) -> bool {
    networks.is_empty() || networks.iter().filter_map(|network| parse(network)).any(|network| contains(network, from))
}

/// Reads `10.0.0.0/8`, `2001:db8::/32` or a single address.
pub fn parse(network: &str) -> Option<(IpAddr, u32)> {
    let (address, prefix) = match network.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (network, None),
    };
    let address: IpAddr = address.trim().parse().ok()?;
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.map_or(Some(bits), |prefix| prefix.trim().parse().ok())?;
    (prefix <= bits).then_some((address, prefix))
}

fn contains((network, prefix): (IpAddr, u32), address: IpAddr) -> bool {
    match (network, address.to_canonical()) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let host_bits = 32 - prefix;
            u64::from(network.to_bits()) >> host_bits == u64::from(address.to_bits()) >> host_bits
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let host_bits = 128 - prefix;
            network.to_bits().checked_shr(host_bits) == address.to_bits().checked_shr(host_bits)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_allowed_by_its_network_alone() {
        let check = |networks: &[&str], from: &str, expected: bool| {
            let networks: Vec<String> = networks.iter().map(ToString::to_string).collect();
            assert_eq!(is_allowed(&networks, from.parse().expect("an address")), expected, "{networks:?} {from}");
        };
        check(&[], "192.0.2.1", true);
        check(&["192.0.2.1"], "192.0.2.1", true);
        check(&["192.0.2.1"], "192.0.2.2", false);
        check(&["10.0.0.0/8"], "10.255.0.1", true);
        check(&["10.0.0.0/8"], "11.0.0.1", false);
        check(&["10.0.0.0/8"], "::ffff:10.0.0.1", true);
        check(&["0.0.0.0/0"], "203.0.113.9", true);
        check(&["2001:db8::/32"], "2001:db8::1", true);
        check(&["::/0"], "2001:db8::1", true);
        check(&["nonsense", "10.0.0.0/33"], "10.0.0.1", false);
    }
}
