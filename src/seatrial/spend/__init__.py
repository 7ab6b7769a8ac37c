"""Spend: what production's model calls cost, by prices that are applied when somebody asks."""
