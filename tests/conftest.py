"""No test speaks TLS: the clients of providers that are asked on this machine only need not read the world's root certificates.

Reading them takes longer than most tests, and every client does it anew. Where a real model is asked they are read.
"""

import os
from pathlib import Path

from seatrial.pytest_plugin import judges_wanted


def pytest_configure():
    if not judges_wanted(os.environ):
        os.environ.pop("SSL_CERT_FILE", None)
        os.environ["SSL_CERT_DIR"] = str(Path(__file__).parent)  # a folder that holds no certificate
