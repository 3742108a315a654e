//! The agent's rate limit: for each address and path 60 requests at once, then one every 25 ms.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Instant;

const BURST: f64 = 60.0;
const PER_SECOND: f64 = 40.0;
/// Maximum number of pairs of address and path; beyond that, all limits are reset.
const PAIRS: usize = 1024;

/// One bucket of permits for each address and path.
#[derive(Debug, Default)]
pub(crate) struct Limiter(HashMap<(IpAddr, String), (f64, Instant)>);

impl Limiter {
    /// Whether the request may pass; a refusal costs nothing.
    pub(crate) fn admits(&mut self, address: IpAddr, path: &str, now: Instant) -> bool {
        if self.0.len() >= PAIRS {
            self.0.clear();
        }
        let (permits, last) = self
            .0
            .entry((address, path.to_owned()))
            .or_insert((BURST, now));
        let refill = now.saturating_duration_since(*last).as_secs_f64() * PER_SECOND;
        *permits = (*permits + refill).min(BURST);
        *last = now;
        let admitted = *permits >= 1.0;
        if admitted {
            *permits -= 1.0;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::*;

    #[test]
    fn sixty_at_once_then_one_every_25_ms_and_each_path_for_itself() {
        let mut limiter = Limiter::default();
        let start = Instant::now();
        let mut admits = |path: &str, ms| {
            limiter.admits(
                Ipv4Addr::LOCALHOST.into(),
                path,
                start + Duration::from_millis(ms),
            )
        };
        assert_eq!((0..100).filter(|_| admits("/a", 0)).count(), 60);
        assert!(admits("/b", 0));
        assert!(!admits("/a", 24));
        assert!(admits("/a", 26));
        assert!(!admits("/a", 27));
    }

    #[test]
    fn forty_a_second_are_never_refused_and_fifty_after_six_seconds() {
        for (every_ms, first_refusal) in [(25, None), (20, Some(6))] {
            let mut limiter = Limiter::default();
            let start = Instant::now();
            let refused = (0..1000)
                .map(|n| Duration::from_millis(n * every_ms))
                .find(|at| !limiter.admits(Ipv4Addr::LOCALHOST.into(), "/a", start + *at));
            assert_eq!(
                refused.map(|at| (at.as_secs_f64()).round()),
                first_refusal.map(f64::from)
            );
        }
    }
}
