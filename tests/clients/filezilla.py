"""FileZilla under a virtual screen: connects to the address it is started with
and lists the folder, which the server's log must tell within a minute.
filezilla.py PORT USER PASSWORD HOME CERTIFICATE SERVER_LOG"""

import os
import pathlib
import subprocess
import sys
import time

port, user, password, home, certificate, log = sys.argv[1:]
home = pathlib.Path(home)
config = home / ".config" / "filezilla"
config.mkdir(parents=True)
der = subprocess.run(("openssl", "x509", "-in", certificate, "-outform", "DER"),
                     stdout=subprocess.PIPE, check=True).stdout.hex()
begin, end = int(time.time()) - 3600, int(time.time()) + 3600
(config / "trustedcerts.xml").write_text("""<?xml version="1.0"?>
<FileZilla3><TrustedCerts><Certificate><Data>%s</Data>
<ActivationTime>%d</ActivationTime><ExpirationTime>%d</ExpirationTime>
<Host>localhost</Host><Port>%s</Port><TrustSANs>0</TrustSANs>
</Certificate></TrustedCerts></FileZilla3>""" % (der, begin, end, port))
(config / "filezilla.xml").write_text("""<?xml version="1.0"?>
<FileZilla3><Settings><Setting name="Greeting version">3.63.0</Setting>
<Setting name="Update Check">0</Setting>
</Settings></FileZilla3>""")
url = "ftpes://%s:%s@localhost:%s/inbox" % (
    user, password, port)
log = pathlib.Path(log)
before = len(log.read_text())
with subprocess.Popen(
        ("xvfb-run", "-a", "filezilla", url), env={**os.environ, "HOME": str(home)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True) as process:
    deadline = time.monotonic() + 60
    told = ""
    while "MLSD" not in told and time.monotonic() < deadline:
        time.sleep(0.3)
        told = log.read_text()[before:]
    os.killpg(process.pid, 15)
print(told)
sys.exit(0 if "MLSD" in told and "result=ok" in told else 1)
