"""Floor 1: what is inside? Dialects, requests, answers, the streaming window, detectors, findings."""
