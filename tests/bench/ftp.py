"""ftpd beside vsftpd, pure-ftpd and ProFTPD: transfers, a plugin's upload,
logins, listings, memory of idle sessions, 500 sessions at work."""

import concurrent.futures
import multiprocessing
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

import figures
import ftp_client
import ftp_servers

HERE = pathlib.Path(__file__).resolve().parent
REPEATS = int(os.environ.get("BENCH_REPEATS", "7"))
GIB = 1 << 30
BIG = int(os.environ.get("BENCH_FTP_BYTES", GIB))


def curl(server, *args, tls):
    """One transfer by curl; seconds and the server's CPU seconds."""
    security = ("--ssl-reqd", "--cacert", str(ftp_servers.CERT),
                "--tls13-ciphers", ftp_servers.CIPHER_13) if tls else ()
    cpu, begin = server.cpu(), time.monotonic()
    subprocess.run(
        ("curl", "-sS", "--max-time", "300", "-u", "bench:" + ftp_servers.PASSWORD)
        + security + args, check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - begin
    server.settle()
    return seconds, server.cpu() - cpu


def transfers(part, servers):
    source = ftp_servers.WORK / "big.bin"
    with open(source, "wb") as big:
        block = os.urandom(1 << 20)
        for _ in range(BIG >> 20):
            big.write(block)
    shutil.copy(source, ftp_servers.ROOT / "down.bin")
    for tls in (False, True):
        for verb in ("RETR", "STOR"):
            def run(server):
                url = "ftp://127.0.0.1:%d/" % server.port
                if verb == "RETR":
                    return curl(server, "-o", "/dev/null", url + "down.bin",
                                tls=tls)
                done = curl(server, "-T", str(source), url + "up.bin", tls=tls)
                assert (ftp_servers.ROOT / "up.bin").stat().st_size == BIG
                (ftp_servers.ROOT / "up.bin").unlink()
                return done
            taken = figures.interleaved(REPEATS, {
                server.name: lambda server=server: run(server)
                for server in servers})
            what = "%s of %d MiB, %s" % (verb, BIG >> 20, "TLS" if tls else "plain")
            part.add(what, "MiB/s", "more", {
                name: [(BIG >> 20) / seconds for seconds, _ in values]
                for name, values in taken.items()}, 1.0)
            part.add(what + ": server CPU per GiB", "s", "less", {
                name: [cpu * GIB / BIG for _, cpu in values]
                for name, values in taken.items()}, 1.0)
    source.unlink()
    (ftp_servers.ROOT / "down.bin").unlink()


def plugin_tree(part, servers, files=3000):
    """A plugin as they are: most files small, in some tens of folders."""
    pick = random.Random(7)
    tree = ftp_servers.WORK / "plugin"
    for number in range(files):
        folder = tree / ("part%02d" % (number % 60))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ("file%04d.php" % number)).write_bytes(
            os.urandom(int(pick.lognormvariate(8, 1.1))))

    def run(server):
        target = ftp_servers.ROOT / "plugin"
        begin = time.monotonic()
        subprocess.run(
            ("lftp", "-c",
             "set ftp:ssl-force yes; set ftp:ssl-protect-data yes; "
             "set ssl:ca-file %s; set ssl:check-hostname no; "
             "set ssl:priority %s; "
             "set net:max-retries 1; set net:timeout 60; "
             "open -u bench,%s -p %d 127.0.0.1; "
             "mirror -R --parallel=4 --no-perms %s /plugin" % (
                 ftp_servers.CERT, ftp_servers.GNUTLS_PRIORITY,
                 ftp_servers.PASSWORD, server.port, tree)),
            check=True, stdout=subprocess.DEVNULL, timeout=600)
        seconds = time.monotonic() - begin
        assert sum(len(names) for _, _, names in os.walk(target)) == files
        shutil.rmtree(target)
        return files / seconds
    part.add("upload of a %d-file plugin, lftp, 4 connections" % files,
             "files/s", "more", figures.interleaved(
                 max(3, REPEATS // 2), {
                     server.name: lambda server=server: run(server)
                     for server in servers}), 1.3)


