"""Gates: evidence and a policy in, a verdict with its sentences out; pure, the same on any machine."""
