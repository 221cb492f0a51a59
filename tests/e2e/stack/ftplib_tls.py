"""Python's FTP client over TLS, for what curl and lftp do not let one see."""

import ftplib
import ssl

from . import settings


class FtpTls(ftplib.FTP_TLS):
    """Data connections resume the control connection's TLS session."""

    def __init__(self, stack, login=True, user=None, password=None):
        context = ssl.create_default_context(cafile=stack.ca)
        super().__init__(context=context, timeout=20)
        self.connect(settings.DOMAIN, stack.ftp_port)
        if login:
            self.login(user or stack.setting("FTP_USER"),
                       password or stack.secret("ftp_password"))
            self.prot_p()

    def ntransfercmd(self, cmd, rest=None):
        conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        if self._prot_p:
            conn = self.context.wrap_socket(
                conn, server_hostname=self.host, session=self.sock.session)
        return conn, size
