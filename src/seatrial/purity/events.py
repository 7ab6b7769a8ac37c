"""Events: what Python's audit events tell of files, the network, processes and the ways around this audit."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from seatrial.purity.impurity import Kind
from seatrial.purity.place import Origin, origin

if TYPE_CHECKING:
    from collections.abc import Callable


class Event(NamedTuple):
    """An act that an audit event tells of.

    Attributes:
        kind: what it touches.
        act: what it does.
        stop: it leaves a trace outside this process, so it is refused while the audit looks.
    """

    kind: Kind
    act: str
    stop: bool


_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# What Python reads to be Python: its own sources and time zones, and sources for the text of a traceback.
_MACHINERY = ("/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo", "/etc/localtime")
_PREFIXES = tuple(dict.fromkeys((sys.prefix, sys.base_prefix)))


def _open(args: tuple[Any, ...]) -> Event | None:
    file, mode, flags = (*args, None, None)[:3]
    if isinstance(file, int):
        return None  # a descriptor somebody else opened
    name = os.fsdecode(file)
    if name == os.devnull:
        return None
    writes = any(letter in mode for letter in "wax+") if isinstance(mode, str) else bool((flags or 0) & _WRITES)
    if writes:
        return Event(Kind.WRITE, f"writes a file ({name})", stop=True)
    if name.endswith((".py", ".pyc")) or name.startswith(_MACHINERY):
        return None
    if origin(name) in (Origin.LIBRARY, Origin.PYTHON) or Path(name).is_relative_to(_PREFIXES[-1]):
        return None
    return Event(Kind.READ, f"reads a file ({name})", stop=False)


def _sqlite(args: tuple[Any, ...]) -> Event | None:
    name = os.fsdecode(args[0]) if isinstance(args[0], (str, bytes, os.PathLike)) else ""
    if name in ("", ":memory:") or ":memory:" in name or "mode=memory" in name:
        return None
    if "mode=ro" in name or "immutable=1" in name:
        return Event(Kind.READ, f"reads a database ({name})", stop=False)
    return Event(Kind.WRITE, f"opens a database that it may write ({name})", stop=True)


def _folder(args: tuple[Any, ...]) -> Event | None:
    return Event(Kind.READ, f"lists a folder ({args[0] if args and args[0] else '.'})", stop=False)


def _same(kind: Kind, act: str, *, stop: bool) -> Callable[[tuple[Any, ...]], Event | None]:
    event = Event(kind, act, stop)
    return lambda args: event


_FILES = [
    "os.remove",
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.truncate",
    "os.link",
    "os.symlink",
    "os.chmod",
    "os.chown",
    "os.utime",
    "os.setxattr",
    "os.removexattr",
    "os.chflags",
    "os.mkfifo",
    "os.mknod",
    "shutil.rmtree",
    "shutil.copyfile",
    "shutil.copytree",
    "shutil.move",
    "shutil.make_archive",
    "shutil.unpack_archive",
    "shutil.chown",
    "tempfile.mkstemp",
    "tempfile.mkdtemp",
]
_SOCKETS = [
    "socket.connect",
    "socket.bind",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.gethostbyaddr",
    "socket.getnameinfo",
    "socket.gethostname",
    "socket.sendto",
    "socket.sendmsg",
    "urllib.Request",
    "http.client.connect",
]
_PROCESSES = [
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.spawn",
    "os.posix_spawn",
    "os.startfile",
    "os.kill",
    "os.killpg",
    "pty.spawn",
    "signal.pthread_kill",
]

EVENTS: dict[str, Callable[[tuple[Any, ...]], Event | None]] = {
    "open": _open,
    "sqlite3.connect": _sqlite,
    "os.listdir": _folder,
    "os.scandir": _folder,
    "glob.glob": _folder,
    "builtins.input": _same(Kind.READ, "asks the person at the terminal (input)", stop=True),
    "os.chdir": _same(Kind.STATE, "changes the working directory (os.chdir)", stop=True),
    "ctypes.dlopen": _same(Kind.NATIVE, "calls C through ctypes, where no audit can look", stop=False),
    "ctypes.dlsym": _same(Kind.NATIVE, "calls C through ctypes, where no audit can look", stop=False),
    "sys.setprofile": _same(Kind.HIDING, "sets a profiler (sys.setprofile)", stop=True),
    "sys.settrace": _same(Kind.HIDING, "sets a tracer (sys.settrace)", stop=True),
    **{name: _same(Kind.WRITE, f"writes to the disk ({name})", stop=True) for name in _FILES},
    **{name: _same(Kind.NETWORK, f"uses the network ({name})", stop=True) for name in _SOCKETS},
    **{name: _same(Kind.PROCESS, f"starts or stops a process ({name})", stop=True) for name in _PROCESSES},
}
