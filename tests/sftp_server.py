"""An SFTP server on this machine, over a real socket, that serves one folder to one user."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import paramiko

USER, PASSWORD = "kindred", "sftp-secret"


class _Login(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        known = (username, password) == (USER, PASSWORD)
        return paramiko.common.AUTH_SUCCESSFUL if known else paramiko.common.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.common.OPEN_SUCCEEDED

    def get_allowed_auths(self, username: str) -> str:
        return "password"


class _Folder(paramiko.SFTPServerInterface):
    def __init__(self, server: paramiko.ServerInterface, folder: Path) -> None:
        super().__init__(server)
        self._folder = folder

    def _place(self, path: str) -> Path:
        return self._folder / path.lstrip("/")

    def list_folder(self, path: str) -> Any:
        place = self._place(path)
        if not place.is_dir():
            return paramiko.SFTP_NO_SUCH_FILE
        return [paramiko.SFTPAttributes.from_stat(found.stat(), found.name) for found in place.iterdir()]

    def stat(self, path: str) -> Any:
        place = self._place(path)
        return paramiko.SFTPAttributes.from_stat(place.stat()) if place.exists() else paramiko.SFTP_NO_SUCH_FILE

    lstat = stat

    def open(self, path: str, flags: int, attr: Any) -> Any:
        mode = "wb" if flags & os.O_WRONLY else "rb"
        try:
            content = self._place(path).open(mode)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        handle = paramiko.SFTPHandle(flags)
        setattr(handle, "writefile" if mode == "wb" else "readfile", content)
        handle.stat = lambda: paramiko.SFTPAttributes.from_stat(os.fstat(content.fileno()))
        return handle

    def mkdir(self, path: str, attr: Any) -> int:
        return self._done(self._place(path).mkdir)

    def rename(self, oldpath: str, newpath: str) -> int:
        return self._done(lambda: self._place(oldpath).replace(self._place(newpath)))

    posix_rename = rename

    def _done(self, change: Callable[[], object]) -> int:
        try:
            change()
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        return paramiko.SFTP_OK


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """Serve a folder; yields the port."""
    key, listener = paramiko.RSAKey.generate(2048), socket.create_server(("127.0.0.1", 0))
    opened: list[paramiko.Transport] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                transport = paramiko.Transport(client)
                transport.add_server_key(key)
                transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Folder, folder)
                opened.append(transport)
                with suppress(paramiko.SSHException, EOFError):
                    transport.start_server(server=_Login())

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()
    for transport in opened:
        transport.close()
