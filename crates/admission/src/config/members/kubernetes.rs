//! `kubernetes` and `kyverno`.

use yaml::{Error, Field};

use super::super::words::{PIN, PIN_AS, PULL_SECRETS, TAGS, UPDATES};
use super::super::{ExtraTemplate, Kubernetes, Kyverno};
use super::values::{expected, list};
use super::{names, refuse_others, set};

/// The longest JSON pointer.
const MAX_POINTER: usize = 256;

pub fn kubernetes(field: &Field<'_>) -> Result<Kubernetes, Error> {
    let mut kubernetes = Kubernetes::default();
    let mut members = field.members()?;
    set(&mut kubernetes.pull_secrets, &mut members, "pullSecrets", |field| field.one_of(&PULL_SECRETS))?;
    set(&mut kubernetes.pin, &mut members, "pin", |field| field.one_of(&PIN))?;
    set(&mut kubernetes.pin_as, &mut members, "pinAs", |field| field.one_of(&PIN_AS))?;
    set(&mut kubernetes.tags, &mut members, "tags", |field| field.one_of(&TAGS))?;
    set(&mut kubernetes.updates, &mut members, "updates", |field| field.one_of(&UPDATES))?;
    set(&mut kubernetes.extra_templates, &mut members, "extraTemplates", extra_templates)?;
    members.finish()?;
    Ok(kubernetes)
}

fn extra_templates(field: &Field<'_>) -> Result<Vec<ExtraTemplate>, Error> {
    let mut templates: Vec<ExtraTemplate> = Vec::new();
    for item in field.items()? {
        refuse_others(&item, &["group", "kind", "podTemplate"])?;
        let mut members = item.members()?;
        let template = ExtraTemplate {
            group: names::subdomain(&members.required("group")?, "an API group such as argoproj.io")?,
            kind: names::kind(&members.required("kind")?)?,
            pod_template: pointer(&members.required("podTemplate")?)?,
        };
        members.finish()?;
        if templates.contains(&template) {
            return Err(item.error("the list has this value twice"));
        }
        templates.push(template);
    }
    Ok(templates)
}

/// A JSON pointer: RFC 6901.
fn pointer(field: &Field<'_>) -> Result<String, Error> {
    let text = field.text()?;
    let is_escaped = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if text.starts_with('/') && is_escaped && text.len() <= MAX_POINTER && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(expected(field, "a JSON pointer such as /spec/template"))
}

pub fn kyverno(field: &Field<'_>) -> Result<Kyverno, Error> {
    let mut kyverno = Kyverno::default();
    let mut members = field.members()?;
    set(&mut kyverno.token_review, &mut members, "tokenReview", Field::boolean)?;
    let audiences = members.optional("audiences");
    let users = members.optional("allowedUsers");
    members.finish()?;
    if let (false, Some(field)) = (kyverno.token_review, audiences.as_ref().or(users.as_ref())) {
        let name = field.path().trim_start_matches("kyverno.");
        return Err(field.error(format!("{name} needs tokenReview: true; without it, callers are not known")));
    }
    if let Some(field) = audiences {
        let empty = "name at least one audience; \"\" is the API server's own";
        kyverno.audiences = list(&field, empty, |item| item.text_or_empty().map(str::to_owned))?;
    }
    if let Some(field) = users {
        kyverno.allowed_users = list(&field, "name at least one user", |item| item.text().map(str::to_owned))?;
    }
    Ok(kyverno)
}
