//! Where in the file an error is that shows only when the configuration is put in force, such as a file that does not
//! exist.

use std::path::{Path, PathBuf};

use yaml::{Field, Position};

use super::load::folder_of;
use super::{Config, MAX_SIZE};

/// The error `why` about the configuration at `path`, with the place that it is about: `FILE:LINE:COLUMN: PROBLEM`.
/// That place is the path of a file that the error names, or the member that it starts with. `None` if neither is
/// found, or the file has changed and is no configuration any more.
#[must_use]
pub fn placed(path: &Path, why: &str) -> Option<String> {
    let text = files::read_linked_file(path, MAX_SIZE).ok()?;
    let document = yaml::parse(&text).ok()?;
    // What follows visits all values: only a valid configuration bounds their paths.
    Config::parse(&text, &folder_of(path)).ok()?;
    let (position, problem) = place_in(&document.root(), &folder_of(path), why)?;
    Some(format!("{}:{}:{}: {problem}", path.display(), position.line, position.column))
}

fn place_in(root: &Field<'_>, folder: &Path, why: &str) -> Option<(Position, String)> {
    let mut search = Search { why, folder, policy: policy_of(why), found: None };
    search.visit(root);
    if let Some(Found { start, member, position, .. }) = search.found {
        let (before, rest) = why.split_at(start);
        let problem = match before.is_empty() || before.ends_with(": ") {
            _ if why.starts_with(&format!("{member}: ")) => why.to_owned(),
            true => format!("{member}: {rest}"),
            false => format!("{member}: {why}"),
        };
        return Some((position, problem));
    }
    if let Some(policy) = policy_of(why) {
        let policies = root.members().ok()?.optional("policies")?;
        let named = policies.members().ok()?.rest().find(|(key, _)| key.text == policy);
        return named.map(|(_, field)| (field.position(), why.to_owned()));
    }
    let member = member_of(root.clone(), why);
    (!member.path().is_empty()).then(|| (member.position(), why.to_owned()))
}

/// The search for the file that an error names.
struct Search<'a> {
    why: &'a str,
    folder: &'a Path,
    /// The policy that the error names.
    policy: Option<&'a str>,
    found: Option<Found>,
}

/// A member with the path of a file that the error names.
struct Found {
    /// Where the path starts in the error.
    start: usize,
    path: PathBuf,
    is_of_policy: bool,
    member: String,
    position: Position,
}

impl Search<'_> {
    fn visit(&mut self, field: &Field<'_>) {
        if let Ok(members) = field.members() {
            members.rest().for_each(|(_, field)| self.visit(&field));
        } else if let Ok(items) = field.items() {
            items.iter().for_each(|item| self.visit(item));
        } else if let Ok(text) = field.text() {
            self.look_at(field, self.folder.join(text));
        }
    }

    /// The longest path counts, and of equal ones that of the policy that the error names, or else the first.
    fn look_at(&mut self, field: &Field<'_>, path: PathBuf) {
        let Some(start) = position_of(&path.to_string_lossy(), self.why) else { return };
        let policy = self.policy.map(|name| format!("policies.{name}."));
        let is_of_policy = policy.is_some_and(|prefix| field.path().starts_with(&prefix));
        let rank = (path.as_os_str().len(), is_of_policy);
        if self.found.as_ref().is_none_or(|found| (found.path.as_os_str().len(), found.is_of_policy) < rank) {
            let (member, position) = (field.path().to_owned(), field.position());
            self.found = Some(Found { start, path, is_of_policy, member, position });
        }
    }
}

/// Where an error has a path, and not only the start of a longer one.
fn position_of(path: &str, why: &str) -> Option<usize> {
    let is_end = |rest: &str| rest.chars().next().is_none_or(|next| next.is_whitespace() || ":,;)\"'".contains(next));
    why.match_indices(path).map(|(start, _)| start).find(|start| is_end(&why[start + path.len()..]))
}

/// The policy that an error starts with.
fn policy_of(why: &str) -> Option<&str> {
    why.strip_prefix("the policy \"")?.split_once('"').map(|(name, _)| name)
}

