"""Certify: what error rates a policy has on these segment sizes, measured before anybody trusts it."""
