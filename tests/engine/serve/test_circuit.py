"""A provider that fails is left alone by the server: 502 at once, a fallback that is counted, all of it in /metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from seatrial.testing import OpenAIServer


def test_a_provider_that_fails_is_left_alone_and_a_fallback_is_counted(tmp_path: Path, serving: Any) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[tool.seatrial.model]\nattempts = 2\n[tool.seatrial.model.breaker]\nfailures = 2\nopen_s = 60\n"
    )
    with (
        OpenAIServer(lambda _: "never", mode="server_error") as down,
        OpenAIServer(lambda _: "from the other") as up,
        serving(tmp_path) as (_, address),
        httpx.Client(base_url=address, timeout=60) as client,
    ):

        def ask(*urls: str) -> Any:
            return client.post("/runs/wait", json={"assistant_id": "calls", "input": {"text": " ".join(urls)}})

        first, then = ask(down.url), ask(down.url)
        assert (first.status_code, first.json()["type"]) == (502, "provider_error")
        assert "failed 2 tries in a row, last with HTTP 500; one call may try in" in then.json()["message"]
        assert (then.status_code, int(then.headers["retry-after"]) > 50) == (502, True)
        assert ask(down.url, up.url).json()["said"] == "from the other"
        assert len(down.requests) == 2
        told = client.get("/metrics").text
        name = f'provider="openai at {down.url.removeprefix("http://").removesuffix("/v1")}"'
        for line in (
            f"seatrial_circuit_state{{{name}}} 2",
            f"seatrial_circuit_opened_total{{{name}}} 1",
            f"seatrial_circuit_refused_total{{{name}}} 2",
            'seatrial_events_total{event="model_fallback"} 1',
        ):
            assert line in told
