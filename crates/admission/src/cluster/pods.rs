//! The Pods that run, and their images: what nodes report of them.

use limits::Deadline;
use serde::Deserialize;

use super::error::{ClusterError, Object};
use super::request::Answer;
use super::{Cluster, names};
use crate::decision::{ImageReference, PullIdentity};

/// How many Pods a page has, and how many after a page was too large.
const PAGE: usize = 100;
const SMALL_PAGE: usize = 10;
/// The largest page: a Pod has at most 1.5 MiB.
const MAX_PAGE: usize = 32 * 1024 * 1024;
/// Pods of which something may run. While its first init containers run, a Pod is `Pending`, for as long as they like;
/// it is `Unknown` while its node does not answer.
const MAY_RUN: &str = "status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed";
/// The most pull secrets of a Pod.
const MAX_SECRETS: usize = 64;

/// A Pod that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningPod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its `uid`.
    pub uid: String,
    /// Whose pull secrets fetch its images.
    pub pull: PullIdentity,
    /// The images of its containers that run, and of its volumes.
    pub images: Vec<RunningImage>,
}

/// An image that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningImage {
    /// The container, or the volume.
    pub container: String,
    /// The image as the Pod names it, with the digest that the node reports in place of its tag.
    pub image: String,
    /// Whether its digest is known: that of the node, or of a volume's reference.
    pub has_digest: bool,
}

/// A page of the Pods, and where the next one begins.
#[derive(Debug)]
pub struct Page {
    /// The Pods.
    pub pods: Vec<RunningPod>,
    /// `None` if this was the last page.
    pub more: Option<String>,
}

#[derive(Deserialize)]
struct PodList {
    #[serde(default)]
    metadata: ListMeta,
    items: Option<Vec<Pod>>,
}

#[derive(Deserialize, Default)]
struct ListMeta {
    #[serde(default, rename = "continue")]
    more: String,
}

#[derive(Deserialize)]
struct Pod {
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    namespace: String,
    name: String,
    #[serde(default)]
    uid: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Spec {
    containers: Option<Vec<Container>>,
    init_containers: Option<Vec<Container>>,
    ephemeral_containers: Option<Vec<Container>>,
    image_pull_secrets: Option<Vec<SecretName>>,
    service_account_name: Option<String>,
    volumes: Option<Vec<Volume>>,
}

#[derive(Deserialize)]
struct Container {
    name: String,
    #[serde(default)]
    image: String,
}

#[derive(Deserialize)]
struct SecretName {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Volume {
    name: String,
    image: Option<ImageVolume>,
}

#[derive(Deserialize)]
struct ImageVolume {
    #[serde(default)]
    reference: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default)]
    phase: String,
    container_statuses: Option<Vec<ContainerStatus>>,
    init_container_statuses: Option<Vec<ContainerStatus>>,
    ephemeral_container_statuses: Option<Vec<ContainerStatus>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContainerStatus {
    name: String,
    #[serde(default)]
    image: String,
    #[serde(default, rename = "imageID")]
    image_id: String,
    #[serde(default)]
    state: State,
}

#[derive(Deserialize, Default)]
struct State {
    waiting: Option<serde::de::IgnoredAny>,
    terminated: Option<serde::de::IgnoredAny>,
}

impl Cluster {
    /// A page of the Pods that run in a namespace, or in all.
    ///
    /// # Errors
    /// Returns [`ClusterError`] if the API server does not answer, or with an error.
    pub async fn running_pods(
        &self,
        namespace: Option<&str>,
        from: Option<&str>,
        deadline: Deadline,
    ) -> Result<Page, ClusterError> {
        let object = Object::pods(namespace);
        if namespace.is_some_and(|namespace| !names::is_label(namespace)) {
            return Err(ClusterError::Malformed { object, why: "this is not the name of a namespace".to_owned() });
        }
        let late = || ClusterError::Deadline { object: object.clone(), within: deadline.budget() };
        let page = async {
            match self.page(namespace, from).await {
                // The server keeps the state of a list for some 5 minutes, and judging a large cluster takes longer.
                Err(ClusterError::Expired { from: rest, .. }) if from.is_some() => {
                    self.page(namespace, Some(&rest)).await
                }
                page => page,
            }
        };
        deadline.run(page).await.unwrap_or_else(|| Err(late()))
    }

