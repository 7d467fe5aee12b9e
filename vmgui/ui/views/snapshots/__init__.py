"""The snapshots of a machine: a timeline, a list, the chosen one, and the files behind them."""
