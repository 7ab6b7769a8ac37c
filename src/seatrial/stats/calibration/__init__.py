"""Does a stated confidence mean what it says?

`spiegelhalter` is the one test without bins and the gate's default; `band` asks of each confidence band whether it
falls under its floor, `overconfidence` asks night after night without spending its alpha twice. `bins`, `error`,
`brier` and `hosmer_lemeshow` describe.
"""
