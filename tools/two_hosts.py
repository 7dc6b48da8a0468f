"""Two hosts on one machine: network namespaces with a cable between them, as fast as one likes (Linux, as root)."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator

ADDRESSES = ("10.213.7.1", "10.213.7.2")


class CannotSimulateError(Exception):
    """Why this machine makes no hosts."""


class Host:
    """One of the two.

    Attributes:
        address: its IPv4 address.
        environment: what gloo must know there.
    """

    def __init__(self, number: int):
        self.namespace = f"velveteen{os.getpid()}-{number}"
        self.interface = f"vv{os.getpid()}-{number}"
        self.address = ADDRESSES[number]
        self.environment = {"GLOO_SOCKET_IFNAME": self.interface}

    def command(self, *arguments: str) -> list[str]:
        """Returns the command that runs this one on the host."""
        return ["ip", "netns", "exec", self.namespace, *arguments]


@contextlib.contextmanager
def two_hosts(megabits: float | None = None) -> Iterator[tuple[Host, Host]]:
    """Makes two hosts, and removes them afterwards.

    Args:
        megabits: what the cable carries in each direction, megabits a second; None for as much as the machine can.

    Raises:
        CannotSimulateError: there is no `ip` or `tc`, or this user may not.
    """
    if shutil.which("ip") is None:
        raise CannotSimulateError("there is no command ip (package iproute2)")
    hosts = Host(0), Host(1)
    try:
        for host in hosts:
            _run("ip", "netns", "add", host.namespace)
        _run("ip", "link", "add", hosts[0].interface, "type", "veth", "peer", "name", hosts[1].interface)
        for host in hosts:
            _run("ip", "link", "set", host.interface, "netns", host.namespace)
            _run(*host.command("ip", "address", "add", f"{host.address}/24", "dev", host.interface))
            _run(*host.command("ip", "link", "set", host.interface, "up"))
            _run(*host.command("ip", "link", "set", "lo", "up"))
            if megabits is not None:
                shape = ["tbf", "rate", f"{megabits}mbit", "burst", "256kb", "latency", "400ms"]
                _run(*host.command("tc", "qdisc", "add", "dev", host.interface, "root", *shape))
        yield hosts
    finally:
        for host in hosts:
            subprocess.run(["ip", "netns", "delete", host.namespace], capture_output=True, check=False)


def _run(*command: str) -> None:
    try:
        subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError as error:
        raise CannotSimulateError(f"there is no command {command[0]}") from error
    except subprocess.CalledProcessError as error:
        raise CannotSimulateError(f"{' '.join(command)}: {error.stderr.strip()}") from error
