"""Two hundred services in one fleet: each fault is a separate contributor, and each message is counted.

The lines are generated, with one task per service. For each of eight faults, sixteen services fail at once from minute 12 on, and one
service falls silent. Emulators lack grouped alarms: LocalStack gets each contributor as a separate metric alarm.
"""

from dataclasses import replace

import pytest
from alarm_evaluator import ALARM, INSUFFICIENT_DATA, OK, Metrics, accepted, contributor_alarms, contributor_timelines, is_grouped
from cfn import TOPIC, Deployment
from messages import messages
from scenario_lines import MINUTE_MS, Task, every_sample, taken
from scenarios import START
from second_opinion import deviation, localstack_timeline

SERVICES, MINUTES, BEGIN, END = 200, 40, 12, 24
FIRST = START // MINUTE_MS
LAST = FIRST + MINUTES - 1
TIMING = {"period_ms": MINUTE_MS, "delay_ms": 30_000}


def _once_a_minute(**trouble):
    return lambda at: trouble if at % 60 == 10 else {}


# The fault of a service's only task from minute BEGIN to END, by the fleet's alarm that it raises, and the number of
# minutes it must last before that.
TROUBLES = {
    "ErrorBoundAlarm": (lambda at: {"bound": 7.0}, 3),
    "NotSynchronizedAlarm": (lambda at: {"synchronized": False}, 3),
    "BoundUnknownAlarm": (lambda at: {"bound": None}, 5),
    "ReferenceAgeAlarm": (lambda at: {"age": 4000.0}, 3),
    # Half of the samples, so that the others show that the clock is good.
    "ReadErrorsAlarm": (lambda at: {"error": "timeout"} if at % 20 == 0 else {}, 3),
    "ClockStepAlarm": (lambda at: {"ahead": 50}, 1),
    "CrossCheckAlarm": (_once_a_minute(cross=(500.0, 1.0, 1)), 2),
    "NoComparisonAlarm": (_once_a_minute(cross_error="timeout"), 15),
}
EACH = 16
SILENT = SERVICES - 1


def name_of(number):
    return f"service-{number:03d}"


