//! The server: a thread that accepts, one for each connection, and one that plays the schedule.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::connection;
use super::limiter::Limiter;
use super::listener::{Port, STACK, accept};
use super::{Identity, Scenario, Schedule};

/// The id in the paths, in Fargate's form.
pub(crate) const ID: &str = "cd189a933e5849daa93386466019ab50-2495160603";
/// Maximum number of open connections; more are reset.
const CONNECTIONS: usize = 256;
/// How many of the last `ClockDrift` texts are kept.
const SERVED: usize = 10_000;

/// How a server is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What to play first.
    pub scenario: Scenario,
    /// The identity of the task.
    pub identity: Identity,
    /// The error bound of the good scenarios, in milliseconds.
    pub error_bound: f64,
    /// Growth of the bound while drifting, in milliseconds per second.
    pub drift_rate: f64,
    /// How late `slow` answers.
    pub delay: Duration,
    /// A connection is closed after this long without a request.
    pub idle: Duration,
    /// Whether the agent's rate limit applies.
    pub limit: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            scenario: Scenario::Good,
            identity: Identity::default(),
            error_bound: 0.446_931,
            drift_rate: 0.1,
            delay: Duration::from_secs(10),
            idle: Duration::from_secs(5),
            limit: false,
        }
    }
}

/// Counters. Requests to the control paths, and connections that began with one, do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests for the task document, including failed ones.
    pub task_requests: u64,
    /// Connections accepted.
    pub connections_accepted: u64,
    /// Connections open now.
    pub connections_open: u64,
    /// Connections reset because too many were open.
    pub connections_refused: u64,
    /// Requests that the rate limit refused.
    pub rate_limited: u64,
    /// Requests to the target of the redirects.
    pub redirects_followed: u64,
}

/// A running endpoint. Dropping it stops it and everything it started.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    /// Starts an endpoint on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// The port cannot be bound, or no thread can be started.
    pub fn start(scenario: Scenario) -> io::Result<Self> {
        Self::with(Options {
            scenario,
            ..Options::default()
        })
    }

    /// Starts an endpoint.
    ///
    /// # Errors
    /// The address cannot be bound, or no thread can be started.
    pub fn with(options: Options) -> io::Result<Self> {
        let (port, listener) = Port::take(options.listen)?;
        let state = State::new(options.scenario.clone(), options.error_bound);
        let shared = Arc::new(Shared {
            options,
            address: port.address,
            state: Mutex::new(state),
            changed: Condvar::new(),
            limiter: Mutex::default(),
        });
        let mut server = Self {
            shared: Arc::clone(&shared),
            threads: Vec::new(),
        };
        let acceptor = Arc::clone(&shared);
        server.threads.push(
            thread::Builder::new()
                .stack_size(STACK)
                .spawn(move || accept(&acceptor, &port, listener))?,
        );
        server.threads.push(
            thread::Builder::new()
                .stack_size(STACK)
                .spawn(move || shared.play_schedule())?,
        );
        server.shared.settle();
        Ok(server)
    }

    /// The value for `ECS_CONTAINER_METADATA_URI_V4`.
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://{}/v4/{ID}", self.shared.reachable())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// What it plays.
    #[must_use]
    pub fn scenario(&self) -> Scenario {
        self.shared.lock().scenario.clone()
    }

    /// Plays another scenario, from its beginning, and ends a schedule. It is in effect when this returns.
    pub fn switch(&self, scenario: Scenario) {
        self.shared.switch(scenario);
    }

    /// Plays a schedule, once or forever.
    pub fn play(&self, schedule: Schedule, repeat: bool) {
        self.shared.play(schedule, repeat);
    }

    /// Changes the error bound of the good scenarios; in milliseconds.
    pub fn set_error_bound(&self, milliseconds: f64) {
        self.shared.lock().error_bound = milliseconds;
    }

    /// The counters so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared.counters()
    }

    /// Waits until at least `count` requests for the task document have come.
    ///
    /// # Errors
    /// If they have not come within a minute, long enough for a busy machine.
    pub fn await_requests(&self, count: u64) -> io::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.counters().task_requests < count {
            if Instant::now() > deadline {
                return Err(io::ErrorKind::TimedOut.into());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// The text of `ClockDrift` in each answer that carried a document with it; the last 10,000.
    #[must_use]
    pub fn served(&self) -> Vec<String> {
        self.shared.lock().served.iter().cloned().collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.stopping = true;
        state.cut(true);
        drop(state);
        self.shared.changed.notify_all();
        self.shared.settle();
        for thread in self.threads.drain(..) {
            // A thread that panicked has already reported it.
            let _ = thread.join();
        }
        let deadline = Instant::now() + Duration::from_secs(2);
        let mut state = self.shared.lock();
        while !state.connections.is_empty() && Instant::now() < deadline {
            state = self.shared.wait(state, Duration::from_millis(100));
        }
    }
}

/// What all threads share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) address: SocketAddr,
    pub(crate) limiter: Mutex<Limiter>,
    state: Mutex<State>,
    pub(crate) changed: Condvar,
}

/// What changes while it runs.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) scenario: Scenario,
    pub(crate) error_bound: f64,
    /// When the scenario began.
    pub(crate) began: Instant,
    /// Requests for the task document since then.
    pub(crate) turn: u64,
    pub(crate) counters: Counters,
    served: VecDeque<String>,
    pub(crate) stopping: bool,
    pub(crate) listening: bool,
    plan: Option<Plan>,
    connections: HashMap<u64, Connection>,
    last_connection: u64,
}

