"""The measurements as Markdown."""

from __future__ import annotations

from typing import Any

OWN = ("graphc", "graphc_callable")


def cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return ""
    if "error" in row:
        return "wrong" if row["error"].startswith("WrongResult") else "failed"
    return f"{us(row['median_us'])} ({us(row['best_us'])})" if "median_us" in row else "right"


def us(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 1000 else f"{value:,.0f}"


def ratio(rows: dict[str, dict[str, Any]]) -> str:
    """How graphc's better way of calling compares with the fastest peer, by the medians."""
    medians = {name: row["median_us"] for name, row in rows.items() if "median_us" in row}
    own = [value for name, value in medians.items() if name in OWN]
    peers = {name: value for name, value in medians.items() if name not in OWN}
    if not own or not peers:
        return ""
    fastest = min(peers, key=peers.__getitem__)
    return f"{min(own) / peers[fastest]:.2f} of {fastest}"


def table(results: dict[str, dict[str, dict[str, Any]]], backends: list[str]) -> str:
    lines = ["Microseconds a step: the median of the rounds (the best round).", "",
             "| workload | " + " | ".join(backends) + " | graphc takes |", "|---" * (len(backends) + 2) + "|"]
    for workload, rows in results.items():
        cells = [cell(rows.get(name)) for name in backends]
        lines.append(f"| {workload} | " + " | ".join(cells) + f" | {ratio(rows)} |")
    lines += ["", "Seconds to the first result: import, build, compile, run.", "",
              "| workload | " + " | ".join(backends) + " |", "|---" * (len(backends) + 1) + "|"]
    for workload, rows in results.items():
        firsts = [f"{row['first_s']:.2f}" if "first_s" in (row := rows.get(name, {})) else "" for name in backends]
        lines.append(f"| {workload} | " + " | ".join(firsts) + " |")
    return "\n".join(lines)
