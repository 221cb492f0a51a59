"""A client whose data connections resume the control connection's TLS session,
as all four servers may ask for."""

import ftplib
import ssl

import ftp_servers

HOST = "127.0.0.1"


def context():
    made = ssl.create_default_context(cafile=str(ftp_servers.CERT))
    made.check_hostname = False
    return made


class Client(ftplib.FTP_TLS):
    """Logged in on construction; data protected when `protect`."""

    def __init__(self, port, user="bench", protect=True, timeout=60, shared=None):
        super().__init__(context=shared or context(), timeout=timeout)
        self.connect(HOST, port)
        self.login(user, ftp_servers.PASSWORD)
        if protect:
            self.prot_p()

    def ntransfercmd(self, cmd, rest=None):
        connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        if self._prot_p:
            connection = self.context.wrap_socket(
                connection, server_hostname=self.host,
                session=self.sock.session)
        return connection, size

    def listing(self, command):
        """Number of lines that a listing command sends."""
        lines = 0
        with self.transfercmd(command) as connection:
            while True:
                piece = connection.recv(65536)
                if not piece:
                    break
                lines += piece.count(b"\n")
        self.voidresp()
        return lines
