"""Coverage-guided fuzzing (atheris): every parser of foreign bytes accepts, or raises its one error."""
