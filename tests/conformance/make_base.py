#!/usr/bin/env python3
"""Make the base image that the cases name as `busybox`, from Debian's package busybox-static.

    make_base.py OUT.tar [--push HOST:PORT]    write an OCI image archive; push it as library/busybox:latest

The program is /bin/busybox, or what $BUSYBOX names; it must be statically linked. The image is the same to the
byte wherever the same busybox program is used.
"""
import argparse, gzip, hashlib, io, json, os, subprocess, tarfile, urllib.request

BUSYBOX = os.environ.get("BUSYBOX", "/bin/busybox")
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nwww-data:x:33:33:www-data:/var/www:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n",
    "etc/group": "root:x:0:\ndaemon:x:1:\nstaff:x:50:\nwww-data:x:33:\nnogroup:x:65534:\n",
    "etc/os-release": 'NAME="busybox test base"\nID=busybox\nVERSION_ID=1\n',
}
DIRS = {"bin": 0o755, "etc": 0o755, "root": 0o700, "home": 0o755, "tmp": 0o1777, "usr": 0o755, "usr/bin": 0o755, "usr/sbin": 0o755, "var": 0o755, "var/www": 0o755, "dev": 0o755, "proc": 0o755, "sys": 0o755}


def layer():
    out = io.BytesIO()
    tar = tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT)

    def add(name, kind, mode, data=b"", link=""):
        t = tarfile.TarInfo(name)
        t.type, t.mode, t.size, t.linkname, t.mtime = kind, mode, len(data), link, 1700000000
        tar.addfile(t, io.BytesIO(data))

    for d in sorted(DIRS):
        add(d, tarfile.DIRTYPE, DIRS[d])
    add("bin/busybox", tarfile.REGTYPE, 0o755, open(BUSYBOX, "rb").read())
    for a in sorted(subprocess.run([BUSYBOX, "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()):
        if a != "busybox":
            add("bin/" + a, tarfile.SYMTYPE, 0o777, link="busybox")
    add("usr/bin/env", tarfile.SYMTYPE, 0o777, link="/bin/busybox")
    for f in sorted(FILES):
        add(f, tarfile.REGTYPE, 0o644, FILES[f].encode())
    tar.close()
    return out.getvalue()


def sha(b):
    return "sha256:" + hashlib.sha256(b).hexdigest()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("out")
    ap.add_argument("--push")
    a = ap.parse_args()
    if not os.path.exists(BUSYBOX) or b"ld-linux" in open(BUSYBOX, "rb").read(4096):
        raise SystemExit(f"{BUSYBOX} is not there or not statically linked: install Debian's busybox-static, or name one in BUSYBOX")
    plain = layer()
    blob = gzip.compress(plain, 6, mtime=0)
    config = json.dumps({"architecture": "amd64", "os": "linux", "created": "2023-11-14T22:13:20Z",
                         "config": {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["sh"]},
                         "rootfs": {"type": "layers", "diff_ids": [sha(plain)]},
                         "history": [{"created": "2023-11-14T22:13:20Z", "created_by": "busybox test base"}]}, sort_keys=True).encode()
    d = lambda media, b: {"mediaType": media, "digest": sha(b), "size": len(b)}
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                           "config": d("application/vnd.oci.image.config.v1+json", config),
                           "layers": [d("application/vnd.oci.image.layer.v1.tar+gzip", blob)]}, sort_keys=True).encode()
    index = json.dumps({"schemaVersion": 2, "manifests": [dict(d("application/vnd.oci.image.manifest.v1+json", manifest),
                        annotations={"org.opencontainers.image.ref.name": "latest", "io.containerd.image.name": "docker.io/library/busybox:latest"},
                        platform={"os": "linux", "architecture": "amd64"})]}, sort_keys=True).encode()
    with tarfile.open(a.out, "w") as tar:
        for name, data in [("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'), ("index.json", index)] + \
                [("blobs/" + sha(b).replace(":", "/"), b) for b in (blob, config, manifest)]:
            t = tarfile.TarInfo(name)
            t.size = len(data)
            tar.addfile(t, io.BytesIO(data))
    if a.push:
        repo = f"http://{a.push}/v2/library/busybox"
        for b in (blob, config):
            loc = urllib.request.urlopen(urllib.request.Request(repo + "/blobs/uploads/", method="POST", data=b"")).headers["Location"]
            loc = loc if loc.startswith("http") else f"http://{a.push}{loc}"
            urllib.request.urlopen(urllib.request.Request(loc + ("&" if "?" in loc else "?") + "digest=" + sha(b), method="PUT", data=b, headers={"Content-Type": "application/octet-stream"}))
        urllib.request.urlopen(urllib.request.Request(repo + "/manifests/latest", method="PUT", data=manifest, headers={"Content-Type": "application/vnd.oci.image.manifest.v1+json"}))
    print(sha(manifest))


main()
