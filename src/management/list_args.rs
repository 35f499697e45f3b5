//! Options of the commands that list.

use std::num::NonZeroUsize;

use aws_signer::Extent;

use crate::arguments::number::count;
use crate::output::Output;

/// How much is listed.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ListArgs {
    /// List at most this many [default: all, up to 100000]
    #[arg(long, value_name = "N", value_parser = count)]
    pub limit: Option<NonZeroUsize>,
}

impl ListArgs {
    /// Says that the list is not complete, unless the command line limits it.
    pub fn note_more(&self, more: bool, output: &Output) {
        if more && self.limit.is_none() {
            let why = format!("only the first {} are listed", Extent::MAX_ITEMS);
            output.warning_with_advice(why, "Narrow the list with a filter, or raise the limit with --limit.");
        }
    }
}
