"""The Clarify bias calculator behind `simulators/bias.py`."""
