//! The kinds whose images are judged, and where they have their Pod templates.

use crate::config::ExtraTemplate;

/// A kind of object, and where one of its Pod templates is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind<'a> {
    /// The API group; empty for the core group.
    pub(super) group: &'a str,
    /// The kind.
    pub(super) kind: &'a str,
    /// The resource in URLs; `None` if it is not known.
    resource: Option<&'static str>,
    /// The JSON pointer of the object that has the Pod's `spec`; empty for the object itself.
    pub(super) template: &'a str,
}

/// Kubernetes's own kinds. Their versions differ, but not in this.
const KINDS: [Kind<'static>; 9] = [
    own("", "Pod", "pods", ""),
    own("", "PodTemplate", "podtemplates", "/template"),
    own("", "ReplicationController", "replicationcontrollers", "/spec/template"),
    own("apps", "Deployment", "deployments", "/spec/template"),
    own("apps", "StatefulSet", "statefulsets", "/spec/template"),
    own("apps", "DaemonSet", "daemonsets", "/spec/template"),
    own("apps", "ReplicaSet", "replicasets", "/spec/template"),
    own("batch", "Job", "jobs", "/spec/template"),
    own("batch", "CronJob", "cronjobs", "/spec/jobTemplate/spec/template"),
];

const fn own(group: &'static str, kind: &'static str, resource: &'static str, template: &'static str) -> Kind<'static> {
    Kind { group, kind, resource: Some(resource), template }
}

impl<'a> Kind<'a> {
    /// The kind of that name, once for each of its Pod templates: first Kubernetes's own, then those of the
    /// configuration. Empty if the kind is not judged.
    pub(super) fn find(group: &str, kind: &str, extra: &'a [ExtraTemplate]) -> Vec<Self> {
        let own = KINDS.iter().find(|own| own.group == group && own.kind == kind).copied();
        let mut found: Vec<Self> = own.into_iter().collect();
        for ExtraTemplate { group, kind, pod_template } in
            extra.iter().filter(|extra| extra.group == group && extra.kind == kind)
        {
            if !found.iter().any(|known| known.template == pod_template) {
                let resource = own.and_then(|own| own.resource);
                found.push(Self { group, kind, resource, template: pod_template });
            }
        }
        found
    }

    /// Whether objects of this kind can be of that resource. Only Kubernetes's own resources are known.
    pub(super) fn can_be(kind: Option<&Self>, group: &str, resource: &str) -> bool {
        let own = KINDS.iter().find(|own| own.group == group && own.resource == Some(resource));
        match (kind, own) {
            (Some(kind), Some(own)) => kind == own,
            (Some(kind), None) => kind.resource.is_none(),
            (None, Some(_)) => false,
            (None, None) => true,
        }
    }

    /// The tokens of [`Self::template`], escaped as they are written.
    pub(super) fn template_tokens(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let is_object = self.template.is_empty();
        let tokens = self.template.strip_prefix('/').unwrap_or(self.template);
        tokens.split('/').filter(move |_| !is_object)
    }

    /// The JSON pointer of the Pod's spec.
    pub(super) fn spec_pointer(&self) -> String {
        self.template_tokens().chain(["spec"]).flat_map(|token| ["/", token]).collect()
    }

    /// Whether objects of this kind are Pods, and not templates of Pods.
    pub(super) fn is_pod(&self) -> bool {
        self.group.is_empty() && self.kind == "Pod"
    }
}

#[cfg(test)]
mod tests {
    use super::{KINDS, Kind};
    use crate::config::ExtraTemplate;

    #[test]
    fn kinds_are_found_by_group_and_name() {
        let extra = [extra("argoproj.io", "Rollout", "/spec/template")];
        for kind in KINDS {
            assert_eq!(Kind::find(kind.group, kind.kind, &extra), [kind]);
        }
        assert_eq!(templates("argoproj.io", "Rollout", &extra), ["/spec/template"]);
        for (group, kind) in [("", "Deployment"), ("apps", "Pod"), ("", "pod"), ("", ""), ("argoproj.io", "Workflow")] {
            assert_eq!(Kind::find(group, kind, &extra), [], "{group} {kind}");
        }
    }

    #[test]
    fn a_kind_has_all_templates_of_the_configuration_each_once() {
        let extra = [
            extra("argoproj.io", "Rollout", "/spec/template"),
            extra("apps", "Deployment", "/spec/canary"),
            extra("argoproj.io", "Rollout", "/spec/canary"),
            extra("apps", "Deployment", "/spec/template"),
        ];
        assert_eq!(templates("argoproj.io", "Rollout", &extra), ["/spec/template", "/spec/canary"]);
        assert_eq!(templates("apps", "Deployment", &extra), ["/spec/template", "/spec/canary"]);
        assert_eq!(templates("apps", "StatefulSet", &extra), ["/spec/template"]);
    }

    fn extra(group: &str, kind: &str, pod_template: &str) -> ExtraTemplate {
        ExtraTemplate { group: group.to_owned(), kind: kind.to_owned(), pod_template: pod_template.to_owned() }
    }

    fn templates<'a>(group: &str, kind: &str, extra: &'a [ExtraTemplate]) -> Vec<&'a str> {
        Kind::find(group, kind, extra).iter().map(|kind| kind.template).collect()
    }

    #[test]
    fn a_kind_and_a_resource_of_another_do_not_belong_together() {
        let pod = KINDS[0];
        assert!(Kind::can_be(Some(&pod), "", "pods") && Kind::can_be(None, "", "configmaps"));
        assert!(!Kind::can_be(Some(&pod), "", "configmaps") && !Kind::can_be(Some(&pod), "apps", "deployments"));
        assert!(!Kind::can_be(None, "", "pods") && !Kind::can_be(Some(&pod), "", "Pods"));
    }
}
