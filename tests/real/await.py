"""Waits until a server answers: await.py URL PID.

Given sixty seconds; ends with a failure as soon as the process PID has ended.
"""
import os
import sys
import time
import urllib.error
import urllib.request

url, server = sys.argv[1], int(sys.argv[2])
for _ in range(300):
    try:
        urllib.request.urlopen(url, timeout=2)
        sys.exit(0)
    except urllib.error.HTTPError:
        sys.exit(0)
    except OSError:
        try:
            os.kill(server, 0)
        except ProcessLookupError:
            sys.exit(1)
        time.sleep(0.2)
sys.exit(1)