def trouble_of(number):
    """The alarm that a service's trouble raises, or None."""
    return list(TROUBLES)[number // EACH] if number < EACH * len(TROUBLES) else None


def task(number):
    logical = trouble_of(number)
    # A clock that steps back steps once more, and no comparison has to last.
    end = MINUTES if logical in ("NoComparisonAlarm", "ClockStepAlarm") else END

    def reading(at):
        return TROUBLES[logical][0](at) if logical and BEGIN * 60 <= at < end * 60 else {}

    minutes = 20 if number == SILENT else MINUTES
    return Task(id=f"{number:032x}", service=name_of(number)).play(every_sample(START, minutes, reading))


@pytest.fixture(scope="module")
def deployment():
    return Deployment()


@pytest.fixture(scope="module")
def metrics():
    return Metrics(accepted(taken([task(number) for number in range(SERVICES)])))


def dimensions(number):
    return frozenset({("ClusterName", "production"), ("ServiceName", name_of(number))})


# How far CloudWatch looks back beyond N.
@pytest.fixture(scope="module", params=[2, 5], ids=["range N+2", "range 2N"])
def sent(request, deployment, metrics):
    """The messages of the fleet."""
    return messages(deployment.fleet, metrics, FIRST, LAST, extra_range=request.param, **TIMING)


def test_each_fault_is_a_separate_contributor(sent):
    """No other message: none of a healthy service, none twice, none at the end."""
    expected = {(trouble_of(number), dimensions(number)) for number in range(SERVICES) if trouble_of(number)}
    assert {(message.alarm, message.contributor) for message in sent} == expected
    assert len(sent) == len(expected) == EACH * len(TROUBLES)
    assert {message.state for message in sent} == {ALARM}


def test_each_fault_is_reported_in_its_minute(sent):
    for message in sent:
        assert message.minute == BEGIN + TROUBLES[message.alarm][1] - 1, message


def test_pages_and_tickets_go_to_their_topics(sent):
    told = {}
    for message in sent:
        told.setdefault(message.topic.rpartition("-")[2], set()).add(message.alarm)
    assert told == {"PageTopic": {"ErrorBoundAlarm", "NotSynchronizedAlarm"}, "TicketTopic": set(TROUBLES) - {"ErrorBoundAlarm", "NotSynchronizedAlarm"}}


def member(deployment, number):
    return deployment.member.with_parameters(ServiceName=name_of(number))


def test_a_service_that_vanishes_raises_no_data_and_no_other_does(deployment, metrics):
    told = {}
    for number in range(SERVICES):
        for message in messages(member(deployment, number), metrics, FIRST, LAST, extra_range=2, **TIMING):
            # A new alarm sends an OK message the first time.
            if message.state == ALARM or message.minute > 10:
                told.setdefault(number, []).append(message)
    assert set(told) == {SILENT}
    alarm, = told[SILENT]
    # Silent from minute 20 on, five minutes, and as long as the last point is in sight.
    assert (alarm.alarm, alarm.topic, alarm.minute) == ("NoDataAlarm", TOPIC, 20 + 5 - 1 + 2)


def test_a_service_that_vanishes_is_no_contributor(deployment, metrics):
    """Why no data stays one alarm for each service."""
    for alarm in deployment.fleet.resources("AWS::CloudWatch::Alarm").values():
        states = contributor_timelines(alarm, metrics, FIRST, LAST, extra_range=2, **TIMING).get(dimensions(SILENT), {})
        assert ALARM not in states.values()


def test_the_members_alarms_for_rollback_take_the_same_states(deployment, metrics):
    """They do not notify, but ECS must see what the fleet's contributor shows."""
    for logical in ("ErrorBoundAlarm", "NotSynchronizedAlarm"):
        grouped = contributor_timelines(deployment.fleet.properties(logical), metrics, FIRST, LAST, extra_range=2, **TIMING)
        for number in (0, EACH, SERVICES - 2):
            single, = contributor_alarms(deployment.fleet.properties(logical), metrics, {dimensions(number)}).values()
            own = member(deployment, number).properties(logical)
            same = ["Namespace", "MetricName", "Statistic", "Period", "EvaluationPeriods", "DatapointsToAlarm", "TreatMissingData"]
            assert {key: single[key] for key in same} == {key: own[key] for key in same}
            assert ALARM in grouped[dimensions(number)].values() or trouble_of(number) != logical


@pytest.mark.parametrize("logical", TROUBLES)
def test_localstack_agrees_on_contributors(deployment, metrics, logical):
    """Contributors as separate metric alarms: one with this fault and one healthy."""
    number = list(TROUBLES).index(logical) * EACH
    alarm = deployment.fleet.properties(logical)
    chosen = contributor_alarms(alarm, metrics, {dimensions(number), dimensions(SERVICES - 2)})
    assert chosen
    for contributor, single in chosen.items():
        back = max(single["EvaluationPeriods"] // 3, 2)
        ours = contributor_timelines(alarm, metrics, FIRST, LAST, extra_range=back, only={contributor}, **TIMING)[contributor]
        theirs = localstack_timeline(single, metrics, FIRST, LAST, **TIMING)
        for period, state in ours.items():
            other = OK if theirs[period] == INSUFFICIENT_DATA else theirs[period]
            assert state == other or deviation(single, metrics, period, state, other, **TIMING), (period - FIRST, state, other)


# ---- one service


def played(reading, minutes=60):
    return Metrics(accepted(taken([Task().play(every_sample(START, minutes, reading))])))


def in_both(at):
    """An old reference from minute 10 on, and a loss of synchronization from minute 30 to 40."""
    return {"age": 4000.0 if at >= 600 else 100.0, "synchronized": not 1800 <= at < 2400}


@pytest.mark.parametrize("stack", ["observability", "fleet"])
def test_a_second_fault_during_a_lasting_ticket_pages(deployment, stack):
    stack = getattr(deployment, stack)
    stack = stack.with_parameters(CrossCheck="none") if "CrossCheck" in stack.parameters else stack
    sent = [m for m in messages(stack, played(in_both), FIRST, FIRST + 59, extra_range=2, **TIMING) if m.state == ALARM]
    assert [(m.minute, m.topic.rpartition("-")[2]) for m in sent] == [(12, "TicketTopic"), (32, "PageTopic")]


def test_a_second_service_pages_while_the_first_is_still_bad(deployment):
    """A composite alarm over all services would hide it."""
    def losing(first):
        return every_sample(START, 40, lambda at: {"synchronized": at < first * 60})

    tasks = [Task(service="a").play(losing(10)), Task(service="b", id="b" * 32).play(losing(20))]
    sent = messages(deployment.fleet, Metrics(accepted(taken(tasks))), FIRST, FIRST + 39, extra_range=2, **TIMING)
    assert [(m.minute, dict(m.contributor)["ServiceName"]) for m in sent] == [(12, "a"), (22, "b")]


def test_a_fleet_whose_ntp_address_is_silent_raises_one_ticket(deployment):
    """Three tasks of one service, by the service's own stack and by the fleet."""
    tasks = [
        Task(id=number * 32).play(every_sample(START, 90, _once_a_minute(cross_error="timeout"))) for number in "abc"
    ]
    silent = Metrics(accepted(taken(tasks)))
    for stack, minute in ((deployment.observability, 60), (deployment.fleet, 14)):
        sent = [m for m in messages(stack, silent, FIRST, FIRST + 89, extra_range=2, **TIMING) if m.state == ALARM]
        assert [(m.minute, m.topic.rpartition("-")[2]) for m in sent] == [(minute, "TicketTopic")]


def test_another_namespace_is_another_fleet(deployment, metrics):
    other = deployment.fleet.with_parameters(FleetName="hosts", MetricNamespace="ECS/HostClocks", ErrorBoundThreshold=50)
    assert messages(other, metrics, FIRST, LAST, extra_range=2, **TIMING) == []
    names = {alarm["AlarmName"] for stack in (deployment.fleet, other) for alarm in stack.resources("AWS::CloudWatch::Alarm").values()}
    assert len(names) == 16


def test_every_grouped_alarm_is_in_trouble_here(deployment):
    grouped = {logical for logical, alarm in deployment.fleet.resources("AWS::CloudWatch::Alarm").items() if is_grouped(alarm)}
    assert grouped == set(TROUBLES) == set(deployment.fleet.resources("AWS::CloudWatch::Alarm"))


def test_a_fault_of_one_task_of_many_is_seen(deployment):
    """A contributor is a service: its worst task decides."""
    tasks = [Task(id=f"{number:032x}").play(every_sample(START, 20, lambda at: {})) for number in range(20)]
    worst = Task(id="f" * 32).play([replace(reading, bound=6.0) for reading in every_sample(START, 20, lambda at: {})])
    sent = messages(deployment.fleet, Metrics(accepted(taken([*tasks, worst]))), FIRST, FIRST + 19, extra_range=2, **TIMING)
    assert [(m.alarm, m.minute) for m in sent] == [("ErrorBoundAlarm", 2)]
