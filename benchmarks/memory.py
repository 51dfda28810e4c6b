"""Peak memory of a process."""

from __future__ import annotations

import resource
from pathlib import Path


def peak_mib() -> float:
    """Largest resident memory of this process so far, in MiB.

    Linux hands ``ru_maxrss`` on from the process that started this one, so VmHWM is read where there is one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
