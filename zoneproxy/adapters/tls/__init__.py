"""TLS at our own doors (`door`), towards servers (`server`), within workloads' tunnels (`authority`)."""