/// The innermost member that an error starts with; otherwise the whole document.
fn member_of<'d>(field: Field<'d>, why: &str) -> Field<'d> {
    let is_named = |inner: &Field<'d>| {
        let rest = why.strip_prefix(inner.path());
        rest.is_some_and(|rest| rest.starts_with([':', ' ', '.', '[', ';']) || rest.is_empty())
    };
    let inner = match (field.members(), field.items()) {
        (Ok(members), _) => members.rest().map(|(_, inner)| inner).find(is_named),
        (_, Ok(items)) => items.into_iter().find(is_named),
        _ => None,
    };
    match inner {
        Some(inner) => member_of(inner, why),
        None => field,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::config::LogLevel;
    use crate::log::Log;
    use crate::metrics::Metrics;
    use crate::service::Builder;

    const PROFILES: &str = "trustedProfiles: [\"arn:aws:signer:us-west-2:111122223333:/signing-profiles/release\"]";

    /// What the check of a configuration says in a folder with a file `empty`.
    fn said(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("admission.yaml");
        std::fs::write(&file, text).unwrap();
        std::fs::write(folder.path().join("empty"), "").unwrap();
        let log = Log::to(LogLevel::Error, std::io::sink()).unwrap();
        let signer = aws_signer::SignerConfig::of_process(&std::collections::BTreeMap::new()).unwrap();
        let builder = Builder::new(Metrics::new("1", &[]), log, signer);
        let why = builder.check(&Config::load(&file).unwrap()).unwrap_err().to_string();
        let said = placed(&file, &why).unwrap_or(why);
        said.replace(&format!("{}/", folder.path().display()), "")
    }

    fn with(members: &str) -> String {
        said(&format!(
            "version: 1\npolicies: {{p: {{{PROFILES}}}}}\nrules: [{{policy: p, action: enforce}}]\n{members}\n"
        ))
    }

    #[test]
    fn files_that_cannot_be_used_are_named_with_their_places() {
        let redis = |member: &str| format!("cache:\n  redis: {{url: 'rediss://r', keyFiles: [empty], {member}}}");
        for (said, expected) in [
            (
                with("server: {tls: {certificate: none.pem, key: empty}}"),
                "admission.yaml:4:29: server.tls.certificate: none.pem does not exist",
            ),
            (
                with("registries:\n- {host: a.example}\n- {host: b.example, ca: none.pem}"),
                "admission.yaml:6:25: registries[1].ca: the file with certificates to trust, none.pem",
            ),
            (
                with("registries:\n- {host: a.example, ca: empty}"),
                "admission.yaml:5:25: registries[0].ca: the file with certificates to trust, empty",
            ),
            (
                with("registries:\n- host: a.example\n  credentials:\n    file: none.json"),
                "admission.yaml:7:11: registries[0].credentials.file: none.json",
            ),
            (with(&redis("ca: none.pem")), "admission.yaml:5:53: cache.redis.ca: none.pem"),
            (with(&redis("timeout: 1s")), "admission.yaml:5:41: cache.redis.keyFiles[0]: empty: the file is empty"),
            (with("otlp: {endpoint: 'https://c:4317', ca: none.pem}"), "admission.yaml:4:40: otlp.ca: none.pem"),
            (
                with("server: {tls: {certificate: empty, key: empty}}"),
                "admission.yaml:4:29: server.tls.certificate: empty does not contain",
            ),
        ] {
            assert!(said.starts_with(expected), "{said}\n{expected}");
        }
    }

    #[test]
    fn files_of_policies_are_those_of_the_policy_that_the_error_names() {
        let text = format!(
            "version: 1\npolicies:\n  z: {{{PROFILES}, roots: [none.pem]}}\n  a: {{{PROFILES}, roots: [none.pem]}}\n\
             rules: [{{policy: a, action: enforce}}, {{policy: z, action: enforce}}]\n"
        );
        let said_of = said(&text);
        let column = text.lines().nth(3).unwrap().find("none.pem").unwrap() + 1;
        let expected = format!("admission.yaml:4:{column}: policies.a.roots[0]: none.pem does not exist");
        assert!(said_of.starts_with(&expected), "{said_of}\n{expected}");
        let document = "version: 1\npolicies:\n  p:\n    trustPolicy: empty\nrules: [{policy: p, action: enforce}]\n";
        let said = said(document);
        assert!(said.starts_with("admission.yaml:4:18: policies.p.trustPolicy: empty"), "{said}");
    }

    #[test]
    fn errors_without_a_file_have_the_place_of_the_member_that_they_start_with() {
        let text = "policies: {p: {a: 1}, q: {a: 2}}\nserver: {listen: a}\nregistries: [{ca: x}, {ca: longer}]\n";
        let document = yaml::parse(text.as_bytes()).unwrap();
        let place = |why: &str| {
            let found = place_in(&document.root(), Path::new("/srv"), why);
            found.map(|(at, said)| format!("{}:{}: {said}", at.line, at.column)).unwrap_or_default()
        };
        assert_eq!(place("server.listen: taken"), "2:18: server.listen: taken");
        assert_eq!(place("server.tls: wrong"), "2:9: server.tls: wrong");
        assert_eq!(place("registries[1].mirror is wrong"), "3:23: registries[1].mirror is wrong");
        assert_eq!(place("the policy \"q\": wrong"), "1:26: the policy \"q\": wrong");
        assert_eq!(place("registries[0].ca: /srv/longer: wrong"), "3:28: registries[1].ca: /srv/longer: wrong");
        // `/srv/x` is only the start of this path.
        assert_eq!(place("/srv/xyz: wrong"), "");
        assert_eq!(place("out of memory"), "");
    }
}
