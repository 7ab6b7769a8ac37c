"""captured_stdout: each context hears its own text, and afterwards all is as before."""

from __future__ import annotations

import contextvars
import sys
import threading

import pytest

from seatrial.graph.stdout import captured_stdout, listen, silence


def test_two_threads_each_hear_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    both = threading.Barrier(2)
    heard: dict[str, str] = {}

    def talk(name: str) -> None:
        mine, token = listen()
        both.wait()
        for _ in range(50):
            print(name, end="")
        both.wait()
        silence(token)
        heard[name] = "".join(mine)

    with captured_stdout():
        threads = [threading.Thread(target=talk, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert heard == {"a": "a" * 50, "b": "b" * 50}
    assert capsys.readouterr().out == ""


def test_a_thread_that_copies_the_context_is_heard_too() -> None:
    with captured_stdout():
        heard, token = listen()
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(print, "from below"))
        thread.start()
        thread.join()
        silence(token)
    assert "".join(heard) == "from below\n"


def test_what_nobody_listens_to_goes_where_it_always_went(capsys: pytest.CaptureFixture[str]) -> None:
    with captured_stdout():
        print("ours")
        sys.stdout.writelines(["and ", "more\n"])
    assert capsys.readouterr().out == "ours\nand more\n"


def test_the_stream_is_restored_after_the_outermost_block() -> None:
    before = sys.stdout
    with captured_stdout():
        replaced = sys.stdout
        with captured_stdout():
            assert sys.stdout is replaced
        assert sys.stdout is replaced
    assert sys.stdout is before
    assert replaced is not before


def test_somebody_elses_stream_put_over_ours_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    before = sys.stdout
    with captured_stdout():
        monkeypatch.setattr(sys, "stdout", sys.stderr)
    assert sys.stdout is sys.stderr
    monkeypatch.setattr(sys, "stdout", before)
