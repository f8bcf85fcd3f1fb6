"""The parts of the traffic shifter: schedules, requests, alarms, detection, variants, bodies, words and pictures."""
