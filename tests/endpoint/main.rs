//! Plays the ECS task metadata endpoint v4 on this machine, so that the sidecar can be tried and tested without AWS.
//!
//! ```text
//! $ cargo run --example task-metadata-endpoint -- --scenario drifting
//! ECS_CONTAINER_METADATA_URI_V4=http://127.0.0.1:41235/v4/cd189a933e5849daa93386466019ab50-2495160603
//! ```
//!
//! That line is all it writes to standard output; it is the setting the sidecar needs, in another terminal:
//!
//! ```text
//! $ ECS_CONTAINER_METADATA_URI_V4=http://127.0.0.1:41235/v4/cd… cargo run --release
//! ```
//!
//! `--list` explains every scenario. While it runs, other paths of the same port control it:
//!
//! ```text
//! curl -X PUT http://127.0.0.1:41235/scenario/down                      switch; what is played starts afresh
//! curl -X PUT http://127.0.0.1:41235/schedule/refused:5s,good:1h        play a schedule
//! curl -X PUT http://127.0.0.1:41235/error-bound/1.5                    change the good bound, in milliseconds
//! curl http://127.0.0.1:41235/scenario                                  what is played
//! curl http://127.0.0.1:41235/requests                                  counters, as JSON
//! curl http://127.0.0.1:41235/served                                    the last 10,000 ClockDrift texts that were served
//! ```
//!
//! `down` resets connections and keeps the control paths; `refused` really stops listening (the port stays reserved on
//! Linux), so nothing but a schedule ends it.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use endpoint::{Identity, Options, Scenario, Schedule, Server, error_bound};

/// Plays the ECS task metadata endpoint v4.
#[derive(Debug, Parser)]
#[command(name = "task-metadata-endpoint")]
struct Arguments {
    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// What to play; see --list
    #[arg(long, value_name = "NAME", default_value = "good")]
    scenario: Scenario,
    /// Scenarios in turn, such as good:60s,drifting:120s,down:30s; the last one stays
    #[arg(long, value_name = "STEPS", conflicts_with = "scenario")]
    schedule: Option<Schedule>,
    /// Play the schedule again and again
    #[arg(long, requires = "schedule")]
    repeat: bool,
    /// List the scenarios, each with a line of explanation
    #[arg(long)]
    list: bool,
    /// Error bound of the good scenarios, in milliseconds
    #[arg(long, value_name = "MS", default_value = "0.446931", value_parser = error_bound, allow_negative_numbers = true)]
    error_bound: f64,
    /// Growth of the bound while drifting, in milliseconds per second
    #[arg(long, value_name = "MS", default_value = "0.1", value_parser = error_bound, allow_negative_numbers = true)]
    drift_rate: f64,
    /// How late the scenario `slow` answers
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = humantime::parse_duration)]
    delay: Duration,
    /// Close a connection after so long without a request
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = humantime::parse_duration)]
    idle_close: Duration,
    /// Limit the rate as the agent does: 60 requests at once, then 40 a second for each address and path
    #[arg(long)]
    limit: bool,
    #[command(flatten)]
    identity: IdentityArguments,
}

/// Who the task says it is.
#[derive(Debug, clap::Args)]
struct IdentityArguments {
    /// Cluster, an ARN or a short name
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    cluster: Option<String>,
    /// `ServiceName`
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    service: Option<String>,
    /// A task outside a service
    #[arg(long, conflicts_with = "service")]
    no_service: bool,
    /// Family of the task definition
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    family: Option<String>,
    /// Revision of the task definition
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    revision: Option<String>,
    /// `TaskARN`
    #[arg(long, value_name = "ARN", allow_hyphen_values = true)]
    task_arn: Option<String>,
    /// `AvailabilityZone`
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    availability_zone: Option<String>,
    /// `LaunchType`
    #[arg(long, value_name = "TYPE", allow_hyphen_values = true)]
    launch_type: Option<String>,
}

impl IdentityArguments {
    fn identity(self) -> Identity {
        let usual = Identity::default();
        Identity {
            cluster: self.cluster.unwrap_or(usual.cluster),
            task_arn: self.task_arn.unwrap_or(usual.task_arn),
            family: self.family.unwrap_or(usual.family),
            revision: self.revision.unwrap_or(usual.revision),
            service: if self.no_service {
                None
            } else {
                self.service.or(usual.service)
            },
            availability_zone: self.availability_zone.or(usual.availability_zone),
            launch_type: self.launch_type.unwrap_or(usual.launch_type),
        }
    }
}

impl Arguments {
    fn options(self) -> Options {
        Options {
            listen: self.listen,
            scenario: self.scenario,
            identity: self.identity.identity(),
            error_bound: self.error_bound,
            drift_rate: self.drift_rate,
            delay: self.delay,
            idle: self.idle_close,
            limit: self.limit,
        }
    }
}

fn main() -> ExitCode {
    let mut arguments = Arguments::parse();
    if arguments.list {
        return say(&Scenario::list());
    }
    let schedule = arguments.schedule.take();
    let repeat = arguments.repeat;
    let listen = arguments.listen;
    let server = match Server::with(arguments.options()) {
        Ok(server) => server,
        Err(error) => {
            // Standard error may be closed; the exit code also reports the failure.
            let _ = writeln!(
                std::io::stderr(),
                "error: cannot listen on {listen}: {error}"
            );
            return ExitCode::FAILURE;
        }
    };
    if let Some(schedule) = schedule {
        server.play(schedule, repeat);
    }
    if say(&format!(
        "ECS_CONTAINER_METADATA_URI_V4={}\n",
        server.base()
    )) == ExitCode::FAILURE
    {
        return ExitCode::FAILURE;
    }
    loop {
        std::thread::park();
    }
}

/// Writes to standard output at once, so that a parent process can read it.
fn say(text: &str) -> ExitCode {
    let mut stdout = std::io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
