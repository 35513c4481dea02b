"""The cores a process may use: its affinity, and the quota of its control groups, as files that a test writes."""

from __future__ import annotations

import os

import pytest

from graphc.cpu import compile_pool
from graphc.cpu.tape import default_threads
from graphc.process import cores

# Files of a system, and the quota in cores; None: there is none.
SYSTEMS = {
    "no control groups": ({}, None),
    "version 2": ({"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1.5),
    "version 2 without a quota": ({"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "max 100000\n"}, None),
    "version 2, a group of the host": ({"/proc/self/cgroup": "0::/kubepods/pod1/abc\n", "/sys/fs/cgroup/kubepods/pod1/abc/cpu.max": "max 100000\n",
                                        "/sys/fs/cgroup/kubepods/pod1/cpu.max": "50000 100000\n"}, 0.5),
    "version 2, named as the host sees it": ({"/proc/self/cgroup": "0::/../../docker/abc\n", "/sys/fs/cgroup/cpu.max": "200000 100000"}, 2),
    "version 2, the least of several": ({"/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/b/cpu.max": "300000 100000\n",
                                         "/sys/fs/cgroup/a/cpu.max": "250000 100000\n"}, 2.5),
    "version 1": ({"/proc/self/cgroup": "5:memory:/\n4:cpu,cpuacct:/docker/abc\n", "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "30000\n",
                   "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "20000\n"}, 1.5),
    "version 1 without a quota": ({"/proc/self/cgroup": "3:cpu:/\n", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                                   "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, None),
    "both versions": ({"/proc/self/cgroup": "1:cpu:/\n0::/\n", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "400000",
                       "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000", "/sys/fs/cgroup/cpu.max": "max"}, 4),
    "nonsense": ({"/proc/self/cgroup": "0::/\n:\n\nx", "/sys/fs/cgroup/cpu.max": "many few"}, None),
    "a period of nothing": ({"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "100000 0"}, None),
    "empty files": ({"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": ""}, None),
}
# Cores of the affinity mask, quota, cores that may be used.
BOUNDS = [(8, None, 8), (8, 2.0, 2), (8, 1.5, 2), (8, 0.1, 1), (1, 2.5, 1), (4, 4.0, 4)]


@pytest.mark.parametrize("name", SYSTEMS)
def test_quota_is_what_the_files_say(name: str) -> None:
    files, wanted = SYSTEMS[name]
    assert cores.quota(files.get) == wanted


@pytest.mark.parametrize("affinity, quota, wanted", BOUNDS)
def test_threads_and_workers_are_bounded(affinity: int, quota: float | None, wanted: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GRAPHC_NUM_THREADS", "GRAPHC_COMPILE_PROCESSES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(affinity)), raising=False)
    monkeypatch.setattr(cores, "_own_quota", lambda: quota)
    assert (cores.cores(), default_threads(), compile_pool.processes()) == (wanted, wanted, wanted)


def test_files_of_this_machine_can_be_read() -> None:
    found = cores.quota(cores.read)
    assert found is None or found > 0
    assert 1 <= cores.cores() <= (os.cpu_count() or 1)
    assert cores.read("/no such folder/no such file") is None and cores.read("\0") is None
