//! `registries`: mirrors, certificates and credentials of some registries.

use std::path::Path;

use notary::reference::RepositoryName;
use yaml::{Error, Field};

use super::super::pattern::without_scheme;
use super::super::{RegistryCredentials, RegistrySettings};
use super::values::{expected, parsed, path, role};
use super::{names, refuse_others};

pub fn registries(field: &Field<'_>, folder: &Path) -> Result<Vec<RegistrySettings>, Error> {
    let mut registries: Vec<RegistrySettings> = Vec::new();
    for item in field.items()? {
        let registry = settings(&item, folder)?;
        if let Some(first) = registries.iter().position(|other| other.host == registry.host) {
            return Err(item.error(format!("registries[{first}] has the same host, and only the first counts")));
        }
        registries.push(registry);
    }
    Ok(registries)
}

fn settings(field: &Field<'_>, folder: &Path) -> Result<RegistrySettings, Error> {
    refuse_others(field, &["host", "mirror", "plainHttp", "ca", "credentials", "roleArn"])?;
    let mut members = field.members()?;
    let host = parsed(&members.required("host")?)?;
    let mirror = members.optional("mirror").as_ref().map(mirror).transpose()?;
    let plain = members.optional("plainHttp");
    let plain_http = plain.as_ref().map_or(Ok(false), Field::boolean)?;
    let ca_field = members.optional("ca");
    let ca = ca_field.as_ref().map(|field| path(field, folder)).transpose()?;
    let credentials = members.optional("credentials");
    let role_arn = members.optional("roleArn");
    members.finish()?;
    if let (true, Some(field)) = (plain_http, &ca_field) {
        return Err(field.error("ca has no use with plainHttp: remove one of them"));
    }
    let mut credentials = credentials.map(|field| credentials_of(&field, folder, plain_http)).transpose()?;
    if let Some(field) = role_arn {
        match &mut credentials {
            Some(RegistryCredentials::Aws { role: assumed }) => *assumed = Some(role(&field)?),
            _ => return Err(field.error("roleArn is for Amazon ECR: set credentials: aws, too, or remove it")),
        }
    }
    Ok(RegistrySettings { host, mirror, plain_http, ca, credentials })
}

/// `HOST[/PATH]`.
fn mirror(field: &Field<'_>) -> Result<String, Error> {
    const WHAT: &str = "a host, optionally with a port and a path, such as mirror.example.com/hub";
    let text = field.text()?;
    if let Some(corrected) = without_scheme(text) {
        return Err(field.error(format!(
            "the mirror is written without scheme, as {:?}; for a mirror without TLS, set plainHttp: true",
            notary::text::start_of(&corrected)
        )));
    }
    // As a reference: a path of one component is enough for all registries but Docker Hub.
    let name = if text.contains('/') { format!("{text}/x") } else { format!("{text}/x/x") };
    name.parse::<RepositoryName>().map_err(|_| expected(field, WHAT))?;
    Ok(text.to_owned())
}

fn credentials_of(field: &Field<'_>, folder: &Path, plain_http: bool) -> Result<RegistryCredentials, Error> {
    // The value may be a password in the wrong place, so errors do not repeat it.
    let malformed = || field.error("expected aws, {file: FILE} or {secret: {namespace: NAMESPACE, name: NAME}}");
    let Ok(mut members) = field.members() else {
        return match field.text() {
            Ok("aws") if plain_http => {
                Err(field.error("Amazon ECR is reached with TLS only: remove plainHttp, or use other credentials"))
            }
            Ok("aws") => Ok(RegistryCredentials::Aws { role: None }),
            _ => Err(malformed()),
        };
    };
    let file = members.optional("file");
    let secret = members.optional("secret");
    members.finish()?;
    match (file, secret) {
        (Some(file), None) => Ok(RegistryCredentials::File(path(&file, folder)?)),
        (None, Some(secret)) => {
            refuse_others(&secret, &["namespace", "name"])?;
            let mut members = secret.members()?;
            let namespace = names::label(&members.required("namespace")?, "the name of a namespace")?;
            let name = names::subdomain(&members.required("name")?, "the name of a Secret")?;
            members.finish()?;
            Ok(RegistryCredentials::Secret { namespace, name })
        }
        (Some(file), Some(_)) => Err(file.error("file and secret exclude each other")),
        (None, None) => Err(malformed()),
    }
}
