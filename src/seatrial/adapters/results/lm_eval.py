"""lm-evaluation-harness: the `samples_TASK_*.jsonl` of `lm_eval --log_samples` (written against lm_eval 0.4.13)."""

from __future__ import annotations

from typing import Any

from seatrial.adapters.results.imported import Imported, facts, number, row

LESS_IS_BETTER = frozenset(
    ["perplexity", "word_perplexity", "byte_perplexity", "bits_per_byte", "ter", "wer", "cer", "brier_score", "mse"]
)


def is_lm_eval(first: Any) -> bool:
    """Whether the first line of a JSONL file is a logged sample."""
    return isinstance(first, dict) and {"doc_id", "filtered_resps", "doc_hash"} <= first.keys()


def lm_eval(samples: list[dict[str, Any]]) -> Imported:
    """One row a document and metric; the example is its number in the task, and its hash says whether it changed.

    A metric is named `metric,filter` where answers were filtered in several ways, as the harness prints it.
    """
    filters = {sample.get("filter", "none") for sample in samples}
    rows, left_out = [], set()
    for sample in samples:
        for metric in sample.get("metrics") or []:
            value = number(sample.get(metric))
            if value is None or metric in LESS_IS_BETTER:
                left_out.add(metric)
                continue
            key = f"{metric},{sample.get('filter', 'none')}" if len(filters) > 1 else metric
            known = facts(sample.get("doc"), "doc")
            rows.append(row(str(sample["doc_id"]), key, value, example_hash=sample["doc_hash"], **known))
    words = (f"metrics {', '.join(sorted(left_out))}",) if left_out else ()
    return Imported("lm-evaluation-harness", tuple(rows), words)
