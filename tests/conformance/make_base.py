#!/usr/bin/env python3
"""Make the base images of the cases, from Debian's package busybox-static: `busybox`, and on top of it `odd` (a config with
everything in it), `layered` (layers with whiteouts of all kinds) and `triggers` (ONBUILD).

    make_base.py OUT.tar [--push HOST:PORT]    write an OCI image archive; push them as library/NAME:latest
    make_base.py OUT.tar --only-base           without the other three

The program is /bin/busybox, or what $BUSYBOX names; it must be statically linked. The images are the same to the
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


def tar_of(*entries):
    """A layer: (name, type, mode, content or target, owner)."""
    out = io.BytesIO()
    tar = tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT)
    for name, kind, mode, text, owner in entries:
        t = tarfile.TarInfo(name)
        t.type, t.mode, t.mtime, t.uid, t.gid = kind, mode, 1700000000, owner, owner
        if kind == tarfile.REGTYPE:
            t.size = len(text)
        else:
            t.linkname = text
        tar.addfile(t, io.BytesIO(text.encode()))
    tar.close()
    return out.getvalue()


ODD = {
    "User": "daemon:staff", "WorkingDir": "/srv//odd/", "Env": ["A=1", "PATH=/bin:/usr/bin", "EMPTY=", "B=x=y"],
    "Entrypoint": ["/bin/sh", "-c"], "Cmd": ["echo $A"], "Labels": {"odd": "yes", "empty": ""}, "Volumes": {"/data": {}, "rel": {}},
    "ExposedPorts": {"80/tcp": {}, "53/udp": {}}, "Shell": ["/bin/sh", "-ec"], "StopSignal": "9",
    "Healthcheck": {"Test": ["CMD", "true"], "Interval": 7000000000, "Retries": 2},
}
TRIGGERS = {"Env": ["PATH=/bin"], "OnBuild": ["ENV T=1", "copy  --chmod=600  *.txt  /got/", "RUN echo $T $0 > /ran", "WORKDIR sub", "LABEL a=\"b  c\""]}
FILE, DIR, LINK, HARD = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
LAYERS = [
    tar_of(("./", DIR, 0o755, "", 0), ("./d", DIR, 0o750, "", 3), ("./d/a", FILE, 0o644, "a1", 3), ("./d/b", FILE, 0o600, "b1", 3), ("./d/sub/deep/f", FILE, 0o644, "f1", 0),
           ("opq", DIR, 0o700, "", 0), ("opq/old", FILE, 0o644, "old", 0), ("opq/dir/x", FILE, 0o644, "x", 0), ("/abs/f", FILE, 0o644, "abs", 0),
           ("h1", FILE, 0o644, "hard", 0), ("h2", HARD, 0o644, "h1", 0), ("l", LINK, 0o777, "d", 0), ("becomes", DIR, 0o755, "", 0), ("becomes/x", FILE, 0o644, "x", 0)),
    tar_of(("d/.wh.a", FILE, 0, "", 0), ("d/sub/.wh.deep", FILE, 0, "", 0), ("opq/.wh..wh..opq", FILE, 0, "", 0), ("opq/new", FILE, 0o644, "new", 0),
           (".wh.h1", FILE, 0, "", 0), (".wh.never", FILE, 0, "", 0), ("becomes", FILE, 0o640, "a file", 0)),
    tar_of((".wh.l", FILE, 0, "", 0), ("l", DIR, 0o711, "", 0), ("l/in", FILE, 0o644, "in", 0), ("opq/dir", DIR, 0o755, "", 0), ("opq/dir/again", FILE, 0o644, "x", 0)),
    tar_of(),
]


def descriptor(media, blob):
    return {"mediaType": "application/vnd.oci.image." + media, "digest": sha(blob), "size": len(blob)}


def image(layers, config, history):
    """Its blobs; the manifest is the last one."""
    blobs = [gzip.compress(plain, 6, mtime=0) for plain in layers]
    document = {"architecture": "amd64", "os": "linux", "created": "2023-11-14T22:13:20Z", "config": config,
                "rootfs": {"type": "layers", "diff_ids": [sha(plain) for plain in layers]}}
    if history:
        document["history"] = [{"created": "2023-11-14T22:13:20Z", "created_by": line} for line in history]
    document = json.dumps(document, sort_keys=True).encode()
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": descriptor("config.v1+json", document),
                "layers": [descriptor("layer.v1.tar+gzip", blob) for blob in blobs]}
    return blobs + [document, json.dumps(manifest, sort_keys=True).encode()]


def push(host, name, blobs):
    repo = f"http://{host}/v2/library/{name}"
    for b in blobs[:-1]:
        loc = urllib.request.urlopen(urllib.request.Request(repo + "/blobs/uploads/", method="POST", data=b"")).headers["Location"]
        loc = loc if loc.startswith("http") else f"http://{host}{loc}"
        urllib.request.urlopen(urllib.request.Request(loc + ("&" if "?" in loc else "?") + "digest=" + sha(b), method="PUT", data=b, headers={"Content-Type": "application/octet-stream"}))
    urllib.request.urlopen(urllib.request.Request(repo + "/manifests/latest", method="PUT", data=blobs[-1], headers={"Content-Type": "application/vnd.oci.image.manifest.v1+json"}))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("out")
    ap.add_argument("--push")
    ap.add_argument("--only-base", action="store_true")
    a = ap.parse_args()
    if not os.path.exists(BUSYBOX) or b"ld-linux" in open(BUSYBOX, "rb").read(4096):
        raise SystemExit(f"{BUSYBOX} is not there or not statically linked: install Debian's busybox-static, or name one in BUSYBOX")
    base = layer()
    env = {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["sh"]}
    images = {"busybox": image([base], env, ["busybox test base"])}
    if not a.only_base:
        images["odd"] = image([base], ODD, ["busybox test base"])
        images["layered"] = image([base] + LAYERS, env, None)
        images["triggers"] = image([base], TRIGGERS, ["busybox test base"])
    index = [dict(descriptor("manifest.v1+json", blobs[-1]), platform={"os": "linux", "architecture": "amd64"},
                  annotations={"org.opencontainers.image.ref.name": "latest", "io.containerd.image.name": f"docker.io/library/{name}:latest"})
             for name, blobs in images.items()]
    index = json.dumps({"schemaVersion": 2, "manifests": index}, sort_keys=True).encode()
    blobs = {"blobs/" + sha(b).replace(":", "/"): b for group in images.values() for b in group}
    with tarfile.open(a.out, "w") as tar:
        for name, data in [("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'), ("index.json", index)] + list(blobs.items()):
            t = tarfile.TarInfo(name)
            t.size = len(data)
            tar.addfile(t, io.BytesIO(data))
    for name in images if a.push else []:
        push(a.push, name, images[name])
    print(sha(images["busybox"][-1]))


main()
