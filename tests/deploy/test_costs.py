"""The costs that the templates come to."""

import costs
import pytest
from cfn import Deployment
from test_readme import table

BYTES_A_LINE = int(table("Cost")[2][1])


@pytest.fixture(scope="module")
def deployment():
    return Deployment()


def test_a_service_costs_what_operations_counted(deployment):
    """Six alarms of one metric, one of two, two composites, a dashboard, three metrics."""
    own = deployment.observability.with_parameters(CrossCheck="none", WorstTasksRule="Disabled")
    assert costs.alarm_price(own) == pytest.approx(0.1 * 8 + 0.5 * 2)
    bill = costs.bill(1, 3, BYTES_A_LINE, own=own)
    assert (bill.dashboards, bill.metrics) == (3.0, pytest.approx(0.9))


def test_a_fleet_is_cheaper_from_the_second_service_on(deployment):
    own = deployment.observability.with_parameters(CrossCheck="none", WorstTasksRule="Disabled")
    member = deployment.member.with_parameters(DeploymentAlarms="false")
    totals = [
        (costs.bill(n, 10 * n, BYTES_A_LINE, own=own).total, costs.bill(n, 10 * n, BYTES_A_LINE, fleet=deployment.fleet, member=member).total)
        for n in (2, 10, 200)
    ]
    assert all(fleet < own for own, fleet in totals)


def test_an_alarm_more_changes_the_bill(deployment):
    """The count is of the template, not of a list."""
    off = deployment.observability.with_parameters(CrossCheck="none")
    on = deployment.observability.with_parameters(CrossCheck="ntp")
    assert costs.alarm_price(on) == pytest.approx(costs.alarm_price(off) + 0.2)


def test_the_largest_price_is_named(deployment):
    """Looking back an hour every five minutes scans each line twelve times."""
    alarms = deployment.task_alarms.with_parameters(PairDistanceMs="")
    scanned = costs.task_alarm_price(alarms, 1, 10_000, BYTES_A_LINE) - 0.2
    lines = costs.gigabytes(10_000, costs.MINUTES_A_MONTH, BYTES_A_LINE)
    assert scanned == pytest.approx(lines * (12 + 8 / 6) * costs.GIGABYTE_SCANNED)
