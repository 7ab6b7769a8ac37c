"""Evidence that may be looked at after every observation: its error bound holds at all looks at once.

`eprocess` compares two rates, `restart` keeps it quick after a long good spell; `beta_binomial` follows one rate, `betting` and
`bernstein` a mean in [0, 1], `asymptotic` any mean, `quantile` an order statistic; `boundary` holds the curves behind them;
`nearest` its null's nearest point; `spending` is for the few looks somebody planned.
"""
