//! The identity of the task.

use crate::text::names;

/// What is known about the task. Unknown values are `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskIdentity {
    /// The cluster's name, without the rest of its ARN.
    pub cluster: Option<String>,
    /// The service the task belongs to, if any.
    pub service: Option<String>,
    /// Whether a document showed that there is no service, by leaving it out. `false` also without
    /// a document, and if its service was invalid.
    pub is_outside_service: bool,
    /// The task definition's family.
    pub family: Option<String>,
    /// The task definition's revision.
    pub revision: Option<String>,
    /// The last part of the task's ARN.
    pub task_id: Option<String>,
    /// Whether the task's id is the one in the endpoint's address, which AWS does not document: the first
    /// document replaces it.
    pub is_task_id_from_address: bool,
    /// The availability zone, such as `us-east-1d`.
    pub availability_zone: Option<String>,
    /// `FARGATE`, `EC2`, `EXTERNAL` or `MANAGED_INSTANCES`.
    pub launch_type: Option<String>,
}

impl TaskIdentity {
    /// The identity in the address of the task metadata endpoint: the task's id, if the last segment has
    /// Fargate's form, 32 hexadecimal digits, a hyphen and decimal digits.
    ///
    /// ```
    /// use ecs_clock_emf::TaskIdentity;
    /// let base = "http://169.254.170.2/v4/cd189a933e5849daa93386466019ab50-2495160603";
    /// let identity = TaskIdentity::from_endpoint_address(base).unwrap();
    /// assert_eq!(identity.task_id.as_deref(), Some("cd189a933e5849daa93386466019ab50"));
    /// ```
    #[must_use]
    pub fn from_endpoint_address(base: &str) -> Option<Self> {
        const ID_LENGTH: usize = 32;
        let base = base.strip_suffix('/').unwrap_or(base);
        let (_, last) = base.rsplit_once('/')?;
        let (id, number) = last.split_once('-')?;
        let is_id = id.len() == ID_LENGTH && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        (is_id && is_number).then(|| Self {
            task_id: Some(id.to_owned()),
            is_task_id_from_address: true,
            ..Self::default()
        })
    }

    /// The value of a label.
    #[must_use]
    pub fn get(&self, label: Label) -> Option<&str> {
        match label {
            Label::ClusterName => &self.cluster,
            Label::ServiceName => &self.service,
            Label::TaskDefinitionFamily => &self.family,
            Label::TaskDefinitionRevision => &self.revision,
            Label::TaskId => &self.task_id,
            Label::AvailabilityZone => &self.availability_zone,
            Label::LaunchType => &self.launch_type,
        }
        .as_deref()
    }

    /// The value of a label, to change it.
    pub(crate) fn get_mut(&mut self, label: Label) -> &mut Option<String> {
        match label {
            Label::ClusterName => &mut self.cluster,
            Label::ServiceName => &mut self.service,
            Label::TaskDefinitionFamily => &mut self.family,
            Label::TaskDefinitionRevision => &mut self.revision,
            Label::TaskId => &mut self.task_id,
            Label::AvailabilityZone => &mut self.availability_zone,
            Label::LaunchType => &mut self.launch_type,
        }
    }

    /// Adds what only `newer` knows; known values are kept. Only a task's id from the address is replaced
    /// by that of a document. Returns whether anything was new.
    pub fn learn(&mut self, newer: &Self) -> bool {
        let mut is_news = newer.is_outside_service && !self.is_outside_service;
        self.is_outside_service |= newer.is_outside_service;
        if newer.task_id.is_some() && (self.task_id.is_none() || self.is_task_id_from_address) {
            is_news |= self.task_id != newer.task_id;
            self.task_id.clone_from(&newer.task_id);
            self.is_task_id_from_address = newer.is_task_id_from_address;
        }
        for &label in Label::ALL {
            if let (None, Some(new)) = (self.get(label), newer.get(label)) {
                *self.get_mut(label) = Some(new.to_owned());
                is_news = true;
            }
        }
        is_news
    }
}

/// Shortens an ARN to its last part, `arn:…/b/c` → `c`, and returns anything else unchanged. The endpoint gives some names
/// as ARNs and some not.
pub(crate) fn short_name(text: &str) -> &str {
    if !text.starts_with("arn:") {
        return text;
    }
    text.rsplit_once('/').map_or(text, |(_, name)| name)
}

names! {
    /// A root member that identifies the task. It may be a dimension, and a property of the same name is its fallback.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Label {
        /// The cluster's short name.
        ClusterName = "ClusterName",
        /// The service the task belongs to.
        ServiceName = "ServiceName",
        /// The task definition's family.
        TaskDefinitionFamily = "TaskDefinitionFamily",
        /// The task definition's revision.
        TaskDefinitionRevision = "TaskDefinitionRevision",
        /// The last part of the task's ARN.
        TaskId = "TaskId",
        /// The availability zone.
        AvailabilityZone = "AvailabilityZone",
        /// The launch type.
        LaunchType = "LaunchType",
    }
}

