"""What an action would do to files, in plain words and as JSON."""

from dataclasses import asdict
from typing import Any

from vmgui.actions.migration_plan import MigrationPlan
from vmgui.insight.amounts import size
from vmgui.insight.file_plan import FilePlan, PlannedFile


def plan_lines(plan: FilePlan) -> tuple[str, ...]:
    """Return a plan in words, a line for each thing to know."""
    if plan.refusal:
        return (plan.refusal,)
    lines = [f"machine: {plan.machine}"] if plan.machine else []
    lines += [f"why: {reason}" for reason in plan.reasons]
    lines += [_file_line(file) for file in plan.files]
    if plan.copies_bytes is None or plan.copies_bytes:
        lines.append(f"copies: {_amount(plan.copies_bytes)}")
    if plan.frees_bytes is None or plan.frees_bytes:
        lines.append(f"frees: {_amount(plan.frees_bytes)}")
    lines += [f"lost: {each}" for each in plan.loses]
    lines += [f"mind: {each}" for each in plan.warnings]
    return tuple(lines)


def plan_document(plan: FilePlan) -> dict[str, Any]:
    """Return a plan; what an action keeps for itself is left out."""
    checks = {"checks": _checks(plan)} if isinstance(plan, MigrationPlan) else {}
    return {
        "title": plan.title,
        "refusal": plan.refusal,
        "machine": plan.machine,
        "reasons": list(plan.reasons),
        "files": [asdict(file) for file in plan.files],
        "merges": [asdict(merge) for merge in plan.merges],
        "loses": list(plan.loses),
        "warnings": list(plan.warnings),
        "copies_bytes": plan.copies_bytes,
        "frees_bytes": plan.frees_bytes,
        "virsh": list(plan.virsh),
        **checks,
    }


def _checks(plan: MigrationPlan) -> list[dict[str, Any]]:
    return [
        {
            "id": check.id,
            "question": int(check.question),
            "title": check.title,
            "verdict": check.verdict,
            "evidence": check.evidence,
            "fix": "" if check.fix is None else check.fix.title,
        }
        for check in plan.checks
    ]


def _file_line(file: PlannedFile) -> str:
    line = f"{file.fate}: {file.path} ({file.what})"
    if file.size_bytes is not None:
        line += f", {size(file.size_bytes)}"
        if file.becomes_bytes is not None and file.becomes_bytes > file.size_bytes:
            line += f", up to {size(file.becomes_bytes)} then"
    elif file.becomes_bytes is not None:
        line += f", up to {size(file.becomes_bytes)}"
    return line


def _amount(amount: int | None) -> str:
    return f"up to {size(amount)}" if amount is not None else "nobody knows how much"
