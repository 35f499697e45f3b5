//! The commands that manage AWS Signer: `profile`, `job`, `platform` and `tag`.

mod jobs;
mod lists;
mod permissions;
mod profiles;
mod scripted;
