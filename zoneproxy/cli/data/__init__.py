"""The operator's data by command: `zoneproxy data` (`commands`, `matches`) and `zoneproxy flowback`."""
