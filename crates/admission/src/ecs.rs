//! Amazon ECS as a client: `DescribeServiceRevisions`, Amazon ECS API Reference. Credentials, endpoints, proxies and
//! limits are those of all calls to AWS.

use std::time::Instant;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ecs::types::{ContainerImage, ServiceRevision};
use aws_signer::Failure;
use aws_signer::sdk::{
    Answers, AwsSettings, BoundedHttpClient, CredentialsSources, Journal, Peer, TooManyRequests, watched,
};
use limits::Deadline;
use notary::ReasonCode;
use notary::text::{printable, start_of};
use notation::revocation::BoxFuture;

use crate::frontends::{Deployments, Revision, RevisionArn, RevisionError, RevisionImage};
use crate::metrics::{Metrics, Operation, ResponseCode, Upstream};

/// The most images of a revision. A task definition has at most 10 containers.
const MAX_IMAGES: usize = 1000;

/// Reads service revisions, with the credentials of the process: Amazon ECS calls hooks in its own account.
#[derive(Debug)]
pub struct Ecs {
    metrics: Metrics,
}

impl Ecs {
    /// Calls that are counted by these metrics.
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        Self { metrics }
    }

    async fn describe(&self, arn: &RevisionArn, deadline: Deadline) -> Result<Revision, RevisionError> {
        let journal = Journal::default();
        let began = Instant::now();
        let answer = deadline.run(call(arn, &journal)).await.unwrap_or_else(|| {
            Err(Failure::Timeout { budget: deadline.budget(), waiting: Some(Box::new(journal.waiting())) })
        });
        let code = match &answer {
            Ok(_) => ResponseCode::from_status(200),
            Err(Failure::Refused { status, .. }) => ResponseCode::from_status(*status),
            Err(failure) if failure.code() == ReasonCode::Deadline => ResponseCode::TIMEOUT,
            Err(_) => ResponseCode::FAILED,
        };
        self.metrics.upstream(Upstream::Ecs, Operation::DescribeServiceRevisions, code, began.elapsed());
        let (revisions, failures) = answer.map_err(|why| {
            let why = why.at_host(journal.service_host());
            RevisionError::Unavailable(printable(&format!("DescribeServiceRevisions in {} {why}", arn.region())))
        })?;
        if let Some(reason) = failures.into_iter().next() {
            return Err(RevisionError::Missing(printable(&start_of(&reason))));
        }
        revision(arn, revisions)
    }
}

impl Deployments for Ecs {
    fn revision<'a>(
        &'a self,
        arn: &'a RevisionArn,
        deadline: Deadline,
    ) -> BoxFuture<'a, Result<Revision, RevisionError>> {
        Box::pin(self.describe(arn, deadline))
    }
}

/// The revisions, and the reasons of those that were not found.
async fn call(arn: &RevisionArn, journal: &Journal) -> Result<(Vec<ServiceRevision>, Vec<String>), Failure> {
    let http = BoundedHttpClient::default();
    let settings = AwsSettings::load(None);
    settings.trust_bundle(&http);
    let region = arn.region();
    let watched = watched(http.answering(Answers::Any), journal, Peer::Service);
    let client = settings.client("ECS", region.as_str(), watched).map_err(Failure::Configuration)?;
    let endpoint = client.endpoint().map(str::to_owned);
    let sources = CredentialsSources::new(settings, region.clone(), &http, journal.clone(), None, None);
    let shared = client.into_builder().credentials_provider(SharedCredentialsProvider::new(sources)).build();
    let mut builder = aws_sdk_ecs::config::Builder::from(&shared).retry_classifier(TooManyRequests);
    builder.set_endpoint_url(endpoint);
    let client = aws_sdk_ecs::Client::from_conf(builder.build());
    let answer = client.describe_service_revisions().service_revision_arns(arn.as_str()).send().await;
    let answer = answer.map_err(Failure::from_sdk)?;
    let failures = answer.failures.unwrap_or_default();
    let failures = failures.into_iter().map(|failure| failure.reason.unwrap_or_else(|| "no reason given".to_owned()));
    Ok((answer.service_revisions.unwrap_or_default(), failures.collect()))
}

/// The one revision of the answer, which must be the one that was asked for.
fn revision(arn: &RevisionArn, revisions: Vec<ServiceRevision>) -> Result<Revision, RevisionError> {
    let mut revisions = revisions.into_iter();
    let (Some(found), None) = (revisions.next(), revisions.next()) else {
        return Err(RevisionError::Missing("the answer does not have it".to_owned()));
    };
    let is_asked = found.service_revision_arn.as_deref() == Some(arn.as_str())
        && found.service_arn.as_deref().is_none_or(|service| service == arn.service_arn())
        && found.cluster_arn.as_deref().is_none_or(|cluster| cluster == arn.cluster_arn());
    if !is_asked {
        return Err(RevisionError::Answer("it is about another service revision".to_owned()));
    }
    let images = found.container_images.unwrap_or_default();
    if images.len() > MAX_IMAGES {
        return Err(RevisionError::Answer(format!("it has more than {MAX_IMAGES} images")));
    }
    let image = |image: ContainerImage| {
        let container = image.container_name.unwrap_or_default();
        match image.image.filter(|image| !image.is_empty()) {
            Some(name) => {
                let digest = image.image_digest.filter(|digest| !digest.is_empty());
                Ok(RevisionImage { container, image: name, digest })
            }
            None => Err(RevisionError::Answer(format!("the container {:?} has no image", start_of(&container)))),
        }
    };
    let images = images.into_iter().map(image).collect::<Result<_, _>>()?;
    Ok(Revision { cluster: arn.cluster().to_owned(), images })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    const ARN: &str = "arn:aws:ecs:us-west-2:111122223333:service-revision/shop/web/1";

    fn answer(service_revision: &str) -> ServiceRevision {
        ServiceRevision::builder()
            .service_revision_arn(service_revision)
            .service_arn("arn:aws:ecs:us-west-2:111122223333:service/shop/web")
            .cluster_arn("arn:aws:ecs:us-west-2:111122223333:cluster/shop")
            .container_images(ContainerImage::builder().container_name("app").image("a:1").image_digest("").build())
            .container_images(
                ContainerImage::builder().container_name("proxy").image("b:1").image_digest("sha256:1").build(),
            )
            .build()
    }

    #[test]
    fn the_answer_must_be_about_the_revision() {
        let arn: RevisionArn = ARN.parse().unwrap();
        let found = revision(&arn, vec![answer(ARN)]).unwrap();
        let digests: Vec<_> = found.images.iter().map(|image| image.digest.as_deref()).collect();
        assert_eq!((found.cluster.as_str(), digests), ("shop", vec![None, Some("sha256:1")]));
        let mut of_other_cluster = answer(ARN);
        of_other_cluster.cluster_arn = Some("arn:aws:ecs:us-west-2:111122223333:cluster/free".to_owned());
        let mut without_image = answer(ARN);
        without_image.container_images = Some(vec![ContainerImage::builder().container_name("app").build()]);
        for wrong in [answer(&ARN.replace("/1", "/2")), of_other_cluster, without_image] {
            assert!(matches!(revision(&arn, vec![wrong]), Err(RevisionError::Answer(_))));
        }
        for wrong in [vec![], vec![answer(ARN), answer(ARN)]] {
            assert!(matches!(revision(&arn, wrong), Err(RevisionError::Missing(_))));
        }
    }
}
