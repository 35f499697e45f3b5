//! From Pods to findings.

use std::sync::Arc;
use std::time::Duration;

use limits::Deadline;
use tokio::task::JoinSet;

use super::Finding;
use crate::cluster::RunningPod;
use crate::decision::{Code, ImageDecision, Outcome, Question, Why};
use crate::frontends::Decide;

/// How many Pods are judged at the same time: requests of the API server come first.
const AT_ONCE: usize = 4;
/// How often what was not judged for lack of time or quota is judged again.
const ROUNDS: usize = 3;
/// The pause before it.
const PAUSE: Duration = Duration::from_secs(2);

/// Judges the images of these Pods, each Pod within `time`. The findings have the order of the Pods.
pub async fn judge<D>(decider: &D, pods: Vec<RunningPod>, time: Duration) -> Vec<Finding>
where
    D: Decide + Clone + Send + Sync + 'static,
{
    let mut found: Vec<Vec<Finding>> = pods.iter().map(|_| Vec::new()).collect();
    let mut left: Vec<usize> = (0..pods.len()).collect();
    let pods: Vec<Arc<RunningPod>> = pods.into_iter().map(Arc::new).collect();
    for round in 0..ROUNDS {
        if left.is_empty() {
            break;
        }
        if round > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        let mut running = JoinSet::new();
        let mut next = left.iter().copied();
        let mut again = Vec::new();
        loop {
            while running.len() < AT_ONCE
                && let Some(place) = next.next()
            {
                let (decider, pod) = (decider.clone(), Arc::clone(&pods[place]));
                running.spawn(async move { (place, judge_pod(&decider, &pod, time).await) });
            }
            match running.join_next().await {
                Some(Ok((place, findings))) => {
                    if findings.iter().any(may_change) {
                        again.push(place);
                    }
                    found[place] = findings;
                }
                // A panic was reported when it happened; the Pod has no finding.
                Some(Err(_)) => {}
                None => break,
            }
        }
        again.sort_unstable();
        left = again;
    }
    for (pod, findings) in pods.iter().zip(&mut found) {
        if findings.is_empty() && !pod.images.is_empty() {
            let why = "the verification failed unexpectedly; the log says more";
            *findings =
                pod.images.iter().map(|image| finding(pod, &image.container, undecided(&image.image, why))).collect();
        }
    }
    found.into_iter().flatten().collect()
}

/// Whether judging it again soon makes sense.
fn may_change(finding: &Finding) -> bool {
    let code = finding.decision.why.as_ref().map(|why| why.code);
    finding.decision.outcome == Outcome::Undetermined
        && matches!(code, Some(Code::Quota | Code::Deadline | Code::Throttled))
}

async fn judge_pod(decider: &impl Decide, pod: &RunningPod, time: Duration) -> Vec<Finding> {
    let question = Question {
        namespace: Some(pod.namespace.clone()),
        images: pod.images.iter().map(|image| image.image.clone()).collect(),
        pull: pod.pull.clone(),
        deadline: Deadline::new(time),
    };
    let mut decisions = match pod.images.is_empty() {
        true => Vec::new().into_iter(),
        false => decider.decide(question).await.images.into_iter(),
    };
    let mut findings = Vec::with_capacity(pod.images.len());
    for image in &pod.images {
        let decision = match decisions.next().filter(|decision| decision.image == image.image) {
            Some(decision) if !image.has_digest => without_digest((*decision).clone()),
            Some(decision) => (*decision).clone(),
            None => undecided(&image.image, "internal error: the decision is about another image"),
        };
        findings.push(finding(pod, &image.container, decision));
    }
    findings
}

/// The decision about an image that runs, when only its tag could be judged: what the tag leads to now may be another
/// image. Rules that look at no signature hold all the same, and what is refused now would be if it were started again.
fn without_digest(decision: ImageDecision) -> ImageDecision {
    if matches!(decision.outcome, Outcome::Exempt | Outcome::Refused) {
        return decision;
    }
    let why = "the node reports no digest of the image, and what its tag names now may be another one";
    ImageDecision {
        outcome: Outcome::Undetermined,
        digest: None,
        signer: None,
        why: Some(Arc::new(Why::new(Code::NotFound, why))),
        ..decision
    }
}

fn finding(pod: &RunningPod, container: &str, decision: ImageDecision) -> Finding {
    Finding {
        namespace: pod.namespace.clone(),
        pod: pod.name.clone(),
        uid: pod.uid.clone(),
        container: container.to_owned(),
        decision,
    }
}

fn undecided(image: &str, why: &str) -> ImageDecision {
    ImageDecision {
        image: image.to_owned(),
        outcome: Outcome::Undetermined,
        is_enforced: true,
        is_warned: false,
        rule: None,
        digest: None,
        name: None,
        signer: None,
        why: Some(Arc::new(Why::new(Code::NotFound, why))),
        is_cached: false,
        is_stale: false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::cluster::RunningImage;
    use crate::decision::PullIdentity;
    use crate::frontends::scripted::{Scripted, decision};

    fn pod(name: &str, images: &[(&str, bool)]) -> RunningPod {
        let images = images.iter().enumerate().map(|(index, (image, has_digest))| RunningImage {
            container: format!("c{index}"),
            image: (*image).to_owned(),
            has_digest: *has_digest,
        });
        RunningPod {
            namespace: "shop".to_owned(),
            name: name.to_owned(),
            uid: "u".to_owned(),
            pull: PullIdentity { secrets: vec!["s".to_owned()], service_account: Some("a".to_owned()) },
            images: images.collect(),
        }
    }

    #[tokio::test]
    async fn findings_have_the_order_of_the_pods_and_all_images() {
        let decider = Scripted::by_name();
        let pods = (0..20).map(|number| {
            pod(
                &number.to_string(),
                &[
                    ("verified:1", true),
                    ("refused:1", true),
                    ("verified:2", false),
                    ("exempt", false),
                    ("refused:2", false),
                ],
            )
        });
        let findings = judge(&decider, pods.collect(), Duration::from_secs(1)).await;
        let names: Vec<_> = findings.iter().map(|finding| finding.pod.parse::<usize>().unwrap()).collect();
        assert!(names.is_sorted() && names.len() == 100);
        let outcomes: Vec<_> = findings[..5].iter().map(|finding| finding.decision.outcome).collect();
        let (verified, refused) = (Outcome::Verified, Outcome::Refused);
        assert_eq!(outcomes, [verified, refused, Outcome::Undetermined, Outcome::Exempt, refused]);
        assert_eq!(findings[1].place(), "shop/0/c1");
        let question = decider.questions().remove(0);
        assert_eq!((question.namespace.as_deref(), question.pull.secrets.len()), (Some("shop"), 1));
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_quota_kept_from_being_judged_is_judged_again() {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let decider = Scripted::new(move |_, image| {
            let is_first = counted.fetch_add(1, Ordering::Relaxed) == 0;
            let why = Some(Arc::new(Why::new(Code::Quota, "the quota is used up")));
            match is_first {
                true => ImageDecision { why, ..decision(image, Outcome::Undetermined) },
                false => decision(image, Outcome::Verified),
            }
        });
        let findings = judge(&decider, vec![pod("a", &[("verified:1", true)])], Duration::from_secs(1)).await;
        assert_eq!((findings[0].decision.outcome, asked.load(Ordering::Relaxed)), (Outcome::Verified, 2));
    }
}
