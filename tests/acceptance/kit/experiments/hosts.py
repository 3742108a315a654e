"""K10 and K11: what a Fargate task can reach and use: the NTP addresses and a shared volume."""

from kit.experiments.base import AS_CLAIMED, NOT_MEASURED, REFUTED, Experiment, Verdict

IPV4 = "169.254.169.123"


class NtpAddresses(Experiment):
    id = "K10"
    question = "Do the NTP addresses answer from a Fargate task, and do they agree with ClockDrift?"
    rule = f"{IPV4} answers, and no offset exceeds the two bounds together. The IPv6 address is reported only: the network has no IPv6."
    needs_probe = True

    def collect(self, run):
        lines = yield from run.probe.wait()
        bounds = [l["drift"]["ClockErrorBound"] for l in lines if l["probe"] == "document" and isinstance(l.get("drift"), dict) and "ClockErrorBound" in l["drift"]]
        return {"answers": [line for line in lines if line["probe"] == "ntp"], "bound": max(bounds, default=None)}

    def judge(self, evidence):
        rows, wrong, answered = [["address", "answers", "largest offset (ms)", "stratum", "leap", "dispersion (ms)"]], [], 0
        for server in sorted({line["server"] for line in evidence["answers"]}):
            mine = [line for line in evidence["answers"] if line["server"] == server]
            good = [line for line in mine if "offset" in line]
            worst = max(good, key=lambda line: abs(line["offset"]), default=None)
            answered += len(good) if server == IPV4 else 0
            rows.append([server, f"{len(good)} of {len(mine)}", *(
                [f"{worst['offset'] * 1000:.3f}", worst["stratum"], worst["leap"], f"{worst['dispersion'] * 1000:.3f}"] if worst
                else [next((line["error"] for line in mine), "-"), "-", "-", "-"]
            )])  # fmt: skip
            for line in good:
                allowed = line["distance"] * 1000 + (evidence["bound"] or 0)
                if evidence["bound"] is not None and abs(line["offset"]) * 1000 > allowed:
                    wrong.append(f"{server}: offset {line['offset'] * 1000:.3f} ms, the two bounds allow {allowed:.3f} ms")
        if not evidence["answers"]:
            return Verdict(NOT_MEASURED, "the probe asked no server")
        if not answered:
            return Verdict(REFUTED, f"{IPV4} does not answer from this task: the cross-check needs another server there", wrong, rows)
        if wrong:
            return Verdict(REFUTED, f"{len(wrong)} offsets exceed both bounds together", wrong, rows)
        return Verdict(AS_CLAIMED, f"{IPV4}: {rows[1][1]} requests answered, every offset within the two bounds", [], rows)


class Volume(Experiment):
    id = "K11"
    question = "Who owns a volume that a task shares, and can the segment in it be read?"
    rule = "The directory belongs to uid 65532, and ten reads of the segment by its layout are all good."
    needs_probe = True

    def collect(self, run):
        lines = yield from run.probe.wait()
        volume = next((line for line in lines if line["probe"] == "volume"), None)
        return {"volume": volume, "reads": [line for line in lines if line["probe"] == "segment"],
                "failed": [line["error"] for line in lines if line["probe"] == "failed" and line["part"] == "volume_lines"]}  # fmt: skip

    def judge(self, evidence):
        volume, reads = evidence["volume"], evidence["reads"]
        if volume is None:
            return Verdict(NOT_MEASURED, f"the probe could not look: {'; '.join(evidence['failed']) or 'no lines'}")
        good = sum(read["good"] for read in reads)
        facts = [f"owner {volume['uid']}:{volume['gid']}, mode {volume['mode']}", f"{good} of {len(reads)} reads of the segment were good"]
        facts += sorted({read["error"] for read in reads if "error" in read})
        facts.append("The reads are the probe's own, by the layout of ClockBound 2; the client library itself is tried by tests/clockbound.")
        wrong = volume["uid"] != 65532 or good < 10
        return Verdict(REFUTED if wrong else AS_CLAIMED, "; ".join(facts[:2]), facts)
