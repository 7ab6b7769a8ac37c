"""Made with deepeval 4.3.1: two test runs with metrics that ask no model.

DEEPEVAL_TELEMETRY_OPT_OUT=YES DEEPEVAL_RESULTS_FOLDER=FOLDER python make_deepeval.py
"""

import os

from deepeval import evaluate
from deepeval.evaluate import AsyncConfig, CacheConfig, DisplayConfig
from deepeval.metrics import BaseMetric, ExactMatchMetric
from deepeval.test_case import LLMTestCase


class Closeness(BaseMetric):
    threshold = 0.5

    @property
    def __name__(self):
        return "Closeness"

    def measure(self, test_case, *args, **kwargs):
        if test_case.name == "q4" and os.environ["VERSION"] == "new":
            raise RuntimeError("the tool is down")
        self.score = 1.0 if test_case.actual_output == test_case.expected_output else 0.25
        self.reason = "compared as text"
        self.success = self.score >= self.threshold
        return self.score

    async def a_measure(self, test_case, *args, **kwargs):
        return self.measure(test_case)

    def is_successful(self):
        return self.success


wrong = (5,) if os.environ["VERSION"] == "old" else (1, 3)
cases = [
    LLMTestCase(
        name=f"q{i}",
        input=f"What is {i} + 1?",
        actual_output="no idea" if i in wrong else str(i + 1),
        expected_output=str(i + 1),
        metadata={"tier": "pro" if i % 2 else "free"},
    )
    for i in range(6)
]
from deepeval.evaluate import ErrorConfig

evaluate(
    cases,
    [ExactMatchMetric(), Closeness()],
    async_config=AsyncConfig(run_async=False),
    display_config=DisplayConfig(show_indicator=False, print_results=False),
    error_config=ErrorConfig(ignore_errors=True),
    cache_config=CacheConfig(write_cache=False),
)
