"""Golden examples are a contract: what one is, how a file of them is read, checked, named and fingerprinted."""

from __future__ import annotations

from seatrial.dataset.contract import Contract, ContractNames, contract_names
from seatrial.dataset.example import Example
from seatrial.dataset.fingerprint import canonical, fingerprint, identity
from seatrial.dataset.load import Dataset, Settings, load, read_settings

__all__ = [
    "Contract",
    "ContractNames",
    "Dataset",
    "Example",
    "Settings",
    "canonical",
    "contract_names",
    "fingerprint",
    "identity",
    "load",
    "read_settings",
]
