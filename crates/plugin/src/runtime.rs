//! The asynchronous runtime, created only by commands that call AWS Signer.

use notary::plugin::ErrorCode;

use super::error::PluginError;

/// Runs `work` on this thread. The runtime is not dropped, since the process is about to end. Dropping it would cost a
/// twentieth of the run time of a command, and would wait for pending work such as a hanging name lookup.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> Result<T, PluginError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| PluginError::new(ErrorCode::Error, format!("cannot start the asynchronous runtime: {why}")))?;
    let outcome = runtime.block_on(work);
    std::mem::forget(runtime);
    Ok(outcome)
}
