//! What the commands that manage AWS Signer share: how they reach it, how they name profiles and jobs, and what they
//! say of things that do not exist.

pub mod facts;
pub mod job_name;
pub mod list_args;
pub mod nearest;
pub mod profile_name;
pub mod report;
pub mod service;
