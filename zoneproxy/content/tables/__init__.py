"""What detectors know of the country: names of places, address blocks. Data, dated, with its source."""
