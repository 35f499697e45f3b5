//! The adapter for Gatekeeper's external data: ProviderRequest and ProviderResponse of
//! `externaldata.gatekeeper.sh/v1beta1`, with the paths and the values of Ratify.
//!
//! A key is `REF` or `[NAMESPACE]REF`. An image that is refused has a value that says so. One that cannot be judged now
//! has an `error` and no value, so that templates can tell them apart; they must look at both. Pods are not known here,
//! so no pull secrets are used.

mod join;
mod key;
mod response;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::join::join_all;
use self::key::Key;
use self::response::Form;
use super::json::{Arena, Json};
use super::{Answer, Decide, Incoming, Record, Settings};
use crate::decision::{Decided, Decision, PullIdentity, Question, Verdict};

/// `POST /gatekeeper/verify`, `POST /ratify/gatekeeper/v2/verify`: values like Ratify 2's.
pub async fn verify(decider: &impl Decide, settings: Settings<'_>, incoming: Incoming) -> Answer {
    answer(decider, settings, incoming, Form::Verify).await
}

/// `POST /ratify/gatekeeper/v1/verify`: values like Ratify 1's.
pub async fn verify_v1(decider: &impl Decide, settings: Settings<'_>, incoming: Incoming) -> Answer {
    answer(decider, settings, incoming, Form::VerifyV1).await
}

/// `POST /gatekeeper/mutate`, `POST /ratify/gatekeeper/v2/mutate`: values are the images by their verified digests.
pub async fn mutate(decider: &impl Decide, settings: Settings<'_>, incoming: Incoming) -> Answer {
    answer(decider, settings, incoming, Form::Mutate).await
}

/// `POST /ratify/gatekeeper/v1/mutate`: like [`mutate`].
pub async fn mutate_v1(decider: &impl Decide, settings: Settings<'_>, incoming: Incoming) -> Answer {
    answer(decider, settings, incoming, Form::Mutate).await
}

/// Reads the keys, asks about them, and writes an item for each.
async fn answer(decider: &impl Decide, settings: Settings<'_>, incoming: Incoming, form: Form) -> Answer {
    let arena = Arena::for_text(incoming.body.len());
    let body = match Json::read(&incoming.body, &arena) {
        Ok(body) => body,
        Err(why) => return Answer::json(400, response::malformed(&format!("the body is not valid JSON: {why}"))),
    };
    let keys = match key::read(&body, settings.limits.images) {
        Ok(keys) => keys,
        Err(why) => return Answer::json(400, response::malformed(&why.to_string())),
    };
    let images = decide(decider, &keys, &incoming).await;
    let answer = Answer::json(200, response::write(form, &keys, &images));
    if keys.is_empty() { answer } else { answer.recorded(record(&keys, images)) }
}

/// The decision about the image of each key, in the order of the keys; `None` for one that was not decided about. Keys
/// of different namespaces are separate questions, which are asked at the same time.
async fn decide(decider: &impl Decide, keys: &[Key<'_>], incoming: &Incoming) -> Vec<Option<Decided>> {
    let mut groups = BTreeMap::<Option<&str>, Vec<usize>>::new();
    for (index, key) in keys.iter().enumerate() {
        groups.entry(key.namespace).or_default().push(index);
    }
    let mut asked = Vec::with_capacity(groups.len());
    for (namespace, indices) in &groups {
        asked.push(decider.decide(Question {
            namespace: namespace.map(str::to_owned),
            images: indices.iter().map(|index| keys[*index].image.to_owned()).collect(),
            pull: PullIdentity::default(),
            deadline: incoming.deadline,
        }));
    }
    let decisions = join_all(asked).await;
    let mut images: Vec<Option<Decided>> = keys.iter().map(|_| None).collect();
    for (indices, decision) in groups.values().zip(decisions) {
        for (index, image) in indices.iter().zip(decision.images) {
            // A decision about another image must not count for this one.
            images[*index] = Some(image).filter(|image| image.image == keys[*index].image);
        }
    }
    images
}

fn record(keys: &[Key<'_>], images: Vec<Option<Decided>>) -> Record {
    let least = if images.contains(&None) { Verdict::Undetermined } else { Verdict::Allowed };
    let namespace = keys.first().and_then(|first| first.namespace);
    let decision = Decision { images: images.into_iter().flatten().collect() };
    Record {
        adapter: "gatekeeper",
        uid: None,
        user: None,
        namespace: namespace.filter(|_| keys.iter().all(|key| key.namespace == namespace)).map(str::to_owned),
        kind: None,
        name: None,
        operation: None,
        dry_run: false,
        verdict: decision.verdict().max(least),
        images: decision.images,
    }
}
