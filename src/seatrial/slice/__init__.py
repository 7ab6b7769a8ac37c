"""Slices: finds the segment nobody named, with its error rate kept, and proposes it; it never blocks by itself."""
