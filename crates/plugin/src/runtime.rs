//! The asynchronous runtime of one command, made only by commands that call AWS Signer.

use super::error::{ErrorCode, PluginError};

/// Runs `work` on this thread. The runtime is not taken apart afterwards: the process is about to end, taking it apart would
/// cost a twentieth of the time of a command, and wait for what is still under way, such as a name lookup that hangs.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> Result<T, PluginError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|why| {
        PluginError::new(ErrorCode::Error, format!("the asynchronous runtime could not be started: {why}"))
    })?;
    let outcome = runtime.block_on(work);
    std::mem::forget(runtime);
    Ok(outcome)
}
