//! Verification plugins that signatures name: notaryproject/specifications, `plugin-extensibility.md`.

mod folder;

pub use folder::PluginFolder;
