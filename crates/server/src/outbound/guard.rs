//! Which addresses a call may go to: public ones, and the private networks that the operator has named.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::address;

/// Whether a call may go to an address. `allowed` are networks that the operator has opened.
pub(crate) fn may_reach(allowed: &[String], target: IpAddr) -> bool {
    is_public(target) || (!allowed.is_empty() && address::is_allowed(allowed, target))
}

/// Whether an address belongs to the public net: nothing that only this machine or its neighbours could mean.
pub(crate) fn is_public(target: IpAddr) -> bool {
    match target.to_canonical() {
        IpAddr::V4(target) => is_public_v4(target),
        IpAddr::V6(target) => is_public_v6(target),
    }
}

fn is_public_v4(target: Ipv4Addr) -> bool {
    let [a, b, c, _] = target.octets();
    let is_special = target.is_loopback()
        || target.is_private()
        || target.is_link_local()
        || target.is_multicast()
        || target.is_documentation()
        // "This network", carrier-grade NAT, protocol assignments, benchmarks, reserved and broadcast (RFC 6890).
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
        || a >= 240;
    !is_special
}

fn is_public_v6(target: Ipv6Addr) -> bool {
    let parts = target.segments();
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        // Translated and tunnelled addresses lead to the IPv4 address inside them.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => inner(high, low),
        // Only what is handed out as global unicast, less documentation, Teredo and benchmarks.
        [0x2001, 0xdb8 | 0 | 2, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_reached_unless_the_operator_opens_a_network() {
        let check = |target: &str, expected: bool| {
            assert_eq!(is_public(target.parse().expect("an address")), expected, "{target}");
        };
        for public in ["1.1.1.1", "203.0.112.9", "100.63.0.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::101:101"] {
            check(public, true);
        }
        for private in [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "2001::1",
        ] {
            check(private, false);
        }
        let own = ["10.1.0.0/16".to_owned()];
        assert!(may_reach(&own, "10.1.2.3".parse().expect("an address")));
        assert!(!may_reach(&own, "10.2.2.3".parse().expect("an address")));
        assert!(!may_reach(&[], "10.1.2.3".parse().expect("an address")));
    }
}
