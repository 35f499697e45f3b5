//! The names of envelope headers, written out: a wrong constant of the library must not change the cases with it.

pub const SCHEME: &str = "io.cncf.notary.signingScheme";
pub const TIME: &str = "io.cncf.notary.signingTime";
pub const AUTHENTIC: &str = "io.cncf.notary.authenticSigningTime";
pub const EXPIRY: &str = "io.cncf.notary.expiry";
pub const PLUGIN: &str = "io.cncf.notary.verificationPlugin";
pub const VERSION: &str = "io.cncf.notary.verificationPluginMinVersion";
pub const AGENT: &str = "io.cncf.notary.signingAgent";
pub const TIMESTAMP: &str = "io.cncf.notary.timestampSignature";
