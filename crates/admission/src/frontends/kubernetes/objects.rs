//! The kinds whose images are judged, and where they have their Pod template.

use crate::config::ExtraTemplate;

/// A kind of object with a Pod template.
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
    /// The kind of that name; `None` if it is not judged.
    pub(super) fn find(group: &str, kind: &str, extra: &'a [ExtraTemplate]) -> Option<Self> {
        if let Some(own) = KINDS.iter().find(|own| own.group == group && own.kind == kind) {
            return Some(*own);
        }
        let extra = extra.iter().find(|extra| extra.group == group && extra.kind == kind)?;
        Some(Self { group: &extra.group, kind: &extra.kind, resource: None, template: &extra.pod_template })
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
        let rollout = ExtraTemplate {
            group: "argoproj.io".to_owned(),
            kind: "Rollout".to_owned(),
            pod_template: "/spec/template".to_owned(),
        };
        let extra = [rollout];
        for kind in KINDS {
            assert_eq!(Kind::find(kind.group, kind.kind, &extra), Some(kind));
        }
        assert_eq!(Kind::find("argoproj.io", "Rollout", &extra).map(|kind| kind.template), Some("/spec/template"));
        for (group, kind) in [("", "Deployment"), ("apps", "Pod"), ("", "pod"), ("", ""), ("argoproj.io", "Workflow")] {
            assert_eq!(Kind::find(group, kind, &extra), None, "{group} {kind}");
        }
    }

    #[test]
    fn a_kind_and_a_resource_of_another_do_not_belong_together() {
        let pod = KINDS[0];
        assert!(Kind::can_be(Some(&pod), "", "pods") && Kind::can_be(None, "", "configmaps"));
        assert!(!Kind::can_be(Some(&pod), "", "configmaps") && !Kind::can_be(Some(&pod), "apps", "deployments"));
        assert!(!Kind::can_be(None, "", "pods") && !Kind::can_be(Some(&pod), "", "Pods"));
    }
}
