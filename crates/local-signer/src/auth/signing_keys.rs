//! The keys that signatures are made with: each is derived from a secret, for one day and region.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::hmac;

use super::{SERVICE, TERMINATOR};

/// How many keys are kept for a principal: those of all regions on one day.
const MOST: usize = 64;

/// The keys of one secret that have verified signatures. Only these are kept, so strangers cannot fill the place.
#[derive(Default)]
pub struct SigningKeys {
    kept: Mutex<Vec<Kept>>,
}

struct Kept {
    date: String,
    region: String,
    key: hmac::Key,
}

impl SigningKeys {
    /// The key for a date (`YYYYMMDD`) and a region.
    pub(super) fn get(&self, secret: &str, date: &str, region: &str) -> hmac::Key {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.iter().find(|kept| kept.date == date && kept.region == region) {
            Some(kept) => kept.key.clone(),
            None => {
                drop(kept);
                derived(secret, date, region)
            }
        }
    }

    /// Keeps a key that has verified a signature.
    pub(super) fn keep(&self, date: &str, region: &str, key: hmac::Key) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.iter().any(|kept| kept.date == date && kept.region == region) {
            return;
        }
        // Keys of other days are not needed again.
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.push(Kept { date: date.to_owned(), region: region.to_owned(), key });
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys").finish_non_exhaustive()
    }
}

fn derived(secret: &str, date: &str, region: &str) -> hmac::Key {
    let start = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{secret}").as_bytes());
    [date, region, SERVICE, TERMINATOR]
        .iter()
        .fold(start, |key, step| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, step.as_bytes()).as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_bounded_number_of_keys() {
        let keys = SigningKeys::default();
        for number in 0..1000 {
            keys.keep("20260131", &format!("region-{number}"), derived("secret", "20260131", "region"));
            assert!(keys.kept.lock().is_ok_and(|kept| kept.len() <= MOST), "{number}");
        }
    }

    #[test]
    fn a_key_belongs_to_its_date_and_region() {
        let keys = SigningKeys::default();
        let sign = |date, region| hmac::sign(&keys.get("secret", date, region), b"text").as_ref().to_vec();
        let first = sign("20260131", "us-west-2");
        keys.keep("20260131", "us-west-2", derived("secret", "20260131", "us-west-2"));
        assert_eq!(sign("20260131", "us-west-2"), first);
        assert_ne!(sign("20260130", "us-west-2"), first);
        assert_ne!(sign("20260131", "us-west-1"), first);
    }
}
