"""K8 and K9: what the task metadata endpoint reports, how often, and how it behaves."""

import math
from datetime import datetime
from statistics import median

from kit.probing import on_managed_instances
from kit.experiments.base import AS_CLAIMED, MEASURED, NOT_MEASURED, REFUTED, Experiment, Verdict, plural

# Known rates of growth in parts per million: none, chrony's, ClockBound 3's, the kernel's.
CANDIDATES = (0, 1, 15, 500)
# A second of drift at 1 ppm is 1 µs; the endpoint writes a bound with a precision of 1 ns or better.
LEAST_POINTS = 20


class Growth(Experiment):
    id = "K8"
    question = "How often is ClockDrift refreshed, and does its bound grow with the age of the reference?"
    rule = "Measured: the period of the refreshes, the slope of the bound between them (0, 1, 15 or 500 ppm), its resolution, and the largest age."
    long = True
    needs_probe = True

    def collect(self, run):
        lines = yield from run.probe.wait()
        return {"documents": [d for d in lines if d["probe"] == "document"]}

    def judge(self, evidence):
        samples = samples_of(evidence["documents"])
        if len(samples) < LEAST_POINTS:
            return Verdict(NOT_MEASURED, f"only {plural(len(samples), 'document')} of {len(evidence['documents'])} had a bound and a reference time")
        found = analyse(samples)
        period = f"every {found['period']:.0f} s (median of {found['refreshes']})" if found["refreshes"] > 1 else "less than twice in the capture"
        slope = found["slope"]
        growth = "no slope can be determined" if slope is None else (
            f"the bound grows by {slope:.3g} ppm of the age, which is nearest to {found['nearest']} ppm"
            if found["nearest"] else f"the bound does not grow with age ({slope:.3g} ppm)"
        )  # fmt: skip
        findings = [
            f"`ClockDrift` is refreshed {period}.", f"Between refreshes {growth}.",
            f"The smallest step of the bound is {found['resolution']:.3g} ms.", f"The largest age of a reference was {found['age']:.0f} s.",
            "So `age-adjusted` " + ("counts what the bound does not contain." if not found["nearest"] else "adds growth that the bound contains already."),
        ]  # fmt: skip
        return Verdict(MEASURED, f"refreshed {period}; {growth}", findings)


def samples_of(documents):
    """`(wall clock, age, bound)` of the documents that have both a bound and a reference time."""
    found = []
    for document in documents:
        drift = document.get("drift")
        if isinstance(drift, dict) and "ClockErrorBound" in drift and "ReferenceTimestamp" in drift:
            reference = datetime.fromisoformat(drift["ReferenceTimestamp"].replace("Z", "+00:00")).timestamp()
            found.append((document["at"], document["at"] - reference, float(drift["ClockErrorBound"]), reference))
    return found


def segments(samples):
    """The samples between two refreshes."""
    found = []
    for sample in samples:
        if not found or found[-1][-1][3] != sample[3]:
            found.append([])
        found[-1].append(sample)
    return found


def analyse(samples):
    """Period, slope in ppm, nearest known slope, resolution, largest age."""
    parts = segments(samples)
    starts = [part[0][0] for part in parts[1:]]
    periods = [b - a for a, b in zip(starts, starts[1:], strict=False)]
    # One slope for all: each part about its own means, since a refresh changes the level.
    above = below = 0.0
    for part in parts:
        age, bound = (math.fsum(s[i] for s in part) / len(part) for i in (1, 2))
        above += math.fsum((s[1] - age) * (s[2] - bound) for s in part)
        below += math.fsum((s[1] - age) ** 2 for s in part)
    slope = above / below * 1000 if below else None  # ms per s → ppm
    distinct = sorted({s[2] for s in samples})
    steps = [b - a for a, b in zip(distinct, distinct[1:], strict=False)]
    nearest = None if slope is None else min(CANDIDATES, key=lambda c: abs(slope - c) / max(c, 0.5))
    return {
        "period": median(periods) if periods else math.nan, "refreshes": len(starts), "slope": slope, "nearest": nearest,
        "resolution": min(steps, default=0.0), "age": max(s[1] for s in samples),
    }  # fmt: skip


class Behaviour(Experiment):
    id = "K9"
    question = "Does the endpoint behave as measured on the open agent: chunks, idle close, limit?"
    rule = "A document over 2,048 bytes is chunked, an idle connection is closed after 5 s (±0.5), and 40 requests at once are all answered."
    needs_probe = True

    def collect(self, run):
        lines = yield from run.probe.wait()
        evidence = self._seen(lines)
        if run.options.managed_instances:
            managed = yield from on_managed_instances(run)
            evidence["managed"] = self._seen(managed) | {"drifts": [d["drift"] for d in managed if d["probe"] == "document" and d.get("drift")][:1]}
        return evidence

    @staticmethod
    def _seen(lines):
        seen = {line["probe"]: line for line in lines if line["probe"] in ("form", "idle", "burst", "host")}
        return seen | {"failed": [line["error"] for line in lines if line["probe"] == "failed"]}

    def judge(self, evidence):
        found = self._judged(evidence)
        if "managed" in evidence:
            there = self._judged(evidence["managed"])
            drifts = evidence["managed"]["drifts"]
            facts = [f"On Managed Instances: {there.verdict}: {there.summary}", f"ClockDrift there: {drifts[0] if drifts else 'absent'}"]
            worst = next((v for v in (REFUTED, NOT_MEASURED) if v in (found.verdict, there.verdict)), found.verdict)
            found = Verdict(worst, f"{found.summary}. {facts[0]}", [*found.findings, *facts])
        return found

    @staticmethod
    def _judged(evidence):
        if not all(kind in evidence for kind in ("form", "idle", "burst")):
            return Verdict(NOT_MEASURED, f"the probe could not look: {'; '.join(evidence['failed']) or 'no lines'}")
        form, idle, burst = evidence["form"], evidence["idle"], evidence["burst"]
        wrong = []
        if form["chunked"] != (form["length"] > 2048):
            wrong.append(f"a document of {form['length']} bytes is {'' if form['chunked'] else 'not '}chunked")
        if abs(idle["seconds"] - 5) > 0.5:
            wrong.append(f"an idle connection is closed after {idle['seconds']:.3f} s")
        if burst["refused"]:
            wrong.append(f"of {burst['requests']} requests at once {burst['refused']} were refused")
        facts = [f"document of {form['length']} bytes, {'chunked' if form['chunked'] else 'with its length'}", f"idle close after {idle['seconds']:.3f} s",
                 f"{burst['requests']} requests at once, {burst['refused']} refused"]  # fmt: skip
        if host := evidence.get("host"):
            facts.append(f"kernel {host['kernel']}, clock source {host['clocksource']}, devices {', '.join(host['devices']) or 'none'}")
            kernel = host["adjtimex"]
            facts.append("adjtimex: " + (kernel if isinstance(kernel, str) else ", ".join(f"{name} {value}" for name, value in kernel.items())))
        return Verdict(REFUTED if wrong else AS_CLAIMED, "; ".join(wrong or facts[:3]), wrong + facts)
