//! The commands that manage AWS Signer: `profile`, `job`, `platform` and `tag`.

mod jobs;
mod lists;
mod local_signer;
mod permissions;
mod profiles;
mod scripted;
