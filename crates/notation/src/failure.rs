//! A failure of a registry, a service, a plugin or a file that stands in the way, as plain data.

use std::fmt;

use aws_signer::{CallError, ConfigError};
use limits::Deadline;
use notary::text::printable;
use notary::{Advice, Disposition, ReasonCode};
use registry::StoreError;

/// Why something could not be done or found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure it is.
    pub code: ReasonCode,
    /// What happened, in a sentence.
    pub message: String,
    /// What to do about it.
    pub advice: Option<Advice>,
}

impl Failure {
    /// Creates a failure. The message may hold text of registries, services and signatures: it is made printable.
    #[must_use]
    pub fn new(code: ReasonCode, message: impl AsRef<str>) -> Self {
        Self { code, message: printable(message.as_ref()), advice: None }
    }

    /// Returns it with advice.
    #[must_use]
    pub fn with_advice(self, advice: impl Into<Option<Advice>>) -> Self {
        Self { advice: advice.into(), ..self }
    }

    /// Creates the failure of an expired deadline.
    #[must_use]
    pub fn deadline(deadline: Deadline) -> Self {
        let message = format!("the time limit of {} s expired", deadline.budget().as_secs_f32());
        Self::new(ReasonCode::Deadline, message).with_advice(Advice::AllowMoreTime)
    }

    /// Returns what it means for the caller.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        self.code.disposition()
    }

    /// Returns it with a heading before the message.
    #[must_use]
    pub(crate) fn context(self, heading: &str) -> Self {
        Self { message: format!("{heading}: {}", self.message), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<&StoreError> for Failure {
    fn from(why: &StoreError) -> Self {
        Self::new(why.code(), why.to_string()).with_advice(why.advice())
    }
}

impl From<&CallError> for Failure {
    fn from(why: &CallError) -> Self {
        Self::new(why.code(), why.to_string()).with_advice(why.advice())
    }
}

impl From<&ConfigError> for Failure {
    fn from(why: &ConfigError) -> Self {
        Self::new(ReasonCode::Configuration, why.to_string()).with_advice(Advice::CorrectSetting)
    }
}
