"""Python's ftplib: python3 client.py HOST PORT USER PASSWORD FILE BACK CA"""

import ftplib
import ssl
import sys

host, port, user, password, path, back, authority = sys.argv[1:]


class Client(ftplib.FTP_TLS):
    def ntransfercmd(self, cmd, rest=None):
        connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        return self.context.wrap_socket(
            connection, server_hostname=self.host,
            session=self.sock.session), size


with Client(context=ssl.create_default_context(cafile=authority), timeout=20) as ftp:
    ftp.connect(host, int(port))
    ftp.login(user, password)
    ftp.prot_p()
    ftp.cwd("/inbox")
    ftp.mkd("folder")
    with open(path, "rb") as source:
        ftp.storbinary("STOR folder/up.bin", source)
    facts = dict(ftp.mlsd("folder"))["up.bin"]
    ftp.voidcmd("TYPE I")
    size = ftp.size("folder/up.bin")
    assert int(facts["size"]) == size and facts["type"] == "file", facts
    ftp.rename("folder/up.bin", "kept.bin")
    ftp.rmd("folder")
    with open(back, "wb") as target:
        ftp.retrbinary("RETR kept.bin", target.write)
print("done")
