# crowd.py PROCESSES THREADS DESCRIPTORS MOUNT_NAMESPACES: makes them, prints a line, waits. Each process has that many
# threads and descriptors; the first ones have a private mount namespace each.
import ctypes
import os
import signal
import sys
import threading
import time

processes, threads, descriptors, mount_namespaces = map(int, sys.argv[1:5])
libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_REC, MS_PRIVATE, PR_SET_PDEATHSIG = 0x20000, 0x4000, 1 << 18, 1
reading, writing = os.pipe()
for number in range(processes):
    if os.fork() == 0:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if number < mount_namespaces:
            libc.unshare(CLONE_NEWNS)
            libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None)
        for _ in range(descriptors):
            os.open("/dev/null", os.O_RDONLY)
        threading.stack_size(65536)
        for _ in range(threads - 1):
            threading.Thread(target=signal.pause, daemon=True).start()
        os.write(writing, b"x")
        while True:
            time.sleep(1000)
ready = 0
while ready < processes:
    ready += len(os.read(reading, 4096))
print("ready", flush=True)
while True:
    time.sleep(1000)
