//! The decision: may these images run? It knows neither HTTP nor Kubernetes objects; frontends translate.
//!
//! | File | What it has |
//! |---|---|
//! | `question`, `answer` | what frontends ask, and what they get |
//! | `reference` | [`ImageReference`]: an image as it was written, normalised |
//! | `decider` | [`Decider`]: the walk from a question to a decision |
//! | `rules` | which rule applies to an image |
//! | `policies` | the policies of the configuration with their trust stores |
//! | `recent` | decisions that are given again while the caches have not changed |
//! | `stores` | who opens repositories, and with whose credentials |
//! | `memory` | the caches, which outlive reloads |
//! | `packed` | descriptors in few bytes |
//! | `judge` | judging one image: from memory, or by asking |
//! | `resolution` | the image that a tag or a digest names |
//! | `verification` | verifying one image in a task of its own, and how long the judgement holds |
//! | `judged` | what was found out, from the verdict about the signatures |
//! | `waited` | how long a verification waited for others |
//! | `places` | how many images are worked on at the same time |
//! | `doubt` | what a verdict would be if revocation were known, and how long it holds |
//! | `signatures` | lists and envelopes of signatures, remembered |
//! | `revocation` | revocation checks: remembered, coalesced, within the quota |
//! | `noting` | the revocation checks of one verification, and until when their answers hold |
//! | `shared` | [`Shared`]: what replicas share |
//! | `quota` | the calls to AWS Signer that are permitted |
//! | `reasons` | the reasons of others in the words of decisions |

mod answer;
mod decider;
mod doubt;
mod judge;
mod judged;
mod memory;
mod noting;
mod packed;
mod places;
mod policies;
mod question;
mod quota;
mod reasons;
mod recent;
mod reference;
mod resolution;
mod revocation;
mod rules;
mod shared;
mod signatures;
mod stores;
mod verification;
mod waited;

pub use self::answer::{Code, Decided, Decision, ImageDecision, ImageName, Outcome, Text, Verdict, Why};
pub use self::decider::{Decider, Parts};
pub use self::judge::{Judge, JudgeSettings};
pub use self::memory::Memory;
pub use self::policies::{LoadedPolicy, PolicyError, load_policies, trust_store_files};
pub use self::question::{PullIdentity, Question};
pub use self::quota::Rate;
pub use self::reference::{ImageReference, InvalidReference};
pub use self::revocation::{RevocationMemory, Revocations};
pub use self::rules::{Labels, Rules};
pub use self::shared::{Shared, SharedAnswer, SharedSignature, Token, Turn, Turns, Wanted};
pub use self::stores::{Access, Stores};
