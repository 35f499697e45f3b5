//! The asynchronous runtime of one command, made only by commands that call AWS Signer.

use super::error::{ErrorCode, PluginError};

/// Runs `work` on this thread. What is still under way afterwards, such as a name lookup that hangs, is not waited for.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> Result<T, PluginError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|why| {
        PluginError::new(ErrorCode::Error, format!("the asynchronous runtime could not be started: {why}"))
    })?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_background();
    Ok(outcome)
}
