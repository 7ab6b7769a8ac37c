"""What a right answer is."""


def right(run, example):
    """The label is the right one."""
    return run.outputs["label"] == "right"


SUITES = {"desk": (right,)}
