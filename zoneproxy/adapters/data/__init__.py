"""The operator's data: where `addresses` are, `registered` cells and their index, `flowback` runs."""
