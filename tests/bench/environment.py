# SPDX-License-Identifier: LGPL-2.1-or-later

"""A Python with the packages that a benchmark compares with."""

import subprocess
import sys


def make_environment(path, packages):
    """One with the newest of them, or those that an earlier run installed; None
    where there is none."""
    python = path / "bin" / "python"
    if not python.exists():
        print("makes a virtual environment with " + " ".join(packages),
              flush=True)
        subprocess.run([sys.executable, "-m", "venv", path], check=False)
    if not python.exists():
        return None
    subprocess.run([python, "-m", "pip", "install", "-q", "-U", *packages],
                   check=False)
    found = subprocess.run([python, "-m", "pip", "show", "-q", *packages],
                           check=False)
    return python if found.returncode == 0 else None


def list_packages(python, packages):
    """Those that are there, as NAME==VERSION."""
    listed = subprocess.run([python, "-m", "pip", "freeze"],
                            capture_output=True, text=True, check=False)
    return [line for line in listed.stdout.split()
            if line.split("==")[0] in packages]
