//! The root certificates, in trust stores.

use std::path::Path;

use aws_signer::aws_signer_roots;
use notary::text::rfc3339;
use notary::trust::policy::TrustStoreName;
use notary::x509::Certificate;
use notation::NotationFolder;
use notation::trust_store::{StoreError, read_certificates_of, read_trust_file};
use time::OffsetDateTime;

use super::report::{Item, Outcome, Part};
use crate::output::exit::CliError;

/// Certificates that belong into a trust store.
#[derive(Debug, Clone)]
pub(super) struct Root {
    pub store: TrustStoreName,
    /// The name of the file.
    name: String,
    content: Vec<u8>,
    pub certificates: Vec<Certificate>,
}

/// The roots of AWS Signer.
pub(super) fn of_aws() -> Vec<Root> {
    let root = |root: &aws_signer::AwsSignerRoot| Root {
        store: root.trust_store().clone(),
        name: format!("{}.pem", root.trust_store().name()),
        content: root.pem().as_bytes().to_vec(),
        certificates: vec![root.certificate().clone()],
    };
    aws_signer_roots().iter().map(root).collect()
}

/// A root of somebody else's, such as the local signer's.
pub(super) fn of_file(file: &Path, store: &TrustStoreName) -> Result<Root, CliError> {
    let wrong = |why: StoreError| CliError::usage(format!("--root: {why}"));
    let content = read_trust_file(file).map_err(wrong)?;
    let certificates = read_certificates_of(file, &content).map_err(wrong)?;
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or("root.pem").to_owned();
    Ok(Root { store: store.clone(), name, content, certificates })
}

impl Root {
    /// Puts the root into its store, unless it is there or nothing may be changed. One that is not `needed` may be missing.
    pub(super) fn ensure(&self, folder: &NotationFolder, force: bool, check: bool, needed: bool) -> Item {
        let Self { store, .. } = self;
        let missing = match folder.trust_store(store) {
            Ok(found) if self.certificates.iter().all(|root| found.certificates().contains(root)) => {
                return self.present(Outcome::Ok, "it has", found.certificates());
            }
            Ok(_) => "it lacks the root certificate".to_owned(),
            Err(why @ (StoreError::Missing { .. } | StoreError::Empty { .. })) => match why {
                StoreError::Missing { .. } => "it does not exist".to_owned(),
                _ => "it is empty".to_owned(),
            },
            Err(why) => return self.item(Outcome::Problem, why),
        };
        if check {
            let outcome = if needed { Outcome::Problem } else { Outcome::Note };
            let item = self.item(outcome, if needed { missing } else { format!("{missing}; no policy needs it") });
            return if needed { item.with_remedy("Run `notation-aws-signer setup`.") } else { item };
        }
        if let Err(why) = folder.add_certificates(store, Path::new(&self.name), &self.content, force) {
            return self.item(Outcome::Problem, why);
        }
        match folder.trust_store(store) {
            Ok(found) => self.present(Outcome::Changed, "now has", found.certificates()),
            Err(why) => self.item(Outcome::Problem, why),
        }
    }

    /// What is said of a store with the root.
    fn present(&self, outcome: Outcome, has: &str, all: &[Certificate]) -> Item {
        let Some(root) = self.certificates.first() else { return self.item(outcome, has) };
        let until = rfc3339(root.not_after());
        if OffsetDateTime::now_utc() > root.not_after() {
            return self.item(Outcome::Problem, format!("its certificate {} expired on {until}", root.subject()));
        }
        let others = all.iter().filter(|certificate| !self.certificates.contains(certificate)).count();
        let others = match others {
            0 => String::new(),
            1 => "; it vouches by another certificate, too".to_owned(),
            others => format!("; it vouches by {others} other certificates, too"),
        };
        let (subject, fingerprint) = (root.subject(), root.thumbprint());
        self.item(outcome, format!("{has} {subject}, SHA-256 {fingerprint}, valid until {until}{others}"))
    }

    fn item(&self, outcome: Outcome, message: impl ToString) -> Item {
        Item::new(Part::TrustStore, outcome, message).about(&self.store)
    }
}
