//! What is due at which time, without Kubernetes.

use std::collections::{BTreeMap, BTreeSet};

use time::{Duration, OffsetDateTime};

use super::super::state::{Change, State};
use super::{count, is_trusted};

const DAY: Duration = Duration::DAY;
const NAME: &str = "admission.notation-system.svc";

fn names() -> BTreeSet<String> {
    BTreeSet::from([NAME.to_owned()])
}

fn renew(state: &mut Option<State>, is_next_trusted: bool, now: OffsetDateTime) -> Vec<Change> {
    State::renew(state, &names(), is_next_trusted, now).unwrap()
}

fn new(now: OffsetDateTime) -> Option<State> {
    let mut state = None;
    assert_eq!(renew(&mut state, false, now), [Change::Created]);
    state
}

fn read(entries: &BTreeMap<&'static str, String>) -> Result<State, String> {
    State::read(|name| entries.get(name).cloned()).map_err(|why| why.to_string())
}

#[test]
fn the_certificate_is_renewed_after_two_thirds_of_its_life() {
    let start = OffsetDateTime::now_utc();
    let mut state = new(start);
    let bundle = state.as_ref().unwrap().bundle();
    assert!(is_trusted(&bundle, state.as_ref().unwrap(), NAME, start));
    assert!(!is_trusted(&bundle, state.as_ref().unwrap(), "localhost", start));
    assert_eq!(renew(&mut state, false, start + 59 * DAY), []);
    assert_eq!(renew(&mut state, false, start + 61 * DAY), [Change::Issued]);
    let state = state.unwrap();
    assert_eq!(state.bundle(), bundle);
    assert!(is_trusted(&bundle, &state, NAME, start + 150 * DAY));
}

#[test]
fn a_new_name_issues_a_new_certificate_of_the_same_authority() {
    let start = OffsetDateTime::now_utc();
    let mut state = new(start);
    let bundle = state.as_ref().unwrap().bundle();
    let names = BTreeSet::from([NAME.to_owned(), "127.0.0.1".to_owned()]);
    assert_eq!(State::renew(&mut state, &names, false, start).unwrap(), [Change::Issued]);
    assert!(is_trusted(&bundle, &state.unwrap(), "127.0.0.1", start));
}

#[test]
fn a_new_authority_signs_when_it_is_trusted_and_the_old_one_is_trusted_for_a_day_more() {
    let start = OffsetDateTime::now_utc();
    let mut state = new(start);
    let old = state.as_ref().unwrap().authority.pem.clone();
    // Two thirds of 365 days and the hour before.
    assert!(!renew(&mut state, false, start + 243 * DAY).contains(&Change::Published));
    let due = start + 244 * DAY;
    assert!(renew(&mut state, false, due).contains(&Change::Published));
    let both = state.as_ref().unwrap().bundle();
    assert_eq!((count(&both), both.starts_with(&old)), (2, true));
    // As long as it is not trusted, the old one signs.
    assert_eq!(renew(&mut state, false, due + 3 * DAY), []);
    assert_eq!(renew(&mut state, true, due + 3 * DAY), [Change::Promoted, Change::Issued]);
    let promoted = state.as_ref().unwrap();
    assert!(is_trusted(&both, promoted, NAME, due + 3 * DAY) && !is_trusted(&old, promoted, NAME, due + 3 * DAY));
    assert_eq!((count(&promoted.bundle()), promoted.bundle().ends_with(&old)), (2, true));
    // The key of the old one is kept nowhere.
    assert!(promoted.entries().iter().all(|(name, _)| *name != "authority-previous.key"));
    assert_eq!(renew(&mut state, false, due + 4 * DAY - Duration::MINUTE), []);
    assert_eq!(renew(&mut state, false, due + 4 * DAY), [Change::Retired]);
    let bundle = state.unwrap().bundle();
    assert_eq!((count(&bundle), bundle.contains(&old)), (1, false));
}

