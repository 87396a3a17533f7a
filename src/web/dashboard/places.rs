//! Who has how many of the places for streams: nobody takes them all.

use super::STREAMS;
use super::access::Whose;
use axum::http::HeaderMap;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// So many one visitor or one account may have. A browser opens no more than six connections to a server.
const OF_ONE: usize = 8;
/// So many all together may have who could be anybody.
pub(super) const OF_ANYBODY: usize = STREAMS / 2;
/// So many are left to operators.
const OF_OPERATORS: usize = 4;

/// The address of a visitor. A proxy beside us writes down whom it speaks for, behind what others have written
/// (`X-Forwarded-For`); from anybody else that says nothing.
pub(super) fn visitor(peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let peer = peer.to_canonical();
    let beside = match peer {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    };
    let said = headers.get_all("x-forwarded-for").into_iter().next_back();
    let said = said.and_then(|said| said.to_str().ok()?.rsplit(',').next());
    let said = said.and_then(|said| said.trim().parse().ok());
    network(said.filter(|_| beside).unwrap_or(peer))
}

/// What one visitor has: of IPv6 everybody has 2⁶⁴ addresses.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

/// The places.
#[derive(Default)]
pub(super) struct Places(Mutex<HashMap<Whose, usize>>);

/// A place, until it is dropped.
pub(super) struct Place {
    all: Arc<Places>,
    of: Whose,
}

impl Places {
    /// A place, if there is one for them.
    pub fn take(self: &Arc<Self>, of: Whose) -> Option<Place> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.get(&of).copied().unwrap_or_default();
        let anybodys = taken.iter().filter(|(of, _)| of.is_anybodys());
        let anybodys: usize = anybodys.map(|(_, count)| count).sum();
        let all: usize = taken.values().sum();
        let room = match of {
            Whose::Operator => true,
            Whose::Account(_) => own < OF_ONE,
            Whose::Visitor(_) | Whose::Guest(_) => own < OF_ONE && anybodys < OF_ANYBODY,
        };
        let kept = match of {
            Whose::Operator => 0,
            _ => OF_OPERATORS,
        };
        if !room || all + kept >= STREAMS {
            return None;
        }
        *taken.entry(of).or_default() += 1;
        Some(Place {
            all: self.clone(),
            of,
        })
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.values().sum()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.of) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::UserId;

    #[test]
    fn one_visitor_leaves_places_for_others_and_all_visitors_for_those_who_signed_in() {
        let places = Arc::new(Places::default());
        let visitor = |last: u8| Whose::Visitor(Some([10, 0, 0, last].into()));
        let mut held: Vec<Place> = (0..OF_ONE)
            .filter_map(|_| places.take(visitor(1)))
            .collect();
        assert_eq!(held.len(), OF_ONE);
        assert!(places.take(visitor(1)).is_none());
        // An account that has a right nowhere is as easily come by as an address.
        let guests = (0..2 * OF_ONE).filter_map(|_| places.take(Whose::Guest(UserId(1))));
        held.extend(guests);
        assert_eq!(held.len(), 2 * OF_ONE);
        for other in 2.. {
            let Some(place) = places.take(visitor(other)) else {
                break;
            };
            held.push(place);
        }
        assert_eq!(held.len(), OF_ANYBODY);
        assert!(places.take(Whose::Guest(UserId(2))).is_none());
        let person = Whose::Account(UserId(1));
        held.extend((0..2 * OF_ONE).filter_map(|_| places.take(person)));
        assert_eq!(held.len(), OF_ANYBODY + OF_ONE);
        held.extend((0..STREAMS).filter_map(|_| places.take(Whose::Operator)));
        assert_eq!((held.len(), places.taken()), (STREAMS, STREAMS));
        drop(held);
        assert_eq!(places.taken(), 0);
        assert!(places.0.lock().unwrap().is_empty());
    }

    #[test]
    fn only_a_proxy_beside_us_says_whom_it_speaks_for() {
        let says = |peer: &str, said: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for one in said {
                headers.append("x-forwarded-for", one.parse().unwrap());
            }
            visitor(peer.parse().unwrap(), &headers).to_string()
        };
        for (peer, said, visitor) in [
            ("127.0.0.1", &["203.0.113.7"][..], "203.0.113.7"),
            ("10.1.2.3", &["1.1.1.1, 203.0.113.7"], "203.0.113.7"),
            ("::1", &["1.1.1.1", "203.0.113.7"], "203.0.113.7"),
            ("127.0.0.1", &["unknown"], "127.0.0.1"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("203.0.113.9", &["203.0.113.7"], "203.0.113.9"),
            ("2001:db8:1:2:3:4:5:6", &[], "2001:db8:1:2::"),
            ("127.0.0.1", &["2001:db8:1:2:6::7"], "2001:db8:1:2::"),
            ("127.0.0.1", &["::ffff:203.0.113.7"], "203.0.113.7"),
        ] {
            assert_eq!(says(peer, said), visitor, "{peer} {said:?}");
        }
    }
}
