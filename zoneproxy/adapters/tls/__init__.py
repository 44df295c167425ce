"""TLS at our own doors (`door`) and towards model servers (`server`)."""