def logins(part, servers, parallel=32):
    """Each account logs in once (cold), then once more."""
    rounds = 3
    client = HERE / "login"
    subprocess.run(("cc", "-O2", "-o", client, HERE / "login.c", "-lssl",
                    "-lcrypto"), check=True)

    def run(server, users):
        """(logins/s, server's CPU milliseconds per login)"""
        cpu = server.cpu()
        seconds = float(subprocess.run(
            [client, str(server.port), ftp_servers.CERT, ftp_servers.PASSWORD,
             str(parallel), *users], check=True, stdout=subprocess.PIPE).stdout)
        server.settle()
        return len(users) / seconds, (server.cpu() - cpu) / len(users) * 1e3
    for kind, users in ftp_servers.USERS.items():
        each = len(users) // rounds // parallel * parallel
        shares = [users[turn * each:(turn + 1) * each]
                  for turn in range(rounds)]
        for name, bar in (("cold", 1.0), ("remembered", 3.0)):
            turns = {server.name: iter(shares) for server in servers}
            taken = figures.interleaved(rounds, {
                server.name: lambda server=server: run(
                    server, next(turns[server.name]))
                for server in servers})
            what = "logins, %d in parallel, %s, %s" % (parallel, kind, name)
            part.add(what, "/s", "more", {
                who: [rate for rate, _ in values]
                for who, values in taken.items()}, bar)
            part.add(what + ": server CPU per login", "ms", "less", {
                who: [cpu for _, cpu in values]
                for who, values in taken.items()}, None)


def listings(part, servers, entries=10000):
    folder = ftp_servers.ROOT / "many"
    folder.mkdir()
    for number in range(entries):
        (folder / ("entry-%05d.txt" % number)).touch()
    with_mlsd = [server for server in servers if server.name != "vsftpd"]
    for command, who in (("LIST", servers), ("MLSD", with_mlsd)):
        clients = {server.name: ftp_client.Client(server.port)
                   for server in who}
        for client in clients.values():
            client.cwd("/many")

        def run(server):
            begin = time.monotonic()
            lines = clients[server.name].listing(command)
            assert entries <= lines <= entries + 2, (server.name, lines)
            return entries / (time.monotonic() - begin)
        part.add("%s of %d entries, TLS" % (command, entries), "entries/s",
                 "more", figures.interleaved(2 * REPEATS + 1, {
                     server.name: lambda server=server: run(server)
                     for server in who}), 2.0)
        for client in clients.values():
            client.quit()
    shutil.rmtree(folder)


def idle_memory(part, servers, sessions=40):
    """Sessions that have done something, and nothing for two seconds. The
    proportional set size shares out what processes have in common, so that it
    tells what one more session costs the machine; no bar is set for it."""
    def run(server):
        time.sleep(1)
        before = server.memory(), server.proportional()
        clients = [ftp_client.Client(server.port) for _ in range(sessions)]
        for client in clients:
            client.nlst()
        time.sleep(2)
        after = server.memory(), server.proportional()
        for client in clients:
            client.quit()
        return [(late - early) / sessions for early, late in zip(before, after)]
    both = figures.interleaved(3, {
        server.name: lambda server=server: run(server) for server in servers})
    taken, shared = ({name: [each[kind] for each in values]
                      for name, values in both.items()} for kind in (0, 1))
    part.add("memory of an idle logged-in TLS session", "KiB", "less", taken, 3.0)
    part.limit("the same, ours", "KiB", sorted(taken[figures.OURS])[1], 450)
    part.add("the same as proportional set size", "KiB", "less", shared, None)


def loop(job):
    """125 sessions in one process, each fetching 100 KB again and again."""
    port, sessions, until = job
    shared = ftp_client.context()

    def one(_):
        done = 0
        with ftp_client.Client(port, shared=shared) as client:
            while time.monotonic() < until:
                got = []
                client.retrbinary("RETR 100k.bin", got.append)
                assert sum(map(len, got)) == 100000
                done += 1
        return done
    with concurrent.futures.ThreadPoolExecutor(sessions) as pool:
        return sum(pool.map(one, range(sessions)))


def many_sessions(part, server, seconds=60, processes=4, sessions=125):
    (ftp_servers.ROOT / "100k.bin").write_bytes(os.urandom(100000))
    until = time.monotonic() + seconds
    with multiprocessing.Pool(processes) as pool:
        try:
            done = sum(pool.map(
                loop, [(server.port, sessions, until)] * processes, 1))
        except Exception as error:
            part.missing("500 sessions for %d s" % seconds, "errors", "less",
                         1.0, "%s: %s" % (type(error).__name__, error))
            return
    print("500 sessions fetched %d files in %d s" % (done, seconds))
    part.limit("500 sessions for %d s, each looping 100 KB: errors" % seconds,
               "errors", 0, 0)


def main():
    wanted = sys.argv[1:]
    part = figures.Part("ftp")
    servers = ftp_servers.start_all()
    try:
        for each in (idle_memory, listings, logins, plugin_tree, transfers):
            if not wanted or each.__name__ in wanted:
                each(part, servers)
        if not wanted or "many_sessions" in wanted:
            many_sessions(part, servers[0])
    finally:
        for server in servers:
            server.stop()
    part.write()


if __name__ == "__main__":
    main()
