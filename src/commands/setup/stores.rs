//! Adds the root certificates to trust stores.

use std::path::Path;

use aws_signer::aws_signer_roots;
use notary::ReasonCode;
use notary::text::rfc3339;
use notary::trust::policy::TrustStoreName;
use notary::x509::Certificate;
use notation::NotationFolder;
use notation::trust_store::{TrustStoreError, read_certificates_of, read_trust_file};
use time::OffsetDateTime;

use super::report::{Item, Part};
use crate::output::exit::CliError;
use crate::output::unwritable;

/// The certificates to add to a trust store.
#[derive(Debug, Clone)]
pub(super) struct Root {
    pub store: TrustStoreName,
    /// The name of the file.
    name: String,
    content: Vec<u8>,
    pub certificates: Vec<Certificate>,
}

/// The roots of AWS Signer.
pub(super) fn aws_roots() -> Vec<Root> {
    let root = |root: &aws_signer::AwsSignerRoot| Root {
        store: root.trust_store().clone(),
        name: format!("{}.pem", root.trust_store().name()),
        content: root.pem().as_bytes().to_vec(),
        certificates: vec![root.certificate().clone()],
    };
    aws_signer_roots().iter().map(root).collect()
}

/// The root in a file, such as the local signer's.
pub(super) fn from_file(file: &Path, store: &TrustStoreName) -> Result<Root, CliError> {
    let wrong = |why: TrustStoreError| CliError::from(why).context("--root");
    let content = read_trust_file(file).map_err(wrong)?;
    let certificates = read_certificates_of(file, &content).map_err(wrong)?;
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or("root.pem").to_owned();
    Ok(Root { store: store.clone(), name, content, certificates })
}

impl Root {
    /// Adds the root to its store if it is missing, or reports it in check mode. A store that is not `needed` may be
    /// missing.
    pub(super) fn ensure(&self, folder: &NotationFolder, force: bool, check: bool, needed: bool) -> Item {
        let Self { store, .. } = self;
        let missing = match folder.trust_store(store) {
            Ok(found) if self.certificates.iter().all(|root| found.certificates().contains(root)) => {
                return self.present(Item::ok, "has", found.certificates());
            }
            Ok(_) => "the root certificate is missing".to_owned(),
            Err(why @ (TrustStoreError::Missing { .. } | TrustStoreError::Empty { .. })) => match why {
                TrustStoreError::Missing { .. } => "does not exist".to_owned(),
                _ => "is empty".to_owned(),
            },
            Err(why) => return self.failed(why.into()),
        };
        if check && needed {
            return self.failed(CliError::configuration(missing).with_advice("Run `notation-aws-signer setup`."));
        }
        if check {
            let error = CliError::configuration(format!("{missing} (no policy uses it)"));
            return Item::warning(Part::TrustStore, error).about(&self.store);
        }
        let backup = match folder.add_certificates(store, Path::new(&self.name), &self.content, force) {
            Ok((_, written)) => written.backup,
            Err(why) => return self.failed(unwritable::store_error(why, folder.root())),
        };
        let kept = backup.map(|backup| format!(" in place of the one in {};", backup.display())).unwrap_or_default();
        match folder.trust_store(store) {
            Ok(found) => self.present(Item::changed, &format!("now has{kept}"), found.certificates()),
            Err(why) => self.failed(why.into()),
        }
    }

    /// The item for a store that has the root.
    fn present(&self, item: fn(Part, String) -> Item, has: &str, all: &[Certificate]) -> Item {
        let Some(root) = self.certificates.first() else {
            return item(Part::TrustStore, has.to_owned()).about(&self.store);
        };
        let until = rfc3339(root.not_after());
        if OffsetDateTime::now_utc() > root.not_after() {
            let why = format!("the certificate {} expired on {until}", root.subject());
            return self.failed(CliError::new(ReasonCode::Configuration, why));
        }
        let others = all.iter().filter(|certificate| !self.certificates.contains(certificate)).count();
        let others = match others {
            0 => String::new(),
            1 => "; it also has 1 other certificate".to_owned(),
            others => format!("; it also has {others} other certificates"),
        };
        let subject = root.subject();
        let thumbprint = root.thumbprint();
        let message = format!("{has} {subject}, thumbprint {thumbprint}, valid until {until}{others}");
        item(Part::TrustStore, message).about(&self.store)
    }

    fn failed(&self, why: CliError) -> Item {
        Item::failed(Part::TrustStore, why).about(&self.store)
    }
}
