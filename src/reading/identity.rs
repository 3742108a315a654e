//! Which task this is.

/// What the task metadata endpoint says about the task. What is not known is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskIdentity {
    /// The cluster's short name.
    pub cluster: Option<String>,
    /// The service the task belongs to, if any.
    pub service: Option<String>,
    /// Whether a document said that there is no service, by leaving it out. `false` also where none
    /// has said anything yet, or where what it said of the service could not be believed.
    pub is_outside_service: bool,
    /// The task definition's family.
    pub family: Option<String>,
    /// The task definition's revision.
    pub revision: Option<String>,
    /// The last part of the task's ARN.
    pub task_id: Option<String>,
    /// The availability zone, such as `us-east-1d`.
    pub availability_zone: Option<String>,
    /// `FARGATE`, `EC2`, `EXTERNAL` or `MANAGED_INSTANCES`.
    pub launch_type: Option<String>,
}

impl TaskIdentity {
    /// Takes over what `newer` knows and this identity does not: what was learnt once is kept.
    pub fn learn(&mut self, newer: &Self) {
        let Self {
            cluster,
            service,
            is_outside_service,
            family,
            revision,
            task_id,
            availability_zone,
            launch_type,
        } = self;
        *is_outside_service |= newer.is_outside_service;
        for (known, new) in [
            (cluster, &newer.cluster),
            (service, &newer.service),
            (family, &newer.family),
            (revision, &newer.revision),
            (task_id, &newer.task_id),
            (availability_zone, &newer.availability_zone),
            (launch_type, &newer.launch_type),
        ] {
            if known.is_none() {
                known.clone_from(new);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learnt_is_kept() {
        let mut identity = TaskIdentity {
            cluster: Some("a".into()),
            ..TaskIdentity::default()
        };
        identity.learn(&TaskIdentity {
            cluster: Some("b".into()),
            service: Some("s".into()),
            ..TaskIdentity::default()
        });
        assert_eq!(identity.cluster.as_deref(), Some("a"));
        assert_eq!(identity.service.as_deref(), Some("s"));
    }
}
