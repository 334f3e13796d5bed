# freeze.py DIRECTORY: mounts FUSE, answers the greeting of the kernel, and reads every later request without answering
# it. Prints a line when it is mounted.
import ctypes, os, struct, sys
fd = os.open("/dev/fuse", os.O_RDWR)
options = b"fd=%d,rootmode=40000,user_id=0,group_id=0" % fd
if ctypes.CDLL(None, use_errno=True).mount(b"frozen", sys.argv[1].encode(), b"fuse", 0, options):
    raise OSError(ctypes.get_errno())
request = os.read(fd, 1 << 20)
unique = struct.unpack_from("<IIQ", request)[2]
os.write(fd, struct.pack("<IiQ", 80, 0, unique) + struct.pack("<IIII", 7, 31, 65536, 0) + struct.pack("<HHII", 12, 9, 65536, 1) + bytes(36))
print("mounted", flush=True)
while True:
    try:
        os.read(fd, 1 << 20)
    except OSError:
        sys.exit(0)
