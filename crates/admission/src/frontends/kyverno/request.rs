//! The request of kyverno-notation-aws: the images of a Pod as Kyverno's variable `images` has them.

use super::super::json::Json;
use super::super::shape::{Malformed, Node};
use super::selection::Selection;

const KINDS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];
/// As an error lists [`MEMBERS`].
const KNOWN: &str = "images, imageReferences, trustPolicy, attestations, metadata or insecure";
const MEMBERS: [&str; 6] = ["images", "imageReferences", "trustPolicy", "attestations", "metadata", "insecure"];

/// What is asked.
#[derive(Debug)]
pub struct Request<'a> {
    /// The images that `imageReferences` selects.
    pub images: Vec<Image<'a>>,
    /// The policy, if one is named.
    pub trust_policy: Option<&'a str>,
    /// Whether attestations are demanded.
    pub has_attestations: bool,
}

/// The image of a container.
#[derive(Debug)]
pub struct Image<'a> {
    /// The container.
    pub container: &'a str,
    /// `REGISTRY/PATH` as Kyverno has it.
    pub repository: String,
    /// The repository with the digest, or else with the tag.
    pub reference: String,
    /// Where the image is in the object.
    pub pointer: &'a str,
}

/// Reads a request with at most so many images.
///
/// # Errors
/// Returns an error if something has the wrong type, or a member is missing or unknown: an unknown one could demand
/// more than is checked.
pub fn read<'a>(body: &'a Json<'a>, most: usize) -> Result<Request<'a>, Malformed> {
    let root = Node::root(body);
    for (name, node) in root.members()? {
        if !MEMBERS.contains(&name) {
            return Err(Malformed::Unknown { path: node.place(), expected: KNOWN });
        }
    }
    let selection = Selection::read(root.member("imageReferences")?.as_ref())?;
    let all = root.required("images")?;
    let mut images = Vec::new();
    let mut count = 0;
    for kind in KINDS {
        let Some(containers) = all.member(kind)? else { continue };
        for (container, node) in containers.members()? {
            count += 1;
            if count > most {
                return Err(Malformed::TooMany { what: "images", most, setting: Some("server.limits.images") });
            }
            let image = image(container, &node)?;
            if selection.has(&image) {
                images.push(image);
            }
        }
    }
    if count == 0 {
        return Err(Malformed::Missing(
            "an image in images.containers, .initContainers or .ephemeralContainers".into(),
        ));
    }
    let has_attestations = match root.member("attestations")? {
        Some(attestations) => attestations.items()?.next().is_some(),
        None => false,
    };
    Ok(Request { images, trust_policy: root.text_of("trustPolicy")?, has_attestations })
}

fn image<'a>(container: &'a str, node: &Node<'a, '_>) -> Result<Image<'a>, Malformed> {
    let path = node.text_of("path")?;
    // Kyverno's older versions wrote only a name for images without folder.
    let path = match path {
        Some(path) => path,
        None => node.required("name")?.text()?,
    };
    let repository = match node.text_of("registry")? {
        Some(registry) => format!("{registry}/{path}"),
        None => path.to_owned(),
    };
    let (tag, digest) = (node.text_of("tag")?, node.text_of("digest")?);
    let reference = match (tag, digest) {
        (_, Some(digest)) => format!("{repository}@{digest}"),
        (Some(tag), None) => format!("{repository}:{tag}"),
        (None, None) => repository.clone(),
    };
    let pointer = node.required("jsonPointer")?.checked(|text| text.starts_with('/'), "a JSON pointer")?;
    Ok(Image { container, repository, reference, pointer })
}

#[cfg(test)]
mod tests {
    use super::{KNOWN, MEMBERS};

    #[test]
    fn errors_list_all_members() {
        assert_eq!(KNOWN.replace(" or ", ", "), MEMBERS.join(", "));
    }
}
