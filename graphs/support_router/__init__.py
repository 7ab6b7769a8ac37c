"""Support router: one message in, the desk that should answer it out."""
