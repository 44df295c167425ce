"""`python -m zoneproxy`."""

from zoneproxy.cli.main import main

raise SystemExit(main())
