"""Has the traffic changed?

`psi` and `ks` compare two windows once; `chart` follows a value against a reference that stays frozen, and `run_length`
says how often such a chart raises a false alarm.
"""
