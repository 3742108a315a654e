//! What matters of all lines, in little memory: 24 bytes a line, and a few hundred a process.

use std::collections::{BTreeMap, HashMap};

use super::line::{Line, Steps};

/// The lines of all tasks. The order in which they are added does not matter, and neither do duplicates.
#[derive(Debug, Default)]
pub(crate) struct History {
    processes: Vec<Process>,
    /// The index of a process by its start and log stream.
    by_start: HashMap<String, usize>,
    /// The key of the last line, kept to avoid an allocation per line.
    key: String,
    /// Lines by the version that wrote them.
    pub(super) versions: BTreeMap<String, u64>,
    /// Lines by their source.
    pub(super) sources: BTreeMap<String, u64>,
    /// Services by `cluster/service`, with their lines.
    pub(super) services: BTreeMap<String, u64>,
    /// Lines of other programs.
    pub(super) others: u64,
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

/// One line. The figures are rounded up.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(super) struct Window {
    pub sequence: u32,
    flags: u16,
    /// The longest pause, in units of 10 ms.
    pause: u16,
    pub end_ms: i64,
    /// Milliseconds.
    pub max_bound: f32,
    /// Milliseconds.
    pub last_bound: f32,
}

const SYNCHRONIZED: u16 = 1;
const ENDS_SYNCHRONIZED: u16 = 1 << 1;
const STEPPED: u16 = 1 << 2;
const DISAGREES: u16 = 1 << 3;
const STOPPING: u16 = 1 << 4;
const HAS_READINGS: u16 = 1 << 5;
const LACKS_BOUNDS: u16 = 1 << 6;
const PROOF: u16 = 1 << 7;

/// Milliseconds in a unit of [`Window::pause`].
const PAUSE_UNIT: u32 = 10;

const _: () = assert!(
    size_of::<Window>() == 24,
    "a day of 10,000 tasks fits into 1 GB"
);

impl Window {
    fn from_line(line: &Line<'_>) -> Self {
        let flags = [
            (SYNCHRONIZED, line.is_synchronized),
            (ENDS_SYNCHRONIZED, line.ends_synchronized),
            (STEPPED, line.steps.is_some()),
            (DISAGREES, line.disagrees),
            (STOPPING, line.is_stopping),
            (HAS_READINGS, line.samples > 0),
            (LACKS_BOUNDS, line.bounds < line.samples),
            (PROOF, line.is_proof()),
        ];
        let flags = flags.into_iter().filter(|(_, is_set)| *is_set);
        Self {
            sequence: line.sequence,
            flags: flags.fold(0, |flags, (flag, _)| flags | flag),
            pause: u16::try_from(line.pause_ms.div_ceil(PAUSE_UNIT)).unwrap_or(u16::MAX),
            end_ms: line.end_ms,
            max_bound: round_up(line.max_bound),
            last_bound: round_up(line.last_bound),
        }
    }

    fn has(self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    /// Whether every reading was synchronized.
    pub(super) fn is_synchronized(self) -> bool {
        self.has(SYNCHRONIZED)
    }

    /// Whether the last reading was synchronized.
    pub(super) fn ends_synchronized(self) -> bool {
        self.has(ENDS_SYNCHRONIZED)
    }

    pub(super) fn has_step(self) -> bool {
        self.has(STEPPED)
    }

    pub(super) fn disagrees(self) -> bool {
        self.has(DISAGREES)
    }

    pub(super) fn is_stopping(self) -> bool {
        self.has(STOPPING)
    }

    pub(super) fn has_readings(self) -> bool {
        self.has(HAS_READINGS)
    }

    /// Whether a reading had no bound.
    pub(super) fn lacks_bounds(self) -> bool {
        self.has(LACKS_BOUNDS)
    }

    pub(super) fn is_proof(self) -> bool {
        self.has(PROOF)
    }

    pub(super) fn pause_ms(self) -> f64 {
        f64::from(u32::from(self.pause) * PAUSE_UNIT)
    }
}

/// The next `f32` that is not smaller.
fn round_up(value: f64) -> f32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "corrected where it rounded down"
    )]
    let rounded = value as f32;
    if f64::from(rounded) < value {
        rounded.next_up()
    } else {
        rounded
    }
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
            self.others += 1;
            return Reception::Other;
        };
        count(&mut self.versions, &line.version);
        count(&mut self.sources, &line.source);
        let process = self.process(&line, stream);
        if process.task.is_none() {
            process.task = line.task.as_deref().map(str::to_owned);
        }
        process.windows.push(Window::from_line(&line));
        process
            .stepped
            .extend(line.steps.map(|steps| SteppedWindow {
                at_ms: line.end_ms,
                sequence: line.sequence,
                steps,
            }));
        if let (Some(cluster), Some(service)) = (&line.cluster, &line.service) {
            self.key.clear();
            self.key.extend([cluster, "/", service]);
            let key = std::mem::take(&mut self.key);
            count(&mut self.services, &key);
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

    /// How many lines of the sidecar there are, duplicates included.
    pub(crate) fn lines(&self) -> u64 {
        self.versions.values().sum()
    }

    /// The processes by task, each with its lines in order and every line once.
    pub(super) fn into_tasks(self) -> BTreeMap<String, Vec<Process>> {
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
        tasks
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
