"""A small service manager that runs the units which ship, and `systemctl` to speak with it.

It knows of a unit what matters to an operator: condition, command, environment, readiness,
watchdog, reload, the signal that ends it, and whether it is started again. Folders of the system
stand in a folder of the test; waits between starts are short.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

PATIENCE_S: Final = 60.0
RESTART_S: Final = 0.5
_LOOK_S: Final = 0.02
_PLACES: Final = ("/opt/hotloop/current", "/etc/hotloop", "/run/hotloop", "/var/lib/hotloop")


def unit_lines(text: str) -> dict[str, list[str]]:
    """The settings of a unit file, each with its values in order; sections do not share names."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, separator, value = line.partition("=")
        if separator and not line.startswith(("#", ";")):
            found.setdefault(key.strip(), []).append(value.strip())
    return found


class Service:
    """One unit."""

    def __init__(self, manager: Services, name: str, text: str) -> None:
        self.name = name
        self.restarts = 0
        self.is_ready = False
        self.status = ""
        self._manager = manager
        self._settings = unit_lines(text)
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = False
        self._closed = False
        self._alive_s = 0.0
        self._log = manager.folder / f"{name}.log"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(manager.folder / f"{name}.notify"))
        self._socket.settimeout(_LOOK_S)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """Of its main process. An assertion when it does not run."""
        assert self._process is not None, f"{self.name} runs"
        return self._process.pid

    @property
    def is_active(self) -> bool:
        return self.is_ready and self._process is not None and self._process.poll() is None

    def said(self) -> str:
        """All it has printed, in all its lives."""
        return self._log.read_text(encoding="utf-8") if self._log.exists() else ""

    def start(self) -> str:
        """Starts it and what it wants; returns why it does not run, empty when it does."""
        for line in self._settings.get("Wants", []):
            for other in line.split():
                if other.removesuffix(".service") in self._manager.services:
                    self._manager.services[other.removesuffix(".service")].start()
        if self.is_active:
            return ""
        for command in self._settings.get("ExecCondition", []):
            if self._call(command) != 0:
                return f"{self.name} was skipped because of its ExecCondition"
        self._wanted = True
        return self._spawn()

    def stop(self) -> None:
        self._wanted = False
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(getattr(signal, self._one("KillSignal", "SIGTERM")))
            process.wait(PATIENCE_S)
            self._afterwards()
        self.is_ready = False

    def reload(self) -> str:
        """Its ExecReload; why it could not, empty when it could."""
        (command,) = self._settings["ExecReload"]
        words = shlex.split(command.replace("$MAINPID", str(self.pid)))
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        return done.stderr

    def until_restarted(self, times: int) -> None:
        """Until it has failed so often, and runs again."""
        deadline_s = time.monotonic() + PATIENCE_S
        while self.restarts < times or not self.is_active:
            assert time.monotonic() < deadline_s, self.said()[-2_000:]
            time.sleep(_LOOK_S)

    def close(self) -> None:
        self._wanted = False
        self._closed = True
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._thread.join()
        self._socket.close()

    # --- the process ----------------------------------------------------------------------------

    def _one(self, key: str, otherwise: str) -> str:
        return self._settings.get(key, [otherwise])[-1]

    def _environment(self) -> dict[str, str]:
        found = dict(self._manager.environment)
        for line in self._settings.get("Environment", []):
            for word in shlex.split(self._manager.here(line)):
                key, _, value = word.partition("=")
                found[key] = value
        for line in self._settings.get("EnvironmentFile", []):
            text = Path(self._manager.here(line.removeprefix("-"))).read_text(encoding="utf-8")
            for key, values in unit_lines(text).items():
                found[key] = self._manager.here(values[-1])
        found["NOTIFY_SOCKET"] = str(self._manager.folder / f"{self.name}.notify")
        if "WatchdogSec" in self._settings:
            found["WATCHDOG_USEC"] = str(int(float(self._one("WatchdogSec", "0")) * 1e6))
        return found

    def _words(self, command: str, environment: Mapping[str, str]) -> list[str]:
        words = shlex.split(self._manager.here(command.lstrip("-+!@:")))
        for key, value in environment.items():
            words = [word.replace(f"${{{key}}}", value) for word in words]
        return words

    def _call(self, command: str) -> int:
        environment = self._environment()
        with self._log.open("ab") as log:
            return subprocess.call(
                self._words(command, environment), env=environment, stdout=log, stderr=log
            )

    def _spawn(self) -> str:
        (command,) = self._settings["ExecStart"]
        environment = self._environment()
        self.is_ready = False
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._words(command, environment),
                env=environment,
                stdout=log,
                stderr=log,
                cwd=self._manager.here(self._one("WorkingDirectory", "/var/lib/hotloop")),
            )
        deadline_s = time.monotonic() + PATIENCE_S
        while not self.is_ready:
            if self._process.poll() is not None:
                return f"{self.name} ended with {self._process.returncode}: {self.said()[-2_000:]}"
            if time.monotonic() > deadline_s:
                return f"{self.name} is not ready: {self.said()[-2_000:]}"
            time.sleep(_LOOK_S)
        return ""

    def _listen(self) -> None:
        """Hears what the process says of itself, and starts it again when it fails."""
        while not self._closed:
            try:
                told = self._socket.recv(4_096).decode()
            except TimeoutError:
                told = ""
            for line in told.splitlines():
                key, _, value = line.partition("=")
                if key == "READY":
                    self.is_ready = True
                elif key == "STATUS":
                    self.status = value
                if key in ("READY", "WATCHDOG"):
                    self._alive_s = time.monotonic()
            self._look_after()

    def _look_after(self) -> None:
        process = self._process
        if not self._wanted or process is None or not self.is_ready:
            return
        limit_s = float(self._one("WatchdogSec", "0"))
        if process.poll() is None:
            if limit_s and time.monotonic() - self._alive_s > limit_s:
                process.send_signal(signal.SIGABRT)
            return
        final = self._one("RestartPreventExitStatus", "").split()
        if process.returncode == 0 or str(process.returncode) in final:
            self._wanted = False
            return
        self.is_ready = False
        threading.Thread(target=self._again, daemon=True).start()

    def _afterwards(self) -> None:
        """What is run once it has ended, however that was."""
        for command in self._settings.get("ExecStopPost", []):
            self._call(command)

    def _again(self) -> None:
        self._afterwards()
        time.sleep(RESTART_S)
        if self._wanted:
            self.restarts += 1
            self._spawn()


