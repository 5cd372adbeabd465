"""How good estimates are: gait cycles, errors, tables and figures."""
