//! What matters of all lines, in little memory: 24 bytes a line, and a few hundred a process.

use std::collections::{BTreeMap, HashMap};

use super::line::{Line, Steps};
use super::window::Window;

/// The lines of all tasks. The order in which they are added does not matter, and neither do duplicates.
#[derive(Debug, Default)]
pub(crate) struct History {
    processes: Vec<Process>,
    /// The index of a process by its start and log stream.
    by_start: HashMap<String, usize>,
    /// The key of the last line, kept to avoid an allocation per line.
    key: String,
    counts: Counts,
}

/// How many lines there were of each kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    /// Lines by the version that wrote them.
    pub versions: BTreeMap<String, u64>,
    /// Lines by their source.
    pub sources: BTreeMap<String, u64>,
    /// Services by `cluster/service`, with their lines.
    pub services: BTreeMap<String, u64>,
    /// Lines of other programs.
    pub others: u64,
}

impl Counts {
    /// How many lines of the sidecar there are, duplicates included.
    pub(crate) fn lines(&self) -> u64 {
        self.versions.values().sum()
    }
}

/// What a message was recognized as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reception {
    /// A line of the sidecar.
    Line,
    /// Anything else.
    Other,
}

/// One process of a sidecar, from its start to its end.
#[derive(Debug)]
pub(super) struct Process {
    /// The task, once a line names it.
    pub task: Option<String>,
    /// The log stream, if the input names it.
    stream: Option<String>,
    started: String,
    pub started_ms: i64,
    pub windows: Vec<Window>,
    /// The lines with steps of the clock, by their time and number.
    pub stepped: Vec<SteppedWindow>,
}

/// The steps on a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SteppedWindow {
    pub at_ms: i64,
    pub sequence: u32,
    pub steps: Steps,
}

impl Process {
    /// How far back the steps on a line went, in milliseconds; `None` if that is not known.
    pub(super) fn stepped_back_ms(&self, sequence: u32) -> Option<i64> {
        let stepped = self.stepped.iter();
        let mut of_line = stepped.filter(|window| window.sequence == sequence);
        of_line.next()?.steps.back_ms
    }

    /// The task's ID: from its lines, else the end of the name of its log stream, else when it started.
    pub(super) fn name(&self) -> String {
        let of_stream = || {
            let (_, end) = self.stream.as_deref()?.rsplit_once('/')?;
            let is_id = end.len() == 32 && end.bytes().all(|byte| byte.is_ascii_hexdigit());
            is_id.then(|| end.to_owned())
        };
        let task = self.task.clone().or_else(of_stream);
        task.unwrap_or_else(|| format!("started {}", self.started))
    }
}

impl History {
    /// Adds a message, from this log stream if the input names it.
    pub(crate) fn add(&mut self, message: &str, stream: Option<&str>) -> Reception {
        let Some(line) = Line::parse(message) else {
            self.counts.others += 1;
            return Reception::Other;
        };
        count(&mut self.counts.versions, &line.version);
        count(&mut self.counts.sources, &line.source);
        let process = self.process(&line, stream);
        if process.task.is_none() {
            process.task = line.task.as_deref().map(str::to_owned);
        }
        process.windows.push(line.window);
        process
            .stepped
            .extend(line.steps.map(|steps| SteppedWindow {
                at_ms: line.window.end_ms,
                sequence: line.window.sequence,
                steps,
            }));
        if let (Some(cluster), Some(service)) = (&line.cluster, &line.service) {
            self.key.clear();
            self.key.extend([cluster, "/", service]);
            let key = std::mem::take(&mut self.key);
            count(&mut self.counts.services, &key);
            self.key = key;
        }
        Reception::Line
    }

    fn process(&mut self, line: &Line<'_>, stream: Option<&str>) -> &mut Process {
        self.key.clear();
        self.key
            .extend([&*line.started, "\n", stream.unwrap_or_default()]);
        let is_of = |process: &Process| match (&process.task, &line.task) {
            (Some(one), Some(other)) => *one == **other,
            // The task is not known until the endpoint has answered.
            _ => true,
        };
        let mut found = self.by_start.get(&self.key).copied();
        if found.is_some_and(|at| !is_of(&self.processes[at])) {
            // Two tasks started in the same nanosecond.
            self.key
                .extend(["\n", line.task.as_deref().unwrap_or_default()]);
            found = self.by_start.get(&self.key).copied();
        }
        let at = found.unwrap_or_else(|| {
            self.by_start.insert(self.key.clone(), self.processes.len());
            self.processes.push(Process {
                task: None,
                stream: stream.map(str::to_owned),
                started: line.started.clone().into_owned(),
                started_ms: line.started_ms,
                windows: Vec::new(),
                stepped: Vec::new(),
            });
            self.processes.len() - 1
        });
        &mut self.processes[at]
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The processes by task, each with its lines in order and every line once; and how many lines there were.
    pub(super) fn into_tasks(self) -> (BTreeMap<String, Vec<Process>>, Counts) {
        let mut tasks: BTreeMap<String, Vec<Process>> = BTreeMap::new();
        for mut process in self.processes {
            let order = |one: &Window, other: &Window| {
                // The figures are never NaN: JSON has none.
                one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal)
            };
            process.windows.sort_unstable_by(order);
            process.windows.dedup_by_key(|window| window.sequence);
            process
                .stepped
                .sort_by_key(|window| (window.at_ms, window.sequence));
            process.stepped.dedup();
            tasks.entry(process.name()).or_default().push(process);
        }
        for processes in tasks.values_mut() {
            processes.sort_by(|one, other| {
                (one.started_ms, &one.started).cmp(&(other.started_ms, &other.started))
            });
        }
        (tasks, self.counts)
    }
}

fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => {
            counts.insert(name.to_owned(), 1);
        }
    }
}
