"""Counters become rates, rates become history."""