impl State {
    fn new(scenario: Scenario, error_bound: f64) -> Self {
        Self {
            scenario,
            error_bound,
            began: Instant::now(),
            turn: 0,
            counters: Counters::default(),
            served: VecDeque::new(),
            stopping: false,
            listening: true,
            plan: None,
            connections: HashMap::new(),
            last_connection: 0,
        }
    }

    fn begin(&mut self, scenario: Scenario) {
        if matches!(scenario, Scenario::Down | Scenario::Refused) {
            self.cut(false);
        }
        self.scenario = scenario;
        self.began = Instant::now();
        self.turn = 0;
    }

    /// Begins the plan's next step if it is due; returns the time until the next one.
    fn advance(&mut self) -> Duration {
        const LONG: Duration = Duration::from_secs(3600);
        let Some(plan) = &mut self.plan else {
            return LONG;
        };
        let left = plan.due.saturating_duration_since(Instant::now());
        if !left.is_zero() {
            return left;
        }
        if plan.repeat && plan.next == plan.schedule.0.len() {
            plan.next = 0;
        }
        let Some(step) = plan.schedule.0.get(plan.next).cloned() else {
            self.plan = None;
            return LONG;
        };
        plan.next += 1;
        plan.due += step.duration;
        self.begin(step.scenario);
        Duration::ZERO
    }

    /// Ends open connections; their threads see it and leave.
    fn cut(&mut self, control_too: bool) {
        for connection in self
            .connections
            .values()
            .filter(|connection| control_too || !connection.control)
        {
            // An error means that the client closed it first.
            let _ = connection.stream.shutdown(Shutdown::Both);
        }
    }

    pub(crate) fn should_listen(&self) -> bool {
        !self.stopping && self.scenario != Scenario::Refused
    }

    /// Removes a connection from the list.
    pub(crate) fn remove(&mut self, number: u64) {
        self.connections.remove(&number);
    }

    /// Keeps the `ClockDrift` of an answer.
    pub(crate) fn remember(&mut self, clock_drift: String) {
        if self.served.len() == SERVED {
            self.served.pop_front();
        }
        self.served.push_back(clock_drift);
    }

    /// The kept answers, oldest first.
    pub(crate) fn served(&self) -> impl Iterator<Item = &str> {
        self.served.iter().map(String::as_str)
    }
}

#[derive(Debug)]
struct Connection {
    stream: Arc<TcpStream>,
    control: bool,
}

#[derive(Debug)]
struct Plan {
    schedule: Schedule,
    repeat: bool,
    next: usize,
    due: Instant,
}

impl Shared {
    /// The state. A panic of another thread does no harm: each change is a single step.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        longest: Duration,
    ) -> MutexGuard<'a, State> {
        self.changed
            .wait_timeout(state, longest)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    /// The address as a client on this machine must name it.
    fn reachable(&self) -> SocketAddr {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        SocketAddr::new(ip, self.address.port())
    }

    pub(crate) fn switch(&self, scenario: Scenario) {
        let mut state = self.lock();
        state.plan = None;
        state.begin(scenario);
        drop(state);
        self.changed.notify_all();
        self.settle();
    }

    pub(crate) fn play(&self, schedule: Schedule, repeat: bool) {
        let mut state = self.lock();
        state.plan = Some(Plan {
            schedule,
            repeat,
            next: 0,
            due: Instant::now(),
        });
        state.advance();
        drop(state);
        self.changed.notify_all();
        self.settle();
    }

    fn play_schedule(&self) {
        let mut state = self.lock();
        while !state.stopping {
            let left = state.advance();
            if left.is_zero() {
                drop(state);
                self.changed.notify_all();
                self.settle();
                state = self.lock();
            } else {
                state = self.wait(state, left);
            }
        }
    }

    /// Waits until the acceptor has followed the state; at most a minute, long enough for a busy machine.
    fn settle(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut state = self.lock();
        while state.listening != state.should_listen() && Instant::now() < deadline {
            if state.listening {
                drop(state);
                // Only a new connection wakes it.
                let _ = TcpStream::connect_timeout(&self.reachable(), Duration::from_millis(100));
                state = self.lock();
            }
            state = self.wait(state, Duration::from_millis(10));
        }
    }

    pub(crate) fn counters(&self) -> Counters {
        let state = self.lock();
        let open = state
            .connections
            .values()
            .filter(|connection| !connection.control)
            .count();
        Counters {
            connections_open: open as u64,
            ..state.counters
        }
    }

    /// Adds a new connection to the list, unless there are too many.
    pub(crate) fn register(&self, stream: &Arc<TcpStream>) -> Option<u64> {
        let mut state = self.lock();
        if !state.should_listen() {
            return None;
        }
        if state.connections.len() >= CONNECTIONS {
            state.counters.connections_refused += 1;
            connection::reset_on_close(stream);
            return None;
        }
        state.last_connection += 1;
        state.counters.connections_accepted += 1;
        let number = state.last_connection;
        state.connections.insert(
            number,
            Connection {
                stream: Arc::clone(stream),
                control: false,
            },
        );
        Some(number)
    }

    /// Closes a connection that has been served.
    pub(crate) fn forget(&self, number: u64, stream: Arc<TcpStream>) {
        let mut state = self.lock();
        state.remove(number);
        // Both handles of the stream are dropped before the counters show the connection as closed.
        drop(stream);
        drop(state);
        self.changed.notify_all();
    }

    /// Records that a connection began with a request to a control path.
    pub(crate) fn mark_control(&self, number: u64) {
        let mut state = self.lock();
        if let Some(connection) = state.connections.get_mut(&number) {
            connection.control = true;
            state.counters.connections_accepted -= 1;
        }
    }
}