class Services:
    """The manager; a context."""

    def __init__(
        self, folder: Path, units: Path, release: Path, environment: Mapping[str, str]
    ) -> None:
        """`units`: where the unit files are; `release` stands for /opt/hotloop/current."""
        self.folder = folder
        self.environment = dict(environment)
        self._release = release
        for place in _PLACES[1:]:
            Path(self.here(place)).mkdir(parents=True, exist_ok=True, mode=0o700)
        self.services = {
            path.stem: Service(self, path.stem, path.read_text(encoding="utf-8"))
            for path in sorted(units.glob("*.service"))
        }
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(str(folder / "systemctl.socket"))
        self._server.listen()
        self._thread = threading.Thread(target=self._serve, name="systemctl", daemon=True)
        self._thread.start()

    def here(self, text: str) -> str:
        """A text of a unit with the system's folders replaced by the test's."""
        text = text.replace(_PLACES[0], str(self._release))
        for place in _PLACES[1:]:
            text = text.replace(place, str(self.folder / place.lstrip("/").replace("/", "-")))
        return text

    def __enter__(self) -> Services:
        return self

    def __exit__(self, *_: object) -> None:
        for service in self.services.values():
            service.close()
        self._server.shutdown(socket.SHUT_RDWR)  # wakes the thread; closing alone does not
        self._thread.join()
        self._server.close()

    def command(self, bin_folder: Path) -> None:
        """Writes `systemctl` and `journalctl` there, which speak with this manager."""
        address = str(self.folder / "systemctl.socket")
        program = (
            f"#!{sys.executable}\n"
            "import json, socket, sys\n"
            f"to = socket.socket(socket.AF_UNIX); to.connect({address!r})\n"
            "to.sendall(json.dumps(sys.argv).encode() + b'\\n')\n"
            "answer = json.loads(to.makefile().readline())\n"
            "print(answer['said'], end='')\n"
            "sys.exit(answer['code'])\n"
        )
        for name in ("systemctl", "journalctl"):
            path = bin_folder / name
            path.write_text(program, encoding="utf-8")
            path.chmod(0o755)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            with client, client.makefile("rw") as lines:
                code, said = self._do(json.loads(lines.readline()))
                lines.write(json.dumps({"code": code, "said": said}) + "\n")

    def _do(self, words: list[str]) -> tuple[int, str]:
        tool, arguments = Path(words[0]).name, [word for word in words[1:] if word[0] != "-"]
        names = [name.removesuffix(".service") for name in arguments]
        if tool == "journalctl":
            unit = words[words.index("-u") + 1]
            return 0, self.services[unit].said()
        action, *units = names
        unknown = [unit for unit in units if unit not in self.services]
        if unknown:
            return 5, f"Unit {unknown[0]}.service not found.\n"
        for unit in units:
            failed = self._one(action, self.services[unit])
            if failed:
                return 1, failed + "\n"
        return 0, ""

    def _one(self, action: str, service: Service) -> str:
        """Why it could not be done."""
        if action in ("stop", "restart"):
            service.stop()
        if action in ("start", "restart"):
            return service.start()
        if action == "reload":
            return service.reload()
        if action == "is-active":
            return "" if service.is_active else "inactive"
        return "" if action == "stop" else f"no such command: {action}"


def path_with(bin_folder: Path) -> str:
    """The search path with this folder first."""
    return f"{bin_folder}{os.pathsep}{os.environ['PATH']}"
