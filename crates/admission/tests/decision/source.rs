//! A source of revocation status that answers as a test says, and counts.

use std::fmt;
use std::sync::{Arc, Mutex};

use aws_signer::RevokedEntity;
use notary::ReasonCode;
use notation::Failure;
use notation::revocation::{BoxFuture, RevocationQuestion, RevocationSource, RevocationStatus};
use tokio::time::Instant;

/// `None` never answers.
type Answer = dyn Fn(&RevocationQuestion) -> Option<RevocationStatus> + Send + Sync;

pub struct Source {
    answer: Mutex<Arc<Answer>>,
    asked: Mutex<Vec<(Instant, RevocationQuestion)>>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}

pub fn not_revoked() -> RevocationStatus {
    RevocationStatus::NotRevoked("nothing is revoked".to_owned())
}

pub fn revoked() -> RevocationStatus {
    let entities = vec![RevokedEntity::Other("everything".to_owned())];
    RevocationStatus::Revoked { entities, message: "revoked: everything".to_owned() }
}

pub fn unknown() -> RevocationStatus {
    RevocationStatus::Unknown(Failure::new(ReasonCode::Unreachable, "no answer"))
}

impl Source {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { answer: Mutex::new(Arc::new(|_| Some(not_revoked()))), asked: Mutex::default() })
    }

    pub fn say(&self, answer: RevocationStatus) {
        self.say_by(move |_| Some(answer.clone()));
    }

    pub fn say_nothing(&self) {
        self.say_by(|_| None);
    }

    pub fn say_by(&self, answer: impl Fn(&RevocationQuestion) -> Option<RevocationStatus> + Send + Sync + 'static) {
        *self.answer.lock().unwrap() = Arc::new(answer);
    }

    pub fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// When each question came, and its signing time in seconds.
    pub fn asked(&self) -> Vec<(Instant, i64)> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|(at, question)| (*at, question.signing_time.unix_timestamp())).collect()
    }
}

impl RevocationSource for Source {
    fn status<'a>(&'a self, question: &'a RevocationQuestion) -> BoxFuture<'a, RevocationStatus> {
        Box::pin(async move {
            self.asked.lock().unwrap().push((Instant::now(), question.clone()));
            let answer = Arc::clone(&self.answer.lock().unwrap());
            match answer(question) {
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        })
    }
}
