"""Prints results as tables."""

from typing import Any, Dict, List, Optional

import workloads

Row = Dict[str, Any]


def rows(workload: str, summaries: Dict[str, Dict[str, float]]) -> List[Row]:
    """Returns a workload's results, each compared with the peer and with plain asyncio."""
    return [
        {
            "workload": workload,
            "implementation": name,
            **summary,
            "peer_ratio": _ratio("us", summaries.get(workloads.PEER), summary),
            "peer_cpu_ratio": _ratio("cpu_us", summaries.get(workloads.PEER), summary),
            "asyncio_ratio": _ratio("us", summary, _counterpart(name, summaries)),
        }
        for name, summary in summaries.items()
    ]


def _counterpart(name: str, summaries: Dict[str, Dict[str, float]]) -> Optional[Dict[str, float]]:
    names = workloads.COUNTERPARTS.get(name, [])
    return next((summaries[plain] for plain in names if plain in summaries), None)


def _ratio(
    what: str, over: Optional[Dict[str, float]], under: Optional[Dict[str, float]]
) -> Optional[float]:
    # CPU time is too coarse on some systems to be more than zero.
    return over[what] / under[what] if over and under and under[what] else None


def print_header() -> None:
    """Prints the heads of the columns of `print_rows`."""
    print(
        f"{'workload':18} {'implementation':18} {'us/op':>9} {'(min)':>10} {'faster than':>12} {'times':>9}"
        f" {'voluntary':>11} {'CPU':>9} {'less CPU':>13}"
    )
    print(f"{'':18} {'':18} {'':>9} {'':>10} {'the peer':>12} {'asyncio':>9} {'switches/op':>11} {'us/op':>9} {'than the peer':>13}")


def print_rows(results: List[Row]) -> None:
    """Prints the results of one workload."""
    for row in results:
        least = f"({row['us_min']:.2f})"
        print(
            f"{row['workload']:18} {row['implementation']:18} {row['us']:9.2f} {least:>10}"
            f" {_times(row['peer_ratio']):>12} {_times(row['asyncio_ratio']):>9}"
            f" {row['switches']:11.2f} {row['cpu_us']:9.2f} {_times(row['peer_cpu_ratio']):>13}"
        )
    print(flush=True)


def _times(ratio: Optional[float]) -> str:
    return "-" if ratio is None else f"x{ratio:.3g}"


def print_memory(results: List[Row]) -> None:
    """Prints what was found about memory and threads."""
    print(f"{'implementation':18} {'bytes per pending':>18} {'grown by':>10} {'conversions':>12} {'threads':>8}")
    for row in results:
        pending = _or_dash(row["bytes_per_pending"], lambda size: f"{size:.0f}")
        grown = _or_dash(row["grown_bytes"], lambda size: f"{size / 1e6:+.1f} MB")
        print(
            f"{row['implementation']:18} {pending:>18} {grown:>10} {row['conversions']:12}"
            f" {_or_dash(row['threads'], str):>8}"
        )


def _or_dash(value: Any, show: Any) -> str:
    return "-" if value is None else show(value)
