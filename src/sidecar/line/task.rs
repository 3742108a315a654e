//! What is known about the task, and where the configured fallback names contradict it. Pure.

use super::format::Property;
use crate::reading::{Label, TaskIdentity};

/// This many documents without a service show that the task belongs to none. A single one proves nothing if the
/// configuration names a service: documents are incomplete while a task starts.
const DOCUMENTS_WITHOUT_SERVICE: u8 = 2;

/// The identity of the task, collected from all answers of the endpoint.
#[derive(Debug, Default)]
pub(crate) struct KnownTask {
    identity: TaskIdentity,
    documents_without_service: u8,
}

/// A property with the name of a label that the endpoint contradicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// The endpoint gives the label another value, which is used.
    Differs {
        label: Label,
        property: String,
        endpoint: String,
    },
    /// The property names a service, but the task belongs to none.
    NoService { property: String },
}

impl From<&TaskIdentity> for KnownTask {
    /// The identity in one answer of the endpoint.
    fn from(identity: &TaskIdentity) -> Self {
        let mut task = Self::default();
        task.learn(identity);
        task
    }
}

impl KnownTask {
    /// Adds the identity in an answer of the endpoint. Returns whether any label may have changed.
    pub(crate) fn learn(&mut self, newer: &TaskIdentity) -> bool {
        let mut is_news = self.identity.learn(newer);
        if newer.is_outside_service && self.documents_without_service < DOCUMENTS_WITHOUT_SERVICE {
            self.documents_without_service += 1;
            is_news = true;
        }
        is_news
    }

    pub(super) fn identity(&self) -> &TaskIdentity {
        &self.identity
    }

    /// Whether the property of this name is used while the endpoint gives the label no value.
    pub(super) fn allows_fallback(&self, label: Label) -> bool {
        label != Label::ServiceName || !self.is_certainly_outside_service()
    }

    fn is_certainly_outside_service(&self) -> bool {
        self.identity.service.is_none()
            && self.documents_without_service >= DOCUMENTS_WITHOUT_SERVICE
    }

    /// The properties that the endpoint contradicts so far.
    pub(crate) fn conflicts(&self, properties: &[Property]) -> Vec<Conflict> {
        let conflict = |property: &Property| {
            let label = Label::ALL
                .iter()
                .find(|label| label.as_str() == property.name);
            let label = *label?;
            match self.identity.get(label) {
                Some(value) if value == property.value => None,
                Some(value) => Some(Conflict::Differs {
                    label,
                    property: property.value.clone(),
                    endpoint: value.to_owned(),
                }),
                None if self.allows_fallback(label) => None,
                None => Some(Conflict::NoService {
                    property: property.value.clone(),
                }),
            }
        };
        properties.iter().filter_map(conflict).collect()
    }
}

impl Conflict {
    /// Warns about it on stderr.
    pub(crate) fn report(&self) {
        match self {
            Self::Differs {
                label,
                property,
                endpoint,
            } => tracing::warn!(
                label = label.as_str(),
                property,
                endpoint,
                "a property differs from the endpoint's value, which is used: was the task definition copied?"
            ),
            Self::NoService { property } => tracing::warn!(
                label = Label::ServiceName.as_str(),
                property,
                "the task belongs to no service, so the property is not used: choose another property name and \
                 make it a dimension"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn property(name: &str, value: &str) -> Property {
        Property {
            name: name.to_owned(),
            value: value.to_owned(),
        }
    }

    fn document(service: Option<&str>) -> TaskIdentity {
        TaskIdentity {
            cluster: Some("orders".to_owned()),
            service: service.map(str::to_owned),
            is_outside_service: service.is_none(),
            ..TaskIdentity::default()
        }
    }

    #[test]
    fn a_task_is_known_from_one_document() {
        let document = document(Some("ledger"));
        assert_eq!(KnownTask::from(&document).identity(), &document);
    }

    #[test]
    fn the_second_document_without_a_service_ends_the_fallback() {
        let properties = [property("ServiceName", "ledger")];
        let mut task = KnownTask::default();
        assert!(task.allows_fallback(Label::ServiceName));
        assert!(task.learn(&document(None)));
        assert!(task.allows_fallback(Label::ServiceName));
        assert_eq!(task.conflicts(&properties), []);
        assert!(task.learn(&document(None)), "the labels change");
        assert!(!task.allows_fallback(Label::ServiceName));
        assert!(task.allows_fallback(Label::TaskId));
        let dropped = Conflict::NoService {
            property: "ledger".to_owned(),
        };
        assert_eq!(task.conflicts(&properties), [dropped]);
        assert!(!task.learn(&document(None)), "nothing is new");
        // A later document with a service wins.
        task.learn(&document(Some("ledger")));
        assert_eq!(task.conflicts(&properties), []);
    }

    #[test]
    fn a_conflict_names_both_values() {
        let properties = [
            property("ClusterName", "staging"),
            property("ServiceName", "ledger"),
            property("Stage", "test"),
            property("TaskId", "t"),
        ];
        let mut task = KnownTask::default();
        assert_eq!(task.conflicts(&properties), []);
        task.learn(&document(Some("ledger")));
        let differs = Conflict::Differs {
            label: Label::ClusterName,
            property: "staging".to_owned(),
            endpoint: "orders".to_owned(),
        };
        assert_eq!(task.conflicts(&properties), [differs]);
    }
}
