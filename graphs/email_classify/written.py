"""Written: the part of an e-mail that its sender wrote, without quoted mail and signature.

    written("Yes please!\n\nOn Mon, Mara wrote:\n> Would you like a demo?")      # "Yes please!"

Outreach is full of the very words a classifier looks for ("demo", "unsubscribe"); quoted below an answer they are ours.
"""

from __future__ import annotations

import re

HISTORY = (
    r"^-{2,}\s*(?:original message|forwarded message|ursprungliche nachricht|message d'origine|mensaje original)\s*-*",
    r"^(?:on|am|le|el)\b.{5,120}\b(?:wrote|schrieb|a ecrit|escribio)\b.{0,60}:\s*$",
    r"^(?:from|von|de)\s*: .+\n(?:sent|gesendet|envoye|enviado|date|datum|fecha|subject|betreff|objet|asunto)\s*:",
)
"""Lines after which nothing is the sender's own; matched on folded text."""

SIGNATURE = (r"^-- ?$", r"^(?:sent from my|von meinem .{2,20} gesendet|envoye de mon|enviado desde mi)\b.*$")

_CUT = re.compile("|".join((*HISTORY, *SIGNATURE)), re.MULTILINE)
_QUOTED = re.compile(r"^>.*$", re.MULTILINE)
_BLANK = re.compile(r"\n{3,}")
_ACCENTS = str.maketrans("äáàâãåçéèêëíìîïñóòôöõúùûüýÿ\u2019\u2018´`", "aaaaaaceeeeiiiinooooouuuuyy''''")


def fold(text: str) -> str:
    """Lower case, no accents, straight apostrophes: what people type differs in all three.

    The result is as long as `text`, so positions found in one hold in the other; the Turkish capital dotted I is the
    one character whose lower case is longer.
    """
    return text.replace("\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}", "I").lower().translate(_ACCENTS)


def written(body: str) -> str:
    """What the sender wrote; the whole body where nothing would be left (a bare forward is a message, too)."""
    lined = body.replace("\r\n", "\n")
    cut = _CUT.search(fold(lined))
    own = _BLANK.sub("\n\n", _QUOTED.sub("", lined[: cut.start()] if cut else lined)).strip()
    return own or lined.strip()