/// Two years, looked at twice a day. Clients have the bundle of the time before.
#[test]
fn clients_always_trust_what_is_served() {
    let start = OffsetDateTime::now_utc();
    let mut state = new(start);
    let mut known = state.as_ref().unwrap().bundle();
    let (mut most, mut authorities) = (0, 0);
    for half in 1..1460 {
        let now = start + DAY / 2 * half;
        let is_next_trusted = state.as_ref().unwrap().next.as_ref().is_some_and(|next| known.contains(&next.pem));
        let changes = renew(&mut state, is_next_trusted, now);
        authorities += usize::from(changes.contains(&Change::Promoted));
        let held = state.as_ref().unwrap();
        assert!(held.is_usable(now) && is_trusted(&known, held, NAME, now), "{half}: {changes:?}");
        known = held.bundle();
        most = most.max(count(&known));
    }
    assert_eq!((most, authorities), (2, 2));
}

#[test]
fn after_a_long_time_everything_is_new() {
    let start = OffsetDateTime::now_utc();
    let mut state = new(start);
    let old = state.as_ref().unwrap().bundle();
    let later = start + 1000 * DAY;
    assert!(!state.as_ref().unwrap().is_usable(later));
    assert_eq!(renew(&mut state, false, later), [Change::Created]);
    let state = state.unwrap();
    assert!(state.is_usable(later) && is_trusted(&state.bundle(), &state, NAME, later));
    assert!(count(&state.bundle()) == 1 && state.bundle() != old);
}

/// An authority that webhooks never came to trust does not keep the service from going on.
#[test]
fn when_the_old_authority_expires_the_published_one_signs_in_any_case() {
    let start = OffsetDateTime::now_utc();
    let mut state = new(start);
    renew(&mut state, false, start + 250 * DAY);
    let next = state.as_ref().unwrap().next.as_ref().unwrap().pem.clone();
    assert_eq!(renew(&mut state, false, start + 366 * DAY), [Change::Promoted, Change::Issued, Change::Retired]);
    let state = state.unwrap();
    assert_eq!(state.bundle(), next);
    assert!(is_trusted(&next, &state, NAME, start + 366 * DAY));
}

#[test]
fn what_is_written_is_read_again_and_nothing_else_is() {
    let start = OffsetDateTime::now_utc();
    let mut state = new(start);
    renew(&mut state, false, start + 250 * DAY);
    renew(&mut state, true, start + 250 * DAY);
    let mut entries: BTreeMap<_, _> = state.as_ref().unwrap().entries().into_iter().collect();
    let again = read(&entries).unwrap();
    assert_eq!(again.entries().into_iter().collect::<BTreeMap<_, _>>(), entries);
    let other: BTreeMap<_, _> = new(start).unwrap().entries().into_iter().collect();
    // Every entry matters, except for the bundle, which is made of the others.
    for name in entries.keys().copied().filter(|name| *name != "ca.crt") {
        let is_optional = name == "authority-previous.crt";
        let others = [Some("hunter2".to_owned()), other.get(name).cloned()].into_iter().flatten().map(Some);
        for content in others.chain([None].into_iter().filter(|_| !is_optional)) {
            let mut broken = entries.clone();
            broken.remove(name);
            broken.extend(content.map(|content| (name, content)));
            let why = read(&broken).unwrap_err();
            assert!(!why.contains("hunter2") && !why.contains("PRIVATE"), "{name}: {why}");
        }
    }
    // A certificate that is no authority of this program.
    let mut swapped = entries.clone();
    swapped.insert("authority.crt", entries["tls.crt"].clone());
    swapped.insert("authority.key", entries["tls.key"].clone());
    assert!(read(&swapped).unwrap_err().contains("authority.crt"));
    // A certificate of another authority can be read, and is not served.
    entries.insert("tls.crt", other["tls.crt"].clone());
    entries.insert("tls.key", other["tls.key"].clone());
    assert!(!read(&entries).unwrap().is_usable(start));
    // Neither what is written for people nor for programmers has a key.
    assert!(!format!("{state:?}").contains("PRIVATE"));
}
