"""How the processes that torchrun has started find each other, also when it has started them again."""

import secrets
import time
from collections.abc import Callable

import torch.distributed as dist

_SECONDS_BETWEEN_LOOKS = 0.01


def transport(device: str, processes: int, devices: int) -> str:
    """Returns through what tensors go between processes, as `torch.distributed` names it.

    Args:
        device: the kind of device that computes.
        processes: how many processes this machine has.
        devices: how many GPUs it has. Where processes share one, nccl refuses, so their gradients go through gloo.
    """
    if device != "cuda":
        return "gloo"
    return "cpu:gloo,cuda:nccl" if processes <= devices else "cpu:gloo,cuda:gloo"


def meet(backend: str) -> None:
    """Makes the default process group.

    torchrun keeps one store for all its attempts, where the addresses of processes that are dead still stand. So this
    attempt's processes agree on a name first, under which they tell theirs.
    """
    store, rank, count = next(dist.rendezvous("env://"))
    name = agreed_name(store, rank, count)
    dist.init_process_group(backend, store=dist.PrefixStore(f"velveteen/{name}", store), rank=rank, world_size=count)


def agreed_name(store: dist.Store, rank: int, count: int, draw: Callable[[], str] = secrets.token_hex) -> str:
    """Returns a name that the processes of this attempt have in common with nobody before.

    Each asks with a name drawn anew; the first one answers all that it finds asking, the dead included, until each of
    the living has said that it has heard.
    """
    own = draw()
    if rank:
        store.set(f"velveteen/asks/{rank}", own)
        name = store.get(f"velveteen/answer/{own}").decode()
        store.set(f"velveteen/heard/{name}/{rank}", own)
        return name
    waiting = set(range(1, count))
    while waiting:
        for other in list(waiting):
            if store.check([f"velveteen/asks/{other}"]):
                asked = store.get(f"velveteen/asks/{other}").decode()
                store.set(f"velveteen/answer/{asked}", own)
            if store.check([f"velveteen/heard/{own}/{other}"]):
                waiting.remove(other)
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    return own
