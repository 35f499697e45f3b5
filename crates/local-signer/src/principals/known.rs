//! The accepted access keys at one moment.

use std::collections::HashMap;
use std::sync::Arc;

use super::Principal;

/// Principals by their access key ids.
#[derive(Debug, Default)]
pub struct Known {
    by_access_key_id: HashMap<String, Arc<Principal>>,
}

impl Known {
    /// The given principals.
    #[must_use]
    pub fn new(principals: impl IntoIterator<Item = Arc<Principal>>) -> Self {
        let with_id = |principal: Arc<Principal>| (principal.credentials().access_key_id().to_owned(), principal);
        Self { by_access_key_id: principals.into_iter().map(with_id).collect() }
    }

    /// Finds the principal with an access key id.
    #[must_use]
    pub fn find(&self, access_key_id: &str) -> Option<&Arc<Principal>> {
        self.by_access_key_id.get(access_key_id)
    }

    /// Returns all principals, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Principal>> {
        self.by_access_key_id.values()
    }
}
