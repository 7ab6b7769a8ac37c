"""Statistics: arrays in, frozen dataclasses out; one idea a file, none of our nouns."""
