"""Where things are: what tests/run.sh hands over in the environment."""

import os
import pathlib

REPO = pathlib.Path(os.environ["TEST_REPO"])
SCRATCH = pathlib.Path(os.environ["TEST_SCRATCH"])
OUT = pathlib.Path(os.environ["TEST_OUT"])
SMALL_DISK = pathlib.Path(os.environ["TEST_SMALL_DISK"])
PROJECT = os.environ["TEST_PROJECT"]
TAG = os.environ["TEST_TAG"]
# Empty: what the first run on a bare machine would take.
BASE = os.environ.get("TEST_BASE", "")
SECOND_TRY = os.environ.get("TEST_SECOND_TRY") == "1"
# "musl" or "trixie": the daemons are built there, see tests/variant.sh.
CHARTS = os.environ.get("TEST_CHARTS", "on")
VARIANT = os.environ.get("TEST_VARIANT", "")
# Below the ports that the kernel gives to clients; apart from those of another
# run that starts at the same moment.
FIRST_PORT = 20000 + int(PROJECT.rpartition("-")[2]) % 30 * 400

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"

LOGIN = "tester"
DOMAIN = "tester.42.fr"

MANDATORY = ("nginx", "wordpress", "mariadb")
DAEMONS = ("ftpd", "staticd", "cachemon", "exporter")
BONUS = ("redis", "adminer") + DAEMONS
SERVICES = MANDATORY + BONUS
