"""From a trial to the numbers that models work on: body state, physics and versioned feature schemas."""
