//! Names of objects: kubernetes.io/docs, "Object Names and IDs".

use super::error::Object;

/// Whether Kubernetes permits these names: those of a Pod come from its author, and become a part of a URL.
pub fn is_valid(object: &Object) -> bool {
    is_label(&object.namespace) && is_subdomain(&object.name)
}

/// Whether a text is a DNS subdomain of RFC 1123, such as the name of a Secret.
#[must_use]
pub fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_part)
}

/// Whether a text is a DNS label of RFC 1123, such as the name of a namespace.
#[must_use]
pub fn is_label(text: &str) -> bool {
    text.len() <= 63 && is_part(text)
}

fn is_part(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = text.bytes().next().is_some_and(is_letter) && text.bytes().last().is_some_and(is_letter);
    ends && text.bytes().all(|byte| is_letter(byte) || byte == b'-')
}
