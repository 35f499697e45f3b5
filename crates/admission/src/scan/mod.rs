//! The scan: what runs now, judged as if it were to be started now. So a revocation is seen although nothing is
//! created.
//!
//! | File | What it has |
//! |---|---|
//! | `judge` | from Pods to findings |
//! | `policy_report` | findings as PolicyReport objects of the Kubernetes policy working group, or of OpenReports |
//! | `sarif` | findings in the Static Analysis Results Interchange Format, for code scanning |
//!
//! The service's own scan is in [`crate::service`].

mod judge;
mod policy_report;
mod sarif;

use notary::text::printable;

pub use self::judge::judge;
pub use self::policy_report::{NAME, report, reports};
pub use self::sarif::sarif;
use crate::decision::{ImageDecision, Verdict};

/// What was found out about an image that runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The namespace of the Pod.
    pub namespace: String,
    /// The Pod.
    pub pod: String,
    /// Its `uid`.
    pub uid: String,
    /// The container, or the volume.
    pub container: String,
    /// The decision.
    pub decision: ImageDecision,
}

impl Finding {
    /// What would be answered if the Pod were created now.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.decision.verdict()
    }

    /// Where it runs: `NAMESPACE/POD/CONTAINER`.
    #[must_use]
    pub fn place(&self) -> String {
        printable(&format!("{}/{}/{}", self.namespace, self.pod, self.container))
    }
}