    async fn page(&self, namespace: Option<&str>, from: Option<&str>) -> Result<Page, ClusterError> {
        let object = Object::pods(namespace);
        let folder = namespace.map(|namespace| format!("/namespaces/{namespace}")).unwrap_or_default();
        let malformed = |why: String| ClusterError::Malformed { object: object.clone(), why };
        for size in [PAGE, SMALL_PAGE] {
            let mut path = format!("/api/v1{folder}/pods?fieldSelector={MAY_RUN}&limit={size}");
            if let Some(from) = from {
                path.push_str("&continue=");
                path.extend(url::form_urlencoded::byte_serialize(from.as_bytes()));
            }
            return match self.0.api.get(&object, &path, "application/json", MAX_PAGE).await? {
                Answer::Found(answer) => {
                    let list: PodList = serde_json::from_slice(&answer).map_err(|why| {
                        malformed(format!("it is no list of Pods (line {}, column {})", why.line(), why.column()))
                    })?;
                    let pods = list.items.unwrap_or_default().into_iter().filter_map(Pod::running).collect();
                    Ok(Page { pods, more: Some(list.metadata.more).filter(|more| !more.is_empty()) })
                }
                Answer::NotFound => Err(malformed("HTTP 404".to_owned())),
                Answer::Forbidden(message) => Err(ClusterError::Forbidden { object, message }),
                Answer::TooLarge if size > SMALL_PAGE => continue,
                Answer::TooLarge => Err(malformed("a page of the list is too large".to_owned())),
            };
        }
        Err(malformed("a page of the list is too large".to_owned()))
    }
}

impl Pod {
    /// The Pod if it runs, or one of its containers does.
    fn running(self) -> Option<RunningPod> {
        let Self { metadata, spec, status } = self;
        if matches!(&*status.phase, "Succeeded" | "Failed") {
            return None;
        }
        let named = |lists: [Option<Vec<Container>>; 3]| lists.into_iter().flatten().flatten();
        let containers: Vec<_> = named([spec.containers, spec.init_containers, spec.ephemeral_containers]).collect();
        let statuses = [status.container_statuses, status.init_container_statuses, status.ephemeral_container_statuses];
        let running = statuses.into_iter().flatten().flatten();
        let running = running.filter(|status| status.state.waiting.is_none() && status.state.terminated.is_none());
        let mut images: Vec<RunningImage> = running
            .map(|status| {
                let named = containers.iter().find(|container| container.name == status.name);
                let named = named.map_or(status.image.as_str(), |container| container.image.as_str());
                let (image, has_digest) = running_image(named, &status.image_id);
                RunningImage { container: status.name, image, has_digest }
            })
            .collect();
        if images.is_empty() && status.phase != "Running" {
            return None;
        }
        for Volume { name, image } in spec.volumes.into_iter().flatten() {
            if let Some(ImageVolume { reference }) = image.filter(|image| !image.reference.is_empty()) {
                // Nodes report no digests of volumes. What is no reference is refused as it is.
                let has_digest = ImageReference::parse(&reference).map_or(true, |image| image.digest().is_some());
                images.push(RunningImage { container: name, image: reference, has_digest });
            }
        }
        let secrets = spec.image_pull_secrets.into_iter().flatten().map(|secret| secret.name);
        let account = spec.service_account_name.filter(|account| !account.is_empty());
        let pull = PullIdentity {
            secrets: secrets.filter(|name| !name.is_empty()).take(MAX_SECRETS).collect(),
            service_account: Some(account.unwrap_or_else(|| "default".to_owned())),
        };
        Some(RunningPod { namespace: metadata.namespace, name: metadata.name, uid: metadata.uid, pull, images })
    }
}

/// The image that runs: the repository that the Pod names, by the digest in the id that the node reports. Whether there
/// is a digest: without one, the id is that of an image on the node.
fn running_image(named: &str, id: &str) -> (String, bool) {
    let id = id.strip_prefix("docker-pullable://").unwrap_or(id);
    let Some((repository, digest)) = id.rsplit_once('@').filter(|(_, digest)| digest.parse::<notary::Digest>().is_ok())
    else {
        return (named.to_owned(), false);
    };
    match ImageReference::parse(named) {
        Ok(reference) => (format!("{}@{digest}", reference.repository()), true),
        Err(_) if named.is_empty() => (format!("{repository}@{digest}"), true),
        // It is refused as it is.
        Err(_) => (named.to_owned(), true),
    }
}

#[cfg(test)]
mod tests {
    use super::running_image;

    const DIGEST: &str = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

    #[test]
    fn the_digest_of_the_node_counts_in_the_repository_of_the_pod() {
        for (named, id, expected) in [
            ("nginx:1.27", "docker.io/library/nginx@D", "docker.io/library/nginx@D"),
            ("ghcr.io/a/b:1", "docker-pullable://ghcr.io/a/b@D", "ghcr.io/a/b@D"),
            ("ghcr.io/a/b:1", "mirror.example.com/a/b@D", "ghcr.io/a/b@D"),
            ("ghcr.io/A/b:1", "ghcr.io/a/b@D", "ghcr.io/A/b:1"),
            ("", "ghcr.io/a/b@D", "ghcr.io/a/b@D"),
        ] {
            let id = id.replace('D', DIGEST);
            assert_eq!(running_image(named, &id), (expected.replace("@D", &format!("@{DIGEST}")), true), "{named}");
        }
        for id in ["", DIGEST, "ghcr.io/a/b@sha256:1", "docker://sha256:1"] {
            assert_eq!(running_image("nginx", id), ("nginx".to_owned(), false), "{id}");
        }
    }
}
