//! The images of a Pod's spec, or of the Pods' specs of a kind with several templates.
//!
//! A container without image, or with an empty one, names nothing to pull: a controller may fill it in later, and then
//! the API server asks again. The same holds for an image volume without reference.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::objects::Kind;
use super::pull::{add_identity, pull_identity};
use crate::config::Updates;
use crate::decision::PullIdentity;
use crate::frontends::shape::{Malformed, Node};

/// The images to judge.
#[derive(Debug, Default)]
pub(super) struct Images {
    /// The images as they were written, each once, in the order in which they come first.
    pub(super) distinct: Vec<String>,
    /// Where they are.
    pub(super) places: Vec<Place>,
    /// Whose pull secrets fetch them.
    pub(super) pull: PullIdentity,
}

/// An image at its place in a Pod's spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The number of the template among those of the kind.
    pub(super) template: usize,
    field: Field,
    index: usize,
    /// The number of the image among [`Images::distinct`].
    pub(super) image: usize,
    /// Whether the object had the image before the update.
    pub(super) is_kept: bool,
}

/// Where a Pod's spec has images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    InitContainers,
    Containers,
    EphemeralContainers,
    Volumes,
}

impl Images {
    /// Reads the images of all Pod templates of an object. With `old`, the object before an update, those that it has
    /// already are judged as `updates` says. The field does not matter: a container that becomes an init container
    /// brings no new image.
    ///
    /// # Errors
    /// Returns an error if something has the wrong type.
    pub(super) fn read(
        templates: &[Kind<'_>],
        object: &Node<'_, '_>,
        old: Option<&Node<'_, '_>>,
        updates: Updates,
    ) -> Result<Self, Malformed> {
        let mut kept = HashSet::new();
        if let Some(old) = old {
            for kind in templates {
                with_spec(kind, old, |spec| {
                    each_image(spec, |_, _, image| {
                        kept.insert(image);
                    })
                })?;
            }
        }
        let mut images = Self::default();
        let mut numbers = HashMap::new();
        let mut pull = None;
        for (template, kind) in templates.iter().enumerate() {
            with_spec(kind, object, |spec| {
                add_identity(&mut pull, pull_identity(spec)?);
                each_image(spec, |field, index, image| {
                    let is_kept = kept.contains(image);
                    if is_kept && updates == Updates::Changed {
                        return;
                    }
                    let number = *numbers.entry(image).or_insert_with(|| {
                        images.distinct.push(image.to_owned());
                        images.distinct.len() - 1
                    });
                    images.places.push(Place { template, field, index, image: number, is_kept });
                })
            })?;
        }
        images.pull = pull.unwrap_or_default();
        Ok(images)
    }
}

/// Passes on the Pod's spec of an object, if it has one.
fn with_spec<'v>(
    kind: &Kind<'_>,
    object: &Node<'v, '_>,
    read: impl FnOnce(&Node<'v, '_>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    object.follow(kind.template_tokens().chain(["spec"]), |spec| spec.map_or(Ok(()), read))
}

/// Passes on all images of a Pod's spec with their fields and indices.
fn each_image<'v>(spec: &Node<'v, '_>, mut found: impl FnMut(Field, usize, &'v str)) -> Result<(), Malformed> {
    for field in Field::ALL {
        let Some(list) = spec.member(field.name())? else { continue };
        for (index, item) in list.items()?.enumerate() {
            let image = match field {
                Field::Volumes => match item.member("image")? {
                    Some(image) => image.text_of("reference")?,
                    None => None,
                },
                _ => item.text_of("image")?,
            };
            if let Some(image) = image {
                found(field, index, image);
            }
        }
    }
    Ok(())
}

impl Field {
    const ALL: [Self; 4] = [Self::InitContainers, Self::Containers, Self::EphemeralContainers, Self::Volumes];

    fn name(self) -> &'static str {
        match self {
            Self::InitContainers => "initContainers",
            Self::Containers => "containers",
            Self::EphemeralContainers => "ephemeralContainers",
            Self::Volumes => "volumes",
        }
    }
}

/// The JSON pointer of the image in a Pod's spec.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let image = if self.field == Field::Volumes { "image/reference" } else { "image" };
        write!(f, "/{}/{}/{image}", self.field.name(), self.index)
    }
}