#[cfg(feature = "cli")]
impl Label {
    /// The names of all labels, in the order of a line.
    pub(crate) const NAMES: [&str; 7] = {
        let mut names = [""; 7];
        let mut index = 0;
        while index < names.len() {
            names[index] = Self::ALL[index].as_str();
            index += 1;
        }
        names
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "cd189a933e5849daa93386466019ab50";

    fn with(label: Label, value: &str) -> TaskIdentity {
        let mut identity = TaskIdentity::default();
        *identity.get_mut(label) = Some(value.to_owned());
        identity
    }

    #[test]
    fn what_was_learnt_is_kept() {
        for &label in Label::ALL {
            let mut identity = TaskIdentity::default();
            identity.learn(&with(label, "first"));
            assert_eq!(identity, with(label, "first"), "{label}");
            identity.learn(&with(label, "second"));
            identity.learn(&TaskIdentity::default());
            assert_eq!(identity, with(label, "first"), "{label}");
        }
        let mut identity = TaskIdentity::default();
        identity.learn(&TaskIdentity {
            is_outside_service: true,
            ..TaskIdentity::default()
        });
        identity.learn(&TaskIdentity::default());
        assert!(identity.is_outside_service);
    }

    #[test]
    fn what_was_unknown_is_news_once() {
        let outside = TaskIdentity {
            is_outside_service: true,
            ..TaskIdentity::default()
        };
        let of_address = TaskIdentity {
            is_task_id_from_address: true,
            ..with(Label::TaskId, "first")
        };
        let mut identity = TaskIdentity::default();
        for (newer, is_news) in [
            (&TaskIdentity::default(), false),
            (&outside, true),
            (&outside, false),
            (&of_address, true),
            (&of_address, false),
            // A document confirms the id of the address, or replaces it, once.
            (&with(Label::TaskId, "first"), false),
            (&with(Label::TaskId, "second"), false),
            (&with(Label::LaunchType, "FARGATE"), true),
        ] {
            assert_eq!(identity.learn(newer), is_news, "{newer:?}");
        }
        let mut identity = of_address;
        assert!(identity.learn(&with(Label::TaskId, "second")));
        assert_eq!(identity, with(Label::TaskId, "second"));
    }

    #[test]
    fn an_arn_is_shortened_to_its_last_part() {
        for (text, name) in [
            (
                "arn:aws:ecs:us-east-1:111122223333:cluster/production",
                "production",
            ),
            (
                "arn:aws:ecs:us-east-1:111122223333:task/production/cd18",
                "cd18",
            ),
            ("arn:without-parts", "arn:without-parts"),
            ("production", "production"),
            ("a/b", "a/b"),
            ("", ""),
        ] {
            assert_eq!(short_name(text), name);
        }
    }

    #[cfg(feature = "cli")]
    #[test]
    fn the_names_are_those_of_all_labels_in_order() {
        let names: Vec<_> = Label::ALL.iter().map(|label| label.as_str()).collect();
        assert_eq!(Label::NAMES.as_slice(), names);
    }

    #[test]
    fn a_label_has_one_name_and_one_place() {
        for &label in Label::ALL {
            let identity = with(label, "value");
            for &other in Label::ALL {
                let expected = (label == other).then_some("value");
                assert_eq!(identity.get(other), expected, "{label} {other}");
            }
        }
    }

    #[test]
    fn the_task_id_in_the_address_where_the_form_fits() {
        for (base, fits) in [
            (format!("http://169.254.170.2/v4/{ID}-2495160603"), true),
            (format!("http://169.254.170.2/v4/{ID}-0/"), true),
            (
                format!("http://169.254.170.2/v4/{}-1", ID.to_uppercase()),
                true,
            ),
            (format!("http://169.254.170.2/v4/{ID}"), false),
            (format!("http://169.254.170.2/v4/{ID}-"), false),
            (format!("http://169.254.170.2/v4/{ID}-12a"), false),
            (format!("http://169.254.170.2/v4/{ID}-1-2"), false),
            (format!("http://169.254.170.2/v4/{}-1", &ID[1..]), false),
            (format!("http://169.254.170.2/v4/{ID}0-1"), false),
            (format!("http://169.254.170.2/v4/{}g-1", &ID[1..]), false),
            (format!("http://169.254.170.2/v4/{ID}-1/more"), false),
            // EC2 has a UUID here, which is not the task's id.
            (
                "http://169.254.170.2/v4/05281997-e0e2-4a0f-9b0b-0b0f0b0f0b0f".to_owned(),
                false,
            ),
            (format!("{ID}-1"), false),
            (String::new(), false),
        ] {
            let found = TaskIdentity::from_endpoint_address(&base);
            let id = found.and_then(|identity| identity.task_id);
            let expected = base
                .rsplit('/')
                .find(|part| !part.is_empty())
                .and_then(|last| last.split('-').next())
                .filter(|_| fits);
            assert_eq!(id.as_deref(), expected, "{base}");
        }
    }

    #[test]
    fn a_document_replaces_the_id_of_the_address_once() {
        let address = format!("http://169.254.170.2/v4/{ID}-1");
        let address = TaskIdentity::from_endpoint_address(&address).unwrap();
        let mut identity = TaskIdentity::default();
        identity.learn(&address);
        assert_eq!(identity.get(Label::TaskId), Some(ID));
        identity.learn(&with(Label::ClusterName, "c"));
        assert_eq!(identity.get(Label::TaskId), Some(ID));
        identity.learn(&with(Label::TaskId, "document"));
        assert_eq!(identity.get(Label::TaskId), Some("document"));
        assert!(!identity.is_task_id_from_address);
        identity.learn(&address);
        identity.learn(&with(Label::TaskId, "another"));
        assert_eq!(identity.get(Label::TaskId), Some("document"));
    }
}
